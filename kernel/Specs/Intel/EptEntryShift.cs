namespace HyperOS.Specs.Intel;

/// <summary>Positions of the numeric fields of <see cref="EptEntry"/>, in bits.</summary>
public static class EptEntryShift
{
    /// <summary>Of the <see cref="MemoryType"/>.</summary>
    public const int MemoryType = 3;
}
