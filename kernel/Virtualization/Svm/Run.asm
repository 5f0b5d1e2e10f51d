; The world switch. AMD APM vol. 2, "VMRUN Instruction". RAX, RSP, RIP and RFLAGS are in the VMCB.
bits 64
default rel
%include "kernel/Platform/Stack.inc"
%include "kernel/Virtualization/GuestRegisters.inc"
%include "kernel/Virtualization/Speculation.inc"

section .text
; void SvmRun(GuestRegisters* registers, ulong guestVmcb, ulong hostVmcb): interrupts off on entry, on at return. While GIF is clear
; nothing can come between the two worlds; what is pending then comes at STGI, with the host's state back in place.
global SvmRun
SvmRun:
    PUSH_CALLEE_SAVED
    push rdx
    push rdi
    LOAD_VECTORS
    SPECULATION_ENTRY
    mov rax, rsi
    LOAD_GENERAL
    clgi
    sti
    vmload
    vmrun
    vmsave
    push rdi
    mov rdi, [rsp + 8]
    STORE_GENERAL
    STORE_VECTORS
    SPECULATION_EXIT
    stmxcsr [rdi + MXCSR]
    ldmxcsr [HostMxcsr]
    mov rax, [rsp + 8]
    vmload
    stgi
    add rsp, 16
    POP_CALLEE_SAVED
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
