; The program that the Linux guest starts and waits for: a C program's main function, which does nothing. What it costs is what every statically linked C
; program costs: tests/bench/peers/fetch links it with Debian's C library.
;   System V ABI, AMD64 supplement, "Function Calling Sequence".
bits 64
global main
main:
    xor eax, eax
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
