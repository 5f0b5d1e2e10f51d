; The TSC-deadline timer armed 4,000 ticks ahead, and delivered during 8,000 instructions of work.
%include "bench.inc"
    BENCH
    APIC
    mov ecx, X2APIC_LVT_TIMER
    mov eax, 2 << 17 | APIC_VECTOR      ; TSC-deadline mode
    xor edx, edx
    wrmsr
    REPEAT
    rdtsc
    add eax, 4000
    adc edx, 0
    mov ecx, IA32_TSC_DEADLINE
    wrmsr
    mov ecx, 4000
.work:
    sub ecx, 1
    jnz .work
    REPEAT_END
