; The local APIC: Intel SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)"; AMD APM vol. 2, the chapter of that name.
%include "guest.inc"
%include "check.inc"

IA32_APIC_BASE      equ 0x1B
IA32_TSC_DEADLINE   equ 0x6E0
X2APIC              equ 0x800
ENABLED             equ 0x1FF           ; SVR: enabled, spurious vector 0xFF
MASKED              equ 0x10000
FIRST_VECTOR        equ 18              ; of the legal ones 17 has a stub that expects an error code

; Register, value, what it should read as, text.
%macro KEEPS 4+
    mov dword [r15 + %1], %2
    EXPECT [r15 + %1], %3, %4
%endmacro

; x2APIC register by its xAPIC offset: to EDX:EAX, and from it.
%macro READ_X2 1
    mov ecx, X2APIC + ((%1) >> 4)
    rdmsr
%endmacro

%macro WRITE_X2 2-3 0
    mov ecx, X2APIC + ((%1) >> 4)
    mov eax, %2
    mov edx, %3
    wrmsr
%endmacro

; Sends to itself by a command and expects how often the vector came in all.
%macro SENDS 4+                         ; command, vector, times, text
    mov dword [r15 + APIC_ICR_LOW], %1
    call Linger
    EXPECT [Counts + (%2) * 4], %3, %4
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    mov eax, [r15 + APIC_ID]
    mov [OwnId], eax
    shr eax, 24
    mov [OwnNumber], eax

    GROUP "LAPIC: registers"
    mov dword [r15 + APIC_SPURIOUS], ENABLED
    mov eax, [r15 + APIC_VERSION]
    and eax, 0xF0
    EXPECT eax, 0x10, "the version is that of an integrated APIC"
    mov eax, [r15 + APIC_VERSION]
    shr eax, 16
    and eax, 0xFF
    cmp eax, 3
    CHECK ae, "there are at least four LVT entries"
    KEEPS APIC_TPR, 0x55, 0x55, "TPR keeps eight bits"
    EXPECT [r15 + APIC_PPR], 0x55, "PPR is TPR while nothing is in service"
    KEEPS APIC_TPR, 0, 0, "TPR is zero again"
    KEEPS APIC_LDR, 0xA5FFFFFF, 0xA5000000, "LDR keeps its upper byte"
    KEEPS APIC_LDR, 0, 0, "LDR is zero again"
    KEEPS APIC_DFR, 0, 0x0FFFFFFF, "DFR keeps its model bits, the others read as ones"
    KEEPS APIC_DFR, -1, 0xFFFFFFFF, "DFR is flat again"
    KEEPS APIC_ICR_HIGH, 0x12000000, 0x12000000, "ICR's upper half keeps the destination"
    KEEPS APIC_DIVIDE, 0xB, 0xB, "the divide configuration keeps bits 0, 1 and 3"
    KEEPS APIC_INITIAL, 0, 0, "the initial count can be zero"
    EXPECT [r15 + APIC_CURRENT], 0, "the current count is zero then"
    mov ecx, 8
    xor ebx, ebx
    lea rsi, [r15 + APIC_ISR]
