; Halts with interrupts off: never runs again, and costs the host nothing.
%include "guest.inc"
    GUEST
    PRINT "halted", 10
    call Drain
    cli
    jmp Halt
    GUEST_END
