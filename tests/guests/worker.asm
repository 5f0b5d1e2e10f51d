; Works for ever, each round by its timer, and says whether memory, SSE and x87 registers still hold what it put there.
%include "guest.inc"
%include "check.inc"

WORDS           equ 16384
FACTOR          equ 7
SUM             equ FACTOR * WORDS * (WORDS - 1) / 2
WORK_AREA       equ 8 << 20
TIMER_VECTOR    equ 0x60
TIMER_TICKS     equ 50000000

    GUEST
    LONG_MODE
    CHECKS
    call InitialisePics
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov dword [r15 + APIC_DIVIDE], 0xB
    mov dword [r15 + APIC_TIMER], TIMER_VECTOR
    mov rax, cr4
    or eax, 0x600                       ; OSFXSR, OSXMMEXCPT
    mov cr4, rax
    fninit
    fldpi
    fst qword [Pi]
    mov rax, [Pi]
    movq xmm9, rax
    xor r12d, r12d
.round:
    add r12d, 1
    mov dword [r15 + APIC_INITIAL], TIMER_TICKS
    mov eax, TIMER_VECTOR
    mov ecx, r12d
    call HaltUntil

    mov edi, WORK_AREA
    xor ecx, ecx
.fill:
    imul eax, ecx, FACTOR
    mov [rdi + rcx * 4], eax
    add ecx, 1
    cmp ecx, WORDS
    jb .fill
    xor eax, eax
.sum:
    sub ecx, 1
    add eax, [rdi + rcx * 4]
    test ecx, ecx
    jnz .sum
    cmp eax, SUM
    jne .wrong
    fst qword [Now]
    mov rax, [Now]
    cmp rax, [Pi]
    jne .wrong
    movq rcx, xmm9
    cmp rcx, rax
    jne .wrong
    PRINT "round "
    PRINT_HEX r12d
    PRINT " right", 10
    jmp .round
.wrong:
    PRINT "FAIL round "
    PRINT_HEX r12d
    PRINT 10
    EXIT 1

    align 8
Pi:     dq 0
Now:    dq 0
    CHECKS_END
    GUEST_END