.anyInService:
    or ebx, [rsi]
    or ebx, [rsi + APIC_TMR - APIC_ISR]
    or ebx, [rsi + APIC_IRR - APIC_ISR]
    add esi, 16
    sub ecx, 1
    jnz .anyInService
    EXPECT ebx, 0, "nothing is in service, level-triggered or requested at first"
    mov eax, [r15 + APIC_VERSION]
    mov dword [r15 + APIC_VERSION], 0
    cmp eax, [r15 + APIC_VERSION]
    CHECK e, "the version cannot be written"
    mov ecx, IA32_APIC_BASE
    rdmsr
    EXPECT eax, APIC + 0x900, "IA32_APIC_BASE: enabled, the bootstrap processor's"

    GROUP "LAPIC: LVT entries"
    KEEPS APIC_TIMER, MASKED + 0x20041, MASKED + 0x20041, "the timer's entry keeps mode, mask and vector"
    KEEPS APIC_LINT0, MASKED + 0xA742, MASKED + 0xA742, "LINT0 keeps trigger, polarity, mode, mask and vector"
    KEEPS APIC_LINT1, MASKED + 0x443, MASKED + 0x443, "LINT1 keeps mode, mask and vector"
    KEEPS APIC_ERROR, MASKED + 0x44, MASKED + 0x44, "the error entry keeps mask and vector"
    KEEPS APIC_PERF, MASKED + 0x445, MASKED + 0x445, "the performance counters' entry keeps mode, mask and vector"

    GROUP "LAPIC: software disable"
    SKIP_ON_QEMU .enabled, "QEMU's APIC does not mask by it"
    mov dword [r15 + APIC_ERROR], 0x44
    mov dword [r15 + APIC_SPURIOUS], 0xFF
    EXPECT [r15 + APIC_ERROR], MASKED + 0x44, "a software disable masks the entries"
    mov dword [r15 + APIC_ERROR], 0x44
    EXPECT [r15 + APIC_ERROR], MASKED + 0x44, "they cannot be unmasked while it lasts"
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x46
    mov eax, [r15 + APIC_IRR + 0x20]
    and eax, 1 << 6
    EXPECT eax, 0, "a disabled APIC accepts no fixed interrupt"
    mov dword [r15 + APIC_SPURIOUS], ENABLED
    EXPECT [r15 + APIC_ERROR], MASKED + 0x44, "an enable leaves them masked"
.enabled:
    mov dword [r15 + APIC_SPURIOUS], ENABLED
    mov dword [r15 + APIC_LINT0], 0x700
    mov dword [r15 + APIC_LINT1], 0x400

    GROUP "LAPIC: errors"
    SKIP_ON_QEMU .noErrors, "QEMU's APIC sends illegal vectors"
    mov dword [r15 + APIC_ESR], 0
    mov dword [r15 + APIC_ESR], 0
    EXPECT [r15 + APIC_ESR], 0, "there is no error at first"
    mov dword [r15 + APIC_ERROR], 0x44
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x0F
    EXPECT [r15 + APIC_ESR], 0, "ESR shows nothing before it is written"
    mov dword [r15 + APIC_ESR], 0
    mov eax, [r15 + APIC_ESR]
    and eax, 0x20
    EXPECT eax, 0x20, "sending an illegal vector is an error"
    call Linger
    EXPECT [Counts + 0x44 * 4], 1, "the error interrupts"
    mov dword [r15 + APIC_ESR], 0
    EXPECT [r15 + APIC_ESR], 0, "a second write clears it"
    mov eax, [r15 + 0x400 - 0x10]
    mov dword [r15 + APIC_ESR], 0
    mov eax, [r15 + APIC_ESR]
    EXPECT eax, 0x80, "a reserved register is an illegal address"
    mov dword [r15 + APIC_ERROR], MASKED
    mov dword [r15 + APIC_ESR], 0
    call Linger
.noErrors:

    GROUP "LAPIC: destinations"
    mov eax, [OwnId]
    mov [r15 + APIC_ICR_HIGH], eax
    SENDS 0x71, 0x71, 1, "physical: its own ID"
    SENDS 0x4071, 0x71, 2, "physical: with the assert bit"
    SENDS 0x40071, 0x71, 3, "shorthand: self"
    SENDS 0x80071, 0x71, 4, "shorthand: all including self"
    SENDS 0xC0071, 0x71, 4, "shorthand: all but self"
    mov dword [r15 + APIC_ICR_HIGH], 0xFF000000
    SENDS 0x71, 0x71, 5, "physical: broadcast"
    mov eax, [OwnId]
    xor eax, 0x07000000
    mov [r15 + APIC_ICR_HIGH], eax
    SENDS 0x71, 0x71, 5, "physical: another ID"
    mov dword [r15 + APIC_LDR], 0x02000000
    mov dword [r15 + APIC_ICR_HIGH], 0x03000000
    SENDS 0x871, 0x71, 6, "flat: a set of which it is one"
    mov dword [r15 + APIC_ICR_HIGH], 0xFD000000
    SENDS 0x871, 0x71, 6, "flat: a set of which it is none"
    mov dword [r15 + APIC_ICR_HIGH], 0xFF000000
    SENDS 0x871, 0x71, 7, "flat: broadcast"
    mov dword [r15 + APIC_ICR_HIGH], 0x02000000
    SENDS 0x971, 0x71, 8, "flat: lowest priority"
    mov dword [r15 + APIC_DFR], 0x0FFFFFFF
    mov dword [r15 + APIC_LDR], 0x24000000
    mov dword [r15 + APIC_ICR_HIGH], 0x2C000000
    SENDS 0x871, 0x71, 9, "cluster: a set of its cluster with it"
    mov dword [r15 + APIC_ICR_HIGH], 0x23000000
    SENDS 0x871, 0x71, 9, "cluster: a set of its cluster without it"
    mov dword [r15 + APIC_ICR_HIGH], 0x34000000
    SENDS 0x871, 0x71, 9, "cluster: another cluster"
    mov dword [r15 + APIC_DFR], -1
    mov dword [r15 + APIC_LDR], 0
    mov eax, [r15 + APIC_ICR_LOW]
    and eax, 0xCFFF
    EXPECT eax, 0x871, "ICR reads as written, and idle"

    GROUP "LAPIC: every vector and priority class"
    call BuildInterruptTable            ; no gate for ring 3
    mov byte [IsApicOnly], 1
    mov ebx, FIRST_VECTOR
