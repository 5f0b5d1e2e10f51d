; Access to registers in memory by all the forms that programs use: what the host must decode and execute in software. AMD APM vol. 3.
%include "guest.inc"
%include "check.inc"

TPR equ APIC_TPR

    GUEST
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF

    GROUP "MMIO: instructions"
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


    mov rax, cr4
    or eax, 1 << 9                      ; OSFXSR
    mov cr4, rax

    GROUP "MMIO: every form"
%macro FORM 5+                          ; value before, instruction, value after, EAX after, text: EAX 0x30, ECX 0x05, RBX at TPR
    mov dword [r15 + TPR], %1
    mov eax, 0x30
    mov ecx, 5
    lea rbx, [r15 + TPR]
    clc
    %deftok %%instruction %2
    %%instruction
    mov edx, [r15 + TPR]
    EXPECT edx, %3, %5
    EXPECT eax, %4, %5, " (EAX)"
%endmacro
    FORM 0x11, "mov [rbx], eax", 0x30, 0x30, "MOV m, r"
    FORM 0x11, "mov eax, [rbx]", 0x11, 0x11, "MOV r, m"
    FORM 0x11, "mov dword [rbx], 0x22", 0x22, 0x30, "MOV m, imm"
    FORM 0x11, "add [rbx], eax", 0x41, 0x30, "ADD m, r"
    FORM 0x11, "add eax, [rbx]", 0x11, 0x41, "ADD r, m"
    FORM 0x11, "add dword [rbx], 1", 0x12, 0x30, "ADD m, imm8"
    FORM 0x11, "add dword [rbx], 0x100", 0x11, 0x30, "ADD m, imm32"
    FORM 0x11, "adc dword [rbx], 1", 0x12, 0x30, "ADC"
    FORM 0x11, "sbb dword [rbx], 1", 0x10, 0x30, "SBB"
    FORM 0x11, "sub [rbx], ecx", 0x0C, 0x30, "SUB"
    FORM 0x11, "sub eax, [rbx]", 0x11, 0x1F, "SUB r, m"
    FORM 0x11, "xor [rbx], eax", 0x21, 0x30, "XOR"
    FORM 0x11, "or [rbx], eax", 0x31, 0x30, "OR"
    FORM 0x11, "and [rbx], eax", 0x10, 0x30, "AND"
    FORM 0x11, "and eax, [rbx]", 0x11, 0x10, "AND r, m"
    FORM 0x11, "cmp [rbx], eax", 0x11, 0x30, "CMP"
    FORM 0x11, "test [rbx], eax", 0x11, 0x30, "TEST"
    FORM 0x11, "not dword [rbx]", 0xEE, 0x30, "NOT"
    FORM 0x11, "neg dword [rbx]", 0xEF, 0x30, "NEG"
    FORM 0x11, "inc dword [rbx]", 0x12, 0x30, "INC"
    FORM 0x11, "dec dword [rbx]", 0x10, 0x30, "DEC"
    FORM 0x11, "shl dword [rbx], 1", 0x22, 0x30, "SHL by 1"
    FORM 0x11, "shl dword [rbx], 2", 0x44, 0x30, "SHL by imm8"
    FORM 0x41, "shr dword [rbx], cl", 0x02, 0x30, "SHR by CL"
    FORM 0x41, "sar dword [rbx], 1", 0x20, 0x30, "SAR"
    FORM 0x41, "rol dword [rbx], 1", 0x82, 0x30, "ROL"
    FORM 0x41, "ror dword [rbx], 1", 0x20, 0x30, "ROR"
    FORM 0x41, "rcl dword [rbx], 1", 0x82, 0x30, "RCL"
    FORM 0x41, "rcr dword [rbx], 1", 0x20, 0x30, "RCR"
    FORM 0x11, "xchg [rbx], eax", 0x30, 0x11, "XCHG"
    FORM 0x11, "xadd [rbx], eax", 0x41, 0x11, "XADD"
    FORM 0x11, "lock xadd [rbx], eax", 0x41, 0x11, "LOCK XADD"
    FORM 0x30, "cmpxchg [rbx], ecx", 0x05, 0x30, "CMPXCHG that matches"
    FORM 0x31, "cmpxchg [rbx], ecx", 0x31, 0x31, "CMPXCHG that does not"
    FORM 0x11, "bts dword [rbx], 5", 0x31, 0x30, "BTS imm8"
    FORM 0x31, "btr dword [rbx], 5", 0x11, 0x30, "BTR imm8"
    FORM 0x31, "btc dword [rbx], ecx", 0x11, 0x30, "BTC r"
    FORM 0x31, "bsf eax, [rbx]", 0x31, 0, "BSF"
    FORM 0x31, "bsr eax, [rbx]", 0x31, 5, "BSR"
    FORM 0x31, "imul eax, [rbx]", 0x31, 0x930, "IMUL r, m"
    FORM 0x31, "imul eax, [rbx], 3", 0x31, 0x93, "IMUL r, m, imm"
    FORM 0x31, "mul dword [rbx]", 0x31, 0x930, "MUL"
    FORM 0xF0, "movsxd rax, dword [rbx]", 0xF0, 0xF0, "MOVSXD"
    FORM 0x31, "cmovnc eax, [rbx]", 0x31, 0x31, "CMOVcc that moves"
    FORM 0x31, "cmovc eax, [rbx]", 0x31, 0x30, "CMOVcc that does not"
    FORM 0x31, "movnti [rbx], ecx", 0x05, 0x30, "MOVNTI"
    FORM 0x31, "movd xmm0, [rbx]", 0x31, 0x30, "MOVD"
    FORM 0x05, "mov [abs qword APIC + TPR], eax", 0x30, 0x30, "MOV moffs, rAX"
    FORM 0x05, "mov eax, [abs qword APIC + TPR]", 0x05, 0x05, "MOV rAX, moffs"
    FORM 0x05, "mov [ebx], eax", 0x30, 0x30, "a 32-bit address"
    FORM 0x05, "mov fs:[rbx], eax", 0x30, 0x30, "an FS override"
    FORM 0x05, "mov [rbx + rcx * 8 - 40], eax", 0x30, 0x30, "an index, a scale and a displacement"
    FORM 0x20, "push qword [rbx]", 0x20, 0x30, "PUSH"
    add rsp, 8
    mov dword [r15 + TPR], 0

    GROUP "MMIO: loads of other widths"
    SKIP_ON_QEMU .loads, "QEMU's APIC answers 32 bits only"
    FORM 0x11, "mov qword [rbx], 0x22", 0x11, 0x30, "MOV of 64 bits writes nothing"
    FORM 0x10, "movzx eax, byte [rbx]", 0x10, 0x10, "MOVZX byte"
    FORM 0x10, "movzx eax, word [rbx]", 0x10, 0x10, "MOVZX word"
    FORM 0xF0, "movsx eax, byte [rbx]", 0xF0, -16, "MOVSX byte"
    FORM 0xF0, "movsx eax, word [rbx]", 0xF0, 0xF0, "MOVSX word"
    FORM 0xF0, "mov al, [rbx]", 0xF0, 0xF0, "MOV r8, m"
    FORM 0xF0, "mov ah, [rbx]", 0xF0, 0xF030, "MOV AH, m"
    FORM 0xF0, "mov ax, [rbx]", 0xF0, 0xF0, "MOV r16, m"
    FORM 0xF0, "mov rax, [rbx]", 0xF0, 0xF0, "MOV r64, m"
