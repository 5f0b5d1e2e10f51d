; The world switch. AMD APM vol. 2, "VMRUN Instruction". GuestRegisters (kernel/Virtualization/GuestRegisters.cs): 16 general registers by
; hardware number, then 16 XMM registers, then MXCSR. RAX, RSP, RIP and RFLAGS are in the VMCB.
bits 64
default rel
%include "kernel/Virtualization/Speculation.inc"

XMM     equ 16 * 8
MXCSR   equ XMM + 16 * 16

section .text
; void SvmRun(GuestRegisters* registers, ulong guestVmcb, ulong hostVmcb): interrupts off on entry, on at return. While GIF is clear
; nothing can come between the two worlds; what is pending then comes at STGI, with the host's state back in place.
global SvmRun
SvmRun:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    push rdx
    push rdi
    ldmxcsr [rdi + MXCSR]
%assign register 0
%rep 16
    movups xmm %+ register, [rdi + XMM + register * 16]
%assign register register + 1
%endrep
    SPECULATION_ENTRY
    mov rax, rsi
    mov rcx, [rdi + 1 * 8]
    mov rdx, [rdi + 2 * 8]
    mov rbx, [rdi + 3 * 8]
    mov rbp, [rdi + 5 * 8]
    mov rsi, [rdi + 6 * 8]
    mov r8, [rdi + 8 * 8]
    mov r9, [rdi + 9 * 8]
    mov r10, [rdi + 10 * 8]
    mov r11, [rdi + 11 * 8]
    mov r12, [rdi + 12 * 8]
    mov r13, [rdi + 13 * 8]
    mov r14, [rdi + 14 * 8]
    mov r15, [rdi + 15 * 8]
    mov rdi, [rdi + 7 * 8]
    clgi
    sti
    vmload
    vmrun
    vmsave
    push rdi
    mov rdi, [rsp + 8]
    mov [rdi + 1 * 8], rcx
    mov [rdi + 2 * 8], rdx
    mov [rdi + 3 * 8], rbx
    mov [rdi + 5 * 8], rbp
    mov [rdi + 6 * 8], rsi
    pop qword [rdi + 7 * 8]
    mov [rdi + 8 * 8], r8
    mov [rdi + 9 * 8], r9
    mov [rdi + 10 * 8], r10
    mov [rdi + 11 * 8], r11
    mov [rdi + 12 * 8], r12
    mov [rdi + 13 * 8], r13
    mov [rdi + 14 * 8], r14
    mov [rdi + 15 * 8], r15
%assign register 0
%rep 16
    movups [rdi + XMM + register * 16], xmm %+ register
%assign register register + 1
%endrep
    SPECULATION_EXIT
    stmxcsr [rdi + MXCSR]
    ldmxcsr [HostMxcsr]
    mov rax, [rsp + 8]
    vmload
    stgi
    add rsp, 16
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret

; void SvmSaveHost(ulong hostVmcb)
global SvmSaveHost
SvmSaveHost:
    mov rax, rdi
    vmsave
    ret

section .rodata
align 4
HostMxcsr: dd 0x1F80

section .bss
alignb 4096
global SvmPermissionMaps
SvmPermissionMaps: resb 0x3000 + 0x2000 ; I/O, then MSRs

section .text
global SvmPermissionMapsAddress
SvmPermissionMapsAddress:
    lea rax, [SvmPermissionMaps]
    ret
