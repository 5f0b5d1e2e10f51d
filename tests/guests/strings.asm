; Checks string input and output, and port widths. The serial port's scratch register and the CMOS answer the same on every machine.
%include "guest.inc"
%include "check.inc"

SCRATCH equ COM1 + 7
LENGTH    equ 1000

    GUEST
    LONG_MODE
    CHECKS
    PRINT "a line by REP OUTSB follows", 10
    call Drain
    mov esi, Text
    mov ecx, TextEnd - Text
    mov edx, COM1
    rep outsb
    mov eax, ecx
    cmp rsi, TextEnd
    CHECK e, "REP OUTSB moves RSI past the text"
    test eax, eax
    CHECK z, "REP OUTSB counts RCX down"
    xor ecx, ecx
    mov esi, Text
    rep outsb
    cmp rsi, Text
    CHECK e, "REP OUTSB of nothing does nothing"

    mov edx, SCRATCH
    mov al, 0xA5
    out dx, al
    mov edi, Buffer
    mov ecx, LENGTH
    rep insb
    cmp rdi, Buffer + LENGTH
    CHECK e, "REP INSB moves RDI past the buffer"
    mov edi, Buffer
    mov ecx, LENGTH
    mov al, 0xA5
    repe scasb
    CHECK e, "REP INSB fills the buffer"
    cmp byte [Buffer + LENGTH], 0
    CHECK e, "REP INSB stops in time"
    mov esi, Buffer
    mov ecx, LENGTH
    mov edx, SCRATCH
    mov byte [Buffer + LENGTH - 1], 0x3C
    rep outsb
    in al, dx
    cmp al, 0x3C
    CHECK e, "a long REP OUTSB ends with the last byte"

    std
    mov edi, Buffer + 9
    mov ecx, 5
    rep insb
    cld
    cmp rdi, Buffer + 4
    CHECK e, "backwards, RDI goes down"
    cmp dword [Buffer + 5], 0x3C3C3C3C
    CHECK e, "backwards, the bytes lie below"
    cmp byte [Buffer + 4], 0xA5
    CHECK e, "backwards, no byte more"
    mov edi, Buffer
    insb
    cmp rdi, Buffer + 1
    CHECK e, "INSB without REP moves by one"

; Single bytes leave the rest of RAX alone; 32 bits clear its upper half.
    mov rax, 0x1122334455667788
    mov edx, SCRATCH
    in al, dx
    mov rcx, 0x112233445566773C
    cmp rax, rcx
    CHECK e, "IN AL keeps the rest of RAX"
    mov rax, -1
    mov edx, 0xE0                       ; nothing is there
    in eax, dx
    mov ecx, -1
    cmp rax, rcx
    CHECK e, "an absent port reads as ones, and IN EAX clears the upper half"
    mov al, 0x0D
    out 0x70, al
    in al, 0x71
    test al, 0x80
    CHECK nz, "the CMOS battery is good"
    CHECKS_END
Text:
    db "this line came by REP OUTSB", 13, 10
TextEnd:
    align 4096
    times 3500 db 0                     ; so that the buffer crosses a page
Buffer:
    times LENGTH + 8 db 0
    GUEST_END
