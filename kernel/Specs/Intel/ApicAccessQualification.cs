namespace HyperOS.Specs.Intel;

/// <summary>Exit qualification of APIC accesses. Intel SDM vol. 3, "Exit Qualification".</summary>
public static class ApicAccessQualification
{
    /// <summary>Mask of the offset into the page; undefined for guest-physical accesses.</summary>
    public const ulong OffsetMask = 0xFFF;

    /// <summary>Position of the <see cref="ApicAccessType"/>.</summary>
    public const int TypeShift = 12;

    /// <summary>Mask of the <see cref="ApicAccessType"/>.</summary>
    public const ulong TypeMask = 0xFul << 12;

    /// <summary>Asynchronous to instruction execution.</summary>
    public const ulong Asynchronous = 1ul << 16;
}
