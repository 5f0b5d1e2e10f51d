; A self-IPI through x2APIC: sent, delivered, its EOI done.
%include "bench.inc"
    BENCH
    APIC
    REPEAT
    mov ecx, X2APIC_SELF_IPI
    mov eax, APIC_VECTOR
    xor edx, edx
    wrmsr
    REPEAT_END
