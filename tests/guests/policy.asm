; What processor and host let a kernel do: CPUID, MSRs, control registers, instructions that are the host's. AMD APM vol. 2, "System-Control
; Registers", "Model-Specific Registers"; Intel SDM vol. 3A, "Control Registers", "MTRR" and "PAT"; Linux documentation, "KVM CPUID bits".
%include "guest.inc"
%include "check.inc"

EFER        equ 0xC0000080
PAT         equ 0x277
CR4_OSXSAVE equ 1 << 18

; MSR, low, high, text: keeps what is written; the old value comes back.
%macro MSR_KEEPS 4+
    mov ecx, %1
    rdmsr
    push rax
    push rdx
    mov eax, %2
    mov edx, %3
    PASSES "wrmsr", %4
    xor eax, eax
    xor edx, edx
    rdmsr
    EXPECT eax, %2, %4, " (low half)"
    EXPECT edx, %3, %4, " (high half)"
    pop rdx
    pop rax
    wrmsr
%endmacro

; MSR, low, high, text: a value that it does not take and that changes nothing.
%macro MSR_REFUSES 4+
    mov ecx, %1
    rdmsr
    mov ebx, eax
    mov esi, edx
    mov eax, %2
    mov edx, %3
    RAISES GP, 0, "wrmsr", %4
    rdmsr
    sub eax, ebx
    sub edx, esi
    or eax, edx
    EXPECT eax, 0, %4, " (changes nothing)"
%endmacro

%macro MSR_READS 2+
    mov ecx, %1
    PASSES "rdmsr", %2
%endmacro

%macro MSR_ABSENT 2+
    mov ecx, %1
    RAISES GP, 0, "rdmsr", %2
    xor eax, eax
    xor edx, edx
    RAISES GP, 0, "wrmsr", %2, " (written)"
%endmacro

; Leaf, subleaf, register, mask, value, text.
%macro CPUID_SHOWS 6+
    mov eax, %1
    mov ecx, %2
    cpuid
    mov edi, %3
    and edi, %4
    EXPECT edi, %5, %6
%endmacro

%macro SET_CR 2
    mov rax, %1
    or rax, %2
    mov %1, rax
%endmacro

; Register, bits in RBX beyond its value: the write raises #GP and changes nothing.
%macro CR_REFUSES 2+
    mov rsi, %1
    mov rax, rsi
    or rax, rbx
    %defstr %%name %1
    %strcat %%write "mov ", %%name, ", rax"
    RAISES GP, 0, %%write, %2
    mov rax, %1
    cmp rax, rsi
    CHECK e, %2, " (changes nothing)"
%endmacro

    GUEST
    LONG_MODE
    CHECKS

    GROUP "CPUID"
    CPUID_SHOWS 1, 0, edx, 0x07808131 & ~(1 << 23), 0x07008131, "what every x86-64 processor has: x87, TSC, MSR, CX8, CMOV, FXSR, SSE, SSE2"
    CPUID_SHOWS 0x80000001, 0, edx, 1 << 29, 1 << 29, "long mode"
    CPUID_SHOWS 1, 0, edx, 1 << 9, 1 << 9, "a local APIC"
    mov eax, 0x80000008
    cpuid
    movzx edi, ah
    EXPECT edi, 48, "linear addresses of 48 bits"
    cmp al, 36
    CHECK ae, "physical ones of 36 at least"
    mov eax, 0x0BADBAD0
    xor ecx, ecx
    PASSES "cpuid", "a leaf that is not there"

    GROUP "CPUID: the host's policy"
    IF_HOSTED .noPolicy
    mov eax, 0x40000000
    cpuid
    cmp ecx, "VMKV"
    CHECK e, "the hypervisor's signature is KVM's"
    cmp edx, "M"
    CHECK e, "to its end"
    CPUID_SHOWS 1, 0, ecx, 1 << 31, 1 << 31, "a hypervisor"
    CPUID_SHOWS 1, 0, ecx, 1 << 3, 0, "no MONITOR"
    CPUID_SHOWS 1, 0, ecx, 1 << 5, 0, "no VMX"
    CPUID_SHOWS 1, 0, ecx, 1 << 6, 0, "no SMX"
    CPUID_SHOWS 1, 0, ecx, 1 << 15, 0, "no performance capabilities"
    CPUID_SHOWS 0x80000001, 0, ecx, 1 << 2, 0, "no SVM"
    CPUID_SHOWS 0x80000001, 0, ecx, 1 << 12, 0, "no SKINIT"
    CPUID_SHOWS 7, 0, ecx, 1 << 16, 0, "no 57-bit addresses"
    CPUID_SHOWS 7, 0, ecx, (1 << 3) | (1 << 5), 0, "no protection keys and no WAITPKG"
    CPUID_SHOWS 7, 0, ebx, 1 << 2, 0, "no SGX"
    mov eax, 0x8000000A
    cpuid
    or eax, ebx
    or eax, ecx
    or eax, edx
    EXPECT eax, 0, "SVM's leaf is empty"
    mov eax, 0xA
    xor ecx, ecx
    cpuid
    or eax, ebx
    or eax, ecx
    EXPECT eax, 0, "so is that of the performance counters"
    CPUID_SHOWS 6, 0, eax, -1, 4, "the APIC's timer always runs"
