; Single steps over instructions that the host executes for the guest, and breakpoints: AMD64 APM vol. 2, "Debug Registers", "Breakpoints",
; "Single Stepping".
%include "guest.inc"
%include "check.inc"

DR6_ONES    equ 0xFFFF0FF0
DR7_ONES    equ 0x400
CR4_DE      equ 1 << 3

; Instruction, text: whether a single step over it ends behind it. EAX 1, ECX an MSR and a count, EDX a port, RDI and RSI a buffer.
%macro CHECK_STEP 2+
    mov qword [Hook], EndStep
    mov qword [StepRip], 0
    mov eax, 1
    mov edx, COM1 + 7
    mov esi, Buffer
    mov edi, Buffer
    mov ebx, APIC
    mov ecx, 0xC0000080
    mov r9, cr3
    mov r10, cr4
    pushfq
    or qword [rsp], RFLAGS_TF
    popfq
    %deftok %%instruction %1
    %%instruction
%%after:
    nop
    nop
    pushfq
    and qword [rsp], ~RFLAGS_TF
    popfq
    mov qword [Hook], 0
    EXPECT [StepRip], %%after, %2
%endmacro

; Address and DR7 bits of breakpoint 0.
%macro BREAK 2
    mov rax, %1
    mov dr0, rax
    mov eax, DR6_ONES
    mov dr6, rax
    mov eax, DR7_ONES + (%2)
    mov dr7, rax
    mov qword [Hook], EndStep
    mov qword [StepRip], 0
%endmacro

%macro BREAK_ENDS 0
    mov eax, DR7_ONES
    mov dr7, rax
    mov qword [Hook], 0
%endmacro

LOCAL0      equ 1
EXECUTE0    equ 0
WRITE0_1    equ 0x10000
WRITE0_4    equ 0xD0000
ACCESS0_4   equ 0xF0000
PORT0_1     equ 0x20000
GENERAL_DETECT equ 0x2000

    GUEST
    LONG_MODE
    CHECKS

    GROUP "debug: registers"
    mov rax, 0x123456789A
    mov dr0, rax
    mov rbx, dr0
    cmp rax, rbx
    CHECK e, "DR0 keeps its address"
    mov dr3, rax
    mov rbx, dr3
    cmp rax, rbx
    CHECK e, "so does DR3"
    xor eax, eax
    mov dr0, rax
    mov dr3, rax
    mov dr6, rax
    mov rax, dr6
    EXPECT eax, DR6_ONES, "DR6: bits that are always set"
    mov eax, 0xFFFFFFFF
    mov dr6, rax
    mov rax, dr6
    and eax, ~0x11800                   ; RTM, bus locks: where there are such
    EXPECT eax, 0xFFFEE7FF, "DR6: bits that can be set"
    mov eax, DR6_ONES
    mov dr6, rax
    xor eax, eax
    mov dr7, rax
    mov rax, dr7
    EXPECT eax, DR7_ONES, "DR7: the bit that is always set"
    mov rax, dr4
    EXPECT eax, DR6_ONES, "DR4 is DR6"
    mov rax, dr5
    EXPECT eax, DR7_ONES, "DR5 is DR7"
    mov rax, 1 << 32
    RAISES GP, 0, "mov dr6, rax", "DR6: the upper half"
    RAISES GP, 0, "mov dr7, rax", "DR7: the upper half"
    mov rax, cr4
    or eax, CR4_DE
    mov cr4, rax
    RAISES UD, 0, "mov rax, dr4", "DR4 with CR4.DE"
    RAISES UD, 0, "mov dr5, rax", "DR5 with CR4.DE"
    mov rax, cr4
    and eax, ~CR4_DE
    mov cr4, rax
    USER ReadDebug
    CHECK_RAISED GP, 0, ReadDebug.at, "DR0 in ring 3"

    GROUP "debug: single steps"
    CHECK_STEP "nop", "NOP"
    mov rax, dr6
    and eax, 1 << 14
    EXPECT eax, 1 << 14, "DR6.BS is set"
    CHECK_STEP "mov eax, [rsi]", "a load"
    CHECK_STEP "movsb", "MOVSB"

    GROUP "debug: single steps over what a host executes"
    CHECK_STEP "mov eax, [rbx + APIC_ID]", "a load from the APIC"
    CHECK_STEP "mov dword [rbx + APIC_TPR], 0", "a store to the APIC"
    CHECK_STEP "or dword [rbx + APIC_TPR], 0", "a read-modify-write of the APIC"
    CHECK_STEP "cpuid", "CPUID"
    CHECK_STEP "in al, dx", "IN"
    CHECK_STEP "out dx, al", "OUT"
    CHECK_STEP "insb", "INSB"
    CHECK_STEP "outsb", "OUTSB"
    CHECK_STEP "rdmsr", "RDMSR"
    CHECK_STEP "rdtsc", "RDTSC"
    CHECK_STEP "mov rax, cr8", "a read of CR8"
    CHECK_STEP "mov cr8, r8", "a write to CR8"
    CHECK_STEP "mov cr3, r9", "a write to CR3"
    CHECK_STEP "mov cr4, r10", "a write to CR4"
    CHECK_STEP "mov rax, dr3", "a read of DR3"
    CHECK_STEP "mov dr3, r8", "a write to DR3"
    CHECK_STEP "wbinvd", "WBINVD"
    CHECK_STEP "invlpg [rsi]", "INVLPG"

    GROUP "debug: single steps by iterations and into handlers"
    mov qword [Hook], CountSteps
    mov dword [Steps], 0
    mov edi, Buffer
    mov ecx, 3
    mov edx, COM1 + 7
    pushfq
    or qword [rsp], RFLAGS_TF
    popfq
    rep insb
