; Shuts the processor down by a triple fault. The last letter of the command line says which: p, or none, in 32-bit protected mode and l in
; long mode without an interrupt table; s in long mode without a stack; r in real mode.
%include "guest.inc"
%include "check.inc"
    GUEST
    mov esi, [ebx + 16]                 ; multiboot information: command line
    xor ecx, ecx
.last:
    lodsb
    test al, al
    jz .found
    mov cl, al
    jmp .last
.found:
    PRINT "triple fault follows", 10
    call Drain
    cmp cl, 'l'
    je .long
    cmp cl, 's'
    je .stack
    cmp cl, 'r'
    je .real
    lidt [Empty]
    int3
    EXIT 1
.real:
    mov esi, RealCode
    mov edi, 0x8000
    mov ecx, RealCodeEnd - RealCode
    rep movsb
    lgdt [RealGdtPointer]
    lidt [Empty]
    mov eax, 24
    mov ss, eax
    jmp 16:0x8000
.long:
    LONG_MODE
    lidt [Empty]
    ud2
    EXIT 1
    bits 32
.stack:
    LONG_MODE
    CHECKS
    mov rsp, 0x0000123456780000
    push rax
    EXIT 1

    bits 16
RealCode:
    mov eax, cr0
    and eax, ~1
    mov cr0, eax
    jmp 0:0x8000 + .here - RealCode
.here:
    int3
RealCodeEnd:
    align 8
RealGdt:
    dq 0, 0, 0x00009B000000FFFF, 0x000093000000FFFF
RealGdtPointer:
    dw RealGdtPointer - RealGdt - 1
    dd RealGdt
Empty:
    dw 0
    dq 0
    bits 64
    CHECKS_END
    GUEST_END
