; Checks memory: every page of it holds what was written to it. Command line: none. Multiboot information: upper memory in KiB.
%include "guest.inc"
%include "check.inc"

FIRST   equ 0x400000
STEP    equ 4096

    GUEST
    mov ebp, [ebx + 8]                  ; mem_upper
    LONG_MODE
    CHECKS
    shl ebp, 10
    add ebp, 0x100000
    and ebp, -STEP
    cmp ebp, FIRST
    CHECK a, "there is memory to check"

; Each page's first and last words hold a number of their own, written first from the bottom to the top.
    mov edi, FIRST
.write:
    mov rax, 0x9E3779B97F4A7C15
    imul rax, rdi
    mov [rdi], rax
    not rax
    mov [rdi + STEP - 8], rax
    add edi, STEP
    cmp edi, ebp
    jb .write
    xor edx, edx
    mov edi, FIRST
.read:
    mov rax, 0x9E3779B97F4A7C15
    imul rax, rdi
    cmp [rdi], rax
    setne cl
    or dl, cl
    not rax
    cmp [rdi + STEP - 8], rax
    setne cl
    or dl, cl
    add edi, STEP
    cmp edi, ebp
    jb .read
    test dl, dl
    CHECK z, "every page keeps what is written to it"

; Accesses across pages and 2 MiB blocks.
    mov rax, 0x1122334455667788
    mov [abs FIRST + 0x200000 - 3], rax
    cmp [abs FIRST + 0x200000 - 3], rax
    CHECK e, "a word across two blocks is one word"
    cmp byte [abs FIRST + 0x200000 + 4], 0x11
    CHECK e, "its upper part lies in the second block"
    mov esi, FIRST
    mov edi, FIRST + 0x500800
    mov ecx, 0x80000
    rep movsq
    mov esi, FIRST
    mov edi, FIRST + 0x500800
    mov ecx, 0x80000
    repe cmpsq
    CHECK e, "4 MiB copied to another alignment are the same"
    CHECKS_END
    GUEST_END
