; Frames of 1,514 bytes over virtio-net, from one guest to another on the same switch, BATCH of them at a time: the sender makes its batches available and
; notifies of each once; the receiver, whose number is 0, takes what has come with each interrupt, until the frame that is marked as the last, and tells how many
; there were. Both touch no more of a frame than they must, so that nearly all of the time is the host's.
;   Virtio 1.2, "Virtio Over PCI Bus", "Split Virtqueues", "Network Device". Functions have struct virtio_pci_common_cfg at the begin of BAR 0, the MSI-X
;   table at 2000h of it, with the capability first, and notifications at the ports of BAR 2, 4 a queue.
%include "bench.inc"

CONFIG_ADDRESS  equ 0xCF8
CONFIG_DATA     equ 0xCFC
COMMAND         equ 0x04
BAR0            equ 0x10
BAR2            equ 0x18
MSIX            equ 0x40
NETWORK         equ 0x10411AF4          ; device and vendor ID
MESSAGES        equ 0xFEE00000

; struct virtio_pci_common_cfg.
DRIVER_SELECT   equ 0x08
DRIVER_FEATURE  equ 0x0C
DEVICE_STATUS   equ 0x14
QUEUE_SELECT    equ 0x16
QUEUE_VECTOR    equ 0x1A
QUEUE_ENABLE    equ 0x1C
QUEUE_DESC      equ 0x20
QUEUE_DRIVER    equ 0x28
QUEUE_DEVICE    equ 0x30
TABLE           equ 0x2000

EVENT_IDX       equ 1 << 29
VERSION_1       equ 1                   ; of the upper half
WRITE_          equ 2
RECEIVE         equ 0                   ; queues
TRANSMIT        equ 1

BATCH           equ 32
QUEUE           equ 256
HEADER          equ 12
FRAME           equ 1514
READY           equ 20000000            ; instructions in which the receiver has started
DESCRIPTORS     equ 0x800000
AVAILABLE       equ 0x801000
USED_EVENT      equ AVAILABLE + 4 + 2 * QUEUE
USED            equ 0x802000
OUTGOING        equ 0x810000
MARK            equ OUTGOING + HEADER + 14
INCOMING        equ 0x900000
SLOT            equ 2048

; Register of the function, by EBX. Leaves it in EAX.
%macro READ 1
    lea eax, [rbx + %1]
    mov dx, CONFIG_ADDRESS
    out dx, eax
    mov dx, CONFIG_DATA
    in eax, dx
%endmacro

%macro WRITE 2
    lea eax, [rbx + %1]
    mov dx, CONFIG_ADDRESS
    out dx, eax
    mov dx, CONFIG_DATA
    mov eax, %2
    out dx, eax
%endmacro

; The queue, and the message for what the device has used of it. All descriptors are in the available ring, in their order.
%macro ENABLE 2
    mov word [r13 + QUEUE_SELECT], %1
    mov word [r13 + QUEUE_VECTOR], %2
    mov dword [r13 + QUEUE_DESC], DESCRIPTORS
    mov dword [r13 + QUEUE_DRIVER], AVAILABLE
    mov dword [r13 + QUEUE_DEVICE], USED
    mov word [r13 + QUEUE_ENABLE], 1
    xor ecx, ecx
%%element:
    mov [AVAILABLE + 4 + rcx * 2], cx
    add ecx, 1
    cmp ecx, QUEUE
    jb %%element
%endmacro

    BENCH
    mov ebx, 0x80000000
.find:
    add ebx, 0x800
    READ 0
    cmp eax, NETWORK
    jne .find
    WRITE COMMAND, 7                    ; ports, memory, bus master
    READ BAR0
    and eax, ~15
    mov r13d, eax                       ; its registers
    READ BAR2
    and eax, ~3
    lea r12d, [rax + 4 * TRANSMIT]      ; the port that notifies
    mov byte [r13 + DEVICE_STATUS], 0
    mov byte [r13 + DEVICE_STATUS], 3   ; ACKNOWLEDGE, DRIVER
    mov dword [r13 + DRIVER_SELECT], 1
    mov dword [r13 + DRIVER_FEATURE], VERSION_1
    mov dword [r13 + DRIVER_SELECT], 0
    mov dword [r13 + DRIVER_FEATURE], EVENT_IDX
    mov byte [r13 + DEVICE_STATUS], 0x0B
    test ebp, ebp
    jnz Send

    APIC
    ENABLE RECEIVE, 1
    mov dword [r13 + TABLE + 16], MESSAGES
    mov dword [r13 + TABLE + 20], 0
    mov dword [r13 + TABLE + 24], APIC_VECTOR
    mov dword [r13 + TABLE + 28], 0
    WRITE MSIX, 0x80000000
    xor ecx, ecx
.incoming:
    mov eax, ecx
    shl eax, 4
    imul edx, ecx, SLOT
    add edx, INCOMING
    mov [DESCRIPTORS + rax], rdx
    mov dword [DESCRIPTORS + rax + 8], SLOT
    mov dword [DESCRIPTORS + rax + 12], WRITE_
    add ecx, 1
    cmp ecx, QUEUE
    jb .incoming
    mov word [AVAILABLE + 2], QUEUE
    mov byte [r13 + DEVICE_STATUS], 0x0F
    xor ebp, ebp                        ; frames so far
.wait:
    cli
    movzx eax, word [USED + 2]
    mov [USED_EVENT], ax
    mov ecx, eax
    sub cx, bp
    jnz .come
    sti
    hlt
    jmp .wait
.come:
    sti
    movzx ecx, cx
    add ebp, ecx
    lea eax, [rbp - 1]                  ; the last of them: descriptors come back in their order
    and eax, QUEUE - 1
    imul eax, eax, SLOT
    mov edx, [INCOMING + HEADER + 14 + rax]
    add [AVAILABLE + 2], cx
    test edx, edx
    jz .wait
    PRINT "frames 00000000"
    PRINT_HEX ebp
    PRINT 10
    EXIT 1

Send:
    ENABLE TRANSMIT, 0xFFFF
    mov byte [r13 + DEVICE_STATUS], 0x0F
    xor ecx, ecx
.outgoing:
    mov eax, ecx
    shl eax, 4
    mov qword [DESCRIPTORS + rax], OUTGOING
    mov dword [DESCRIPTORS + rax + 8], HEADER + FRAME
    add ecx, 1
    cmp ecx, QUEUE
    jb .outgoing
    mov dword [OUTGOING + HEADER], 0x00000002       ; to 02:00:00:00:00:01, which is the receiver's
    mov word [OUTGOING + HEADER + 4], 0x0100
    mov dword [OUTGOING + HEADER + 6], 0x00000002   ; from 02:00:00:00:00:02
    mov word [OUTGOING + HEADER + 10], 0x0200
    mov word [OUTGOING + HEADER + 12], 0xB588       ; a local experiment's type
    mov ecx, READY / 2
.ready:
    sub ecx, 1
    jnz .ready
    mov edx, r12d
    mov eax, TRANSMIT
    REPEAT
    cmp ebp, 1
    jne .send
    mov dword [MARK], 1
.send:
    add word [AVAILABLE + 2], BATCH
    mov cx, [AVAILABLE + 2]
    mov edx, r12d
    mov eax, TRANSMIT
    out dx, ax
.sent:
    cmp [USED + 2], cx
    jne .sent
    REPEAT_END
