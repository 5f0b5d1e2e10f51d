; Says hello in long mode and exits with 0.
%include "guest.inc"
    GUEST
    LONG_MODE
    PRINT "hello from guest", 10
    EXIT 0
    GUEST_END
