; Ports: widths, string input and output, permissions. The serial port's scratch register keeps a byte on every machine.
;   AMD APM vol. 3, "INS", "OUTS", "Repeat Prefixes"; vol. 2, "I/O-Permission Bitmap".
%include "guest.inc"
%include "check.inc"

SCRATCH equ COM1 + 7
LENGTH  equ 1000
ABSENT_PORT equ 0xE0

; The byte that the scratch register holds.
%macro SCRATCH_IS 2+
    mov edx, SCRATCH
    in al, dx
    movzx eax, al
    EXPECT eax, %1, %2
%endmacro

%macro SET_SCRATCH 1
    mov edx, SCRATCH
    mov al, %1
    out dx, al
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    GROUP "ports: widths"
    SET_SCRATCH 0x3C
    mov rax, 0x1122334455667788
    in al, dx
    mov rcx, 0x112233445566773C
    cmp rax, rcx
    CHECK e, "IN AL keeps the rest of RAX"
    mov rax, 0x1122334455667788
    mov edx, ABSENT_PORT
    in ax, dx
    mov rcx, 0x112233445566FFFF
    cmp rax, rcx
    CHECK e, "IN AX keeps the rest; an absent port reads as ones"
    mov rax, -1
    in eax, dx
    mov ecx, -1
    cmp rax, rcx
    CHECK e, "IN EAX clears the upper half"
    in al, 0x71
    mov al, 0x0D
    out 0x70, al
    in al, 0x71
    test al, 0x80
    CHECK nz, "a port by its number"
    mov edx, COM1 + 6
    mov eax, 0x5A00
    out dx, ax                          ; MSR, which is read-only, and the scratch register
    SCRATCH_IS 0x5A, "a word goes to two ports"
    mov edx, COM1 + 4
    in eax, dx
    shr eax, 24
    EXPECT eax, 0x5A, "a doubleword comes from four"

    GROUP "strings: output"
    PRINT "a line by REP OUTSB follows", 10
    call Drain
    mov esi, Text
    mov ecx, TextEnd - Text
    mov edx, COM1
    rep outsb
    EXPECT esi, TextEnd, "REP OUTSB moves RSI past the text"
    EXPECT ecx, 0, "and counts RCX down"
    mov esi, Text
    rep outsb
    EXPECT esi, Text, "of nothing, it does nothing"
    call Drain
    mov esi, Words
    mov edx, SCRATCH
    outsb
    EXPECT esi, Words + 1, "OUTSB"
    SCRATCH_IS 0x01, "its byte"
    mov esi, Words
    mov edx, COM1 + 6
    outsw
    EXPECT esi, Words + 2, "OUTSW"
    SCRATCH_IS 0x02, "its upper byte"
    mov esi, Words
    mov edx, ABSENT_PORT
    outsd
    EXPECT esi, Words + 4, "OUTSD"
    mov esi, Words
    mov ecx, 3
    mov edx, COM1 + 6
    rep outsw
    EXPECT esi, Words + 6, "REP OUTSW"
    SCRATCH_IS 0x06, "its last byte"
    std
    mov esi, Words + 4
    mov ecx, 2
    mov edx, SCRATCH
    rep outsb
    cld
    EXPECT esi, Words + 2, "backwards"
    SCRATCH_IS 0x04, "its last byte"
    mov ecx, IA32_FS_BASE
    mov eax, Words
    xor edx, edx
    wrmsr
    mov esi, 6
    mov edx, SCRATCH
    fs outsb
    EXPECT esi, 7, "by FS"
    SCRATCH_IS 0x07, "its byte"
    xor eax, eax
    xor edx, edx
    mov ecx, IA32_FS_BASE
    wrmsr
    mov rsi, 0xFFFFFFFF00000000 + Words
    mov edx, SCRATCH
    a32 outsb
    EXPECT esi, Words + 1, "with 32-bit addresses"
    shr rsi, 32
    EXPECT esi, 0, "which clear the upper half"
    SCRATCH_IS 0x01, "its byte"

    GROUP "strings: input"
    SET_SCRATCH 0xA5
    mov edi, Buffer
    mov ecx, LENGTH
    rep insb
    EXPECT edi, Buffer + LENGTH, "REP INSB moves RDI past the buffer"
    mov edi, Buffer
    mov ecx, LENGTH
    mov al, 0xA5
    repe scasb
    CHECK e, "and fills it"
    movzx eax, byte [Buffer + LENGTH]
    EXPECT eax, 0, "and stops in time"
    mov esi, Buffer
    mov ecx, LENGTH
    mov byte [Buffer + LENGTH - 1], 0x3C
    rep outsb
    SCRATCH_IS 0x3C, "a long REP OUTSB ends with the last byte"
    std
    mov edi, Buffer + 9
    mov ecx, 5
    mov edx, SCRATCH
    rep insb
    cld
    EXPECT edi, Buffer + 4, "backwards, RDI goes down"
    EXPECT [Buffer + 5], 0x3C3C3C3C, "the bytes lie below"
    movzx eax, byte [Buffer + 4]
    EXPECT eax, 0xA5, "no byte more"
    mov edi, Buffer
    insb
    EXPECT edi, Buffer + 1, "INSB without REP moves by one"
    mov edi, Buffer
    mov edx, COM1 + 6
    insw
    EXPECT edi, Buffer + 2, "INSW"
    movzx eax, byte [Buffer + 1]
    EXPECT eax, 0x3C, "its upper byte"
    mov edi, Buffer
    mov edx, COM1 + 4
    mov ecx, 2
    rep insd
    EXPECT edi, Buffer + 8, "REP INSD"
    movzx eax, byte [Buffer + 7]
    EXPECT eax, 0x3C, "its last byte"
    mov rdi, 0xFFFFFFFF00000000 + Buffer
    mov rcx, 0xFFFFFFFF00000002
    mov edx, SCRATCH
    a32 rep insb
    EXPECT edi, Buffer + 2, "with 32-bit addresses"
    EXPECT ecx, 0, "and a 32-bit count"

    GROUP "strings: faults in the middle"
    SET_SCRATCH 0x77
    MAP 0, Page + 3
    MAP 1, 0
    mov edi, WINDOW + 0xFF8
    mov ecx, 16
    mov edx, SCRATCH
    RAISES PF, 2, "rep insb", "REP INSB into no page"
    EXPECT ecx, 8, "RCX is what is left"
    EXPECT edi, WINDOW + 0x1000, "RDI is where it stopped"
    mov rax, cr2
    EXPECT eax, WINDOW + 0x1000, "so is CR2"
    mov edi, WINDOW + 0xFF9
    mov ecx, 4
    mov edx, COM1 + 6
    RAISES PF, 2, "rep insw", "a word that crosses"
    EXPECT ecx, 1, "RCX is what is left"
    EXPECT edi, WINDOW + 0xFFF, "RDI is where it stopped"
    mov esi, WINDOW + 0xFFC
    mov ecx, 8
    mov edx, SCRATCH
    RAISES PF, 0, "rep outsb", "REP OUTSB from no page"
    EXPECT ecx, 4, "RCX is what is left"
    EXPECT esi, WINDOW + 0x1000, "RSI is where it stopped"
    MAP 1, OtherPage + 3
    rep outsb
    EXPECT ecx, 0, "it goes on from there"
    SET_SCRATCH 0x77
    std
    mov ecx, 4
    MAP 2, 0
    mov edi, WINDOW + 0x2001
    RAISES PF, 2, "rep insb", "backwards into no page"
    EXPECT ecx, 4, "RCX is what is left"
    cld
    mov rax, cr0
    or eax, 1 << 16
    mov cr0, rax
    MAP 0, Page + 1
    mov edi, WINDOW
    mov ecx, 2
    RAISES PF, 3, "rep insb", "into a page that is read-only"
    mov rax, cr0
    and eax, ~(1 << 16)
    mov cr0, rax
    mov rdi, 0x8000000000000000
    RAISES GP, 0, "insb", "to an address that is not canonical"
    mov rsi, rdi
    RAISES GP, 0, "outsb", "from one"
    MAP 0, Page + 3
    MAP 1, OtherPage + 3
    mov byte [OtherPage], 0
    mov edi, WINDOW + 0xFFF
    mov edx, COM1 + 6
    insw
    movzx eax, byte [OtherPage]
    EXPECT eax, 0x77, "a word across pages that lie apart"
    mov eax, [WindowTable]
    and eax, 0x60
    EXPECT eax, 0x60, "accessed and dirty bits are set"

    GROUP "strings: self-modified and interrupted"
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov dword [Counts + 0x70 * 4], 0
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x70
    mov edi, Buffer
    mov ecx, LENGTH
    mov edx, SCRATCH
    sti
    rep insb
    cli
    EXPECT [Counts + 0x70 * 4], 1, "an interrupt comes in between"
    EXPECT edi, Buffer + LENGTH, "and nothing is lost"
    EXPECT ecx, 0, "RCX neither"

    GROUP "ports: ring 3"
    mov dword [LastVector], NONE
    USER UserInput
    CHECK_RAISED GP, 0, UserInput.at, "IN that the permission map forbids"
    mov qword [UserRflags], 2 + (3 << 12)
    mov dword [LastVector], NONE
    USER UserInput
    CHECK_RAISED NONE, 0, 0, "IN with IOPL 3"
    movzx eax, byte [UserValue]
    EXPECT eax, 0x77, "its byte"
    mov qword [UserRflags], 2
    SET_SCRATCH 0x78
    and byte [TssPorts + SCRATCH / 8], ~(1 << (SCRATCH & 7))
    mov dword [LastVector], NONE
    USER UserInput
    cmp dword [LastVector], GP
    SKIP_IF e, .noMap, "an emulator that does not look at the map of a busy task"
    movzx eax, byte [UserValue]
    EXPECT eax, 0x78, "IN that the map permits"
    mov dword [LastVector], NONE
    USER UserString
    CHECK_RAISED GP, 0, UserString.at, "INSW of a port that it permits and one that it does not"
.noMap:
    CHECKS_END

; In ring 3.
UserInput:
    mov qword [ResumeAt], .after
    mov edx, SCRATCH
.at:
    in al, dx
    mov [UserValue], al
.after:
    USER_END

UserString:
    mov qword [ResumeAt], .after
    mov edx, COM1 + 6
    mov edi, Buffer
.at:
    insw
.after:
    USER_END

Text:
    db "this line came by REP OUTSB", 13, 10
TextEnd:
Words:      db 1, 2, 3, 4, 5, 6, 7, 8
UserValue:  db 0
    align 4096
Page:       times 4096 db 0
OtherPage:  times 4096 db 0
    times 3500 db 0                     ; so that the buffer crosses a page
Buffer:
    times LENGTH + 8 db 0
    GUEST_END
