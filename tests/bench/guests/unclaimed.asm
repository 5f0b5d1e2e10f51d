; IN from a port that no device claims.
%include "bench.inc"
    BENCH
    mov edx, 0x2E8
    REPEAT
    in al, dx
    REPEAT_END