.each:
    mov qword [Order], 0
    mov eax, ebx
    or eax, ICR_SELF
    mov [r15 + APIC_ICR_LOW], eax
    mov eax, ebx
    shr eax, 5
    shl eax, 4
    mov eax, [r15 + APIC_IRR + rax]
    bt eax, ebx
    jnc .notRequested
    add ebx, 1
    cmp ebx, 256
    jb .each
.notRequested:
    EXPECT ebx, 256, "each vector waits in IRR"
    mov edi, 0x100                      ; the last one that came
    mov byte [OrderBroken], 0
    mov dword [Arrived], 0
    mov qword [Hook], Descending
    call Linger
    call Linger
    call Linger
    mov qword [Hook], 0
    EXPECT [Arrived], 256 - FIRST_VECTOR, "all come"
    movzx eax, byte [OrderBroken]
    EXPECT eax, 0, "each comes after all of higher vectors"
; Each task priority class holds back its own and lower ones: a vector in the middle of each class.
    xor ebx, ebx
.class:
    mov cr8, rbx
    mov ecx, 1
.send:
    mov eax, ecx
    shl eax, 4
    or eax, ICR_SELF + 8
    mov [r15 + APIC_ICR_LOW], eax
    add ecx, 1
    cmp ecx, 16
    jb .send
    mov dword [Arrived], 0
    mov edi, 0x100
    mov qword [Hook], Descending
    call Linger
    mov qword [Hook], 0
    mov eax, 15
    sub eax, ebx
    cmp eax, [Arrived]
    jne .classDone
    xor eax, eax
    mov cr8, rax
    call Linger
    add ebx, 1
    cmp ebx, 16
    jb .class
