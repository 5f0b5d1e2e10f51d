; A self-IPI through x2APIC: sent, delivered, its EOI left out as the host's EOI word allows. Linux, Documentation/virt/kvm/x86/msr.rst.
%include "bench.inc"

MSR_KVM_PV_EOI_EN   equ 0x4B564D04

    BENCH
    APIC
    mov eax, LeaveOut
    mov edi, InterruptTable + 16 * APIC_VECTOR
    mov [rdi], ax
    shr eax, 16
    mov [rdi + 6], ax
    mov ecx, MSR_KVM_PV_EOI_EN
    mov eax, EoiWord + 1
    xor edx, edx
    wrmsr
    jmp Begin
LeaveOut:
    btr dword [EoiWord], 0
    jnc ApicInterrupt
    sub dword [Missing], 1
    iretq
    align 4
EoiWord: dd 0
Begin:
    REPEAT
    mov ecx, X2APIC_SELF_IPI
    mov eax, APIC_VECTOR
    xor edx, edx
    wrmsr
    REPEAT_END
