; From the boot loader to C#: multiboot2 or PVH hands over in 32-bit protected mode without paging; this builds the first page tables
; (4 GiB identity, and the kernel at -2 GiB), enters long mode and calls KernelMain(magic, information).
;   Multiboot2 Specification 2.0, "I386 machine state"; Xen x86/HVM direct boot ABI.

KERNEL_BASE     equ 0xFFFFFFFF80000000
BOOT_STACK_SIZE equ 32768
BOOT_ARENA_SIZE equ 524288
IA32_EFER       equ 0xC0000080
IA32_GS_BASE    equ 0xC0000101

section .note.pvh note alloc
align 4
    dd 4, 4, 18                         ; name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
    db "Xen", 0
    dd Entry32

section .multiboot2 progbits alloc noexec nowrite align=8
Multiboot2Header:
    dd 0xE85250D6, 0, .end - Multiboot2Header
    dd 0x100000000 - (0xE85250D6 + (.end - Multiboot2Header))
    align 8
    dw 5, 1                             ; framebuffer, optional: preferably 1024 by 768 of 32 bits, else any
    dd 20, 1024, 768, 32
    align 8
    dw 6, 0                             ; modules on page boundaries
    dd 8
    align 8
    dw 0, 0
    dd 8
.end:

section .boot.text progbits alloc exec nowrite align=16
bits 32
global Entry32
Entry32:
    cli
    cld
    mov esp, BootTables                 ; only until the tables are built: nothing is pushed
    mov ebp, eax                        ; loader's magic
    mov edi, ebx                        ; loader's information
    mov eax, 0x83                       ; present, writable, 2 MiB
    xor ecx, ecx
.identity:
    mov [Directories + ecx * 8], eax
    mov dword [Directories + ecx * 8 + 4], 0
    add eax, 0x200000
    inc ecx
    cmp ecx, 2048
    jb .identity
    mov eax, Directories + 3
    xor ecx, ecx
.pointers:
    mov [LowPointers + ecx * 8], eax
    add eax, 0x1000
    inc ecx
    cmp ecx, 4
    jb .pointers
    mov dword [BootTables], LowPointers + 3
    mov dword [BootTables + 511 * 8], HighPointers + 3
    mov dword [HighPointers + 510 * 8], Directories + 3

; Shared with the application processors: CR4, EFER, CR0, then long mode at the continuation in ESI.
    mov esi, Entry64
    jmp EnableLongMode

global EnableLongMode
EnableLongMode:
    mov eax, (1 << 5) | (1 << 9) | (1 << 10)        ; PAE, OSFXSR, OSXMMEXCPT, and nothing that firmware left
    mov cr4, eax
    mov eax, BootTables
    mov cr3, eax
    mov ecx, IA32_EFER
    rdmsr
    or eax, (1 << 8) | (1 << 11)                    ; LME, NXE
    wrmsr
    mov eax, cr0
    and eax, ~((1 << 2) | (1 << 3) | (1 << 29) | (1 << 30)) ; EM, TS, NW, CD off
    or eax, (1 << 31) | (1 << 16) | (1 << 5) | (1 << 1)     ; PG, WP, NE, MP
    mov cr0, eax
    lgdt [BootGdtPointer]
    push dword 0x08
    push esi
    retf

bits 64
Entry64:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov rax, High64
    jmp rax

section .boot.data progbits alloc noexec write align=8
global BootGdt
BootGdt:
    dq 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF, 0x00CF9B000000FFFF    ; null, 64-bit code, data, 32-bit code
BootGdtPointer:
    dw $ - BootGdt - 1
    dd BootGdt
    dd 0

section .boot.bss nobits alloc write align=4096
    resb 64                             ; the far return of EnableLongMode
alignb 4096
global BootTables
BootTables:     resb 4096
LowPointers:    resb 4096
HighPointers:   resb 4096
Directories:    resb 4 * 4096

section .text
bits 64
extern CoreLibInitialize, KernelMain, Modules
High64:
    mov rsp, BootStackTop
    push rdi                            ; information; 32-bit values, upper halves are zero
    push rbp                            ; magic
    xor ebp, ebp
    mov rax, BootProcessorBlock
    mov [rax], rax
    mov rdx, rax
    shr rdx, 32
    mov ecx, IA32_GS_BASE
    wrmsr
    mov rdi, Modules
    call CoreLibInitialize
    pop rdi
    pop rsi
    call KernelMain
    ud2

section .bss
align 4096
global BootStackBottom, BootStackTop
    resb 4096                           ; BootStackGuard of KernelImage.cs: not mapped once the kernel has tables of its own
BootStackBottom: resb BOOT_STACK_SIZE
BootStackTop:
global BootArenaStart, BootArenaEnd
BootArenaStart: resb BOOT_ARENA_SIZE
BootArenaEnd:
alignb 64
global BootProcessorBlock
BootProcessorBlock: resb 256            ; the boot processor's ProcessorBlock (kernel/Platform/ProcessorBlock.cs)
