namespace HyperOS.Specs.Amd;

/// <summary>The MSR TSC_RATIO. AMD APM vol. 2, "TSC Ratio MSR (C000_0104h)".</summary>
public static class TscRatio
{
    /// <summary>Bits 31:0 are the fraction.</summary>
    public const int FractionBits = 32;

    /// <summary>Bits 39:32 are the whole part; the others are reserved.</summary>
    public const int Bits = 40;

    /// <summary>A ratio that changes nothing: the value after reset.</summary>
    public const ulong One = 1ul << FractionBits;
}
