; Exceptions, exceptions in the delivery of exceptions, stacks: AMD APM vol. 2, "Exceptions and Interrupts", "Long-Mode Interrupt Control
; Transfers"; Intel SDM vol. 3A, "Interrupt 8—Double Fault Exception".
%include "guest.inc"
%include "check.inc"

CR0_MP      equ 1 << 1
CR0_TS      equ 1 << 3
CR0_NE      equ 1 << 5
CR0_WP      equ 1 << 16
CR0_AM      equ 1 << 18
CR4_OSFXSR  equ 1 << 9
CR4_OSXMMEXCPT equ 1 << 10
EFER_NXE    equ 1 << 11
IST1        equ 0x8E01
IST2        equ 0x8E02
ABSENT_GATE equ 0x0E00

; Gate of a vector: its stub, type and IST as given.
%macro GATE 2
    mov ecx, %1
    mov eax, Stubs + (%1) * STUB_SIZE
    mov edx, %2
    call SetGate
%endmacro

%macro SET_CR 2                         ; register, bits
    mov rax, %1
    or rax, %2
    mov %1, rax
%endmacro

%macro CLEAR_CR 2
    mov rax, %1
    and rax, ~(%2)
    mov %1, rax
%endmacro

; Vector, error code, instruction, text: on a stack where nothing was touched before, so that a host may have nothing there yet.
%macro FRESH 4+
    mov dword [Counts + (%1) * 4], 0
    mov [OldStack], rsp
    mov rsp, [FreshStack]
    add qword [FreshStack], 0x200000
    mov qword [ResumeAt], %%after
    mov dword [LastVector], NONE
    %deftok %%instruction %3
%%at:
    %%instruction
%%after:
    nop
    mov rsp, [OldStack]
    mov qword [ResumeAt], 0
    EXPECT [LastVector], %1, %4
    EXPECT [Counts + (%1) * 4], 1, %4, " (how often)"
    EXPECT [LastError], %2, %4, " (error code)"
%endmacro

; As RAISES, with a stack in a page that is not present.
%macro RAISES_WITHOUT_STACK 4+
    mov rsp, WINDOW + 0x1000
    mov qword [ResumeAt], %%after
    mov dword [LastVector], NONE
    %deftok %%instruction %3
%%at:
    %%instruction
%%after:
    mov rsp, GuestStackTop
    CHECK_RAISED %1, %2, %%at, %4
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    mov dword [r15 + APIC_SPURIOUS], 0x1FF
    mov qword [Tss + 0x24], Ist1Top
    mov qword [Tss + 0x2C], Ist2Top

    GROUP "exceptions: vectors and RIP"
    xor edx, edx
    xor ecx, ecx
    mov eax, 1
    RAISES DE, 0, "div ecx", "division by zero"
    mov eax, 0x80000000
    mov edx, -1
    mov ecx, -1
    RAISES DE, 0, "idiv ecx", "division overflow"
    RAISES UD, 0, "ud2", "UD2"
    RAISES UD, 0, "db 0xF0, 0x90", "LOCK where it may not be"
    TRAPS BP_, "int3", "INT3"
    TRAPS DB_, "icebp", "ICEBP"
    mov rbx, 0x8000000000000000
    RAISES GP, 0, "mov eax, [rbx]", "a non-canonical address"
    mov eax, ABSENT
    RAISES NP, ABSENT, "mov ds, eax", "a segment that is not present"
    RAISES SS_, ABSENT, "mov ss, eax", "a stack segment that is not present"
    mov eax, CODE64
    RAISES GP, CODE64, "mov ss, eax", "code as a stack segment"
    mov eax, 0x1230
    RAISES GP, 0x1230, "mov ds, eax", "a selector beyond the table"
    xor eax, eax

    GROUP "exceptions: a non-canonical address of the stack segment"
    mov rbp, 0x8000000000000000
    mov qword [ResumeAt], .stackSegment
    mov dword [LastVector], NONE
    mov eax, [rbp]
.stackSegment:
    mov qword [ResumeAt], 0
    cmp dword [LastVector], GP
    SKIP_IF e, .noStackSegment, "an emulator that raises #GP for it"
    EXPECT [LastVector], SS_, "it raises #SS"
