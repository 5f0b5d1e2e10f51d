namespace HyperOS.Specs.Intel;

/// <summary>Exit qualification of MOV DR. Intel SDM vol. 3, "Exit Qualification".</summary>
public static class MovDrQualification
{
    /// <summary>Mask of the debug register's number.</summary>
    public const ulong RegisterMask = 0x7;

    /// <summary>Set for MOV from DR, clear for MOV to DR.</summary>
    public const ulong FromDr = 1ul << 4;

    /// <summary>Position of the general register's number.</summary>
    public const int GprShift = 8;

    /// <summary>Mask of the general register's number.</summary>
    public const ulong GprMask = 0xFul << 8;
}
