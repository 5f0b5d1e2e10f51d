; A hypercall that nobody knows, answered with an error.
%include "bench.inc"
    BENCH
    REPEAT
    mov eax, 0xFFFF
    vmmcall
    REPEAT_END
