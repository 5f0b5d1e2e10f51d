using System;

namespace HyperOS.Specs.X86;

/// <summary>IA32_PRED_CMD. Intel SDM vol. 4; AMD APM vol. 2, "Speculation Control MSRs".</summary>
[Flags]
public enum PredCmd : ulong
{
    /// <summary>Indirect branch prediction barrier.</summary>
    IBPB = 1ul << 0,

    /// <summary>Selective branch predictor barrier.</summary>
    SBPB = 1ul << 7,
}