.noStackSegment:

    GROUP "exceptions: page faults"
    mov rax, cr4
    mov ecx, IA32_EFER
    rdmsr
    or eax, EFER_NXE
    wrmsr
    SET_CR cr0, CR0_WP
    mov ebx, WINDOW
    RAISES PF, 0, "mov eax, [rbx]", "a read of a page that is not present"
    mov rax, cr2
    cmp rax, rbx
    CHECK e, "CR2 is the address"
    RAISES PF, 2, "mov [rbx + 5], eax", "a write to one"
    mov rax, cr2
    EXPECT eax, WINDOW + 5, "CR2 has its byte"
    RAISES PF, 2, "mov [rbx - 1], eax", "a write that crosses into one"
    mov rax, cr2
    EXPECT eax, WINDOW, "CR2 is the first byte there"
    MAP 0, Page + 1
    RAISES PF, 3, "mov [rbx], eax", "a write to a page that is read-only"
    PASSES "mov eax, [rbx]", "a read of it"
    CLEAR_CR cr0, CR0_WP
    PASSES "mov [rbx], eax", "a write to it without CR0.WP"
    SET_CR cr0, CR0_WP
    MAP 0, Page + 3 + (1 << 63)
    mov byte [Page], 0xC3               ; RET
    mov qword [ResumeAt], .fetched
    mov dword [LastVector], NONE
    push qword .fetched
    call rbx
.fetched:
    mov rsp, GuestStackTop
    CHECK_RAISED PF, 0x11, WINDOW, "a fetch from a page without execution"
    MAP 0, Page + 3 + (1 << 51)
    mov dword [LastVector], NONE
    mov qword [ResumeAt], .reserved
    mov eax, [rbx]
.reserved:
    mov qword [ResumeAt], 0
    EXPECT [LastVector], PF, "a reserved bit in an entry"
    mov eax, [LastError]
    or eax, 1                           ; which some emulators leave out
    EXPECT eax, 9, "its error code"
    MAP 0, Page + 3
    USER ReadWindow
    CHECK_RAISED PF, 5, UserRead, "a read from ring 3 of a supervisor's page"
    MAP 0, Page + 7
    mov dword [LastVector], NONE
    USER ReadWindow
    CHECK_RAISED NONE, 0, 0, "a read from ring 3 of a user's page"
    mov eax, [WindowTable]
    and eax, 0x60
    EXPECT eax, 0x20, "the accessed bit is set, the dirty bit is not"
    mov [rbx], eax
    mov eax, [WindowTable]
    and eax, 0x60
    EXPECT eax, 0x60, "a write sets it"
    MAP 0, 0
    CLEAR_CR cr0, CR0_WP

    GROUP "exceptions: x87 and SSE"
    SET_CR cr4, CR4_OSFXSR + CR4_OSXMMEXCPT
    SET_CR cr0, CR0_TS
    RAISES NM, 0, "fnop", "CR0.TS and x87"
    RAISES NM, 0, "movaps xmm0, xmm1", "CR0.TS and SSE"
    clts
    CLEAR_CR cr4, CR4_OSFXSR
    RAISES UD, 0, "movaps xmm0, xmm1", "SSE without CR4.OSFXSR"
    SET_CR cr4, CR4_OSFXSR + CR4_OSXMMEXCPT
    RAISES GP, 0, "movaps xmm0, [Unaligned + 1]", "an unaligned MOVAPS"
    SET_CR cr0, CR0_NE
    mov word [Unaligned], 0x37B
    fldcw [Unaligned]
    fldz
    fld1
    fdiv st0, st1
    RAISES MF, 0, "fwait", "an unmasked x87 exception, at the next instruction"
    fninit

    GROUP "exceptions: SIMD exceptions"
    mov dword [Unaligned], 0x1F80 & ~(1 << 9)
    ldmxcsr [Unaligned]
    xorps xmm0, xmm0
    mov eax, 0x3F800000
    movd xmm1, eax
    mov qword [ResumeAt], .divided
    mov dword [LastVector], NONE
.divide:
    divss xmm1, xmm0
.divided:
    cmp dword [LastVector], NONE
    SKIP_IF e, .noSimd, "an emulator that raises no #XM"
    CHECK_RAISED XM, 0, .divide, "an unmasked one raises #XM"
.noSimd:
    mov qword [ResumeAt], 0
    mov dword [Unaligned], 0x1F80
    ldmxcsr [Unaligned]

    GROUP "exceptions: alignment"
    SET_CR cr0, CR0_AM
    mov qword [UserRflags], 2 + RFLAGS_AC
    mov dword [LastVector], NONE
    USER Misalign
    cmp dword [LastVector], NONE
    SKIP_IF e, .noAlignment, "an emulator that raises no #AC"
    CHECK_RAISED AC, 0, UserMisaligned, "an unaligned access in ring 3"
    mov qword [UserRflags], 2
    USER Misalign
    CHECK_RAISED NONE, 0, 0, "but not without RFLAGS.AC"
