; The world switch and the instructions of VMX. Intel SDM vol. 3, "VM Entries" and "VM Exits". GuestRegisters
; (kernel/Virtualization/GuestRegisters.cs): 16 general registers by hardware number, then 16 XMM registers, then MXCSR. RSP, RIP and RFLAGS
; are in the VMCS. VmxRunState (kernel/Virtualization/Vmx/VmxContext.cs): what is in neither.
bits 64
default rel
%include "kernel/Platform/Stack.inc"
%include "kernel/Virtualization/GuestRegisters.inc"
%include "kernel/Virtualization/Speculation.inc"

HOST_RSP      equ 0
FAULT_ADDRESS equ 8
LAUNCHED      equ 16

FIELD_HOST_RSP equ 0x6C14

section .text
; uint VmxRun(GuestRegisters* registers, VmxRunState* state): 0 after an exit, 1 when VMLAUNCH or VMRESUME failed. Interrupts off on entry and at
; return: an exit leaves them off, and an NMI that made it is to be taken before they come.
global VmxRun
VmxRun:
    PUSH_CALLEE_SAVED
    push rsi
    push rdi
    cmp [rsi + HOST_RSP], rsp
    je .stackKnown
    mov [rsi + HOST_RSP], rsp
    mov eax, FIELD_HOST_RSP
    vmwrite rax, rsp
.stackKnown:
    mov rax, [rsi + FAULT_ADDRESS]
    mov rcx, cr2
    cmp rax, rcx
    je .faultAddressLoaded
    mov cr2, rax
.faultAddressLoaded:
    LOAD_VECTORS
    SPECULATION_ENTRY
    test dword [SpeculationHooks], ENTRY_VERW
    bt dword [rsi + LAUNCHED], 0        ; leaves ZF alone, as VERW leaves CF, and MOV both
    mov rax, [rdi + 0 * 8]
    LOAD_GENERAL
    jz .overwritten
    verw [DataSelector]
.overwritten:
    jnc .launch
    vmresume
    jmp VmxExit
.launch:
    vmlaunch

; HOST_RIP. The processor has loaded RSP, segments, CR0, CR3, CR4, EFER, PAT and the descriptor tables' bases; RFLAGS is clear. An instruction
; that failed has set CF or ZF, changed nothing else and comes here as well.
global VmxExit
VmxExit:
    push rdi
    mov rdi, [rsp + 8]
    mov [rdi + 0 * 8], rax
    STORE_GENERAL
    setbe bl
    STORE_VECTORS
    SPECULATION_EXIT
    stmxcsr [rdi + MXCSR]
    ldmxcsr [HostMxcsr]
    mov rsi, [rsp + 8]
    mov rax, cr2
    mov [rsi + FAULT_ADDRESS], rax
    movzx eax, bl
    add rsp, 16
    POP_CALLEE_SAVED
    ret

%macro ENTRY 1
global %1
%1:
%endmacro

; One instruction that can fail. Returns 0, or what RFLAGS says of the failure: 1 VMfailInvalid, 2 VMfailValid.
%macro CHECKED 2+
ENTRY %1
    xor eax, eax
    xor ecx, ecx
    %2
    setc al
    setz cl
    lea eax, [rax + 2 * rcx]
    ret
%endmacro

CHECKED VmxOn, vmxon [rdi]              ; (ulong* region)
CHECKED VmxClear, vmclear [rdi]         ; (ulong* vmcs)
CHECKED VmxLoad, vmptrld [rdi]          ; (ulong* vmcs)
CHECKED VmxInvalidateEpt, invept rdi, [rsi]     ; (type, InveptDescriptor*)
CHECKED VmxInvalidateVpid, invvpid rdi, [rsi]   ; (type, InvvpidDescriptor*)
CHECKED VmxWrite, vmwrite rdi, rsi      ; (field, value)
ENTRY VmxRead                           ; (field): 0 where the processor does not have it
    xor eax, eax
    vmread rax, rdi
    ret
ENTRY VmxTakeNmi                        ; an NMI that made an exit is taken by it: the handler's IRET ends the block
    int 2
    ret
ENTRY VmxExitAddress
    lea rax, [VmxExit]
    ret
ENTRY VmxStoreHostTables                ; (VmxHostTables*): GDTR, IDTR, then CS, SS, TR
    sgdt [rdi]
    sidt [rdi + 16]
    mov [rdi + 32], cs
    mov [rdi + 34], ss
    str [rdi + 36]
    ret

section .rodata
align 4
HostMxcsr: dd 0x1F80
DataSelector: dw 0x10
