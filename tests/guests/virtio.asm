; A virtio disk over PCI: status, features, a queue, messages, requests that can be and that cannot. Virtio 1.2, "Virtio Over PCI Bus", "Split
; Virtqueues", "Block Device". The host's functions have struct virtio_pci_common_cfg at the begin of BAR 0, notifications at 1000h and the MSI-X table
; at 2000h, with the capability first.
%include "guest.inc"
%include "check.inc"

CONFIG_ADDRESS  equ 0xCF8
CONFIG_DATA     equ 0xCFC
ENABLE          equ 0x80000000
COMMAND         equ 0x04
BAR0            equ 0x10
MSIX            equ 0x40
DISK            equ 0x10421AF4          ; device and vendor ID

; struct virtio_pci_common_cfg.
DEVICE_SELECT   equ 0x00
DEVICE_FEATURE  equ 0x04
DRIVER_SELECT   equ 0x08
DRIVER_FEATURE  equ 0x0C
DEVICE_STATUS   equ 0x14
QUEUE_SELECT    equ 0x16
QUEUE_LENGTH    equ 0x18
QUEUE_VECTOR    equ 0x1A
QUEUE_ENABLE    equ 0x1C
QUEUE_DESC      equ 0x20
QUEUE_DRIVER    equ 0x28
QUEUE_DEVICE    equ 0x30
NOTIFY          equ 0x1000
TABLE           equ 0x2000
CAPACITY        equ 0x800

INDIRECT_DESC   equ 1 << 28
VERSION_1       equ 1                   ; of the upper half
NEXT            equ 1
WRITE_          equ 2
INDIRECT        equ 4
NEEDS_RESET     equ 0x40

VECTOR          equ 0x61
DESCRIPTORS     equ 0x800000
AVAILABLE       equ 0x801000
USED            equ 0x802000
REQUEST         equ 0x803000            ; type, sector
STATUS          equ 0x803FFF            ; one byte, at the end of a page
OUTGOING        equ 0x804F00            ; across a page's end
INCOMING        equ 0x806000
INDIRECT_TABLE  equ 0x808FF8            ; a descriptor across a page's end
SECTOR          equ 512
NOWHERE         equ 0x70000000          ; no RAM there

; Register of the function, by EBX. Leaves it in EAX.
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

; Where, address, length, flags, next.
%macro DESCRIPTOR 5
    mov qword [%1], %2
    mov dword [%1 + 8], %3
    mov dword [%1 + 12], %4 | %5 << 16
%endmacro

    GUEST
    LONG_MODE
    CHECKS

    GROUP "virtio: a disk"
    xor ebx, ebx
    bts ebx, 31
.find:
    add ebx, 0x800
    cmp ebx, ENABLE | 0x10000
    SKIP_IF e, .end, "no virtio disk"
    READ 0
    cmp eax, DISK
    jne .find
    READ BAR0
    and eax, ~15
    mov r13d, eax                       ; its registers
    WRITE COMMAND, 6                    ; memory, bus master
    mov byte [r13 + DEVICE_STATUS], 0
    movzx eax, byte [r13 + DEVICE_STATUS]
    EXPECT eax, 0, "a reset device has no status"
    mov byte [r13 + DEVICE_STATUS], 3   ; ACKNOWLEDGE, DRIVER
    mov dword [r13 + DEVICE_SELECT], 1
    mov eax, [r13 + DEVICE_FEATURE]
    test eax, VERSION_1
    CHECK nz, "it is of virtio 1"
    mov byte [r13 + DEVICE_STATUS], 0x0B
    movzx eax, byte [r13 + DEVICE_STATUS]
    EXPECT eax, 3, "without VIRTIO_F_VERSION_1 there is no agreement"
    mov dword [r13 + DRIVER_SELECT], 1
    mov dword [r13 + DRIVER_FEATURE], VERSION_1
    mov dword [r13 + DRIVER_SELECT], 0
    mov dword [r13 + DRIVER_FEATURE], INDIRECT_DESC
    mov byte [r13 + DEVICE_STATUS], 0x0B
    movzx eax, byte [r13 + DEVICE_STATUS]
    EXPECT eax, 0x0B, "with it there is"
    mov eax, [r13 + CAPACITY]
    test eax, eax
    CHECK nz, "it has sectors"
    mov word [r13 + QUEUE_SELECT], 0
    movzx eax, word [r13 + QUEUE_LENGTH]
    cmp eax, 16
    CHECK ae, "its queue has room"
    mov word [r13 + QUEUE_LENGTH], 16
    mov word [r13 + QUEUE_VECTOR], 0x700
    movzx eax, word [r13 + QUEUE_VECTOR]
    EXPECT eax, 0xFFFF, "a vector that is not there"
    mov word [r13 + QUEUE_VECTOR], 1
    movzx eax, word [r13 + QUEUE_VECTOR]
    EXPECT eax, 1, "one that is"
    mov dword [r13 + QUEUE_DESC], DESCRIPTORS
    mov dword [r13 + QUEUE_DRIVER], AVAILABLE
    mov dword [r13 + QUEUE_DEVICE], USED
    mov word [r13 + QUEUE_ENABLE], 1
    movzx eax, word [r13 + QUEUE_ENABLE]
    EXPECT eax, 1, "the queue is enabled"
    mov byte [r13 + DEVICE_STATUS], 0x0F

    GROUP "virtio: messages"
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov dword [r13 + TABLE + 16], APIC
    mov dword [r13 + TABLE + 20], 0
    mov dword [r13 + TABLE + 24], VECTOR
    mov dword [r13 + TABLE + 28], 1     ; masked
    WRITE MSIX, 0x80000000
    mov edi, OUTGOING
    mov ecx, SECTOR