.noAlignment:
    mov qword [ResumeAt], 0
    mov qword [UserRflags], 2
    CLEAR_CR cr0, CR0_AM

    GROUP "exceptions: ring 3 and gates"
    USER Privileged
    CHECK_RAISED GP, 0, UserPrivileged, "HLT in ring 3"
    movzx eax, word [LastCs]
    EXPECT eax, USER_CODE64, "the frame has ring 3's CS"
    mov eax, [LastRsp]
    EXPECT eax, UserStackTop, "and its RSP"
    USER Interrupt60
    CHECK_RAISED GP, 0x60 * 8 + 2, UserInterrupt60, "INT through a gate of ring 0"
    mov ecx, 3
    mov eax, Stubs + 3 * STUB_SIZE
    mov edx, 0xEE00
    call SetGate
    USER Breakpoint
    CHECK_RAISED BP_, 0, UserBreakpoint, "INT3 through a gate of ring 3"
    GATE 0x60, ABSENT_GATE
    RAISES NP, 0x60 * 8 + 2, "int 0x60", "INT through a gate that is not present"
    GATE 0x60, 0x8900
    RAISES GP, 0x60 * 8 + 2, "int 0x60", "INT through what is no gate"
    GATE 0x60, 0x8E00
    TRAPS 0x60, "int 0x60", "INT through a good gate"
    GATE 0x60, 0x8F00
    mov qword [Hook], KeepFlags
    sti
    int 0x60
    cli
    mov eax, [HandlerFlags]
    and eax, RFLAGS_IF
    EXPECT eax, RFLAGS_IF, "a trap gate leaves IF"
    GATE 0x60, 0x8E00
    sti
    int 0x60
    cli
    mov eax, [HandlerFlags]
    and eax, RFLAGS_IF
    EXPECT eax, 0, "an interrupt gate clears it"
    mov qword [Hook], 0
    mov rsp, GuestStackTop - 8
    int 0x60
    mov rsp, GuestStackTop
    mov eax, [LastFrame]
    EXPECT eax, GuestStackTop - 16 - 40, "the frame is aligned to 16 bytes"

    GROUP "exceptions: interrupt stacks"
    GATE 0x60, IST1
    int 0x60
    EXPECT [LastFrame], Ist1Top - 40, "a gate's IST"
    EXPECT [LastRsp], GuestStackTop, "the frame has the old stack"
    GATE 0x60, 0x8E00
    GATE PF, IST2
    mov ebx, WINDOW
    RAISES PF, 0, "mov eax, [rbx]", "a page fault by IST"
    EXPECT [LastFrame], Ist2Top - 40, "its stack"
    GATE PF, 0x8E00

    GROUP "exceptions: double faults"
    GATE DF, IST1
    RAISES_WITHOUT_STACK DF, 0, "mov eax, [abs WINDOW + 8]", "a page fault whose delivery faults"
    EXPECT [LastFrame], Ist1Top - 40, "it comes on its own stack"
    EXPECT [LastRsp], WINDOW + 0x1000, "the frame has the bad one"
    mov rax, cr2
    cmp eax, WINDOW + 0x1000
    CHECK b, "CR2 is in the bad stack"
    cmp eax, WINDOW + 0xF00
    CHECK ae, "near its top"
    RAISES_WITHOUT_STACK DF, 0, "push rax", "a push to a bad stack"
    GATE GP, ABSENT_GATE
    mov rbx, 0x8000000000000000
    RAISES DF, 0, "mov eax, [rbx]", "a general protection through a gate that is not present"
    GATE GP, 0x8E00
    GATE DE, ABSENT_GATE
    xor ecx, ecx
    RAISES DF, 0, "div ecx", "a division error through one"
    GATE DE, 0x8E00
    GATE PF, ABSENT_GATE
    RAISES DF, 0, "mov eax, [abs WINDOW]", "a page fault through one"
    GATE PF, 0x8E00

    GROUP "exceptions: one after another"
    GATE UD, ABSENT_GATE
    mov qword [ResumeAt], .benign
    mov dword [LastVector], NONE
    ud2
.benign:
    mov qword [ResumeAt], 0
    EXPECT [LastVector], NP, "an invalid opcode through a gate that is not present"
    mov eax, [LastError]
    and eax, ~1                         ; EXT, which some emulators leave out
    EXPECT eax, UD * 8 + 2, "its error code"
    GATE UD, 0x8E00
    GATE PF, IST2
    mov rbx, 0x8000000000000000
    RAISES_WITHOUT_STACK PF, 2, "mov eax, [rbx]", "a general protection to a bad stack"
    RAISES_WITHOUT_STACK PF, 2, "int 0x60", "INT to a bad stack"
    RAISES_WITHOUT_STACK PF, 2, "ud2", "an invalid opcode to a bad stack"
    mov qword [Tss + 4], WINDOW + 0x1000
    push qword USER_DATA
    push qword UserStackTop
    push qword 2
    push qword USER_CODE64
    push qword Privileged
    mov qword [Hook], LeaveUser
    iretq
