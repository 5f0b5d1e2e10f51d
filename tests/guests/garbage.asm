; Jumps to where nothing is that a processor could run: first into bytes of no instruction, with an interrupt table of garbage.
%include "guest.inc"
    GUEST
    LONG_MODE
    PRINT "garbage follows", 10
    call Drain
    lidt [.pointer]
    jmp .garbage
.pointer:
    dw 0xFFFF
    dq .garbage
    align 16
.garbage:
    %assign seed 12345
    dw 0xFFFF
    %rep 1024
    %assign seed (seed * 1103515245 + 12345) & 0x7FFFFFFF
    db (seed >> 16) & 0xFF
    %endrep
    GUEST_END
