; The /init of the Linux guest: what programs make systems do, so many times, each told by how much the time-stamp counter moved.
;   Linux manual pages, vdso(7), getauxval(3); System V ABI, "Dynamic Section", "Symbol Table".
%include "linux.inc"

AT_SYSINFO_EHDR equ 33
PT_DYNAMIC      equ 2
DT_STRTAB       equ 5
DT_SYMTAB       equ 6

; Of each, for every one that the argument asks for.
CLOCKS          equ 1024
PAGES           equ 32

    INIT
    test ebp, ebp
    jz End
    call Clock
    call Touch
    call Execute
    INIT_END

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

ClockName:      db "__vdso_clock_gettime"
Program:        db "/bin/true", 0
    align 8, db 0
Arguments:      dq Program, 0
Environment:    dq 0
Buffer:         dq 0, 0
    INIT_DATA 0
