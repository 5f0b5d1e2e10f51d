namespace HyperOS.Specs.Intel;

/// <summary>Positions of the numeric fields of <see cref="VmxBasic"/>, in bits.</summary>
public static class VmxBasicShift
{
    /// <summary>Of the size of VMXON region and VMCS.</summary>
    public const int RegionSize = 32;

    /// <summary>Of the <see cref="MemoryType"/>.</summary>
    public const int MemoryType = 50;
}