.classDone:
    EXPECT ebx, 16, "each task priority lets only the classes above it come"
    xor eax, eax
    mov cr8, rax
    call Linger
    mov byte [IsApicOnly], 0
    mov eax, 9
    mov cr8, rax
    EXPECT [r15 + APIC_TPR], 0x90, "CR8 is the task priority register"
    mov dword [r15 + APIC_TPR], 0x3F
    mov rax, cr8
    EXPECT eax, 3, "TPR is CR8"
    EXPECT [r15 + APIC_TPR], 0x3F, "a read of CR8 leaves TPR's lower bits"
    mov dword [r15 + APIC_TPR], 0

    GROUP "LAPIC: nesting, ISR and EOI"
    mov qword [Hook], Nest
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x65
    call Linger
    mov qword [Hook], 0
    EXPECT [InService], 1 << 5, "ISR has the vector in service"
    EXPECT [Priority], 0x60, "PPR is its class"
    movzx eax, byte [Order + 1]
    EXPECT eax, 0x75, "a higher class interrupts a handler"
    EXPECT [Held], 0, "its own class does not"
    movzx eax, byte [Order]
    EXPECT eax, 0x6F, "it comes after the EOI"
    EXPECT [r15 + APIC_PPR], 0, "PPR is zero once all is done"
    mov dword [r15 + APIC_EOI], 0
    EXPECT [r15 + APIC_PPR], 0, "an EOI without an interrupt does nothing"
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x66
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x66
    call Linger
    EXPECT [Counts + 0x66 * 4], 2, "a vector sent twice while it waits comes once"   ; once here, once among all

    TIMED_GROUP "LAPIC: timer"
    mov dword [r15 + APIC_DIVIDE], 0xB
    mov dword [r15 + APIC_TIMER], 0x60
    mov dword [Counts + 0x60 * 4], 0
    mov dword [r15 + APIC_INITIAL], 20000000
    mov eax, [r15 + APIC_CURRENT]
    cmp eax, 20000000
    CHECK be, "the current count begins at the initial count"
    mov ebx, eax
    call Linger
    mov eax, [r15 + APIC_CURRENT]
    cmp eax, ebx
    CHECK b, "it counts down"
    mov dword [r15 + APIC_INITIAL], 1000000
    mov eax, 0x60
    mov ecx, 1
    call HaltUntil
    EXPECT [Counts + 0x60 * 4], 1, "one shot ends HLT"
    EXPECT [r15 + APIC_CURRENT], 0, "one shot ends at zero"
    EXPECT [r15 + APIC_INITIAL], 1000000, "the initial count stays"
    mov dword [r15 + APIC_TIMER], 0x20061
    mov dword [Counts + 0x61 * 4], 0
    mov dword [r15 + APIC_INITIAL], 1000000
    mov eax, 0x61
    mov ecx, 4
    call HaltUntil
    cmp dword [r15 + APIC_CURRENT], 0
    CHECK ne, "the periodic timer goes on"
    mov dword [r15 + APIC_TIMER], MASKED + 0x20061
    call Linger                         ; one may have come just before
    mov dword [r15 + APIC_INITIAL], 1000
    mov ebx, [Counts + 0x61 * 4]
    call Linger
    cmp [Counts + 0x61 * 4], ebx
    CHECK e, "masked, it does not interrupt"
    mov dword [r15 + APIC_INITIAL], 0
    EXPECT [r15 + APIC_CURRENT], 0, "an initial count of zero stops it"
; By a divisor of 2^n it counts 2^n times slower, by the TSC.
    mov dword [r15 + APIC_TIMER], MASKED + 0x60
    xor ebx, ebx
.divisor:
    mov eax, [Divisors + rbx * 4]
    mov [r15 + APIC_DIVIDE], eax
    call CountsInAWhile
    mov ecx, ebx
    shl rax, cl
    test ebx, ebx
    jnz .compare
    mov rdi, rax                        ; the reference
.compare:
    sub rax, rdi
    mov rdx, rax
    neg rdx
    cmovns rax, rdx
    shl rax, 2
    cmp rax, rdi
    ja .divisorDone
    add ebx, 1
    cmp ebx, DIVISORS
    jb .divisor
.divisorDone:
    EXPECT ebx, DIVISORS, "each divisor slows the count by its factor"
    mov dword [r15 + APIC_DIVIDE], 0xB

    GROUP "LAPIC: TSC deadline"
    mov eax, 1
    cpuid
    test ecx, 1 << 24
    SKIP_IF z, .noDeadline, "CPUID offers no TSC deadline"
    mov dword [Counts + 0x62 * 4], 0
    mov dword [r15 + APIC_TIMER], 0x40062
    mfence
    call ReadTsc
    add rax, 2000000
    call ArmDeadline
    mov eax, 0x62
    mov ecx, 1
    call HaltUntil
    EXPECT [Counts + 0x62 * 4], 1, "the deadline ends HLT"
    mov ecx, IA32_TSC_DEADLINE
    rdmsr
    or eax, edx
    EXPECT eax, 0, "it reads as zero once it has passed"
    call ReadTsc
    sub rax, 1000
    call ArmDeadline
    mov eax, 0x62
    mov ecx, 2
    call HaltUntil
    EXPECT [Counts + 0x62 * 4], 2, "a deadline in the past interrupts at once"
    mov rax, 1 << 62
    call ArmDeadline
    mov ecx, IA32_TSC_DEADLINE
    rdmsr
    EXPECT edx, 1 << 30, "a deadline to come reads as written"
    mov dword [r15 + APIC_INITIAL], 1000
    EXPECT [r15 + APIC_CURRENT], 0, "the counts are idle in this mode"
    xor eax, eax
    call ArmDeadline
    mov ecx, IA32_TSC_DEADLINE
    rdmsr
    EXPECT edx, 0, "zero disarms it"
    call Linger
    EXPECT [Counts + 0x62 * 4], 2, "and nothing more comes"
    mov dword [r15 + APIC_TIMER], MASKED
    call ReadTsc
    call ArmDeadline
    mov ecx, IA32_TSC_DEADLINE
    rdmsr
    or eax, edx
    EXPECT eax, 0, "in other modes a write is ignored"
