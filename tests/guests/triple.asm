; Takes an exception without an interrupt table: a triple fault, which shuts the processor down.
%include "guest.inc"
    GUEST
    PRINT "triple fault follows", 10
    call Drain
    lidt [.empty]
    int3
    EXIT 1
.empty:
    dw 0
    dd 0
    GUEST_END
