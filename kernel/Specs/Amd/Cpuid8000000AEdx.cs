using System;

namespace HyperOS.Specs.Amd;

/// <summary>SVM features: CPUID Fn8000_000A EDX. AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".</summary>
[Flags]
public enum Cpuid8000000AEdx : uint
{
    /// <summary>Nested paging.</summary>
    NP = 1u << 0,

    /// <summary>LBR virtualization.</summary>
    LbrVirt = 1u << 1,

    /// <summary>SVM lock.</summary>
    SVML = 1u << 2,

    /// <summary>The next RIP is saved on #VMEXIT.</summary>
    NRIPS = 1u << 3,

    /// <summary>MSR TSC_RATIO scales the guest's TSC.</summary>
    TscRateMsr = 1u << 4,

    /// <summary>VMCB clean bits.</summary>
    VmcbClean = 1u << 5,

    /// <summary>TLB_CONTROL can flush one guest.</summary>
    FlushByAsid = 1u << 6,

    /// <summary>Instruction bytes and operands are reported.</summary>
    DecodeAssists = 1u << 7,

    /// <summary>Performance counter virtualization.</summary>
    PmcVirt = 1u << 8,

    /// <summary>PAUSE intercept filter.</summary>
    PauseFilter = 1u << 10,

    /// <summary>PAUSE filter threshold.</summary>
    PauseFilterThreshold = 1u << 12,

    /// <summary>Advanced virtual interrupt controller.</summary>
    AVIC = 1u << 13,

    /// <summary>Virtualized VMSAVE and VMLOAD.</summary>
    VmsaveVirt = 1u << 15,

    /// <summary>Virtual global interrupt flag.</summary>
    VGIF = 1u << 16,

    /// <summary>Guest mode execute trap.</summary>
    GMET = 1u << 17,

    /// <summary>AVIC in x2APIC mode.</summary>
    x2AVIC = 1u << 18,

    /// <summary>Supervisor shadow stack restrictions.</summary>
    SSSCheck = 1u << 19,

    /// <summary>SPEC_CTRL virtualization.</summary>
    SpecCtrl = 1u << 20,

    /// <summary>Read-only guest page tables.</summary>
    ROGPT = 1u << 21,

    /// <summary>A machine check in a guest is the host's whatever CR4.MCE says.</summary>
    HOST_MCE_OVERRIDE = 1u << 23,

    /// <summary>INVLPGB and TLBSYNC in guests, and their intercepts.</summary>
    TlbiCtl = 1u << 24,

    /// <summary>Virtual NMI.</summary>
    VNMI = 1u << 25,

    /// <summary>IBS virtualization.</summary>
    IbsVirt = 1u << 26,

    /// <summary>Changed behaviour of AVIC for extended LVT registers.</summary>
    ExtLvtAvicAccessChg = 1u << 27,

    /// <summary>Guest VMCB addresses are checked.</summary>
    NestedVirtVmcbAddrChk = 1u << 28,

    /// <summary>Bus lock threshold.</summary>
    BusLockThreshold = 1u << 29,

    /// <summary>Idle HLT intercept.</summary>
    IdleHltIntercept = 1u << 30,

    /// <summary>Shutdown in a nested guest is an exit.</summary>
    EnhancedShutdownIntercept = 1u << 31,
}