.repeated:
    pushfq
    and qword [rsp], ~RFLAGS_TF
    popfq
    mov qword [Hook], 0
    cmp dword [StepsInRepeat], 2        ; an emulator may look at RCX once more
    CHECK ae, "REP INSB traps after each iteration"
    mov qword [Hook], CountSteps
    mov dword [Steps], 0
    pushfq
    or qword [rsp], RFLAGS_TF
    popfq
    int 0x60
    pushfq
    and qword [rsp], ~RFLAGS_TF
    popfq
    mov qword [Hook], 0
    cmp dword [Steps], 4
    CHECK be, "a handler is not stepped through"

    GROUP "debug: breakpoints on instructions"
    BREAK .target, LOCAL0 + EXECUTE0
.target:
    nop
    nop
    BREAK_ENDS
    cmp qword [StepRip], 0
    SKIP_IF e, .noBreakpoints, "none comes: QEMU 7's SVM does not arm what VMRUN loads into DR7"
    EXPECT [StepRip], .target, "it comes before its instruction"
    mov rax, dr6
    and eax, 0xF
    EXPECT eax, 1, "DR6.B0 is set"
    BREAK .hosted, LOCAL0 + EXECUTE0
    mov ecx, 0xC0000080
.hosted:
    rdmsr
    BREAK_ENDS
    EXPECT [StepRip], .hosted, "before an instruction of the host's, and RF lets it pass"

    GROUP "debug: breakpoints on data"
    BREAK Buffer, LOCAL0 + WRITE0_4
    mov eax, [Buffer]
    mov [Buffer + 2], al
.written:
    nop
    BREAK_ENDS
    EXPECT [StepRip], .written, "a write traps behind it, a read does not"
    BREAK Buffer, LOCAL0 + ACCESS0_4
    mov eax, [Buffer]
.accessed:
    nop
    BREAK_ENDS
    EXPECT [StepRip], .accessed, "with R/W 3 a read does"
    BREAK Buffer, LOCAL0 + WRITE0_1
    mov [Buffer + 1], al
    nop
    BREAK_ENDS
    EXPECT [StepRip], 0, "the byte beside it is none of its"
    BREAK Buffer, WRITE0_4
    mov [Buffer], eax
    nop
    BREAK_ENDS
    EXPECT [StepRip], 0, "without an enable bit nothing comes"

    GROUP "debug: breakpoints on data that a host accesses"
    BREAK APIC + APIC_TPR, LOCAL0 + WRITE0_4
    mov dword [r15 + APIC_TPR], 0
