; Checks interrupts and what ends a HLT: PIT through PIC and IOAPIC, the local APIC's timer, IPIs, priorities and NMIs.
;   Intel 8254 and 8259A data sheets; 82093AA data sheet; Intel SDM vol. 3, "Advanced Programmable Interrupt Controller (APIC)".
%include "guest.inc"
%include "check.inc"

IA32_TSC_DEADLINE equ 0x6E0

    GUEST
    LONG_MODE
    CHECKS
    call InitialisePics
    mov dword [r15 + APIC_SPURIOUS], 0x1FF

; PIT channel 0, mode 0: one interrupt, then mode 2: many.
    mov al, 0x30
    out 0x43, al
    mov ax, 1193
    call LoadPit
    mov al, 0xFE
    out PIC_MASTER + 1, al
    mov eax, 0x20
    mov ecx, 1
    call HaltUntil
    cmp dword [Counts + 0x20 * 4], 1
    CHECK e, "PIT mode 0 interrupts once through the PIC and ends HLT"
    mov al, 0x34
    out 0x43, al
    mov ax, 2386
    call LoadPit
    mov eax, 0x20
    mov ecx, 6
    call HaltUntil
    cmp dword [Counts + 0x20 * 4], 6
    CHECK ae, "PIT mode 2 interrupts again and again"
    mov al, 0xFF
    out PIC_MASTER + 1, al

; The same through the IOAPIC, pin 2, vector 0x50, edge.
    mov dword [r14], 0x10 + 2 * 2 + 1
    mov eax, [r15 + APIC_ID]
    mov [r14 + 0x10], eax
    mov dword [r14], 0x10 + 2 * 2
    mov dword [r14 + 0x10], 0x50
    mov eax, 0x50
    mov ecx, 3
    call HaltUntil
    CHECK ae, "PIT interrupts through the IOAPIC"
    mov dword [r14 + 0x10], 0x10050
    mov al, 0x30                        ; mode 0 without a count: the PIT is silent
    out 0x43, al

; The APIC's timer.
    mov dword [r15 + APIC_DIVIDE], 0xB
    mov dword [r15 + APIC_TIMER], 0x60
    mov dword [r15 + APIC_INITIAL], 20000000
    mov eax, [r15 + APIC_CURRENT]
    cmp eax, 20000000
    CHECK be, "the timer's current count begins at the initial count"
    mov ecx, eax
    mov edx, 1000
.wait:
    pause
    sub edx, 1
    jnz .wait
    mov eax, [r15 + APIC_CURRENT]
    cmp eax, ecx
    CHECK b, "the timer counts down"
    mov dword [r15 + APIC_INITIAL], 1000000
    mov eax, 0x60
    mov ecx, 1
    call HaltUntil
    CHECK e, "the timer's one shot ends HLT"
    mov eax, [r15 + APIC_CURRENT]
    test eax, eax
    CHECK z, "the timer stays at zero after one shot"
    mov dword [r15 + APIC_TIMER], 0x20061
    mov dword [r15 + APIC_INITIAL], 1000000
    mov eax, 0x61
    mov ecx, 4
    call HaltUntil
    CHECK ae, "the periodic timer interrupts again and again"
    mov dword [r15 + APIC_INITIAL], 0
    mov dword [r15 + APIC_TIMER], 0x10000

    mov eax, 1
    cpuid
    test ecx, 1 << 24
    jz .noDeadline
    mov dword [r15 + APIC_TIMER], 0x40062
    mfence
    call ReadTsc
    add rax, 2000000
    call ArmDeadline
    mov eax, 0x62
    mov ecx, 1
    call HaltUntil
    CHECK e, "the TSC deadline ends HLT"
    mov ecx, IA32_TSC_DEADLINE
    rdmsr
    or eax, edx
    CHECK z, "the TSC deadline reads as zero once it has passed"
    call ReadTsc
    sub rax, 1000
    call ArmDeadline
    mov eax, 0x62
    mov ecx, 2
    call HaltUntil
    CHECK e, "a deadline in the past interrupts at once"
    mov dword [r15 + APIC_TIMER], 0x10000
.noDeadline:

; IPIs to itself: held back by IF and by the task priority, delivered by priority, STI's shadow.
    mov dword [r15 + APIC_ICR_LOW], 0x40070
    mov dword [r15 + APIC_ICR_LOW], 0x40081
    mov eax, [r15 + APIC_IRR + 0x30]
    and eax, 1 << 16
    CHECK nz, "a self IPI waits in IRR while IF is clear"
    mov qword [Hook], RememberOrder
    sti
    call Linger
    cli
    mov qword [Hook], 0
    cmp word [Order], 0x8170
    CHECK e, "the IPI of the higher priority comes first"
    mov eax, 0x9
    mov cr8, rax
    mov eax, [r15 + APIC_TPR]
    cmp eax, 0x90
    CHECK e, "CR8 is the task priority register"
    mov dword [r15 + APIC_ICR_LOW], 0x40072
    sti
    call Linger
    cli
    cmp dword [Counts + 0x72 * 4], 0
    CHECK e, "the task priority holds back lower classes"
    sti
    xor eax, eax
    mov cr8, rax
    call Linger
    cli
    cmp dword [Counts + 0x72 * 4], 1
    CHECK e, "lowering CR8 lets them come"
    mov dword [r15 + APIC_ICR_LOW], 0x40073
    sti
    hlt                                 ; STI's shadow: the interrupt ends this HLT
    cli
    cmp dword [Counts + 0x73 * 4], 1
    CHECK e, "STI; HLT with a pending interrupt does not sleep"

; NMI: ends a HLT although IF is clear, and is blocked until IRET.
    mov eax, [r15 + APIC_ID]
    mov [r15 + APIC_ICR_HIGH], eax
    mov qword [Hook], SecondNmi
    mov dword [r15 + APIC_ICR_LOW], 0x4400
    call Linger
    mov qword [Hook], 0
    cmp dword [Counts + 2 * 4], 2
    CHECK e, "an NMI sent in the NMI's handler comes after it"
    cmp dword [NmiInHandler], 1
    CHECK e, "an NMI is blocked until IRET"
    CHECKS_END

; Long enough for an emulator to notice what is pending: many look only where code branches.
Linger:
    mov ecx, 100
.again:
    pause
    sub ecx, 1
    jnz .again
    ret

; AX: count. Low byte, then high byte.
LoadPit:
    out 0x40, al
    mov al, ah
    out 0x40, al
    ret

ReadTsc:
    rdtsc
    shl rdx, 32
    or rax, rdx
    ret

; RAX: the deadline.
ArmDeadline:
    mov rdx, rax
    shr rdx, 32
    mov ecx, IA32_TSC_DEADLINE
    wrmsr
    ret

; EAX: vector.
RememberOrder:
    shl word [Order], 8
    mov [Order], al
    ret

; In the first NMI's handler: sends a second, and counts how many handlers have begun when this one ends.
SecondNmi:
    cmp dword [Counts + 2 * 4], 1
    jne .done
    mov dword [r15 + APIC_ICR_LOW], 0x4400
    call Linger
    mov ecx, [Counts + 2 * 4]
    mov [NmiInHandler], ecx
.done:
    ret

Order:          dw 0
    align 4
NmiInHandler:   dd 0
    GUEST_END
