; The TSC-deadline timer armed 10,000 ticks ahead, and delivered during 20,000 instructions of work.
%include "bench.inc"
    BENCH
    APIC
    mov ecx, X2APIC_LVT_TIMER
    mov eax, 2 << 17 | APIC_VECTOR      ; TSC-deadline mode
    xor edx, edx
    wrmsr
    REPEAT
    rdtsc
    add eax, 10000
    adc edx, 0
    mov ecx, IA32_TSC_DEADLINE
    wrmsr
    mov ecx, 10000
.work:
    sub ecx, 1
    jnz .work
    REPEAT_END
