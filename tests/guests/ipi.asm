; Several processors: their start, interrupts between them in every mode, one time-stamp counter, and what the KVM interface has for them. Intel SDM
; vol. 3A, "Multiple-Processor Management" and "Advanced Programmable Interrupt Controller (APIC)"; Linux, Documentation/virt/kvm/x86.
;
; Processor 0 checks; the others do what it tells them (TELL) and halt. Each counts the interrupts that it gets.
%include "guest.inc"
%include "check.inc"

IA32_APIC_BASE      equ 0x1B
MSR_KVM_STEAL_TIME  equ 0x4B564D03
MSR_KVM_PV_EOI_EN   equ 0x4B564D04
KVM_FEATURES        equ 0x40000001
KVM_HC_KICK_CPU     equ 5
KVM_HC_SEND_IPI     equ 10
KVM_HC_SCHED_YIELD  equ 11
KVM_FEATURE_PV_EOI  equ 1 << 6
KVM_FEATURES_OURS   equ 1 << 5 | 1 << 7 | 1 << 9 | 1 << 11 | 1 << 13
KVM_STABLE          equ 1 << 24

ENABLED         equ 0x1FF               ; SVR: enabled, spurious vector 0xFF
CODE_PAGE       equ 8                   ; where the others begin, in real mode
STACKS          equ 0x1000000           ; 4 KiB for each
OTHER_COUNTS    equ 0x1100000           ; 256 dwords for each
FIRST_PAGE      equ 0x1200000
SECOND_PAGE     equ 0x1201000
NO_RAM          equ 0x80000000
PATIENCE        equ 1 << 36             ; ticks of the TSC after which something does not come any more
SHORT_PATIENCE  equ 1 << 30

; Interrupt commands.
TO_SELF         equ 0x40000
TO_ALL          equ 0x80000
TO_OTHERS       equ 0xC0000
LOGICAL         equ 0x800
ASSERT          equ 0x4000
LOWEST          equ 0x100
NMI             equ 0x400
INIT            equ 0x500
START           equ 0x600 + CODE_PAGE
INIT_DEASSERT   equ 0x8500
VECTOR          equ 0x50
RING_VECTOR     equ 0x61
WAKE_VECTOR     equ 0xF0

; Destination, command, the set of processors that get it, text. Once each, and no other does.
%macro SENDS 4+
    mov edx, %1
    mov eax, %2
    mov rdi, %3
    call SendAndGather
    cmp rax, rdi
    CHECK e, %4
%endmacro

; A routine that the other processors call, with interrupts off. Returns when all have.
%macro TELL 1
    mov eax, %1
    call TellOthers
    call AwaitOthers
%endmacro

; Number, first and second argument: a hypercall; the result is in RAX.
%macro HYPERCALL 3
    mov eax, %1
    mov rbx, %2
    mov rcx, %3
    call Hypercall
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    xor r12d, r12d
    mov dword [r15 + APIC_SPURIOUS], ENABLED
    xor eax, eax
    cpuid
    cmp ebx, "Genu"
    jne .amd
    mov byte [Hypercall + 2], 0xC1      ; VMCALL for VMMCALL
.amd:
    mov eax, 1
    cpuid
    shr ebx, 16
    movzx ecx, bl
    mov [Processors], ecx
    mov rax, -1
    neg cl
    shr rax, cl                         ; by 64 less the number
    mov [All], rax
    and rax, -2
    mov [Others], rax
    mov eax, OtherStubs
    xor ecx, ecx
    mov edx, 0x8E00