.stored:
    nop
    BREAK_ENDS
    EXPECT [StepRip], .stored, "a store to the APIC"
    mov rax, dr6
    and eax, 0xF
    EXPECT eax, 1, "DR6.B0 is set"
    BREAK APIC + APIC_TPR, LOCAL0 + ACCESS0_4
    mov eax, [r15 + APIC_TPR]
.loaded:
    nop
    BREAK_ENDS
    EXPECT [StepRip], .loaded, "a load from the APIC"
    BREAK APIC + APIC_TPR, LOCAL0 + WRITE0_4
    mov eax, [r15 + APIC_TPR]
    nop
    BREAK_ENDS
    EXPECT [StepRip], 0, "a load is no write"
    BREAK APIC + APIC_TPR, LOCAL0 + ACCESS0_4
    mov eax, [r15 + APIC_ID]
    nop
    BREAK_ENDS
    EXPECT [StepRip], 0, "nor is it another register"
    BREAK Buffer + 1, LOCAL0 + WRITE0_1
    mov edi, Buffer
    mov ecx, 3
    mov edx, COM1 + 7
    rep insb
    BREAK_ENDS
    cmp qword [StepRip], 0
    CHECK ne, "REP INSB to a buffer"

    GROUP "debug: breakpoints on ports"
    mov rax, cr4
    or eax, CR4_DE
    mov cr4, rax
    BREAK COM1 + 7, LOCAL0 + PORT0_1
    mov edx, COM1 + 7
    in al, dx
.input:
    nop
    BREAK_ENDS
    EXPECT [StepRip], .input, "IN traps behind it"
    BREAK COM1 + 7, LOCAL0 + PORT0_1
    out dx, al
.output:
    nop
    BREAK_ENDS
    EXPECT [StepRip], .output, "OUT traps behind it"
    mov rax, dr6
    and eax, 0xF
    EXPECT eax, 1, "DR6.B0 is set"
    BREAK COM1 + 7, LOCAL0 + PORT0_1
    mov esi, Buffer
    outsb
.string:
    nop
    BREAK_ENDS
    EXPECT [StepRip], .string, "OUTSB traps behind it"
    BREAK COM1 + 6, LOCAL0 + PORT0_1
    in al, dx
    nop
    BREAK_ENDS
    EXPECT [StepRip], 0, "the port beside it is another"
    mov rax, cr4
    and eax, ~CR4_DE
    mov cr4, rax
    SKIP_ON_QEMU .noPorts, "QEMU does not look at CR4.DE"
    BREAK COM1 + 7, LOCAL0 + PORT0_1
    in al, dx
    nop
    BREAK_ENDS
    EXPECT [StepRip], 0, "without CR4.DE there are none"
.noPorts:

    GROUP "debug: general detect"
    BREAK 0, GENERAL_DETECT
    mov qword [ResumeAt], .detected
    mov qword [Hook], 0
    mov dword [LastVector], NONE
.detect:
    mov rax, dr0
.detected:
    CHECK_RAISED DB_, 0, .detect, "an access to a debug register"
    mov rax, dr6
    and eax, 1 << 13
    EXPECT eax, 1 << 13, "DR6.BD is set"
    BREAK_ENDS
.noBreakpoints:
    CHECKS_END

; Keeps the first step's RIP and ends stepping; RF lets a breakpoint's instruction pass.
EndStep:
    cmp eax, DB_
    jne .done
    mov rcx, [rbx]
    cmp qword [StepRip], 0
    jne .ended
    mov [StepRip], rcx
.ended:
    and dword [rbx + 16], ~RFLAGS_TF
    or dword [rbx + 16], RFLAGS_RF
.done:
    ret

; A hook: how many steps there are, and how many of them stand at REP INSB.
CountSteps:
    cmp eax, DB_
    jne .done
    add dword [Steps], 1
    mov rcx, [rbx]
    cmp byte [rcx], 0xF3
    jne .done
    add dword [StepsInRepeat], 1
.done:
    ret

; In ring 3.
ReadDebug:
    mov dword [LastVector], NONE
    mov qword [ResumeAt], .after
.at:
    mov rax, dr0
.after:
    USER_END

    align 8
StepRip:        dq 0
Buffer:         dq 0, 0
Steps:          dd 0
StepsInRepeat:  dd 0
    GUEST_END
