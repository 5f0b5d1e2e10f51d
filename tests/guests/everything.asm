; Uses every service of the host in each of a few rounds, and exits with 0: where the host is made to fail, it never comes that far.
%include "guest.inc"
%include "check.inc"

ROUNDS          equ 6
FRESH_MEMORY    equ 16 << 20
BLOCK           equ 2 << 20
TIMER_VECTOR    equ 0x60
TIMER_TICKS     equ 1000000
IA32_APIC_BASE  equ 0x1B
FW_CFG          equ 0x510
PM_TIMER        equ 0x608

    GUEST
    LONG_MODE
    CHECKS
    call InitialisePics
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov dword [r15 + APIC_DIVIDE], 0xB
    mov dword [r15 + APIC_TIMER], TIMER_VECTOR
    mov al, 0x34                        ; PIT channel 0, mode 2, 1 ms
    out 0x43, al
    mov al, 1193 & 0xFF
    out 0x40, al
    mov al, 1193 >> 8
    out 0x40, al
    mov r12d, FRESH_MEMORY
    xor r13d, r13d
.round:
    add r13d, 1
    PRINT "round ", 10
    xor eax, eax
    cpuid
    mov ecx, IA32_APIC_BASE
    rdmsr
    mov rax, cr4
    mov cr4, rax
    mov rax, dr7
    mov [r12], rax                      ; memory that nobody touched before
    add r12, BLOCK
    in al, 0x40
    mov al, 0x0A
    out 0x70, al
    in al, 0x71
    in al, PIC_MASTER + 1
    mov dx, FW_CFG
    xor eax, eax
    out dx, ax
    add edx, 1
    in al, dx
    mov dx, PM_TIMER
    in eax, dx
    mov dword [r14], 0
    mov eax, [r14 + 0x10]
    mov dword [r15 + APIC_TPR], 0
    mov esi, Text
    mov ecx, TextEnd - Text
    mov edx, COM1
    rep outsb
    mov dword [r15 + APIC_INITIAL], TIMER_TICKS
    mov eax, TIMER_VECTOR
    mov ecx, r13d
    call HaltUntil
    cmp r13d, ROUNDS
    jb .round
    CHECKS_END

Text:
    db "by REP OUTSB", 10
TextEnd:
    GUEST_END
