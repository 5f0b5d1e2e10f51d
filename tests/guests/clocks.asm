; The time-stamp counter and what agrees with it, at whatever frequency the host gives it: CPUID, the ACPI timer, its MSR, the deadline timer, the
; KVM clock. Intel SDM vol. 3B, "Time-Stamp Counter"; Linux, Documentation/virt/kvm/x86/cpuid.rst and msr.rst.
;   Command line: the frequency in MHz, three digits, where the VM file gives one.
%include "guest.inc"
%include "check.inc"

IA32_TSC                    equ 0x10
IA32_TSC_DEADLINE           equ 0x6E0
MSR_KVM_SYSTEM_TIME_NEW     equ 0x4B564D01
CLOCKSOURCE2                equ 1 << 3
HYPERVISOR                  equ 0x40000000

; ACPI's power management timer, as the host's tables have it; 24 of its bits count. 50 ms.
PM_TIMER    equ 0x608
PM_HZ       equ 3579545
WAIT_TICKS  equ PM_HZ / 20
DEADLINE    equ 0x62

; Value, expected, text: equal but for a 64th. Clobbers RAX, RCX, RDX.
%macro NEARLY 3+
    mov rax, %1
    mov rcx, %2
    sub rax, rcx
    cqo
    xor rax, rdx
    sub rax, rdx
    shr rcx, 6
    cmp rax, rcx
    CHECK be, %3
%endmacro

    GUEST
    mov ebp, [ebx + 16]                 ; command line
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF

    GROUP "clocks: frequency"
    cmp byte [IsHosted], 0
    SKIP_IF e, .alone, "there is no host that says which"
    mov eax, HYPERVISOR + 0x10
    cpuid
    mov [KHz], eax
    cmp eax, 1000
    CHECK ae, "leaf 4000_0010h gives one"
    xor eax, eax
    cpuid
    cmp eax, 0x16
    jb .noLeaves
    mov eax, 0x15
    cpuid
    test eax, eax
    jz .noLeaves
    mov r8d, ebx
    mov ebx, eax
    mov eax, ecx
    imul rax, r8
    xor edx, edx
    div rbx
    xor edx, edx
    mov ecx, 1000
    div rcx
    mov r8, rax
    NEARLY r8, [KHz], "leaf 15h gives the same"
    mov eax, 0x16
    cpuid
    movzx eax, ax
    imul rax, rax, 1000
    mov r8, rax
    NEARLY r8, [KHz], "so does leaf 16h, but for what is less than a MHz"
.noLeaves:
    cmp byte [rbp], '0'
    jb .asHost
    xor eax, eax
    xor ecx, ecx
.digit:
    movzx edx, byte [rbp + rcx]
    imul eax, eax, 10
    lea eax, [rax + rdx - '0']
    add ecx, 1
    cmp ecx, 3
    jb .digit
    imul eax, eax, 1000
    cmp eax, [KHz]
    CHECK e, "it is what the VM file asks for"
.asHost:

    GROUP "clocks: TSC and its MSR"
    mov ebx, 1000
    xor edi, edi
.compare:
    call ReadTsc
    mov r8, rax
    mov ecx, IA32_TSC
    rdmsr
    shl rdx, 32
    lea r9, [rdx + rax]
    call ReadTsc
    cmp r9, r8
    adc edi, 0
    cmp rax, r9
    adc edi, 0
    sub ebx, 1
    jnz .compare
    EXPECT edi, 0, "reads by RDMSR lie between those by RDTSC"

    TIMED_GROUP "clocks: TSC and ACPI timer"
    call Sample
    mov r11, r8
    mov r12d, r10d
.wait:
    call Sample
    mov ebx, r10d
    sub ebx, r12d
    and ebx, 0xFFFFFF
    cmp ebx, WAIT_TICKS
    jb .wait
    sub r8, r11
    mov eax, [KHz]
    imul rax, rbx
    imul rax, rax, 1000
    xor edx, edx
    mov ecx, PM_HZ
    div rcx
    mov r9, rax
    NEARLY r8, r9, "it goes as far as its frequency says"

    GROUP "clocks: KVM clock"
    mov eax, HYPERVISOR + 1
    cpuid
    test eax, CLOCKSOURCE2
    SKIP_IF z, .noClock, "CPUID offers none"
    mov ecx, MSR_KVM_SYSTEM_TIME_NEW
    mov eax, SystemTime + 1
    xor edx, edx
    wrmsr
    call ReadTsc
    mov r8, rax
    imul rbx, [KHz], 50                 ; 50 ms
    add rbx, rax
.elapse:
    call ReadTsc
    cmp rax, rbx
    jb .elapse
    mov r9, rax
    mov rbx, rax
    sub rbx, r8
    mov rax, r8
    call ToNanoseconds
    mov r8, rax
    mov rax, r9
    call ToNanoseconds
    sub rax, r8
    mov r8, rax
    imul rax, rbx, 1000
    imul rax, rax, 1000
    xor edx, edx
    div qword [KHz]
    mov r9, rax
    NEARLY r8, r9, "it goes by the counter's frequency"
.noClock:

    TIMED_GROUP "clocks: TSC deadline"
    mov eax, 1
    cpuid
    test ecx, 1 << 24
    SKIP_IF z, .noDeadline, "CPUID offers none"
    mov dword [Counts + DEADLINE * 4], 0
    mov dword [r15 + APIC_TIMER], 0x40000 + DEADLINE
    mfence
    mov eax, [KHz]
    imul r8, rax, 400                   ; 400 ms
    call ReadTsc
    add r8, rax
    mov rax, r8
    mov rdx, r8
    shr rdx, 32
    mov ecx, IA32_TSC_DEADLINE
    wrmsr
    mov eax, DEADLINE
    mov ecx, 1
    call HaltUntil
    call ReadTsc
    cmp rax, r8
    CHECK ae, "it does not come early"
    sub rax, r8
    mov ecx, [KHz]
    imul rcx, rcx, 300                  ; others may run first; by the host's counter it would be 600 ms
    cmp rax, rcx
    CHECK be, "nor later than others can make it"
.noDeadline:
    mov dword [r15 + APIC_TIMER], 0x10000
.alone:
    CHECKS_END

; R8: the counter, R10D: the power management timer, at nearly the same moment. Clobbers RAX, RCX, RDX.
Sample:
    mov ecx, 100
.again:
    call ReadTsc
    mov r8, rax
    mov edx, PM_TIMER
    in eax, dx
    mov r10d, eax
    call ReadTsc
    sub rax, r8
    mov edx, [KHz]
    shr edx, 2                          ; a quarter of a millisecond
    cmp rax, rdx
    jbe .done
    sub ecx, 1
    jnz .again
.done:
    ret

; RAX: a value of the counter, then the time that the record gives it. Clobbers RCX, RDX.
ToNanoseconds:
    sub rax, [SystemTime + 8]
    movsx ecx, byte [SystemTime + 28]
    test ecx, ecx
    js .right
    shl rax, cl
    jmp .scale
.right:
    neg ecx
    shr rax, cl
.scale:
    mov edx, [SystemTime + 24]
    mul rdx
    shrd rax, rdx, 32
    add rax, [SystemTime + 16]
    ret

    align 8
KHz:    dq 0
    align 64
SystemTime:
    times 32 db 0

    GUEST_END
