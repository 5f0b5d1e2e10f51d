; Says what the host says when it panics, and halts: for the test of the harness.
%include "guest.inc"
    GUEST
    PRINT "panic: for the test", 10
    jmp Halt
    GUEST_END
