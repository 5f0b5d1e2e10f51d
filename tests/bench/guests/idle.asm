; Sleeps once, as many milliseconds as its command line says; a tick of the time-stamp counter is a nanosecond here. The exit code is 1.
%include "bench.inc"
    BENCH
    mov ebx, ebp
    mov ebp, 1
    APIC
    mov ecx, X2APIC_LVT_TIMER
    mov eax, 2 << 17 | APIC_VECTOR      ; TSC-deadline mode
    xor edx, edx
    wrmsr
    imul rbx, rbx, 1000000
    rdtsc
    shl rdx, 32
    or rax, rdx
    add rax, rbx
    mov rdx, rax
    shr rdx, 32
    mov ecx, IA32_TSC_DEADLINE
    wrmsr
    hlt
    cli
    mov eax, ebp
    out EXIT_PORT, eax
    jmp Halt
    BENCH_DATA
