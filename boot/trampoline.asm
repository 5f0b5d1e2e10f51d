; Where an application processor wakes after INIT and STARTUP: real mode, at a page below 1 MiB of the kernel's choosing, to which the
; bytes between TrampolineStart and TrampolineEnd are copied. Intel SDM vol. 3, "MP Initialization Protocol Algorithm".

IA32_GS_BASE    equ 0xC0000101

section .rodata
global TrampolineStart, TrampolineEnd
extern BootGdt
bits 16
TrampolineStart:
    cli
    cld
    mov ax, cs
    mov ds, ax
    o32 lgdt [.gdt - TrampolineStart]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp dword 0x18:ApplicationProcessor32
align 4
.gdt:
    dw 4 * 8 - 1
    dd BootGdt
TrampolineEnd:

section .boot.text progbits alloc exec nowrite align=16
extern EnableLongMode, BootTables
bits 32
ApplicationProcessor32:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, BootTables
    mov esi, ApplicationProcessor64
    jmp EnableLongMode
bits 64
ApplicationProcessor64:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    mov rax, High64
    jmp rax

section .text
extern KernelApplicationProcessorMain
; Processors start one at a time: the three words below belong to the one that is on its way.
High64:
    mov rax, [rel ApplicationProcessorRoot]
    mov cr3, rax                        ; the stack is in the kernel's own tables only
    mov rsp, [rel ApplicationProcessorStack]
    xor ebp, ebp
    mov rax, [rel ApplicationProcessorBlock]
    mov rdx, rax
    shr rdx, 32
    mov ecx, IA32_GS_BASE
    wrmsr
    call KernelApplicationProcessorMain
    ud2

section .data
align 8
global ApplicationProcessorStack, ApplicationProcessorBlock, ApplicationProcessorRoot
ApplicationProcessorStack: dq 0
ApplicationProcessorBlock: dq 0
ApplicationProcessorRoot: dq 0
