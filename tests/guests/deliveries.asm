; Checks that each interrupt is delivered once, with IF set, and into nothing but what it interrupted: handlers that stay for a while without an exit.
; An emulator that is stopped and goes on then shows whether a delivery that is done comes again. AMD64 APM vol. 2, "Virtual Interrupts".
%include "guest.inc"
%include "check.inc"

ROUNDS      equ 40000
STAY        equ 20000                   ; turns of the handler's loop
VECTOR      equ 0x70

    GUEST
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov qword [Hook], Stay
    PRINT "deliveries: begin", 10

    GROUP "Interrupts: each delivered once"
    mov r13d, ROUNDS
    sti
.round:
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + VECTOR
    sub r13d, 1
    jnz .round
    cli
    EXPECT [Masked], 0, "interrupts delivered with IF clear"
    EXPECT [Counts + VECTOR * 4], ROUNDS, "interrupts delivered"
    CHECKS_END

; RBX: frame.
Stay:
    mov ecx, STAY
.turn:
    sub ecx, 1
    jnz .turn
    test dword [rbx + 16], RFLAGS_IF
    jnz .done
    add dword [Masked], 1
.done:
    ret

    align 8
Masked:         dd 0
    GUEST_END
