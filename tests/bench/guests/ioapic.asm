; A load from the IOAPIC's data register.
%include "bench.inc"
    BENCH
    mov edi, 0xFEC00010
    REPEAT
    mov eax, [rdi]
    REPEAT_END
