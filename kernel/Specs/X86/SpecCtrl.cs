using System;

namespace HyperOS.Specs.X86;

/// <summary>IA32_SPEC_CTRL. Intel SDM vol. 4; AMD APM vol. 2, "Speculation Control MSRs".</summary>
[Flags]
public enum SpecCtrl : ulong
{
    /// <summary>Indirect branch restricted speculation.</summary>
    IBRS = 1ul << 0,

    /// <summary>Single thread indirect branch predictors.</summary>
    STIBP = 1ul << 1,

    /// <summary>Speculative store bypass disable.</summary>
    SSBD = 1ul << 2,

    /// <summary>No alternate predictor for RET in supervisor mode.</summary>
    RRSBA_DIS_S = 1ul << 6,

    /// <summary>Predictive store forwarding disable.</summary>
    PSFD = 1ul << 7,

    /// <summary>No branch history of user mode in supervisor mode.</summary>
    BHI_DIS_S = 1ul << 10,
}