.noDeadline:

    GROUP "LAPIC: x2APIC"
    mov eax, 1
    cpuid
    test ecx, 1 << 21
    SKIP_IF z, .noX2Apic, "CPUID offers no x2APIC"
    mov ecx, X2APIC + 2
    RAISES GP, 0, "rdmsr", "its MSRs are not there in xAPIC mode"
    mov ecx, IA32_APIC_BASE
    rdmsr
    or eax, 0x400
    wrmsr
    mov byte [IsX2Apic], 1
    READ_X2 APIC_ID
    cmp eax, [OwnNumber]
    CHECK e, "the ID has 32 bits"
    READ_X2 APIC_LDR
    mov ebx, eax
    mov ecx, [OwnNumber]
    mov eax, 1
    shl eax, cl
    cmp ebx, eax
    CHECK e, "the logical ID follows from it"
    WRITE_X2 APIC_TPR, 0x50
    mov rax, cr8
    EXPECT eax, 5, "TPR is CR8"
    WRITE_X2 APIC_TPR, 0
    mov dword [Counts + 0x71 * 4], 0
    WRITE_X2 APIC_ICR_LOW, 0x71, [OwnNumber]
    call Linger
    EXPECT [Counts + 0x71 * 4], 1, "ICR: physical"
    READ_X2 APIC_LDR
    mov edx, eax
    WRITE_X2 APIC_ICR_LOW, 0x871, edx
    call Linger
    EXPECT [Counts + 0x71 * 4], 2, "ICR: logical"
    WRITE_X2 APIC_ICR_LOW, 0x71, -1
    call Linger
    EXPECT [Counts + 0x71 * 4], 3, "ICR: broadcast"
    WRITE_X2 APIC_ICR_LOW, 0x40071
    call Linger
    EXPECT [Counts + 0x71 * 4], 4, "ICR: self"
    WRITE_X2 0x3F0, 0x71
    call Linger
    EXPECT [Counts + 0x71 * 4], 5, "SELF IPI"
    READ_X2 APIC_ICR_LOW
    and eax, 0xC0FFF
    EXPECT eax, 0x40071, "ICR reads as written"
    mov dword [r15 + APIC_TPR], 0x70
    mov rax, cr8
    EXPECT eax, 0, "the page is no APIC's"
    cmp byte [IsQemu], 0
    jne .refused                        ; which checks few of these
    call RaisesOfX2Apic
.refused:
    mov ecx, IA32_APIC_BASE
    rdmsr
    and eax, ~0x400
    RAISES GP, 0, "wrmsr", "from x2APIC to xAPIC"
    mov ecx, IA32_APIC_BASE
    rdmsr
    and eax, ~0xC00
    wrmsr
    mov byte [IsX2Apic], 0
    mov eax, 1
    cpuid
    and edx, 1 << 9
    EXPECT edx, 0, "CPUID shows a disabled APIC as absent"
    mov ecx, IA32_APIC_BASE
    rdmsr
    or eax, 0xC00
    RAISES GP, 0, "wrmsr", "from disabled to x2APIC"
    mov ecx, IA32_APIC_BASE
    rdmsr
    or eax, 0x400
    RAISES GP, 0, "wrmsr", "EXTD without EN"
    rdmsr
    or eax, 0x800
    wrmsr
    mov eax, 1
    cpuid
    and edx, 1 << 9
    EXPECT edx, 1 << 9, "CPUID shows an enabled APIC"
    mov eax, [r15 + APIC_SPURIOUS]
    EXPECT eax, 0xFF, "an APIC that comes back is as after reset"
    EXPECT [r15 + APIC_TIMER], MASKED, "its entries are masked"
