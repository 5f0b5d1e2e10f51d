; What compiled C# calls with conventions of its own, and memory moves. System V AMD64 ABI otherwise: arguments in RDI, RSI, RDX, RCX, R8, R9.
bits 64
default rel
%include "kernel/Platform/Stack.inc"

section .text
; void* memmove(void* destination, void* source, nuint bytes). SSE, not REP MOVSB: a REP iteration costs an instruction each where the
; processor has no fast-string feature. Up to 32 bytes all is read before anything is written; of more the
; end is, and the rest goes in the direction in which an overlap does no harm.
global memmove
memmove:
    mov rax, rdi
    cmp rdx, 16
    jbe .to16
    cmp rdx, 32
    ja .long
    movups xmm0, [rsi]
    movups xmm1, [rsi + rdx - 16]
    movups [rdi], xmm0
    movups [rdi + rdx - 16], xmm1
    ret
.to16:
    cmp rdx, 8
    jb .to7
    mov rcx, [rsi]
    mov r8, [rsi + rdx - 8]
    mov [rdi], rcx
    mov [rdi + rdx - 8], r8
    ret
.to7:
    cmp rdx, 4
    jb .to3
    mov ecx, [rsi]
    mov r8d, [rsi + rdx - 4]
    mov [rdi], ecx
    mov [rdi + rdx - 4], r8d
    ret
.to3:
    test rdx, rdx
    jz .done
    mov r10, rdx
    shr r10, 1
    mov cl, [rsi]
    mov r8b, [rsi + r10]
    mov r9b, [rsi + rdx - 1]
    mov [rdi], cl
    mov [rdi + r10], r8b
    mov [rdi + rdx - 1], r9b
.done:
    ret
.long:
    mov rcx, rdi
    sub rcx, rsi
    cmp rcx, rdx
    jb .backward                        ; destination inside [source, source + bytes)
    movups xmm2, [rsi + rdx - 32]
    movups xmm3, [rsi + rdx - 16]
    sub rsi, rdi                            ; RDI moves alone
    jmp .next128
.by128:
%assign offset 0
%rep 8
    movups xmm0, [rsi + rdi + offset]
    movups [rdi + offset], xmm0
%assign offset offset + 16
%endrep
    add rdi, 128
.next128:
    sub rdx, 128
    jae .by128
    add rdx, 128
    jmp .next16
.by16:
    movups xmm0, [rsi + rdi]
    movups [rdi], xmm0
    add rdi, 16
    sub rdx, 16
.next16:
    cmp rdx, 32
    ja .by16
    movups [rdi + rdx - 32], xmm2
    movups [rdi + rdx - 16], xmm3
    ret
.backward:
    mov r8, [rsi]
.backward8:
    mov rcx, [rsi + rdx - 8]
    mov [rdi + rdx - 8], rcx
    sub rdx, 8
    cmp rdx, 8
    ja .backward8
    mov [rdi], r8
    ret

; void* memset(void* destination, int value, nuint bytes)
global memset
memset:
    mov r8, rdi
    movzx eax, sil
    mov rcx, 0x0101010101010101
    imul rax, rcx
    movq xmm0, rax
    punpcklqdq xmm0, xmm0
    sub rdx, 1024
    jb .rest
.by1024:                                ; whole blocks of guest memory come this way
%assign offset 0
%rep 64
    movups [rdi + offset], xmm0
%assign offset offset + 16
%endrep
    add rdi, 1024
    sub rdx, 1024
    jae .by1024
.rest:
    add rdx, 1024
.by16:
    cmp rdx, 16
    jb .by1
    movups [rdi], xmm0
    add rdi, 16
    sub rdx, 16
    jmp .by16
.by1:
    mov ecx, edx
    rep stosb                           ; fewer than 16
    mov rax, r8
    ret

; Reference stores: no collector, so no barrier.
global RhpAssignRef, RhpCheckedAssignRef, RhpByRefAssignRef
RhpAssignRef:
RhpCheckedAssignRef:
    mov [rdi], rsi
    ret
RhpByRefAssignRef:
    mov rcx, [rsi]
    mov [rdi], rcx
    add rdi, 8
    add rsi, 8
    ret

; R11 = dispatch cell, RDI = this; all argument registers must survive.
global RhpInitialDynamicInterfaceDispatch
extern KernelResolveInterface
RhpInitialDynamicInterfaceDispatch:
    PUSH rdi, rsi, rdx, rcx, r8, r9
    sub rsp, 8
    mov rsi, r11
    call KernelResolveInterface
    add rsp, 8
    POP rdi, rsi, rdx, rcx, r8, r9
    jmp rax

; R11 = lowest address of a frame larger than a page: every page down to it is touched, so that none jumps over the guard. R10 may change.
global RhpStackProbe
RhpStackProbe:
    mov r10, rsp
.next:
    sub r10, 4096
    test [r10], al
    cmp r10, r11
    ja .next
    ret

; void KernelFail(FailureKind kind): an interrupt, so that the report has a stack of its own, however full this one is. RDI holds the kind,
; RSI where the caller would go on, and RSP and RBP are the caller's. Does not return.
global KernelFail
KernelFail:
    pop rsi
    int 0x20                            ; Vectors.FailedCheck
    ud2

; bool EnterFaultDomain(FaultDomain* domain, object target): calls the target's Run under the domain. A fault inside comes back here, as
; LeaveFaultDomain, with the callee-saved registers as they were.
global EnterFaultDomain, LeaveFaultDomain
extern KernelRunInDomain
EnterFaultDomain:
    PUSH_CALLEE_SAVED
    sub rsp, 8
    mov [rdi], rsp
    mov rdi, rsi
    call KernelRunInDomain
    mov eax, 1
.leave:
    add rsp, 8
    POP_CALLEE_SAVED
    ret
LeaveFaultDomain:                       ; (FaultDomain* domain), does not return to its caller
    mov rsp, [rdi]
    xor eax, eax
    jmp EnterFaultDomain.leave

section .data
align 8
global __security_cookie, RhpTrapThreads
__security_cookie: dq 0x7B1F5A3C9D2E4086
RhpTrapThreads: dq 0
section .text
global RhpGcPoll
RhpGcPoll:
    ret