.gate:
    mov edi, ecx
    shl edi, 4
    add edi, OtherTable
    mov [rdi], ax
    mov word [rdi + 2], CODE64
    mov [rdi + 4], dx
    ror eax, 16
    mov [rdi + 6], ax
    rol eax, 16
    mov qword [rdi + 8], 0
    add eax, OTHER_STUB
    add ecx, 1
    cmp ecx, 256
    jb .gate
    mov esi, OtherCode
    mov edi, CODE_PAGE << 12
    mov ecx, OtherCodeEnd - OtherCode
    rep movsb

    GROUP "SMP: start"
    cmp dword [Processors], 1
    SKIP_IF be, AloneHere, "there is one processor"
    SENDS 0, TO_OTHERS | ASSERT | INIT, 0, "INIT is no interrupt"
    mov eax, TO_OTHERS | ASSERT | START
    call SendIcr
    mov ecx, [Processors]
    sub ecx, 1
    call AwaitStarted
    CHECK e, "INIT and a start-up IPI start all others"
    mov eax, TO_OTHERS | ASSERT | START
    call SendIcr
    call Settle
    mov ecx, [Processors]
    sub ecx, 1
    cmp [Started], ecx
    CHECK e, "a start-up IPI is lost on processors that run"
    mov eax, TO_OTHERS | INIT_DEASSERT
    call SendIcr
    SENDS 0, TO_OTHERS | ASSERT | VECTOR, [Others], "INIT level de-assert does nothing"

    GROUP "SMP: xAPIC"
    mov eax, VECTOR | ASSERT
    call SendToEach
    CHECK e, "a physical destination names one processor"
    SENDS 0xFF, ASSERT | VECTOR, [All], "the physical broadcast reaches all"
    SENDS 0, TO_SELF | VECTOR, 1, "the shorthand self"
    SENDS 0, TO_ALL | ASSERT | VECTOR, [All], "the shorthand all"
    SENDS 0, TO_OTHERS | ASSERT | VECTOR, [Others], "the shorthand all but self"
    SENDS 0xEE, ASSERT | VECTOR, 0, "a destination that nobody has reaches nobody"
    TELL SetFlat
    call SetFlat
    mov rax, [All]
    and eax, 5
    mov [Some], rax
    SENDS 5, LOGICAL | ASSERT | VECTOR, [Some], "flat: bits name processors"
    mov rax, [All]
    and eax, 2
    mov [Some], rax
    mov edx, 2
    mov eax, LOGICAL | LOWEST | ASSERT | VECTOR
    mov rdi, [Some]
    call SendAndGather
    cmp rax, rdi
    CHECK e, "flat: lowest priority among one is that one"
    mov rax, [All]
    and eax, 0xFF
    mov edx, eax
    mov eax, LOGICAL | LOWEST | ASSERT | VECTOR
    call SendToOneOf
    CHECK e, "flat: of several one gets each of the lowest priority"
    TELL SetClusters
    call SetClusters
    mov rax, [All]
    and eax, 3
    mov [Some], rax
    SENDS 0x03, LOGICAL | ASSERT | VECTOR, [Some], "cluster: bits name processors of the first"
    mov rax, [All]
    and eax, 0x60
    mov [Some], rax
    SENDS 0x16, LOGICAL | ASSERT | VECTOR, [Some], "cluster: bits name processors of the second"
    SENDS 0x10, LOGICAL | ASSERT | VECTOR, 0, "cluster: no bits name none"
    TELL SetFlat
    call SetFlat
    SENDS 1, ASSERT | NMI, 2, "an NMI goes to one"
    SENDS 0, TO_OTHERS | ASSERT | NMI, [Others], "an NMI goes to all others"
    call ClearRing
    TELL SendToNext
    mov ecx, RING_VECTOR
    mov rdi, [All]
    and rdi, -3
    call AwaitAndGather
    cmp rax, rdi
    CHECK e, "the others send too"

    GROUP "SMP: INIT of one"
    call RestartLast

    GROUP "SMP: x2APIC"
    mov eax, 1
    cpuid
    test ecx, 1 << 21
    SKIP_IF z, NoX2Apic, "there is no x2APIC"
    mov eax, EnterX2Apic
    call TellOthers
    call EnterX2Apic
    mov byte [IsX2Apic], 1
    call AwaitOthers
    mov eax, VECTOR | ASSERT
    call SendToEach
    CHECK e, "a physical destination names one processor"
    SENDS -1, ASSERT | VECTOR, [All], "the physical broadcast reaches all"
    SENDS -1, LOGICAL | ASSERT | VECTOR, [All], "so does the logical"
    SENDS 0, TO_ALL | ASSERT | VECTOR, [All], "the shorthand all"
    SENDS 0, TO_OTHERS | ASSERT | VECTOR, [Others], "the shorthand all but self"
    SENDS 0xFE, ASSERT | VECTOR, 0, "a destination that nobody has reaches nobody"
    mov rax, [All]
    and eax, 0xA
    mov [Some], rax
    SENDS 0x0A, LOGICAL | ASSERT | VECTOR, [Some], "bits name processors of the first cluster"
    mov rax, [All]
    and eax, 0x30000
    mov [Some], rax
    SENDS 0x10003, LOGICAL | ASSERT | VECTOR, [Some], "bits name processors of the second cluster"
    mov rax, [All]
    movzx edx, ax
    mov eax, LOGICAL | LOWEST | ASSERT | VECTOR
    call SendToOneOf
    CHECK e, "of several one gets each of the lowest priority"
    SENDS 1, ASSERT | NMI, 2, "an NMI goes to one"
    call ClearRing
    TELL SendToNext
    mov ecx, RING_VECTOR
    mov rdi, [All]
    and rdi, -3
    call AwaitAndGather
    cmp rax, rdi
    CHECK e, "the others send too"
    call RestartLast
