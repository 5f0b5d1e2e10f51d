using System;

namespace HyperOS.Specs.X86;

/// <summary>CPUID leaf 7 subleaf 2 EDX. Intel SDM vol. 2A, "CPUID".</summary>
[Flags]
public enum Cpuid7Sub2Edx : uint
{
    /// <summary>IA32_SPEC_CTRL.PSFD.</summary>
    PSFD = 1u << 0,

    /// <summary>IA32_SPEC_CTRL.IPRED_DIS_U and IPRED_DIS_S.</summary>
    IPRED_CTRL = 1u << 1,

    /// <summary>IA32_SPEC_CTRL.RRSBA_DIS_U and RRSBA_DIS_S.</summary>
    RRSBA_CTRL = 1u << 2,

    /// <summary>IA32_SPEC_CTRL.DDPD_U.</summary>
    DDPD_U = 1u << 3,

    /// <summary>IA32_SPEC_CTRL.BHI_DIS_S.</summary>
    BHI_CTRL = 1u << 4,

    /// <summary>No MXCSR-dependent timing.</summary>
    MCDT_NO = 1u << 5,
}
