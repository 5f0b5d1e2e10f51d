; Checks the forms of access to registers in memory that programs use: what the host must decode and execute in software.
%include "guest.inc"
%include "check.inc"

TPR equ APIC_TPR

    GUEST
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov eax, [r15 + 0x30]
    and eax, 0xFF
    sub eax, 0x10
    cmp eax, 5
    CHECK be, "the APIC's version is that of an integrated one"
    mov dword [r15 + TPR], 0x50
    cmp dword [r15 + TPR], 0x50
    CHECK e, "MOV of an immediate and CMP"
    or dword [r15 + TPR], 0x0F
    mov eax, [r15 + TPR]
    cmp eax, 0x5F
    CHECK e, "OR to memory"
    and dword [r15 + TPR], 0x10
    test dword [r15 + TPR], 0x10
    CHECK nz, "AND to memory and TEST"
    add dword [r15 + TPR], 0x21
    mov ecx, [r15 + TPR]
    cmp ecx, 0x31
    CHECK e, "ADD to memory"
    inc dword [r15 + TPR]
    neg dword [r15 + TPR]
    mov ecx, [r15 + TPR]
    and ecx, 0xFF
    cmp ecx, 0xCE
    CHECK e, "INC and NEG of memory"
    mov dword [r15 + TPR], 0x20
    mov eax, 0x40
    xchg eax, [r15 + TPR]
    cmp eax, 0x20
    CHECK e, "XCHG reads the old value"
    cmp dword [r15 + TPR], 0x40
    CHECK e, "XCHG writes the new value"
    mov eax, 0x40
    mov ecx, 0x60
    lock cmpxchg [r15 + TPR], ecx
    CHECK e, "CMPXCHG compares"
    cmp dword [r15 + TPR], 0x60
    CHECK e, "CMPXCHG writes"
    mov dword [r15 + TPR], 0
    bts dword [r15 + TPR], 4
    setc al
    bt dword [r15 + TPR], 4
    setc cl
    cmp ax, cx
    mov edx, [r15 + TPR]
    cmp edx, 0x10
    CHECK e, "BTS and BT of memory"
    mov eax, -1
    mov rax, 0xFFFFFFFFFFFFFFFF
    mov eax, [r15 + TPR]
    cmp rax, 0x10
    CHECK e, "a 32-bit MOV clears the upper half"
    lea rdi, [r15 + TPR]
    mov eax, 0x30
    stosd
    cmp dword [r15 + TPR], 0x30
    CHECK e, "STOSD"
    lea rcx, [r15 + TPR + 4]
    cmp rdi, rcx
    CHECK e, "STOSD moves RDI on"
    lea rsi, [r15 + TPR]
    lodsd
    cmp eax, 0x30
    CHECK e, "LODSD"
    lea rsi, [r15 + TPR]
    mov edi, Buffer
    movsd
    cmp dword [Buffer], 0x30
    CHECK e, "MOVSD to memory"
    mov dword [Buffer], 0x70
    mov esi, Buffer
    lea rdi, [r15 + TPR]
    movsd
    cmp dword [r15 + TPR], 0x70
    CHECK e, "MOVSD from memory"
    push qword 0
    pop rax
    mov eax, TPR
    add rax, r15
    mov qword [Buffer], rax
    mov rdx, [Buffer]
    mov ecx, -16
    movsxd rcx, ecx
    mov dword [rdx + rcx * 2 + 32], 0x10
    cmp dword [r15 + TPR], 0x10
    CHECK e, "an address with index and scale"
    mov dword [r15 + TPR], 0

; The IOAPIC by its window: 32 bits wide; its version register counts 24 pins.
    mov dword [r14], 1
    mov eax, [r14 + 0x10]
    shr eax, 16
    cmp al, 23
    CHECK e, "the IOAPIC has 24 pins"
    mov byte [r14], 0x10 + 7 * 2
    mov dword [r14 + 0x10], 0x18777
    mov dword [r14], 0
    mov dword [r14], 0x10 + 7 * 2
    mov eax, [r14 + 0x10]
    and eax, 0xFFFEFFF
    cmp eax, 0x18777 & 0xFFFEFFF
    CHECK e, "a redirection entry keeps what is written; a byte selects it"
    mov dword [r14 + 0x10], 0x10000
    movzx eax, byte [r14 + 0x10]
    test eax, eax
    CHECK z, "MOVZX of a byte"

; From 32-bit and from 16-bit operands with other address sizes.
    mov dword [r15d + TPR], 0x20
    mov eax, [r15d + TPR]
    cmp eax, 0x20
    CHECK e, "an address of 32 bits"
    mov dword [r15 + TPR], 0
    CHECKS_END
    align 8
Buffer: dq 0
    GUEST_END