NoX2Apic:

    GROUP "SMP: time-stamp counter"
    cmp byte [IsHosted], 0
    je .sameTime
    mov eax, KVM_FEATURES
    cpuid
    test eax, KVM_STABLE
    SKIP_IF z, .noTime, "the host's processors do not agree on the time"
.sameTime:
; One after the other each looks at it: two that spin, then all, which halt in between and may go on elsewhere.
    mov dword [RingLeft], 4000
    call ReadTsc
    mov rcx, SHORT_PATIENCE
    add rax, rcx
    mov [RingEnd], rax
    mov eax, SpinRing
    call TellOthers
    call SpinRing
    call AwaitOthers
    cmp dword [Backwards], 0
    CHECK e, "two processors that look by turns never see it go back"
    mov dword [RingLeft], 2000
    mov dword [Turn], 0
    mov eax, HaltRing
    call TellOthers
    call HaltRing
    call AwaitOthers
    cmp dword [Backwards], 0
    CHECK e, "processors that wake each other never see it go back"
.noTime:

    GROUP "KVM: hypercalls"
    IF_HOSTED NoKvm
    mov eax, KVM_FEATURES
    cpuid
    and eax, KVM_FEATURES_OURS
    EXPECT eax, KVM_FEATURES_OURS, "steal time, kick, TLB flush, IPIs and yield are offered"
    HYPERCALL 0x1234, 0, 0
    EXPECT eax, -1000, "one that is not known"
    HYPERCALL KVM_HC_SCHED_YIELD, 1, 0
    EXPECT eax, 0, "a yield to another"
    HYPERCALL KVM_HC_SCHED_YIELD, 0, 0
    EXPECT eax, 0, "a yield to itself"
    HYPERCALL KVM_HC_SCHED_YIELD, -1, 0
    EXPECT eax, 0, "a yield to nobody"
    HYPERCALL KVM_HC_KICK_CPU, 0, 200
    EXPECT eax, 0, "a kick for nobody"
    USER .fromRing3
    EXPECT eax, -1, "ring 3 may not"
    mov ebx, VECTOR
    call ClearCounts
    mov rbx, [All]
    xor ecx, ecx
    xor edx, edx
    mov esi, VECTOR
    mov eax, KVM_HC_SEND_IPI
    call Hypercall
    cmp eax, [Processors]
    CHECK e, "an IPI to many is accepted by all"
    mov ecx, VECTOR
    mov rdi, [All]
    call AwaitAndGather
    cmp rax, rdi
    CHECK e, "an IPI to many reaches all"
    mov ebx, VECTOR
    call ClearCounts
    mov ebx, 1
    xor ecx, ecx
    mov edx, 1
    mov esi, VECTOR
    mov eax, KVM_HC_SEND_IPI
    call Hypercall
    EXPECT eax, 1, "an IPI to many counts from the lowest ID"
    mov ecx, VECTOR
    mov edi, 2
    call AwaitAndGather
    cmp rax, rdi
    CHECK e, "it reaches that one"
    mov rbx, -1
    mov rcx, -1
    mov edx, 64
    mov esi, VECTOR
    mov eax, KVM_HC_SEND_IPI
    call Hypercall
    EXPECT eax, 0, "an IPI to IDs that nobody has"
    mov ebx, 1
    xor edx, edx
    mov esi, LOGICAL | VECTOR
    mov eax, KVM_HC_SEND_IPI
    call Hypercall
    EXPECT eax, -22, "an IPI to many whose command has a destination"
    mov eax, Sleep
    call TellOthers
.asleep:
    pause
    cmp dword [Asleep], 1
    jne .asleep
    call Settle
    EXPECT [Asleep], 1, "HLT without interrupts lasts"
    HYPERCALL KVM_HC_KICK_CPU, 0, 1
    call AwaitOthers
    EXPECT [Asleep], 2, "a kick ends it"
    jmp .kicked
