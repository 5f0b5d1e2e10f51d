; One stub for each vector: pushes an error code where the processor does not, the vector, then all that C# may change.
; Intel SDM vol. 3, "Exception and Interrupt Handling in 64-bit Mode"; the frame is kernel/Platform/InterruptFrame.cs.
bits 64
default rel
%include "kernel/Platform/Stack.inc"
extern KernelInterrupt

section .text
%assign vector 0
%rep 256
align 8
Stub%[vector]:
%if vector = 8 || (vector >= 10 && vector <= 14) || vector = 17 || vector = 21 || vector = 29 || vector = 30
%else
    push 0
%endif
    push vector
%if vector = 2 || vector = 8 || vector = 18
    jmp SaveUnsure
%else
    jmp SaveAndDispatch
%endif
%assign vector vector + 1
%endrep

SaveAndDispatch:
    test byte [rsp + 24], 3             ; CS of what was interrupted
    jnz FromRing3
Save:
    PUSH rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    mov rdi, rsp
    mov rbx, rsp
    sub rsp, 16 * 16
    and rsp, -16
    cld
%assign register 0
%rep 16
    movaps [rsp + register * 16], xmm %+ register
%assign register register + 1
%endrep
    call KernelInterrupt
Restore:
%assign register 0
%rep 16
    movaps xmm %+ register, [rsp + register * 16]
%assign register register + 1
%endrep
    mov rsp, rbx
    POP rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    add rsp, 16
    iretq

; NMI, double fault, machine check: they may come where CS and GS disagree, beside a SWAPGS. Nothing goes on after one.
SaveUnsure:
    mov ecx, 0xC0000101                 ; GS_BASE: the kernel's is negative, and ring 3 cannot have one that is
    rdmsr
    test edx, edx
    js Save
FromRing3:
    swapgs
    push 2                              ; ring 3 can set AC, which switches SMAP off: CLAC, for processors without one too
    popfq
    jmp Save

; LSTAR. The frame is built as an interrupt's, on the thread's own stack, below what UserEnter left there. SFMASK has cleared AC, IF, DF and TF.
global SystemCallEntry
SystemCallEntry:
    swapgs
    mov [gs:48], rsp
    mov rsp, [gs:40]
    push 0x2B
    push qword [gs:48]
    push r11
    push 0x33
    push rcx
    push 0
    push 15                             ; UserMode.SystemCallVector
    jmp Save

; void UserEnter(UserContext* context): ring 3, by IRET; interrupts off. The dispatcher's return from what ends it leads to UserLeave, with
; RSP as it was kept here.
global UserEnter, UserLeave
UserEnter:
    PUSH_CALLEE_SAVED
    mov [gs:40], rsp
    mov rsp, rdi
    lea rbx, [rdi + 256]
    swapgs
    jmp Restore
UserLeave:
    POP_CALLEE_SAVED
    ret

section .rodata
align 8
global InterruptStubs
InterruptStubs:
%assign vector 0
%rep 256
    dq Stub%[vector]
%assign vector vector + 1
%endrep