.noPolicy:

    GROUP "MSRs: kept"
    MSR_KEEPS IA32_FS_BASE, 0x12345678, 0x7FFF, "FS.base"
    MSR_KEEPS 0xC0000101, 0x12345678, 0xFFFF8000, "GS.base"
    MSR_KEEPS 0xC0000102, 0x9ABCDEF0, 0x7FFF, "KernelGSbase"
    MSR_KEEPS 0xC0000081, 0x12345678, 0x00230010, "STAR"
    MSR_KEEPS 0xC0000082, 0x12345678, 0xFFFF8000, "LSTAR"
    MSR_KEEPS 0xC0000083, 0x12345678, 0xFFFF8000, "CSTAR"
    MSR_KEEPS 0xC0000084, 0x00047700, 0, "SFMASK"
    MSR_KEEPS 0x174, 0x10, 0, "SYSENTER_CS"
    MSR_KEEPS 0x175, 0x12345678, 0xFFFF8000, "SYSENTER_ESP"
    MSR_KEEPS 0x176, 0x12345678, 0xFFFF8000, "SYSENTER_EIP"
    MSR_KEEPS PAT, 0x00070106, 0x05040506, "PAT"
    MSR_KEEPS 0x2FF, 0xC06, 0, "MTRR default type"
    MSR_KEEPS 0x200, 0x80000006, 0, "the first variable MTRR's base"
    MSR_KEEPS 0x201, 0x80000800, 0, "its mask"
    MSR_KEEPS 0x20E, 0x40000000, 0, "the eighth's base"
    MSR_KEEPS 0x250, 0x06060606, 0x06060606, "a fixed MTRR"
    MSR_KEEPS 0x26F, 0x05050505, 0x05050505, "the last fixed MTRR"
    mov eax, 0x80000001
    cpuid
    test edx, 1 << 27
    jz .noAux
    MSR_KEEPS 0xC0000103, 0x5A, 0, "TSC_AUX"
    mov ecx, 0xC0000103
    mov eax, 0x5A
    xor edx, edx
    wrmsr
    rdtscp
    EXPECT ecx, 0x5A, "RDTSCP gives TSC_AUX"
.noAux:

    GROUP "MSRs: time-stamp counter"
    SKIP_ON_QEMU .noTsc, "QEMU has no MSR of the time-stamp counter"
    call ReadTsc
    mov rbx, rax
    mov ecx, 0x10
    rdmsr
    shl rdx, 32
    or rax, rdx
    cmp rax, rbx
    CHECK ae, "its MSR goes on from RDTSC"
    mov rbx, rax
    mov eax, 0x80000001
    cpuid
    test edx, 1 << 27
    jz .noRdtscp
    rdtscp
    shl rdx, 32
    or rax, rdx
    cmp rax, rbx
    CHECK ae, "RDTSCP goes on from it"
.noRdtscp:
    mov ecx, 0x10
    xor eax, eax
    mov edx, 0x100000
    wrmsr
    call ReadTsc
    shr rax, 32
    EXPECT eax, 0x100000, "a write moves it"
    mov eax, 7
    xor ecx, ecx
    cpuid
    test ebx, 2
    jz .noTsc
    mov ecx, 0x3B
    PASSES "rdmsr", "TSC_ADJUST, where CPUID offers it"