.fromRing3:
    mov eax, KVM_HC_SCHED_YIELD
    call Hypercall
    USER_END
.kicked:

    GROUP "KVM: steal time and TLB flush"
    mov ecx, MSR_KVM_STEAL_TIME
    mov eax, StealTime + 3
    xor edx, edx
    RAISES GP, 0, "wrmsr", "reserved bits of the steal time"
    mov eax, NO_RAM + 1
    PASSES "wrmsr", "a steal time where nothing is"
    HYPERCALL KVM_HC_SCHED_YIELD, 1, 0
    mov ecx, MSR_KVM_STEAL_TIME
    xor eax, eax
    xor edx, edx
    PASSES "wrmsr", "no steal time"
    mov dword [FIRST_PAGE], 1
    mov dword [SECOND_PAGE], 2
    MAP 0, FIRST_PAGE | 7
    mov eax, ReadWindow
    call TellOthers
    call ReadTsc
    mov rcx, SHORT_PATIENCE
    lea rsi, [rax + rcx]
.look:
    pause
    call ReadTsc
    cmp rax, rsi
    ja .neverWaits
    cmp dword [IsReading], 0
    je .look
    cmp byte [StealTime + 16], 1
    jne .look
    MAP 0, SECOND_PAGE | 7
    mov al, 1
    mov cl, 3
    lock cmpxchg [StealTime + 16], cl
    je .asked
    MAP 0, FIRST_PAGE | 7
    jmp .look
.asked:
    mov dword [IsFlushed], 1
    call AwaitOthers
    EXPECT [Stale], 0, "one that waited for a processor sees no translation from before"
    mov eax, [StealTime + 8]
    and eax, 1
    EXPECT eax, 0, "its record's version is even"
    jmp .flushed
.neverWaits:
    mov dword [IsFlushed], 2
    call AwaitOthers
    SKIP .flushed, "it never had to wait for a processor"
.flushed:

NoKvm:
AloneHere:
    GROUP "KVM: EOI"
    IF_HOSTED NoEoi
    mov eax, KVM_FEATURES
    cpuid
    test eax, KVM_FEATURE_PV_EOI
    jnz .offered
    mov ecx, MSR_KVM_PV_EOI_EN
    mov eax, EoiWord + 1
    xor edx, edx
    RAISES GP, 0, "wrmsr", "the EOI word where it is not offered"
    SKIP NoEoi, "the processor does EOIs itself"
.offered:
    mov ecx, MSR_KVM_PV_EOI_EN
    mov eax, EoiWord + 3
    xor edx, edx
    RAISES GP, 0, "wrmsr", "reserved bits of the EOI word"
    mov eax, NO_RAM + 1
    RAISES GP, 0, "wrmsr", "an EOI word where nothing is"
    mov eax, EoiWord + 1
    PASSES "wrmsr", "an EOI word"
    rdmsr
    EXPECT eax, EoiWord + 1, "the MSR keeps where it is"
    mov qword [Hook], LeaveOutEoi
    mov dword [Counts + VECTOR * 4], 0
    mov ebx, 20
.again:
    mov eax, TO_SELF | VECTOR
    call SendIcr
    call Linger
    sub ebx, 1
    jnz .again
    EXPECT [Counts + VECTOR * 4], 20, "interrupts come as often as they are sent"
    EXPECT [LeftOut], 20, "their EOIs may be left out"
; A lower one that waits behind it needs the EOI.
    mov dword [LeftOut], 0
    mov dword [Counts + VECTOR * 4], 0
    mov dword [Counts + (VECTOR + 0x10) * 4], 0
    mov eax, TO_SELF | VECTOR
    call SendIcr
    mov eax, TO_SELF | VECTOR + 0x10
    call SendIcr
    call Linger
    EXPECT [Counts + VECTOR * 4], 1, "the lower of two comes"
    EXPECT [Counts + (VECTOR + 0x10) * 4], 1, "the higher of two comes"
    EXPECT [LeftOut], 1, "the EOI that lets another in is not left out"
    mov qword [Hook], 0
    mov byte [HoldsEoi], 0
    mov ecx, MSR_KVM_PV_EOI_EN
    xor eax, eax
    xor edx, edx
    PASSES "wrmsr", "no EOI word"
    mov eax, TO_SELF | VECTOR
    call SendIcr
    call Linger
    EXPECT [EoiWord], 0, "nothing is offered then"
