namespace HyperOS.Specs.Intel;

/// <summary>
/// The TSC multiplier and what takes it. Intel SDM vol. 3, "Controls for TSC scaling and offsetting" (Processor-Based VM-Execution Controls).
/// </summary>
public static class VmxTsc
{
    /// <summary>Bits of fraction of the TSC multiplier.</summary>
    public const int MultiplierFractionBits = 48;

    /// <summary>A multiplier that changes nothing.</summary>
    public const ulong MultiplierOne = 1ul << 48;
}
