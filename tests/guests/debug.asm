; Checks single steps over instructions that the host executes for the guest, and breakpoints: AMD64 APM vol. 2, "Debug Registers",
; "Single Stepping". Each step must end right behind its instruction, with DR6.BS set.
%include "guest.inc"
%include "check.inc"

TF equ 1 << 8

; What, text: whether a single step over one instruction ends behind it.
%macro CHECK_STEP 2+
    mov qword [Hook], EndStep
    mov dword [LastVector], -1
    mov qword [StepRip], 0
    mov eax, 1
    xor ecx, ecx
    mov edx, COM1 + 7
    mov edi, Buffer
    pushfq
    or qword [rsp], TF
    popfq
    %deftok %%instruction %1
    %%instruction
%%after:
    nop
    nop
    pushfq
    and qword [rsp], ~TF
    popfq
    mov qword [Hook], 0
    cmp qword [StepRip], %%after
    CHECK e, %2
%endmacro

    GUEST
    LONG_MODE
    CHECKS
    CHECK_STEP "nop", "a step over NOP"
    mov rax, dr6
    test eax, 1 << 14
    CHECK nz, "DR6.BS is set"
    CHECK_STEP "mov eax, [r15 + APIC_ID]", "a step over a read of the APIC"
    CHECK_STEP "mov dword [r15 + APIC_TPR], 0", "a step over a write to the APIC"
    CHECK_STEP "cpuid", "a step over CPUID"
    CHECK_STEP "in al, dx", "a step over IN"
    CHECK_STEP "out dx, al", "a step over OUT"
    CHECK_STEP "insb", "a step over INSB"
    mov ecx, 0xC0000080
    CHECK_STEP "rdtsc", "a step over RDTSC"
    CHECK_STEP "mov rbx, cr8", "a step over a read of CR8"
    mov rbx, cr4
    CHECK_STEP "mov cr4, rbx", "a step over a write to CR4"
    CHECK_STEP "mov rbx, dr3", "a step over a read of DR3"
    CHECK_STEP "wbinvd", "a step over WBINVD"

; A breakpoint on an instruction comes before it.
    mov eax, .target
    mov dr0, rax
    xor eax, eax
    mov dr6, rax
    mov rax, dr0
    cmp rax, .target
    CHECK e, "DR0 keeps its address"
    cmp byte [IsHosted], 0
    jne .done                           ; QEMU's emulation of SVM does not arm what the host puts into a guest's DR7
    mov eax, 0x402
    mov dr7, rax
    mov qword [Hook], EndStep
    mov qword [StepRip], 0
.target:
    nop
    nop
    mov qword [Hook], 0
    mov eax, 0x400
    mov dr7, rax
    cmp qword [StepRip], .target
    CHECK e, "a breakpoint stops at its instruction"
    mov rax, dr6
    test eax, 1
    CHECK nz, "DR6.B0 is set"
.done:
    CHECKS_END

; Keeps the first step's RIP and ends stepping; RF lets a breakpoint's instruction pass.
EndStep:
    cmp eax, 1
    jne .done
    mov rcx, [rbx]
    cmp qword [StepRip], 0
    jne .ended
    mov [StepRip], rcx
.ended:
    and dword [rbx + 16], ~TF
    or dword [rbx + 16], 1 << 16
.done:
    ret

    align 8
StepRip:    dq 0
Buffer:     dq 0
    GUEST_END
