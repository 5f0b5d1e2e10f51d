; A hostile driver of the memory balloon: pages outside RAM, a device's registers, firmware tables, its own rings, pages named again and again; and blocks that
; go and come back, whose content must be zeros or what was there, and then what is written. Virtio 1.2, "Traditional Memory Balloon Device". Exits with 0.
%include "guest.inc"

CONFIG_ADDRESS  equ 0xCF8
CONFIG_DATA     equ 0xCFC
ENABLE          equ 0x80000000
BALLOON_ID      equ 0x10451AF4
BAR             equ 0xD8000000          ; where the registers are put
NOTIFY          equ BAR + 0x1000
RINGS           equ 0x0400000           ; 4 MiB: of queue n at + n * 0x3000
LIST            equ 0x0800000           ; 8 MiB
BLOCK           equ 0x2000000           ; 32 MiB
RAM_END         equ 0x4000000           ; 64 MiB
BLOCK_BYTES     equ 0x0200000
ROUNDS          equ 100
PATIENCE        equ 30000000
GOING           equ 1 << 24             ; ticks of the TSC in which the host takes a block that nobody touches

INFLATE         equ 0
DEFLATE         equ 1
REPORT          equ 2                   ; without statistics
VIRTQ_DESC_F_WRITE equ 2
DEVICE_NEEDS_RESET equ 0x40

; A register of the balloon's configuration space.
%macro CONFIGURE 2
    lea eax, [ebx + %1]
    mov dx, CONFIG_ADDRESS
    out dx, eax
    mov dx, CONFIG_DATA
    mov eax, %2
    out dx, eax
%endmacro

; Fails with a text unless the flags are as said.
%macro EXPECT_IF 2+
    j%1 %%good
    PRINT "ballast: WRONG: ", %2, 10
    EXIT 1
%%good:
%endmacro

; A list of one page number, which must break the device.
%macro REFUSED 2+
    mov dword [LIST], %1
    mov ecx, 4
    mov edi, INFLATE
    call SubmitList
    test al, DEVICE_NEEDS_RESET
    EXPECT_IF nz, %2
    call Start
%endmacro

    GUEST
    mov ebx, ENABLE
.find:
    mov dx, CONFIG_ADDRESS
    mov eax, ebx
    out dx, eax
    mov dx, CONFIG_DATA
    in eax, dx
    cmp eax, BALLOON_ID
    je .found
    add ebx, 0x800
    cmp ebx, ENABLE + 0x10000
    jb .find
    PRINT "ballast: no balloon", 10
    EXIT 1
.found:
    CONFIGURE 0x10, BAR
    CONFIGURE 0x14, 0
    CONFIGURE 0x04, 6                   ; memory, bus master
    call Start

    REFUSED 0xFFFFFFFF, "the last page that can be named is taken"
    REFUSED RAM_END >> 12, "the page behind the RAM is taken"
    REFUSED BAR >> 12, "a device's registers are taken"
    REFUSED 0xFEC00, "the I/O APIC is taken"

    ; The firmware's tables are RAM: whoever gives them up has only himself to blame.
    mov ecx, 32
.tables:
    lea eax, [ecx + 0xE0 - 1]
    mov [LIST + ecx * 4 - 4], eax
    sub ecx, 1
    jnz .tables
    mov ecx, 32 * 4
    mov edi, INFLATE
    call SubmitList
    test al, DEVICE_NEEDS_RESET
    EXPECT_IF z, "the firmware's tables are refused"

    ; A whole block, each page three times; it goes, and what is then written stays.
    mov esi, ROUNDS
.rounds:
    mov eax, esi
    or eax, 0x5A000000
    call FillBlock
    mov ebp, BLOCK >> 12
    call ListBlock
    mov edi, INFLATE
    call SubmitList
    mov ecx, 3 * 512 * 4
    mov edi, INFLATE
    call SubmitList
    mov ecx, GOING
    call Linger
    mov eax, esi
    or eax, 0x33000000
    call FillBlock
    mov ebp, BLOCK >> 12
    call ListBlock
    mov edi, DEFLATE
    call SubmitList
    mov eax, esi
    or eax, 0x33000000
    call CheckBlock
    EXPECT_IF e, "a block that came back does not keep what is written"

    ; The same block reported: once the report is taken, it holds zeros or what was there, and then what is written.
    mov dword [RINGS + REPORT * 0x3000], BLOCK
    mov ecx, BLOCK_BYTES
    mov edi, REPORT
    call Submit
    test al, DEVICE_NEEDS_RESET
    EXPECT_IF z, "a report breaks the device"
    mov eax, [BLOCK + 0x1000]
    test eax, eax
    jz .zero
    mov edx, esi
    or edx, 0x33000000
    cmp eax, edx
    EXPECT_IF e, "a reported block holds what was never there"
