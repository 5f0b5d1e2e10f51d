; IN from the first serial port's line status register.
%include "bench.inc"
    BENCH
    REPEAT
    mov edx, COM1 + 5
    in al, dx
    REPEAT_END