.fill:
    mov eax, ecx
    imul eax, 7
    stosb
    sub ecx, 1
    jnz .fill
    mov r8d, 1                          ; write
    mov r9d, 3                          ; sector
    call Chain
    call Offer
    mov ecx, 1 << 24
.served:
    cmp word [USED + 2], 1
    je .used
    pause
    sub ecx, 1
    jnz .served
.used:
    movzx eax, word [USED + 2]
    EXPECT eax, 1, "a request is done"
    movzx eax, byte [STATUS]
    EXPECT eax, 0, "and went well"
    EXPECT [Counts + VECTOR * 4], 0, "its vector is masked"
    mov eax, [r13 + 0x3000]
    test eax, 2
    CHECK nz, "so its bit is pending"
    mov dword [r13 + TABLE + 28], 0
    mov eax, VECTOR
    mov ecx, 1
    call HaltUntil
    EXPECT [Counts + VECTOR * 4], 1, "unmasked, it comes"

    GROUP "virtio: data"
    xor r8d, r8d                        ; read
    mov r9d, 3
    call Chain
    DESCRIPTOR DESCRIPTORS + 16, INCOMING, SECTOR, NEXT | WRITE_, 2
    call Serve
    EXPECT [USED + 4 + 8 + 4], SECTOR + 1, "bytes written"
    mov esi, OUTGOING
    mov edi, INCOMING
    mov ecx, SECTOR
    repe cmpsb
    CHECK e, "a sector is what was written"
    call Chain
    mov esi, DESCRIPTORS
    mov edi, INDIRECT_TABLE
    mov ecx, 48
    rep movsb
    DESCRIPTOR INDIRECT_TABLE + 16, INCOMING + 1, SECTOR, NEXT | WRITE_, 2
    DESCRIPTOR DESCRIPTORS, INDIRECT_TABLE, 48, INDIRECT, 0
    call Serve
    mov esi, OUTGOING
    mov edi, INCOMING + 1
    mov ecx, SECTOR
    repe cmpsb
    CHECK e, "by an indirect table too"

    GROUP "virtio: requests that cannot be"
    mov r9d, 1 << 30
    call Chain
    DESCRIPTOR DESCRIPTORS + 16, INCOMING, SECTOR, NEXT | WRITE_, 2
    call Serve
    movzx eax, byte [STATUS]
    EXPECT eax, 1, "a sector beyond the disk: an error"
    mov r9d, 3
    mov r8d, 0x99
    call Chain
    call Serve
    movzx eax, byte [STATUS]
    EXPECT eax, 2, "a request of no kind: unsupported"
    movzx eax, byte [r13 + DEVICE_STATUS]
    EXPECT eax, 0x0F, "the device goes on"

    GROUP "virtio: chains that cannot be"
    xor r8d, r8d
    call Chain
    DESCRIPTOR DESCRIPTORS + 16, NOWHERE, SECTOR, NEXT | WRITE_, 2
    call Offer
    movzx eax, byte [r13 + DEVICE_STATUS]
    EXPECT eax, 0x0F | NEEDS_RESET, "a buffer that is no RAM breaks the device"
    mov ax, [USED + 2]
    mov [Seen], ax
    call Chain
    call Offer
    movzx eax, word [USED + 2]
    movzx ecx, word [Seen]
    cmp eax, ecx
    CHECK e, "which does nothing more"
    mov byte [r13 + DEVICE_STATUS], 0
    movzx eax, byte [r13 + DEVICE_STATUS]
    EXPECT eax, 0, "until it is reset"
    movzx eax, word [r13 + QUEUE_ENABLE]
    EXPECT eax, 0, "and has no queue then"
.end:
    CHECKS_END

; R8D: type, R9D: sector. A request to write what lies at OUTGOING, or of no data's kind.
Chain:
    mov [REQUEST], r8
    mov [REQUEST + 8], r9
    mov byte [STATUS], 0xFF
    DESCRIPTOR DESCRIPTORS, REQUEST, 16, NEXT, 1
    DESCRIPTOR DESCRIPTORS + 16, OUTGOING, SECTOR, NEXT, 2
    DESCRIPTOR DESCRIPTORS + 32, STATUS, 1, WRITE_, 0
    ret

; Descriptor 0's chain becomes available. The ring's elements are zero.
Offer:
    add word [AVAILABLE + 2], 1
    mov word [r13 + NOTIFY], 0
    ret

; The same, until the interrupt for it.
Serve:
    mov ecx, [Counts + VECTOR * 4]
    add ecx, 1
    call Offer
    mov eax, VECTOR
    jmp HaltUntil

Seen:   dw 0
    GUEST_END
