; IN from counter 0 of the PIT.
%include "bench.inc"
    BENCH
    REPEAT
    in al, 0x40
    REPEAT_END
