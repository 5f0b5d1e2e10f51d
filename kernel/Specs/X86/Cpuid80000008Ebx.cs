using System;

namespace HyperOS.Specs.X86;

/// <summary>CPUID Fn8000_0008 EBX. AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".</summary>
[Flags]
public enum Cpuid80000008Ebx : uint
{
    /// <summary>CLZERO.</summary>
    CLZERO = 1u << 0,

    /// <summary>Retired instruction counter.</summary>
    InstRetCntMsr = 1u << 1,

    /// <summary>FXRSTOR always restores the error pointers.</summary>
    RstrFpErrPtrs = 1u << 2,

    /// <summary>INVLPGB and TLBSYNC.</summary>
    INVLPGB = 1u << 3,

    /// <summary>RDPRU.</summary>
    RDPRU = 1u << 4,

    /// <summary>MCOMMIT.</summary>
    MCOMMIT = 1u << 8,

    /// <summary>WBNOINVD.</summary>
    WBNOINVD = 1u << 9,

    /// <summary>IBPB.</summary>
    IBPB = 1u << 12,

    /// <summary>Interruptible WBINVD.</summary>
    INT_WBINVD = 1u << 13,

    /// <summary>IBRS.</summary>
    IBRS = 1u << 14,

    /// <summary>STIBP.</summary>
    STIBP = 1u << 15,

    /// <summary>IBRS is to be left on.</summary>
    IbrsAlwaysOn = 1u << 16,

    /// <summary>STIBP is to be left on.</summary>
    StibpAlwaysOn = 1u << 17,

    /// <summary>IBRS is preferred to software.</summary>
    IbrsPreferred = 1u << 18,

    /// <summary>IBRS protects within a mode.</summary>
    IbrsSameMode = 1u << 19,

    /// <summary>EFER.LMSLE is not there.</summary>
    EferLmsleUnsupported = 1u << 20,

    /// <summary>IA32_SPEC_CTRL.SSBD.</summary>
    SSBD = 1u << 24,

    /// <summary>VIRT_SPEC_CTRL.</summary>
    SsbdVirtSpecCtrl = 1u << 25,

    /// <summary>No speculative store bypass.</summary>
    SsbdNotRequired = 1u << 26,

    /// <summary>Predictive store forwarding disable.</summary>
    PSFD = 1u << 28,

    /// <summary>No branch type confusion.</summary>
    BTC_NO = 1u << 29,

    /// <summary>IBPB clears the return predictor.</summary>
    IBPB_RET = 1u << 30,
}
