; Checks what the processor and the host let a kernel do: CPUID, MSRs, control registers, exceptions.
;   AMD64 APM vol. 2, "Exceptions and Interrupts", "System-Control Registers"; Linux documentation, "KVM CPUID bits".
%include "guest.inc"
%include "check.inc"

%define UD 6
%define GP 13

    GUEST
    LONG_MODE
    CHECKS

; Exceptions.
    CHECK_FAULT UD, "ud2", "UD2 raises #UD"
    xor edx, edx
    xor ecx, ecx
    mov eax, 1
    CHECK_FAULT 0, "div ecx", "division by zero raises #DE"
    mov rbx, 0x0000123456789000
    CHECK_FAULT 14, "mov eax, [rbx]", "an access to an unmapped page raises #PF"
    mov rax, cr2
    cmp rax, rbx
    CHECK e, "CR2 has its address"
    cmp qword [LastError], 0
    CHECK e, "its error code says read, not present"
    mov rbx, 0x8000000000000000
    CHECK_FAULT GP, "mov eax, [rbx]", "a non-canonical address raises #GP"
    CHECK_FAULT 3, "int3", "INT3 raises #BP"

; Control registers and XSETBV.
    mov eax, 1
    cpuid
    test ecx, 1 << 26
    jz .noXsave
    xor ecx, ecx
    mov eax, 1
    xor edx, edx
    CHECK_FAULT UD, "xsetbv", "XSETBV without OSXSAVE raises #UD"
    mov rax, cr4
    or rax, 1 << 18
    mov cr4, rax
    mov eax, 1
    cpuid
    test ecx, 1 << 27
    CHECK nz, "CPUID shows OSXSAVE"
    xor ecx, ecx
    xor eax, eax
    xor edx, edx
    CHECK_FAULT GP, "xsetbv", "XCR0 without x87 raises #GP"
    mov eax, 5
    CHECK_FAULT GP, "xsetbv", "XCR0 with AVX but no SSE raises #GP"
    mov ecx, 1
    mov eax, 1
    CHECK_FAULT GP, "xsetbv", "an absent XCR raises #GP"
    xor ecx, ecx
    mov eax, 3
    xsetbv
    xgetbv
    cmp eax, 3
    CHECK e, "XCR0 keeps x87 and SSE"
.noXsave:

; MSRs.
    mov ecx, 0xC0000100
    mov eax, 0x1234
    mov edx, 0x7FFF
    wrmsr
    rdmsr
    cmp eax, 0x1234
    CHECK e, "FS.base keeps what is written"
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov rbx, rax
    mov ecx, 0x10
    rdmsr
    shl rdx, 32
    or rax, rdx
    IF_HOSTED .done
    cmp rax, rbx
    CHECK ae, "the TSC's MSR goes on from RDTSC"
    rdtsc
    shl rdx, 32
    or rdx, rax
    mov rbx, rdx
    mov ecx, 0xC0000103
    mov eax, 0x5A
    xor edx, edx
    wrmsr
    rdtscp
    cmp ecx, 0x5A
    CHECK e, "RDTSCP gives TSC_AUX"
    shl rdx, 32
    or rax, rdx
    cmp rax, rbx
    CHECK ae, "RDTSCP goes on from RDTSC"
    mov ecx, 0x0BADC0DE
    CHECK_FAULT GP, "rdmsr", "reading an unknown MSR raises #GP"
    CHECK_FAULT GP, "wrmsr", "writing an unknown MSR raises #GP"

; The host's policy, and what emulators do not check.
    mov eax, 16
    CHECK_FAULT GP, "mov cr8, rax", "a reserved bit of CR8 raises #GP"
    mov ecx, 0xC0000080
    rdmsr
    mov ebx, eax
    bts eax, 1
    CHECK_FAULT GP, "wrmsr", "a reserved bit of EFER raises #GP"
    rdmsr
    cmp eax, ebx
    CHECK e, "EFER is as before"
    mov rbx, cr4
    mov eax, 1 << 31
    or rax, rbx
    CHECK_FAULT GP, "mov cr4, rax", "a reserved bit of CR4 raises #GP"
    mov rax, cr4
    cmp rax, rbx
    CHECK e, "CR4 is as before"
    mov eax, 0x40000000
    cpuid
    cmp ecx, "VMKV"
    CHECK e, "the hypervisor's signature is KVM's"
    cmp edx, "M"
    CHECK e, "to its end"
    mov eax, 1
    cpuid
    bt ecx, 31
    CHECK c, "CPUID shows a hypervisor"
    test ecx, 1 << 3
    CHECK z, "there is no MONITOR"
    mov eax, 0x80000001
    cpuid
    test ecx, 1 << 2
    CHECK z, "there is no SVM"
    mov eax, 0x8000000A
    cpuid
    or eax, ebx
    or eax, ecx
    or eax, edx
    CHECK z, "SVM's leaf is empty"
    mov ecx, 0xC0000080
    rdmsr
    bts eax, 12
    CHECK_FAULT GP, "wrmsr", "EFER.SVME raises #GP"
    xor eax, eax
    CHECK_FAULT UD, "vmrun", "VMRUN raises #UD"
    CHECK_FAULT UD, "vmload", "VMLOAD raises #UD"
    CHECK_FAULT UD, "vmsave", "VMSAVE raises #UD"
    CHECK_FAULT UD, "clgi", "CLGI raises #UD"
    CHECK_FAULT UD, "stgi", "STGI raises #UD"
    CHECK_FAULT UD, "invlpga", "INVLPGA raises #UD"
    CHECK_FAULT UD, "skinit", "SKINIT raises #UD"
    xor ecx, ecx
    xor edx, edx
    CHECK_FAULT UD, "monitor", "MONITOR raises #UD"
    CHECK_FAULT UD, "mwait", "MWAIT raises #UD"
    xor ecx, ecx
    CHECK_FAULT GP, "rdpmc", "RDPMC raises #GP"
    xor eax, eax
    cpuid
    mov r8d, ecx                        ; "cAMD", "ntel": each vendor has an instruction of its own
    mov eax, 99
    cmp r8d, "ntel"
    je .vmcall
    vmmcall
    jmp .called
.vmcall:
    vmcall
.called:
    cmp rax, -1000
    CHECK e, "an unknown hypercall is answered with ENOSYS"
    wbinvd
    invd
    mov eax, 1
    cmp eax, 1
    CHECK e, "WBINVD and INVD pass"
.done:
    CHECKS_END
    GUEST_END
