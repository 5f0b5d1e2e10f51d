; A store into each 4 KiB page from 16 MiB on, which nobody touched before.
%include "bench.inc"
    BENCH
    mov edi, 0x1000000
    REPEAT
    mov [rdi], edi
    add edi, 4096
    REPEAT_END
