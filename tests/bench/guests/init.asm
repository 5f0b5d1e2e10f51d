; The /init of the Linux guest: an ELF64 program without a linker that tells the time-stamp counter and ends the machine, through ports alone.
bits 64
BASE        equ 0x400000
COM1        equ 0x3F8
EXIT_PORT   equ 0xF4
SYS_IOPL    equ 172

    org BASE
    db 0x7F, "ELF", 2, 1, 1
    times 9 db 0
    dw 2, 62                            ; executable, x86-64
    dd 1
    dq Init, 64, 0
    dd 0
    dw 64, 56, 1, 64, 0, 0
    dd 1, 5                             ; loaded, readable and executable
    dq 0, BASE, BASE, FileEnd - BASE, FileEnd - BASE, 4096

Init:
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov rbx, rax
    mov edi, 3
    mov eax, SYS_IOPL
    syscall
    lea rsi, [Text]
.text:
    lodsb
    test al, al
    jz .number
    call PrintByte
    jmp .text
.number:
    mov ebp, 16
.digit:
    rol rbx, 4
    mov eax, ebx
    and eax, 15
    add eax, '0'
    cmp eax, '9'
    jbe .print
    add eax, 'a' - '9' - 1
.print:
    call PrintByte
    sub ebp, 1
    jnz .digit
    mov al, 10
    call PrintByte
    mov dx, COM1 + 5
.drain:
    in al, dx
    test al, 0x40
    jz .drain
    xor eax, eax
    out EXIT_PORT, al
    jmp $

; AL: one byte, once the transmitter holding register is empty.
PrintByte:
    mov ecx, eax
    mov dx, COM1 + 5
.wait:
    in al, dx
    test al, 0x20
    jz .wait
    mov dx, COM1
    mov eax, ecx
    out dx, al
    ret

Text: db 10, "ticks ", 0
FileEnd:
