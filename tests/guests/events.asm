; When events come: interrupt shadows of STI and of loads of SS, also before instructions that a host executes; non-maskable interrupts and
; what blocks them. AMD APM vol. 2, "Exceptions and Interrupts"; Intel SDM vol. 3A, "Masking Exceptions and Interrupts When Switching Stacks",
; "Handling Multiple NMIs".
%include "guest.inc"
%include "check.inc"

SEND_NMI equ 0x400

; Instruction, text: with an interrupt pending, STI and the instruction both complete before the interrupt comes.
%macro SHADOWED 2+
    mov dword [LastVector], NONE
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x70
    call Prepare
    %deftok %%instruction %1
    sti
    %%instruction
%%after:
    nop
    nop
    cli
    CHECK_BEHIND 0x70, %%after, %2
%endmacro

%macro CHECK_BEHIND 3+
    call CheckRaised
    dd %1, 0, %2
    db %3, 0
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov eax, [r15 + APIC_ID]
    mov [r15 + APIC_ICR_HIGH], eax

    GROUP "shadow: STI before what runs by itself"
    SHADOWED "nop", "NOP"
    SHADOWED "mov eax, [abs Buffer]", "a load"
    SHADOWED "push rax", "PUSH"
    add rsp, 8
    SHADOWED "sti", "another STI"

    GROUP "shadow: STI before what a host executes"
    SHADOWED "cpuid", "CPUID"
    SHADOWED "in al, dx", "IN"
    SHADOWED "out dx, al", "OUT"
    SHADOWED "insb", "INSB"
    SHADOWED "mov eax, [r15 + APIC_ID]", "a load from the APIC"
    SHADOWED "mov dword [r15 + APIC_LDR], 0", "a store to the APIC"
    SHADOWED "rdmsr", "RDMSR"
    SHADOWED "mov rax, cr8", "a read of CR8"
    SHADOWED "mov cr8, rsi", "a write to CR8"
    SHADOWED "mov cr4, r10", "a write to CR4"
    SHADOWED "mov cr0, r8", "a write to CR0"
    SHADOWED "mov cr3, r9", "a write to CR3"
    SHADOWED "mov rax, dr3", "a read of DR3"
    SHADOWED "mov dr3, rsi", "a write to DR3"
    SHADOWED "wbinvd", "WBINVD"
    SHADOWED "rdtsc", "RDTSC"
    SHADOWED "invlpg [abs Buffer]", "INVLPG"

    GROUP "shadow: interrupts that do not come"
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x70
    mov dword [Counts + 0x70 * 4], 0
    sti
    cli
    nop
    EXPECT [Counts + 0x70 * 4], 0, "STI; CLI lets nothing in"
    pushfq
    sti
    popfq
    nop
    EXPECT [Counts + 0x70 * 4], 0, "nor does STI; POPF that clears IF"
    pushfq
    or qword [rsp], RFLAGS_IF
    mov dword [LastVector], NONE
    popfq
.popped:
    nop
    cli
    CHECK_BEHIND 0x70, .popped, "POPF has no shadow"
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x70
    mov dword [LastVector], NONE
    mov rax, rsp
    push qword DATA
    push rax
    push qword 2 + RFLAGS_IF
    push qword CODE64
    push qword .returned
    iretq
.returned:
    nop
    cli
    CHECK_BEHIND 0x70, .returned, "nor has IRET"

    GROUP "shadow: HLT"
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x70
    mov dword [LastVector], NONE
    sti
    hlt
.halted:
    cli
    CHECK_BEHIND 0x70, .halted, "STI; HLT ends with what is pending"

    GROUP "shadow: loads of SS and single steps"
    mov qword [Hook], FirstStep
    mov qword [StepRip], 0
    mov eax, DATA
    pushfq
    or qword [rsp], RFLAGS_TF
    popfq
    mov ss, eax                         ; the trap after this one is lost
.inShadow:
    nop
.behindShadow:
    nop
    pushfq
    and qword [rsp], ~RFLAGS_TF
    popfq
    EXPECT [StepRip], .behindShadow, "MOV SS holds back the trap"
    mov qword [StepRip], 0
    mov eax, DATA
    pushfq
    or qword [rsp], RFLAGS_TF
    popfq
    mov ss, eax
    cpuid
.behindExit:
    nop
    pushfq
    and qword [rsp], ~RFLAGS_TF
    popfq
    EXPECT [StepRip], .behindExit, "before what a host executes too"
    mov qword [Hook], 0

    GROUP "NMI: blocked until IRET"
    mov dword [Counts + 2 * 4], 0
    mov qword [Hook], SecondNmi
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
.sent:
    call LingerMasked
    mov qword [Hook], 0
    EXPECT [Counts + 2 * 4], 2, "an NMI sent in the NMI's handler comes after it"
    EXPECT [NmisInHandler], 1, "not in it"
    mov eax, [LastRip]
    cmp eax, [FirstNmiRip]
    CHECK e, "the IRET's target has not run before it comes"
    mov dword [Counts + 2 * 4], 0
    mov qword [Hook], ThreeNmis
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    call LingerMasked
    mov qword [Hook], 0
    EXPECT [Counts + 2 * 4], 2, "of several one waits"

    GROUP "NMI: an IRET of something else in the handler"
    mov dword [Counts + 2 * 4], 0
    mov qword [Hook], NmiAroundFault
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    call LingerMasked
    mov qword [Hook], 0
    mov qword [ResumeAt], 0
    EXPECT [Counts + UD * 4], 1, "an exception in the handler comes"
    EXPECT [Counts + 2 * 4], 2, "both NMIs come"
    EXPECT [NmisInHandler], 2, "the second in the first's handler, for the exception's IRET has unblocked it"

    GROUP "NMI: an IRET that faults"
    mov dword [Counts + 2 * 4], 0
    mov dword [Counts + GP * 4], 0
    mov qword [Hook], NmiFaultingReturn
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    call LingerMasked
    mov qword [Hook], 0
    mov qword [ResumeAt], 0
    EXPECT [Counts + GP * 4], 1, "the fault comes once"
    EXPECT [FaultFlags], 0, "RFLAGS.TF is clear in its frame"
    mov dword [Counts + 2 * 4], 0
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    call LingerMasked
    EXPECT [Counts + 2 * 4], 1, "NMIs come again afterwards"

    GROUP "NMI: a single step over the IRET"
    mov dword [Counts + 2 * 4], 0
    mov dword [Counts + DB_ * 4], 0
    mov qword [Hook], StepAfterNmi
    mov qword [StepRip], 0
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    call LingerMasked
    pushfq
    and qword [rsp], ~RFLAGS_TF
    popfq
    mov qword [Hook], 0
    EXPECT [Counts + 2 * 4], 1, "the NMI comes"
    cmp dword [Counts + DB_ * 4], 1
    CHECK ae, "an IRET that sets TF traps after its target's first instruction"

    GROUP "NMI: HLT and masks"
    mov dword [Counts + 2 * 4], 0
    mov qword [Hook], SecondNmi
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    call LingerMasked
    mov qword [Hook], 0
    EXPECT [Counts + 2 * 4], 2, "IF holds no NMI back"
    mov dword [r15 + APIC_TPR], 0xFF
    mov dword [Counts + 2 * 4], 0
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    call LingerMasked
    EXPECT [Counts + 2 * 4], 1, "nor does the task priority"
    mov dword [r15 + APIC_TPR], 0
; The APIC's timer sends the NMI that ends a HLT with IF clear.
    mov dword [Counts + 2 * 4], 0
    mov dword [r15 + APIC_DIVIDE], 0xB
    mov dword [r15 + APIC_TIMER], 0x71
    mov dword [r15 + APIC_LINT0], 0x10700
    mov qword [Hook], SendNmiToHalted
    mov dword [r15 + APIC_INITIAL], 1000000
    sti
    hlt
    cli
    mov qword [Hook], 0
    EXPECT [Counts + 2 * 4], 1, "an NMI comes in an interrupt's handler"
    mov dword [Counts + 2 * 4], 0
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x72
    mov qword [Order], 0
    mov qword [Hook], RememberOrder
    call Linger
    mov qword [Hook], 0
    EXPECT [Order + 1], 0, "no more than two events"
    CHECKS_END

; Interrupts stay off, for as long as an emulator may take to notice what is pending.
LingerMasked:
    mov ecx, 100
.again:
    pause
    sub ecx, 1
    jnz .again
    ret

; What the instructions of SHADOWED use.
Prepare:
    mov eax, 1
    mov edx, COM1 + 7
    mov ecx, 0x10                       ; the TSC's MSR, and a count
    xor esi, esi
    mov edi, Buffer
    mov r10, cr4
    mov r8, cr0
    mov r9, cr3
    ret

; A hook: keeps the first step's RIP.
FirstStep:
    cmp eax, DB_
    jne .done
    cmp qword [StepRip], 0
    jne .done
    mov rcx, [rbx]
    mov [StepRip], rcx
    and dword [rbx + 16], ~RFLAGS_TF
.done:
    ret

; A hook. In the first NMI's handler: sends a second, and counts how many handlers have begun when this one ends.
SecondNmi:
    cmp eax, 2
    jne .done
    cmp dword [Counts + 2 * 4], 1
    jne .done
    mov rcx, [rbx]
    mov [FirstNmiRip], rcx
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    call LingerMasked
    mov ecx, [Counts + 2 * 4]
    mov [NmisInHandler], ecx
.done:
    ret

; A hook.
ThreeNmis:
    cmp dword [Counts + 2 * 4], 1
    jne .done
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    call LingerMasked
.done:
    ret

; A hook. The first NMI's handler sends another and then takes an invalid opcode, whose handler's IRET ends the block.
NmiAroundFault:
    cmp eax, 2
    jne .done
    cmp dword [Counts + 2 * 4], 1
    jne .done
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    mov qword [ResumeAt], .after
    ud2
.after:
    call LingerMasked
    mov ecx, [Counts + 2 * 4]
    mov [NmisInHandler], ecx
.done:
    ret

; A hook. The NMI's handler first tries an IRET to a bad code segment.
NmiFaultingReturn:
    cmp eax, GP
    je .fault
    cmp dword [Counts + 2 * 4], 1
    jne .done
    mov qword [ResumeAt], .after
    mov rcx, rsp
    push qword DATA
    push rcx
    push qword 2
    push qword ABSENT                   ; no code
    push qword .after
    iretq
.after:
    mov rsp, rcx
.done:
    ret
.fault:
    mov ecx, [rbx + 16]
    and ecx, RFLAGS_TF
    mov [FaultFlags], ecx
    ret

; A hook: the NMI returns to stepping.
StepAfterNmi:
    cmp eax, 2
    jne .step
    or dword [rbx + 16], RFLAGS_TF
    ret
.step:
    and dword [rbx + 16], ~RFLAGS_TF
    ret

; A hook.
SendNmiToHalted:
    cmp eax, 0x71
    jne .done
    mov dword [r15 + APIC_ICR_LOW], SEND_NMI
    call LingerMasked
.done:
    ret

    align 8
StepRip:        dq 0
Buffer:         times 4 dq 0
FirstNmiRip:    dq 0
NmisInHandler:  dd 0
FaultFlags:     dd 0
    GUEST_END
