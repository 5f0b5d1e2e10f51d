; Spins on all its processors until its time-stamp counter passes 2^33, which takes some seconds however much of them it gets.
%include "guest.inc"

ICR             equ 0xFEE00300
AP_CODE         equ 0x8000

    GUEST
    mov word [AP_CODE], 0xFEEB          ; jmp $
    mov dword [ICR], 0x000C4500         ; INIT, all but self
    mov dword [ICR], 0x000C4600 | AP_CODE >> 12
    PRINT "spinning", 10
.spin:
    rdtsc
    cmp edx, 2
    jb .spin
    PRINT "done", 10
    call Drain
    EXIT 0
    GUEST_END
