using System;

namespace HyperOS.Specs.Amd;

/// <summary>Instruction intercepts at VMCB offset 014h. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
[Flags]
public enum InterceptVector5 : uint
{
    /// <summary>All INVLPGB.</summary>
    INTERCEPT_INVLPGB = 1u << 0,

    /// <summary>INVLPGB with an illegal specification only.</summary>
    INTERCEPT_INVLPGB_ILLEGAL = 1u << 1,

    /// <summary>INVPCID.</summary>
    INTERCEPT_INVPCID = 1u << 2,

    /// <summary>MCOMMIT.</summary>
    INTERCEPT_MCOMMIT = 1u << 3,

    /// <summary>TLBSYNC; present where CPUID says TlbiCtl.</summary>
    INTERCEPT_TLBSYNC = 1u << 4,

    /// <summary>Bus locks when BUS_LOCK_THRESHOLD has run down; present where CPUID says BusLockThreshold.</summary>
    INTERCEPT_BUSLOCK = 1u << 5,

    /// <summary>HLT when no virtual interrupt is pending; present where CPUID says IdleHltIntercept.</summary>
    INTERCEPT_IDLE_HLT = 1u << 6,
}