NoEoi:
    CHECKS_END

; A hook: what the guest does in place of an EOI where the host lets it.
LeaveOutEoi:
    btr dword [EoiWord], 0
    setc [HoldsEoi]
    movzx ecx, byte [HoldsEoi]
    add [LeftOut], ecx
    ret

Hypercall:
    vmmcall
    ret

; EAX: command, EDX: destination, as the mode of the APIC has it. Clobbers RCX, RDX.
SendIcr:
    cmp byte [IsX2Apic], 0
    jne .x2Apic
    shl edx, 24
    mov [r15 + APIC_ICR_HIGH], edx
    mov [r15 + APIC_ICR_LOW], eax
    ret
.x2Apic:
    mov ecx, 0x800 + (APIC_ICR_LOW >> 4)
    wrmsr
    ret

; As SendIcr; RDI: who is to get it. RAX: who did.
SendAndGather:
    movzx ebx, al
    mov ecx, eax
    and ecx, 0x700
    cmp ecx, NMI
    jne .vector
    mov ebx, 2
.vector:
    call ClearCounts
    push rbx
    call SendIcr
    pop rcx

; ECX: vector, RDI: who is to get it. RAX: who did, -1 if somebody did more than once.
AwaitAndGather:
    push rsi
    call ReadTsc
    mov rsi, PATIENCE
    add rsi, rax
.wait:
    sti
    pause
    call Gather
    cmp rax, rdi
    je .came
    call ReadTsc
    cmp rax, rsi
    jb .wait
.came:
    call Settle
    cli
    pop rsi

; ECX: vector. RAX: who got it once, -1 if somebody more than once. Clobbers RBX, RDX.
Gather:
    xor eax, eax
    mov ebx, [Counts + rcx * 4]
    xor edx, edx
.next:
    cmp ebx, 1
    jb .none
    ja .many
    bts rax, rdx
.none:
    add edx, 1
    cmp edx, [Processors]
    jae .done
    mov ebx, edx
    shl ebx, 8
    add ebx, ecx
    mov ebx, [OTHER_COUNTS + rbx * 4]
    jmp .next
.many:
    mov rax, -1
    cmp rax, [All]
    jne .done
    btr rax, 63
.done:
    ret

; EBX: vector. Keeps all.
ClearCounts:
    push rdx
    push rcx
    mov dword [Counts + rbx * 4], 0
    mov ecx, 1
.next:
    mov edx, ecx
    shl edx, 8
    add edx, ebx
    mov dword [OTHER_COUNTS + rdx * 4], 0
    add ecx, 1
    cmp ecx, [Processors]
    jb .next
    pop rcx
    pop rdx
    ret

; Time for what must not come, with interrupts as they are.
Settle:
    push rcx
    mov ecx, 8
.again:
    call Pause
    sub ecx, 1
    jnz .again
    pop rcx
    ret

; EAX: command. To each by its number; ZF if each got its own and nobody else's.
SendToEach:
    mov r10d, eax
    xor r11d, r11d
.next:
    mov eax, r10d
    mov edx, r11d
    xor edi, edi
    bts rdi, r11
    call SendAndGather
    cmp rax, rdi
    jne .done
    add r11d, 1
    cmp r11d, [Processors]
    jb .next
    cmp eax, eax
.done:
    ret

; EAX: command, EDX: destination, several times. ZF if each of them came, once.
SendToOneOf:
    mov ebx, VECTOR
    call ClearCounts
    mov r10d, eax
    mov r11d, edx
    mov r9d, 12
    xor r8d, r8d
.next:
    add r8d, 1
    mov eax, r10d
    mov edx, r11d
    call SendIcr
    call ReadTsc
    mov rsi, PATIENCE
    add rsi, rax
.wait:
    sti
    pause
    call ReadTsc
    cmp rax, rsi
    ja .done
    call SumCounts
    cmp eax, r8d
    jb .wait
    sub r9d, 1
    jnz .next
.done:
    call Settle
    cli
    call SumCounts
    cmp eax, 12
    ret

; EAX: how often all got VECTOR. Clobbers RCX, RDX.
SumCounts:
    mov eax, [Counts + VECTOR * 4]
    mov ecx, 1
.next:
    mov edx, ecx
    shl edx, 8
    add eax, [OTHER_COUNTS + rdx * 4 + VECTOR * 4]
    add ecx, 1
    cmp ecx, [Processors]
    jb .next
    ret

