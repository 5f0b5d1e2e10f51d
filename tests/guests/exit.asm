; Writes to the exit port with the width that the last letter of the command line names: b 0x21, w 0x0222, d 0x00030023.
%include "guest.inc"
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
    PRINT "exit port", 10
    call Drain
    cmp cl, 'w'
    je .word
    cmp cl, 'd'
    je .dword
    mov al, 0x21
    out EXIT_PORT, al
    jmp Halt
.word:
    mov ax, 0x0222
    out EXIT_PORT, ax
    jmp Halt
.dword:
    mov eax, 0x00030023
    out EXIT_PORT, eax
    jmp Halt
    GUEST_END