.noX2Apic:
    mov dword [r15 + APIC_SPURIOUS], ENABLED

    GROUP "LAPIC: IA32_APIC_BASE's reserved bits"
    SKIP_ON_QEMU .done, "QEMU's own APIC does not check them"
    mov ecx, IA32_APIC_BASE
    rdmsr
    mov ebx, eax
    or eax, 1
    RAISES GP, 0, "wrmsr", "bit 0"
    mov eax, ebx
    mov edx, -1
    RAISES GP, 0, "wrmsr", "address bits beyond the processor's"
    rdmsr
    cmp eax, ebx
    CHECK e, "it is as before"
.done:
    CHECKS_END

; What x2APIC refuses: reserved bits and registers.
RaisesOfX2Apic:
    xor eax, eax
    xor edx, edx
    mov ecx, X2APIC + 0xE
    RAISES GP, 0, "rdmsr", "DFR is none of its registers"
    mov ecx, X2APIC + 0x31
    RAISES GP, 0, "rdmsr", "nor is ICR's upper half"
    mov ecx, X2APIC + 0xB
    RAISES GP, 0, "rdmsr", "EOI cannot be read"
    mov ecx, X2APIC + 0x3F
    RAISES GP, 0, "rdmsr", "SELF IPI cannot be read"
    mov ecx, X2APIC + 0x2
    RAISES GP, 0, "wrmsr", "the ID cannot be written"
    mov ecx, X2APIC + 0xD
    RAISES GP, 0, "wrmsr", "LDR cannot be written"
    mov ecx, X2APIC + 0x10
    RAISES GP, 0, "wrmsr", "ISR cannot be written"
    mov eax, 1
    mov ecx, X2APIC + 0xB
    RAISES GP, 0, "wrmsr", "EOI takes zero only"
    mov ecx, X2APIC + 0x28
    RAISES GP, 0, "wrmsr", "ESR takes zero only"
    mov eax, 0x100
    mov ecx, X2APIC + 0x8
    RAISES GP, 0, "wrmsr", "TPR has eight bits"
    mov eax, 0x80000000
    mov ecx, X2APIC + 0x32
    RAISES GP, 0, "wrmsr", "reserved bits of an LVT entry"
    mov eax, 0x50
    mov edx, 1
    mov ecx, X2APIC + 0x8
    RAISES GP, 0, "wrmsr", "registers have 32 bits"
    mov ecx, X2APIC + 0x3F
    xor edx, edx
    mov eax, 0x100
    RAISES GP, 0, "wrmsr", "SELF IPI takes a vector only"
    ret

; RAX: how far the timer counts in 2^22 ticks of the TSC: the least of a few tries, for others may run in between.
CountsInAWhile:
    mov esi, -1
    mov ecx, 5
.try:
    mov dword [r15 + APIC_INITIAL], -1
    call ReadTsc
    lea r8, [rax + (1 << 22)]
.wait:
    call ReadTsc
    cmp rax, r8
    jb .wait
    mov eax, [r15 + APIC_CURRENT]
    not eax
    cmp eax, esi
    cmovb esi, eax
    sub ecx, 1
    jnz .try
    mov eax, esi
    ret

; RAX: the deadline.
ArmDeadline:
    mov rdx, rax
    shr rdx, 32
    mov ecx, IA32_TSC_DEADLINE
    wrmsr
    ret

; A hook. Counts what comes; EDI: the last vector.
Descending:
    cmp eax, edi
    jb .lower
    mov byte [OrderBroken], 1
.lower:
    mov edi, eax
    add dword [Arrived], 1
    ret

; A hook. In the first handler: looks at ISR, then lets higher and equal classes come.
Nest:
    call RememberOrder
    cmp eax, 0x65
    jne .done
    mov ecx, [r15 + APIC_ISR + 0x30]
    mov [InService], ecx
    mov ecx, [r15 + APIC_PPR]
    mov [Priority], ecx
    mov dword [Counts + 0x6F * 4], 0
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x6F
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x75
    call Linger
    mov ecx, [Counts + 0x6F * 4]
    mov [Held], ecx
.done:
    ret

    align 8
Divisors:       dd 0xB, 0, 1, 2, 3, 8, 9, 0xA
DIVISORS        equ ($ - Divisors) / 4
OwnId:          dd 0
OwnNumber:      dd 0
Arrived:        dd 0
InService:      dd 0
Priority:       dd 0
Held:           dd 0
OrderBroken:    db 0
    GUEST_END