ClearRing:
    mov ebx, RING_VECTOR
    jmp ClearCounts

; ECX: how many are to have started. ZF if they have.
AwaitStarted:
    call ReadTsc
    mov rsi, PATIENCE
    add rsi, rax
.wait:
    pause
    cmp [Started], ecx
    je .done
    call ReadTsc
    cmp rax, rsi
    jb .wait
.done:
    ret

; The last processor gets an INIT, hears nothing after it, and starts again.
RestartLast:
    mov edx, [Processors]
    sub edx, 1
    mov eax, ASSERT | INIT
    call SendIcr
    call Settle
    mov edx, [Processors]
    sub edx, 1
    SENDS edx, ASSERT | VECTOR, 0, "a processor that waits for its start takes no interrupt"
    mov edx, [Processors]
    sub edx, 1
    mov eax, ASSERT | START
    call SendIcr
    mov ecx, [Processors]
    add ecx, [Restarts]
    add dword [Restarts], 1
    call AwaitStarted
    CHECK e, "a start-up IPI starts it again"
    mov ecx, [Processors]
    sub ecx, 1
    mov r10d, ecx
    xor r9d, r9d
    bts r9, rcx
    SENDS r10d, ASSERT | VECTOR, r9, "it takes interrupts again, and none from before"
    ret

; EAX: the routine.
TellOthers:
    mov [Command], rax
    mov dword [Finished], 0
    add dword [Generation], 1
    mov eax, TO_OTHERS | ASSERT | WAKE_VECTOR
    xor edx, edx
    jmp SendIcr

AwaitOthers:
    sti
.wait:
    pause
    mov eax, [Finished]
    add eax, 1
    cmp eax, [Processors]
    jb .wait
    cli
    ret

; What the other processors are told. R12: the own number; R15: the APIC's address, 0 in x2APIC mode.

SetFlat:
    mov eax, 1 << 24
    mov ecx, r12d
    shl rax, cl
    mov edx, -1
    cmp r12d, 8
    jb SetLogical
    xor eax, eax
SetLogical:
    mov [r15 + APIC_DFR], edx
    mov [r15 + APIC_LDR], eax
    ret

SetClusters:
    mov ecx, r12d
    and ecx, 3
    mov eax, 1 << 24
    shl eax, cl
    mov ecx, r12d
    shr ecx, 2
    shl ecx, 28
    or eax, ecx
    mov edx, 0x0FFFFFFF
    jmp SetLogical

EnterX2Apic:
    mov ecx, IA32_APIC_BASE
    rdmsr
    or eax, 0x400
    wrmsr
    test r12d, r12d
    jz .done
    xor r15d, r15d
.done:
    ret

SendToNext:
    lea edx, [r12 + 1]
    cmp edx, [Processors]
    jb .send
    xor edx, edx
.send:
    mov eax, ASSERT | RING_VECTOR
    jmp SendIcr

Sleep:
    cmp r12d, 1
    jne .done
    mov dword [Asleep], 1
    hlt
    mov dword [Asleep], 2
.done:
    ret

; Looks at the counter if it is its turn, which it hands on then. RDI: whose turn is next.
LookAtTime:
    lfence
    call ReadTsc
    cmp rax, [LastTime]
    jae .later
    lock add dword [Backwards], 1
.later:
    mov [LastTime], rax
    sub dword [RingLeft], 1
    mfence
    mov [Turn], edi
    ret

; Processors 0 and 1 by turns.
SpinRing:
    mov edi, r12d
    xor edi, 1
    cmp r12d, 1
    ja .done
.wait:
    cmp dword [RingLeft], 0
    jle .done
    call ReadTsc
    cmp rax, [RingEnd]
    ja .done
    pause
    cmp [Turn], r12d
    jne .wait
    call LookAtTime
    jmp .wait
.done:
    ret

; All by turns, each woken by the one before it.
HaltRing:
    lea edi, [r12 + 1]
    cmp edi, [Processors]
    jb .wait
    xor edi, edi
.wait:
    cli
    cmp dword [RingLeft], 0
    jle .done
    cmp [Turn], r12d
    je .turn
    sti
    hlt
    jmp .wait
.turn:
    call LookAtTime
    mov edx, edi
    mov eax, ASSERT | RING_VECTOR
    call SendIcr
    cmp dword [RingLeft], 0
    jg .wait
    xor edx, edx
    mov eax, TO_OTHERS | ASSERT | RING_VECTOR
    call SendIcr
