; The /init of the Linux guest: an ELF64 program without a linker that tells the time-stamp counter as it begins. Its first argument, if there is one, is a
; number: so many times it then does some of what programs make systems do, and tells how much the counter moved by each. Then it ends the machine.
;   System V ABI, AMD64 supplement, "Process Initialization"; Linux manual pages, vdso(7), getauxval(3); System V ABI, "Dynamic Section", "Symbol Table".
bits 64
BASE            equ 0x400000
COM1            equ 0x3F8
EXIT_PORT       equ 0xF4

SYS_MMAP        equ 9
SYS_MADVISE     equ 28
SYS_VFORK       equ 58
SYS_EXECVE      equ 59
SYS_EXIT        equ 60
SYS_WAIT4       equ 61
SYS_REBOOT      equ 169
SYS_IOPL        equ 172

AT_SYSINFO_EHDR equ 33
PT_DYNAMIC      equ 2
DT_STRTAB       equ 5
DT_SYMTAB       equ 6

; Of each, for every one that the argument asks for.
CLOCKS          equ 1024
PAGES           equ 32

; RBX: the time-stamp counter.
%macro TIME 0
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov rbx, rax
%endmacro

; What the counter has moved since TIME, with the text before it.
%macro TOLD 1
    rdtsc
    shl rdx, 32
    or rax, rdx
    sub rax, rbx
    mov rbx, rax
    TELL %1
%endmacro

; RBX in hexadecimal, with the text before it.
%macro TELL 1
    jmp %%tell
%%text: db %1, 0
%%tell:
    lea rsi, [%%text]
    call Tell
%endmacro

    org BASE
    db 0x7F, "ELF", 2, 1, 1
    times 9 db 0
    dw 2, 62                            ; executable, x86-64
    dd 1
    dq Init, 64, 0
    dd 0
    dw 64, 56, 1, 64, 0, 0
    dd 1, 7                             ; loaded, readable, writable and executable
    dq 0, BASE, BASE, FileEnd - BASE, FileEnd - BASE, 4096

Init:
    TIME
    mov edi, 3
    mov eax, SYS_IOPL
    syscall
    TELL {10, "ticks "}
    cmp qword [rsp], 2
    jb .end
    mov rsi, [rsp + 16]
    xor ebp, ebp
.character:
    lodsb
    movzx eax, al
    sub eax, '0'
    jb .parsed
    imul ebp, ebp, 10
    add ebp, eax
    jmp .character
.parsed:
    call Clock
    call Touch
    call Execute
.end:
    mov dx, COM1 + 5
.drain:
    in al, dx
    test al, 0x40
    jz .drain
    xor eax, eax
    out EXIT_PORT, al
    mov edi, 0xFEE1DEAD                 ; where there is no such port
    mov esi, 0x28121969
    mov edx, 0x4321FEDC                 ; RB_POWER_OFF
    mov eax, SYS_REBOOT
    syscall
    jmp $

; clock_gettime(CLOCK_MONOTONIC), by the vDSO.
Clock:
    lea rsi, [rsp + 16]                 ; arguments, environment, auxiliary vector
    mov ecx, 2
.vector:
    lodsq
    test rax, rax
    jnz .vector
    sub ecx, 1
    jnz .vector
.auxiliary:
    lodsq
    mov rdx, rax
    lodsq
    test rdx, rdx
    jz .none
    cmp rdx, AT_SYSINFO_EHDR
    jne .auxiliary
    mov rdi, rax
    mov rsi, rdi
    add rsi, [rdi + 32]                 ; program headers
.header:
    cmp dword [rsi], PT_DYNAMIC
    je .dynamic
    add rsi, 56
    jmp .header
.dynamic:
    mov rsi, [rsi + 16]
    add rsi, rdi
.entry:
    lodsq
    mov rdx, rax
    lodsq
    cmp rdx, DT_STRTAB
    cmove r8, rax
    cmp rdx, DT_SYMTAB
    cmove r9, rax
    test rdx, rdx
    jnz .entry
    add r8, rdi
    add r9, rdi
.symbol:
    add r9, 24
    mov eax, [r9]
    lea rdx, [r8 + rax]
    mov rax, [ClockName]
    cmp [rdx], rax
    jne .symbol
    mov rax, [ClockName + 8]
    cmp [rdx + 8], rax
    jne .symbol
    mov eax, [ClockName + 16]
    cmp [rdx + 16], eax
    jne .symbol
    mov r13, [r9 + 8]
    add r13, rdi
    mov r12d, ebp
    imul r12d, r12d, CLOCKS
    TIME
.again:
    mov edi, 1
    lea rsi, [Buffer]
    call r13
    sub r12d, 1
    jnz .again
    TOLD "clock "
.none:
    ret

; A store into each page of memory that nobody touched before, without huge pages.
Touch:
    mov esi, ebp
    imul esi, esi, PAGES * 4096
    xor edi, edi
    mov edx, 3                          ; PROT_READ, PROT_WRITE
    mov r10d, 0x22                      ; MAP_PRIVATE, MAP_ANONYMOUS
    mov r8, -1
    xor r9d, r9d
    mov eax, SYS_MMAP
    syscall
    mov rdi, rax
    mov r12, rax
    mov esi, ebp
    imul esi, esi, PAGES * 4096
    mov edx, 15                         ; MADV_NOHUGEPAGE
    mov eax, SYS_MADVISE
    syscall
    mov ecx, ebp
    imul ecx, ecx, PAGES
    TIME
.again:
    mov [r12], ecx
    add r12, 4096
    sub ecx, 1
    jnz .again
    TOLD "touch "
    ret

; A program started and waited for: /bin/true, true.asm.
Execute:
    mov r12d, ebp
    TIME
.again:
    mov eax, SYS_VFORK
    syscall
    test eax, eax
    jnz .parent
    lea rdi, [Program]
    lea rsi, [Arguments]
    lea rdx, [Environment]
    mov eax, SYS_EXECVE
    syscall
    mov edi, 127
    mov eax, SYS_EXIT
    syscall
.parent:
    mov edi, eax
    xor esi, esi
    xor edx, edx
    xor r10d, r10d
    mov eax, SYS_WAIT4
    syscall
    sub r12d, 1
    jnz .again
    TOLD "exec "
    ret

; RSI: text that ends in a zero byte, RBX: number.
Tell:
    lodsb
    test al, al
    jz .number
    call PrintByte
    jmp Tell
.number:
    mov r12d, 16
.digit:
    rol rbx, 4
    mov eax, ebx
    and eax, 15
    add eax, '0'
    cmp eax, '9'
    jbe .print
    add eax, 'a' - '9' - 1
.print:
    call PrintByte
    sub r12d, 1
    jnz .digit
    mov al, 10

; AL: one byte, once the transmitter holding register is empty.
PrintByte:
    mov ecx, eax
    mov dx, COM1 + 5
.wait:
    in al, dx
    test al, 0x20
    jz .wait
    mov dx, COM1
    mov eax, ecx
    out dx, al
    out DEBUG_CONSOLE, al
    ret

ClockName:      db "__vdso_clock_gettime"
Program:        db "/bin/true", 0
    align 8, db 0
Arguments:      dq Program, 0
Environment:    dq 0
Buffer:         dq 0, 0
FileEnd:
