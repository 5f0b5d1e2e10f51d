; A hypercall that nobody knows, answered with an error.
%include "bench.inc"
    BENCH
    xor eax, eax
    cpuid
    cmp ebx, 'Auth'
    je .amd
    mov byte [Call + 2], 0xC1           ; VMCALL
.amd:
    REPEAT
    mov eax, 0xFFFF
Call:
    vmmcall
    REPEAT_END
