; One stub for each vector: pushes an error code where the processor does not, the vector, then all that C# may change.
; Intel SDM vol. 3, "Exception and Interrupt Handling in 64-bit Mode"; the frame is kernel/Platform/InterruptFrame.cs.
bits 64
default rel
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
    jmp SaveAndDispatch
%assign vector vector + 1
%endrep

SaveAndDispatch:
    push rax
    push rbx
    push rcx
    push rdx
    push rsi
    push rdi
    push rbp
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
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
%assign register 0
%rep 16
    movaps xmm %+ register, [rsp + register * 16]
%assign register register + 1
%endrep
    mov rsp, rbx
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rbp
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rbx
    pop rax
    add rsp, 16
    iretq

section .rodata
align 8
global InterruptStubs
InterruptStubs:
%assign vector 0
%rep 256
    dq Stub%[vector]
%assign vector vector + 1
%endrep
