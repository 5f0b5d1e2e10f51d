namespace HyperOS.Specs.Intel;

/// <summary>Format of the EPT pointer. Intel SDM vol. 3, "Extended-Page-Table Pointer (EPTP)".</summary>
public static class Eptp
{
    /// <summary>Mask of the <see cref="MemoryType"/> of the EPT structures.</summary>
    public const ulong MemoryTypeMask = 0x7;

    /// <summary>Position of the length of page walks, less 1.</summary>
    public const int PageWalkLengthShift = 3;

    /// <summary>Mask of the length of page walks, less 1.</summary>
    public const ulong PageWalkLengthMask = 0x7ul << 3;

    /// <summary>Accessed and dirty flags.</summary>
    public const ulong EnableAccessedDirty = 1ul << 6;

    /// <summary>Supervisor shadow-stack control.</summary>
    public const ulong EnforceSupervisorShadowStack = 1ul << 7;

    /// <summary>Mask of the address of the top table.</summary>
    public const ulong AddressMask = 0x000FFFFFFFFFF000;

    /// <summary>A walk of four levels, as the field holds it.</summary>
    public const int PageWalkLength4 = 3;
}