.noTsc:

    GROUP "MSRs: values"
    MSR_READS 0xFE, "MTRRcap"
    and eax, 0xFF
    cmp eax, 8
    CHECK ae, "eight variable MTRRs at least"
    MSR_READS 0x179, "MCG_CAP"
    MSR_READS 0x17A, "MCG_STATUS"
    EXPECT eax, 0, "no machine check"
    MSR_READS 0x1D9, "DEBUGCTL"
    MSR_READS 0x8B, "the microcode's revision"
    mov ecx, EFER
    rdmsr
    and eax, 0x500
    EXPECT eax, 0x500, "EFER.LME and LMA in long mode"

    GROUP "MSRs: refused"
    SKIP_ON_QEMU .noRefusals, "QEMU ignores what is wrong with most MSRs"
    MSR_ABSENT 0x0BADC0DE, "an MSR that nobody has"
    MSR_ABSENT 0xC0010117, "VM_HSAVE_PA"
    MSR_ABSENT 0x480, "VMX_BASIC"
    MSR_ABSENT 0xC0000105, "an MSR beside known ones"
    MSR_ABSENT 0x40000000, "Hyper-V's first"
    MSR_REFUSES PAT, 0x02, 0, "PAT: type 2"
    MSR_REFUSES PAT, 0, 0x08000000, "PAT: type 8"
    MSR_REFUSES 0x2FF, 0x102, 0, "MTRR default type: type 2"
    MSR_REFUSES 0x2FF, 0x10006, 0, "MTRR default type: a reserved bit"
    MSR_REFUSES 0x200, 0x80000106, 0, "variable MTRR: a reserved bit"
    MSR_REFUSES 0x201, 0x80000800, 0xFFFF0000, "variable MTRR: address bits beyond the processor's"
    MSR_REFUSES 0x250, 0x06060602, 0, "fixed MTRR: type 2"
    MSR_REFUSES 0xFE, 0, 0, "MTRRcap is read-only"
    MSR_REFUSES 0x179, 0, 0, "MCG_CAP is read-only"
.noRefusals:

    GROUP "MSRs: addresses that are not canonical"
    SKIP_ON_LAX .noCanonical, "an emulator that does not look"
    MSR_REFUSES IA32_FS_BASE, 0, 0x8000, "FS.base"
    MSR_REFUSES 0xC0000082, 0, 0x80000000, "LSTAR"
    MSR_REFUSES 0x175, 0, 0x80000000, "SYSENTER_ESP"
.noCanonical:

    GROUP "EFER"
    mov ecx, EFER
    rdmsr
    or eax, 0x801
    PASSES "wrmsr", "SCE and NXE"
    rdmsr
    and eax, 0xD01
    EXPECT eax, 0xD01, "they are set"
    SKIP_ON_QEMU .noEfer, "QEMU ignores what is wrong with it"
    MSR_REFUSES EFER, 0, 0, "LME stays set while paging is on"
    rdmsr
    mov edi, eax
    or edi, 2
    MSR_REFUSES EFER, edi, 0, "a reserved bit"
    rdmsr
    mov edi, eax
    or edi, 1 << 12
    MSR_REFUSES EFER, edi, 0, "SVME"
    rdmsr
    mov edi, eax
    MSR_REFUSES EFER, edi, 1, "a bit of the upper half"
.noEfer:

    GROUP "control registers"
    mov rax, cr4
    or eax, 0x80
    PASSES "mov cr4, rax", "CR4: global pages"
    mov rax, cr4
    and eax, 0x80
    EXPECT eax, 0x80, "they are on"
    mov rax, cr0
    or eax, 0x10020
    PASSES "mov cr0, rax", "CR0: WP and NE"
    smsw eax
    and eax, 0x10021
    EXPECT eax, 0x10021, "SMSW shows them"
    mov rax, cr0
    and eax, ~0x10000
    mov cr0, rax
    mov eax, 0xF
    lmsw ax
    mov rax, cr0
    and eax, 0xF
    EXPECT eax, 0xF, "LMSW sets MP, EM and TS"
    clts
    mov rax, cr0
    and eax, 0xF
    EXPECT eax, 7, "CLTS clears TS"
    mov eax, 1
    lmsw ax
    mov rax, cr0
    and eax, 0xF
    EXPECT eax, 1, "LMSW clears them, but for PE"
    RAISES UD, 0, "db 0x0F, 0x22, 0xC8", "there is no CR1"
    RAISES UD, 0, "db 0x0F, 0x22, 0xE8", "there is no CR5"

    GROUP "control registers: reserved bits"
    SKIP_ON_QEMU .noReserved, "QEMU ignores most of them"
    mov rbx, 1 << 31
    CR_REFUSES cr4, "CR4 bit 31"
    mov rbx, 1 << 32
    CR_REFUSES cr4, "CR4 bit 32"
    mov rbx, 1 << 13
    CR_REFUSES cr4, "CR4.VMXE"
    mov rbx, 1 << 12
    CR_REFUSES cr4, "CR4.LA57"
    mov eax, 16
    RAISES GP, 0, "mov cr8, rax", "CR8 has four bits"
    mov rax, cr8
    EXPECT eax, 0, "it is as before"
    mov rax, cr4
    and eax, ~0x20
    RAISES GP, 0, "mov cr4, rax", "CR4: long mode without PAE"
