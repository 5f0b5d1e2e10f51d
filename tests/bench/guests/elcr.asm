; IN from the edge/level control register of the first 8259A.
%include "bench.inc"
    BENCH
    REPEAT
    mov edx, 0x4D0
    in al, dx
    REPEAT_END
