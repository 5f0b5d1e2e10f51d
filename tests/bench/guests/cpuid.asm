; CPUID, leaf 1.
%include "bench.inc"
    BENCH
    REPEAT
    mov eax, 1
    xor ecx, ecx
    cpuid
    REPEAT_END