.zero:
    mov eax, esi
    or eax, 0x77000000
    call FillBlock
    mov ecx, GOING
    call Linger
    mov eax, esi
    or eax, 0x77000000
    call CheckBlock
    EXPECT_IF e, "a reported block does not keep what is written"
    sub esi, 1
    jnz .rounds

    ; Inflated and deflated without a pause, so that the host has begun when it must stop.
    mov esi, 4 * ROUNDS
.races:
    mov eax, esi
    call FillBlock
    mov ebp, BLOCK >> 12
    call ListBlock
    mov edi, INFLATE
    call SubmitList
    mov ebp, BLOCK >> 12
    call ListBlock
    mov edi, DEFLATE
    call SubmitList
    mov eax, esi
    or eax, 0x11000000
    call FillBlock
    mov ecx, GOING / 8
    call Linger
    call CheckBlock
    EXPECT_IF e, "a block whose going was called off does not keep what is written"
    sub esi, 1
    jnz .races

    ; The block with the rings, and that with the list, while they are in use.
    mov ebp, RINGS >> 12
    call ListBlock
    mov edi, INFLATE
    call SubmitList
    mov ebp, LIST >> 12
    call ListBlock
    mov edi, INFLATE
    call SubmitList
    mov ecx, 8 * GOING
    call Linger
    call Start
    PRINT "ballast: done", 10
    EXIT 0

; A reset, then a driver with three queues. Keeps EBX and ESI.
Start:
    mov byte [BAR + 0x14], 0
    mov edi, RINGS
    mov ecx, 3 * 0x3000 / 4
    xor eax, eax
    rep stosd
    mov byte [BAR + 0x14], 1
    mov byte [BAR + 0x14], 3
    mov dword [BAR + 0x08], 0
    mov dword [BAR + 0x0C], 1 << 5      ; VIRTIO_BALLOON_F_PAGE_REPORTING
    mov dword [BAR + 0x08], 1
    mov dword [BAR + 0x0C], 1           ; VIRTIO_F_VERSION_1
    mov byte [BAR + 0x14], 0x0B
    xor ecx, ecx
.queue:
    mov [BAR + 0x16], cx
    imul eax, ecx, 0x3000
    add eax, RINGS
    mov dword [BAR + 0x20], eax
    mov dword [BAR + 0x24], 0
    add eax, 0x1000
    mov dword [BAR + 0x28], eax
    mov dword [BAR + 0x2C], 0
    add eax, 0x1000
    mov dword [BAR + 0x30], eax
    mov dword [BAR + 0x34], 0
    mov word [BAR + 0x1C], 1
    add ecx, 1
    cmp ecx, 3
    jb .queue
    mov byte [BAR + 0x14], 0x0F
    ret

; The list, of ECX bytes, to queue EDI.
SubmitList:
    imul edx, edi, 0x3000
    mov dword [RINGS + edx], LIST
; The buffer whose address is in the queue's first descriptor. Returns the device's status in AL once it is used, or the device broken.
Submit:
    imul edx, edi, 0x3000
    add edx, RINGS
    mov dword [edx + 4], 0
    mov [edx + 8], ecx
    xor eax, eax
    cmp edi, REPORT
    jne .flags
    mov eax, VIRTQ_DESC_F_WRITE
.flags:
    mov [edx + 12], eax
    add word [edx + 0x1002], 1          ; every entry of the ring is descriptor 0
    mov [NOTIFY + edi * 4], di
    mov ecx, PATIENCE
.used:
    mov al, [BAR + 0x14]
    test al, DEVICE_NEEDS_RESET
    jnz .done
    push eax
    mov ax, [edx + 0x1002]
    cmp ax, [edx + 0x2002]
    pop eax
    je .done
    pause
    sub ecx, 1
    jnz .used
.done:
    ret

; The pages of the block from page EBP on, three times, in the list; ECX: its length.
ListBlock:
    xor ecx, ecx
.page:
    mov eax, ecx
    and eax, 511
    add eax, ebp
    mov [LIST + ecx * 4], eax
    add ecx, 1
    cmp ecx, 3 * 512
    jb .page
    shl ecx, 2
    ret

; For ECX ticks of the TSC, fewer than 2^32. Keeps all but ECX.
Linger:
    push eax
    push edx
    push ebx
    rdtsc
    mov ebx, eax
.next:
    pause
    rdtsc
    sub eax, ebx
    cmp eax, ecx
    jb .next
    pop ebx
    pop edx
    pop eax
    ret

; EAX in every double word of the block.
FillBlock:
    mov edi, BLOCK
    mov ecx, BLOCK_BYTES / 4
    rep stosd
    ret

; Equal if it is still there.
CheckBlock:
    mov edi, BLOCK
    mov ecx, BLOCK_BYTES / 4
    repe scasd
    ret
    GUEST_END
