; The PCI bus: configuration space by both mechanisms, base address registers sized and moved. PCI Local Bus Specification 3.0, "Configuration
; Mechanism #1" and "Base Addresses"; PCI Express Base Specification, "PCI Express Enhanced Configuration Access Mechanism".
%include "guest.inc"
%include "check.inc"

CONFIG_ADDRESS  equ 0xCF8
CONFIG_DATA     equ 0xCFC
ENABLE          equ 0x80000000
ECAM            equ 0xE0000000
COMMAND         equ 0x04
BAR0            equ 0x10
FREE            equ 0xD8000000          ; 32-bit memory where nothing was placed

; EBX: a function's address as CONFIG_ADDRESS takes it, register 0. Leaves what it reads in EAX.
%macro READ 1
    lea eax, [rbx + (%1 & 0xFC)]
    mov dx, CONFIG_ADDRESS
    out dx, eax
    mov dx, CONFIG_DATA
    in eax, dx
%endmacro

%macro WRITE 2
    lea eax, [rbx + (%1 & 0xFC)]
    mov dx, CONFIG_ADDRESS
    out dx, eax
    mov dx, CONFIG_DATA
    mov eax, %2
    out dx, eax
%endmacro

; A register with an address, text. QEMU's own machine reads zero where nobody answers.
%macro NOBODY 2
    mov ecx, [%1]
    cmp byte [IsQemu], 0
    jne %%any
    EXPECT ecx, 0xFFFFFFFF, %2
%%any:
%endmacro

    GUEST
    LONG_MODE
    CHECKS

    GROUP "PCI: mechanism #1"
    mov dx, CONFIG_ADDRESS
    mov eax, ENABLE
    out dx, eax
    in eax, dx
    EXPECT eax, ENABLE, "CONFIG_ADDRESS reads as written"
    mov ebx, ENABLE
    READ 0x08
    shr eax, 16
    EXPECT eax, 0x0600, "device 0 is a host bridge"
    READ 0x00
    mov r8d, eax
    mov dx, CONFIG_DATA + 2
    in ax, dx
    shr r8d, 16
    cmp ax, r8w
    CHECK e, "a word of the double word"
    mov dx, CONFIG_DATA + 3
    in al, dx
    shr r8d, 8
    cmp al, r8b
    CHECK e, "a byte of the double word"
    mov dx, CONFIG_ADDRESS + 3
    mov al, 0
    out dx, al
    mov dx, CONFIG_ADDRESS
    in eax, dx
    EXPECT eax, ENABLE, "a byte does not change CONFIG_ADDRESS"
    mov ebx, ENABLE | 31 << 11 | 7 << 8
    READ 0x00
    EXPECT eax, 0xFFFFFFFF, "a function that is not there reads all ones"
    mov ebx, ENABLE | 200 << 16
    READ 0x00
    EXPECT eax, 0xFFFFFFFF, "so does a bus"

    GROUP "PCI: mechanism in memory"
    mov ebx, ENABLE
    READ 0x00
    mov ecx, ECAM
    cmp eax, [rcx]
    SKIP_IF ne, .bars, "no configuration space at 0xE0000000"
    xor r9d, r9d                        ; function, as bits 15:8
.function:
    mov ebx, r9d
    or ebx, ENABLE
    xor r10d, r10d                      ; register
.register:
    lea eax, [rbx + r10]
    mov dx, CONFIG_ADDRESS
    out dx, eax
    mov dx, CONFIG_DATA
    in eax, dx
    mov ecx, r9d
    shl ecx, 4
    add ecx, ECAM
    add rcx, r10
    cmp eax, [rcx]
    jne .differ
    add r10d, 4
    cmp r10d, 256
    jb .register
    add r9d, 0x800
    cmp r9d, 0x10000
    jb .function
.differ:
    EXPECT r9d, 0x10000, "all of bus 0 reads the same"
    mov ecx, ECAM
    mov eax, [rcx]
    mov r8d, eax
    shr r8d, 8
    movzx eax, byte [rcx + 1]
    cmp al, r8b
    CHECK e, "a byte"
    shr r8d, 8
    cmp r8w, [rcx + 2]
    CHECK e, "a word"

.bars:
    GROUP "PCI: base address registers"
    xor r9d, r9d
.find:
    add r9d, 0x800                      ; the next device
    cmp r9d, 0x10000
    SKIP_IF e, .end, "no function with memory of less than 64 MiB"
    mov ebx, r9d
    or ebx, ENABLE
    READ 0x00
    cmp eax, 0xFFFFFFFF
    je .find
    READ BAR0
    test eax, eax
    jz .find
    test al, 1                          ; I/O
    jnz .find
    mov r11d, eax                       ; where it was
    READ COMMAND
    movzx r12d, ax
    mov eax, r12d
    and eax, ~3
    WRITE COMMAND, eax
    WRITE BAR0, 0xFFFFFFFF
    READ BAR0
    mov r13d, eax
    and r13d, ~15
    neg r13d                            ; its size
    cmp r13d, 64 << 20
    ja .find
    lea ecx, [r13 - 1]
    test ecx, r13d
    CHECK z, "the size is a power of two"
    mov ecx, eax
    xor ecx, r11d
    test ecx, 15
    CHECK z, "the type cannot be written"
    WRITE BAR0, FREE
    READ BAR0
    and eax, ~15
    EXPECT eax, FREE, "an aligned address can be written"
    mov esi, FREE
    NOBODY rsi, "without the command bit nobody answers"
    WRITE COMMAND, 2
    mov ecx, [rsi]
    WRITE BAR0, r11d
    mov eax, r11d
    and eax, ~15
    mov edi, eax
    cmp ecx, [rdi]
    CHECK e, "the memory moves with its register"
    NOBODY rsi, "and is not where it was"
    WRITE COMMAND, 0
    NOBODY rdi, "the command bit ends it"
    WRITE COMMAND, r12d
.end:
    CHECKS_END
    GUEST_END
