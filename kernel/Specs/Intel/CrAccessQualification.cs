namespace HyperOS.Specs.Intel;

/// <summary>Exit qualification of control-register accesses. Intel SDM vol. 3, "Exit Qualification".</summary>
public static class CrAccessQualification
{
    /// <summary>Mask of the control register's number; 0 for CLTS and LMSW.</summary>
    public const ulong RegisterMask = 0xF;

    /// <summary>Position of the <see cref="CrAccessType"/>.</summary>
    public const int AccessTypeShift = 4;

    /// <summary>Mask of the <see cref="CrAccessType"/>.</summary>
    public const ulong AccessTypeMask = 0x3ul << 4;

    /// <summary>LMSW with a memory operand.</summary>
    public const ulong LmswMemory = 1ul << 6;

    /// <summary>Position of the general register's number.</summary>
    public const int GprShift = 8;

    /// <summary>Mask of the general register's number, as ModRM and REX count.</summary>
    public const ulong GprMask = 0xFul << 8;

    /// <summary>Position of the source of LMSW.</summary>
    public const int LmswSourceShift = 16;

    /// <summary>Mask of the source of LMSW.</summary>
    public const ulong LmswSourceMask = 0xFFFFul << 16;
}
