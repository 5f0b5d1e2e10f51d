namespace HyperOS.Specs.Intel;

/// <summary>Positions of the numeric fields of <see cref="VmxMisc"/>, in bits.</summary>
public static class VmxMiscShift
{
    /// <summary>Of the number of CR3-target values.</summary>
    public const int Cr3TargetCount = 16;

    /// <summary>Of n: MSR lists have at most 512 x (n + 1) entries.</summary>
    public const int MaxMsrList = 25;

    /// <summary>Of the MSEG revision identifier.</summary>
    public const int MsegRevision = 32;
}