.noReserved:

    GROUP "control registers: what CR0 refuses"
    SKIP_ON_LAX .noRefusal, "an emulator whose CR0 takes what it should not"
    mov rsi, cr0
    mov rax, rsi
    or eax, 1 << 29
    RAISES GP, 0, "mov cr0, rax", "NW without CD"
    mov rax, rsi
    and eax, ~1
    RAISES GP, 0, "mov cr0, rax", "paging without protection"
    mov eax, esi
    and eax, 0x7FFFFFFF
    RAISES GP, 0, "mov cr0, rax", "64-bit code without paging"
    mov rbx, 1 << 32
    CR_REFUSES cr0, "bit 32"
.noRefusal:

    GROUP "XSETBV"
    mov eax, 1
    cpuid
    test ecx, 1 << 26
    SKIP_IF z, .noXsave, "CPUID offers no XSAVE"
    xor ecx, ecx
    mov eax, 1
    xor edx, edx
    RAISES UD, 0, "xsetbv", "without OSXSAVE"
    RAISES UD, 0, "xgetbv", "XGETBV without it"
    SET_CR cr4, CR4_OSXSAVE
    CPUID_SHOWS 1, 0, ecx, 1 << 27, 1 << 27, "CPUID shows OSXSAVE"
    xor ecx, ecx
    xor eax, eax
    xor edx, edx
    RAISES GP, 0, "xsetbv", "without x87"
    mov eax, 5
    RAISES GP, 0, "xsetbv", "AVX without SSE"
    mov eax, 3
    mov edx, 0x80000000
    RAISES GP, 0, "xsetbv", "a reserved bit"
    xor edx, edx
    mov ecx, 1
    mov eax, 1
    RAISES GP, 0, "xsetbv", "an absent XCR"
    xor ecx, ecx
    mov eax, 3
    xsetbv
    xgetbv
    EXPECT eax, 3, "x87 and SSE"
    mov dword [LastVector], NONE
    USER SetXcr
    CHECK_RAISED GP, 0, SetXcr.at, "in ring 3"
.noXsave:

    GROUP "instructions that are the host's"
    IF_HOSTED .done
    xor eax, eax
    xor ecx, ecx
    xor edx, edx
    RAISES UD, 0, "vmrun", "VMRUN"
    RAISES UD, 0, "vmload", "VMLOAD"
    RAISES UD, 0, "vmsave", "VMSAVE"
    RAISES UD, 0, "clgi", "CLGI"
    RAISES UD, 0, "stgi", "STGI"
    RAISES UD, 0, "invlpga", "INVLPGA"
    RAISES UD, 0, "skinit", "SKINIT"
    RAISES UD, 0, "vmxoff", "VMXOFF"
    RAISES UD, 0, "monitor", "MONITOR"
    RAISES UD, 0, "mwait", "MWAIT"
    RAISES GP, 0, "rdpmc", "RDPMC"
    USER Hypercall
    CHECK_RAISED NONE, 0, 0, "a hypercall of ring 3"
    call CallHost
    EXPECT eax, -1000, "an unknown hypercall is answered with ENOSYS"
    mov rbx, rax
    shr rbx, 32
    EXPECT ebx, -1, "in 64 bits"
    PASSES "wbinvd", "WBINVD"
    PASSES "invd", "INVD"

    GROUP "instructions that are the host's: in ring 3"
    USER Invalidate
    cmp dword [LastVector], NONE
    SKIP_IF e, .done, "an emulator that lets the host see INVD before it looks at the ring"
    CHECK_RAISED GP, 0, Invalidate.at, "INVD in ring 3"
.done:
    mov qword [ResumeAt], 0
    CHECKS_END

; In ring 3.
SetXcr:
    mov dword [LastVector], NONE
    mov qword [ResumeAt], .after
    xor ecx, ecx
    mov eax, 3
    xor edx, edx
.at:
    xsetbv
.after:
    USER_END

Hypercall:
    mov dword [LastVector], NONE
    mov qword [ResumeAt], .after
    call CallHost
.after:
    USER_END

; A hypercall that nobody knows, by the instruction that the processor's vendor has for it. Clobbers RBX, RCX, RDX.
CallHost:
    xor eax, eax
    cpuid
    mov eax, 99
    cmp ecx, "ntel"
    je .vmcall
    vmmcall
    ret
.vmcall:
    vmcall
    ret

Invalidate:
    mov dword [LastVector], NONE
    mov qword [ResumeAt], .after
.at:
    invd
.after:
    USER_END
    GUEST_END