.back:
    mov qword [Hook], 0
    EXPECT [LastVector], PF, "a general protection of ring 3 to a bad RSP0"
    mov eax, [LastRip]
    EXPECT eax, UserPrivileged, "ring 3's instruction is the one"
    GATE PF, 0x8E00

    GROUP "exceptions: an interrupt to a bad stack"
; It is taken nevertheless: it is in service and does not come again.
    SKIP_ON_LAX .rested, "QEMU's processor, whose virtual interrupts come again then"
    GATE PF, IST2
    mov dword [Counts + 0x70 * 4], 0
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x70
    mov rsp, WINDOW + 0x1000
    mov qword [ResumeAt], .interrupted
    mov dword [LastVector], NONE
    sti
    nop
    nop
    nop
.interrupted:
    cli
    mov qword [ResumeAt], 0
    mov rsp, GuestStackTop
    EXPECT [LastVector], PF, "an interrupt to a bad stack"
    EXPECT [Counts + 0x70 * 4], 0, "its handler does not run"
    mov eax, [r15 + APIC_ISR + 0x30]
    and eax, 1 << 16
    EXPECT eax, 1 << 16, "but it is in service"
    mov dword [r15 + APIC_EOI], 0
    call Linger
    EXPECT [Counts + 0x70 * 4], 0, "and does not come again"
    GATE PF, 0x8E00
.rested:

    GROUP "exceptions: to memory that is touched first by their delivery"
    mov dword [r15 + APIC_ICR_LOW], ICR_SELF + 0x70
    FRESH 0x70, 0, "sti", "an interrupt"
    cli
    FRESH 0x60, 0, "int 0x60", "INT"
    FRESH BP_, 0, "int3", "INT3"
    FRESH DB_, 0, "icebp", "ICEBP"
    FRESH UD, 0, "ud2", "an invalid opcode"
    mov rbx, 0x8000000000000000
    FRESH GP, 0, "mov eax, [rbx]", "a general protection"
    mov ebx, WINDOW
    FRESH PF, 2, "mov [rbx], eax", "a page fault"
    mov eax, ABSENT
    FRESH NP, ABSENT, "mov ds, eax", "an error code"
    mov eax, [r15 + APIC_ID]
    mov [r15 + APIC_ICR_HIGH], eax
    FRESH 2, 0, "mov dword [r15 + APIC_ICR_LOW], 0x400", "an NMI"
    mov dword [Counts + 2 * 4], 0
    mov dword [r15 + APIC_ICR_LOW], 0x400
    call Linger
    EXPECT [Counts + 2 * 4], 1, "NMIs are open again after it"
    mov rax, [FreshStack]
    mov [Tss + 0x24], rax
    GATE 0x60, IST1
    mov dword [LastVector], NONE
    int 0x60
    EXPECT [LastVector], 0x60, "an interrupt stack"
    GATE 0x60, 0x8E00
    CHECKS_END

; A hook: out of ring 3 to where its caller goes on.
LeaveUser:
    mov rsp, GuestStackTop
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    jmp GuestEntry.back

; A hook.
KeepFlags:
    pushfq
    pop qword [HandlerFlags]
    ret

; In ring 3. What faults goes on behind itself.
ReadWindow:
    mov dword [LastVector], NONE
    mov qword [ResumeAt], UserRead.after
UserRead:
    mov eax, [abs WINDOW]
.after:
    USER_END

Misalign:
    mov dword [LastVector], NONE
    mov qword [ResumeAt], UserMisaligned.after
UserMisaligned:
    mov eax, [abs Unaligned + 1]
.after:
    USER_END

Privileged:
    mov dword [LastVector], NONE
    mov qword [ResumeAt], UserPrivileged.after
UserPrivileged:
    hlt
.after:
    USER_END

Interrupt60:
    mov dword [LastVector], NONE
    mov qword [ResumeAt], UserInterrupt60.after
UserInterrupt60:
    int 0x60
.after:
    USER_END

Breakpoint:
    mov dword [LastVector], NONE
    mov qword [ResumeAt], UserBreakpoint
    int3
UserBreakpoint:
    USER_END

    align 16
Unaligned:      times 4 dq 0
HandlerFlags:   dq 0
OldStack:       dq 0
FreshStack:     dq 0x600000
    times 1024 db 0
    align 16
Ist1Top:
    times 1024 db 0
    align 16
Ist2Top:
    align 4096
Page:           times 4096 db 0
    GUEST_END