.done:
    cli
    ret

; Processor 1 reads a page whose translation changes without its knowledge, until it was flushed or is told to stop.
ReadWindow:
    cmp r12d, 1
    jne .done
    mov ecx, MSR_KVM_STEAL_TIME
    mov eax, StealTime + 1
    xor edx, edx
    wrmsr
    mov dword [IsReading], 1
.again:
    mov eax, [IsFlushed]
    mov edx, [WINDOW]
    test eax, eax
    jz .again
    cmp eax, 2
    je .stop
    cmp edx, 2
    je .stop
    add dword [Stale], 1
.stop:
    mov ecx, MSR_KVM_STEAL_TIME
    xor eax, eax
    xor edx, edx
    wrmsr
.done:
    ret

; Where the other processors begin: from real mode to long mode at once.
    bits 16
OtherCode:
    cli
    mov eax, 0x20                       ; PAE
    mov cr4, eax
    o32 lgdt [cs:.gdt - OtherCode]
    mov eax, GuestRoot
    mov cr3, eax
    mov ecx, IA32_EFER
    rdmsr
    or eax, 0x100                       ; LME
    wrmsr
    mov eax, cr0
    or eax, 0x80000001                  ; PG, PE
    mov cr0, eax
    jmp dword CODE64:OtherEntry
.gdt:
    dw CheckGdtEnd - CheckGdt - 1
    dd CheckGdt
OtherCodeEnd:

    bits 64
OtherEntry:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, 1
    cpuid
    shr ebx, 24
    mov r12d, ebx
    add ebx, 1
    shl ebx, 12
    lea esp, [STACKS + rbx]
    mov r15d, APIC
    lidt [OtherTablePointer]
    cmp byte [IsX2Apic], 0
    jne .x2Apic
    mov dword [r15 + APIC_SPURIOUS], ENABLED
    jmp .enabled
.x2Apic:
    xor r15d, r15d
    mov ecx, 0x800 + (APIC_SPURIOUS >> 4)
    mov eax, ENABLED
    xor edx, edx
    wrmsr
.enabled:
    mov ebp, [Generation]
    lock add dword [Started], 1
.loop:
    cli
    cmp ebp, [Generation]
    jne .told
    sti
    hlt
    jmp .loop
.told:
    mov ebp, [Generation]
    call [Command]
    lock add dword [Finished], 1
    jmp .loop

OTHER_STUB equ 16
    align 16
OtherStubs:
    %assign vector 0
    %rep 256
    align OTHER_STUB
    push qword vector
    jmp near OtherHandler
    %assign vector vector + 1
    %endrep
    align OTHER_STUB

; Whose stack it is tells who counts. An exception ends the guest: exit code 2 is an error of the check.
OtherHandler:
    push rax
    push rcx
    push rdx
    mov eax, [rsp + 3 * 8]
    cmp eax, 2
    je .count
    cmp eax, 32
    jb .exception
.count:
    lea ecx, [rsp - STACKS]
    shr ecx, 12
    shl ecx, 8
    add ecx, eax
    add dword [OTHER_COUNTS + rcx * 4], 1
    cmp eax, 2
    je .done
    test r15d, r15d
    jz .x2Apic
    mov dword [r15 + APIC_EOI], 0
    jmp .done
.x2Apic:
    mov ecx, 0x800 + (APIC_EOI >> 4)
    xor eax, eax
    xor edx, edx
    wrmsr
.done:
    pop rdx
    pop rcx
    pop rax
    add rsp, 8
    iretq
.exception:
    EXIT ERROR

    align 8
OtherTablePointer:
    dw 256 * 16 - 1
    dq OtherTable
    align 8
All:            dq 0
Others:         dq 0
Some:           dq 0
Command:        dq 0
LastTime:       dq 0
RingEnd:        dq 0
Processors:     dd 0
Started:        dd 0
Restarts:       dd 0
Generation:     dd 0
Finished:       dd 0
Asleep:         dd 0
Turn:           dd 0
RingLeft:       dd 0
Backwards:      dd 0
LeftOut:        dd 0
IsReading:      dd 0
IsFlushed:      dd 0
Stale:          dd 0
EoiWord:        dd 0
    align 64, db 0
StealTime:      times 64 db 0
    align 16, db 0
OtherTable:     times 256 * 16 db 0
    GUEST_END