.loads:

    GROUP "MMIO: stores of other widths"
    mov dword [r15 + TPR], 0x40
    mov byte [r15 + TPR], 0x50
    mov word [r15 + TPR], 0x60
    mov eax, [r15 + TPR]
    cmp eax, 0x40
    SKIP_IF ne, .widths, "the APIC takes them, as it may"
    EXPECT eax, 0x40, "the APIC takes 32 bits only"
.widths:
    mov dword [r15 + TPR], 0

    GROUP "MMIO: faults"
    mov dword [WindowTable], APIC + 3 + 0x10
    mov qword [WindowTable + 8], 0
    invlpg [abs WINDOW]
    mov eax, [r15 + APIC_VERSION]
    cmp eax, [abs WINDOW + APIC_VERSION]
    CHECK e, "the APIC by another address"
    mov ebx, WINDOW + 0xFFE
    RAISES PF, 0, "mov eax, [rbx]", "an access that crosses into no page"
    RAISES PF, 2, "mov [rbx], eax", "a store that does"
    mov rax, cr0
    or eax, 1 << 16
    mov cr0, rax
    mov dword [WindowTable], APIC + 1 + 0x10
    invlpg [abs WINDOW]
    mov ebx, WINDOW
    RAISES PF, 3, "mov dword [rbx + TPR], 0x10", "a store to a page that is read-only"
    RAISES PF, 3, "or dword [rbx + TPR], 0x10", "a read-modify-write of one"
    mov rax, cr0
    and eax, ~(1 << 16)
    mov cr0, rax
    mov dword [LastVector], NONE
    USER UserAccess
    CHECK_RAISED PF, 5, UserAccess.at, "an access of ring 3 to the kernel's page"
    MAP 0, APIC + 7 + 0x10
    mov dword [LastVector], NONE
    mov dword [r15 + TPR], 0x70
    USER UserAccess
    CHECK_RAISED NONE, 0, 0, "and to its own"
    EXPECT [UserValue], 0x70, "what it reads"
    mov dword [r15 + TPR], 0
    MAP 0, 0

    GROUP "MMIO: string instructions"
    lea rdi, [r15 + TPR]
    mov eax, 0x20
    mov ecx, 1
    rep stosd
    EXPECT [r15 + TPR], 0x20, "REP STOSD"
    EXPECT ecx, 0, "counts"
    lea rsi, [r15 + APIC_ISR]
    mov edi, Buffer
    mov ecx, 32
    rep movsd
    sub esi, APIC + APIC_ISR
    EXPECT esi, 128, "REP MOVSD from the APIC"
    lea rdi, [r15 + TPR]
    mov eax, 0x20
    scasd
    CHECK e, "SCASD"
    lea rsi, [r15 + TPR]
    mov edi, Twenty
    cmpsd
    CHECK e, "CMPSD"
    mov dword [r15 + TPR], 0

    GROUP "MMIO: the IOAPIC"
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

    mov dword [r15d + TPR], 0x20
    mov eax, [r15d + TPR]
    cmp eax, 0x20
    CHECK e, "an address of 32 bits"
    mov dword [r15 + TPR], 0
    CHECKS_END

; In ring 3.
UserAccess:
    mov qword [ResumeAt], .after
.at:
    mov eax, [abs WINDOW + TPR]
.after:
    mov [UserValue], eax
    USER_END

    align 8
Buffer:     times 20 dq 0
UserValue:  dd 0
Twenty:     dd 0x20
    GUEST_END
