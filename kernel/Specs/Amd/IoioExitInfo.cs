namespace HyperOS.Specs.Amd;

/// <summary>EXITINFO1 of VMEXIT_IOIO. AMD APM vol. 2, "IN and OUT Behavior".</summary>
public static class IoioExitInfo
{
    /// <summary>Set for IN, clear for OUT.</summary>
    public const ulong TYPE = 1ul << 0;

    /// <summary>A string instruction.</summary>
    public const ulong STR = 1ul << 2;

    /// <summary>A repeated one.</summary>
    public const ulong REP = 1ul << 3;

    /// <summary>One byte.</summary>
    public const ulong SZ8 = 1ul << 4;

    /// <summary>Two bytes.</summary>
    public const ulong SZ16 = 1ul << 5;

    /// <summary>Four bytes.</summary>
    public const ulong SZ32 = 1ul << 6;

    /// <summary>16-bit addresses.</summary>
    public const ulong A16 = 1ul << 7;

    /// <summary>32-bit addresses.</summary>
    public const ulong A32 = 1ul << 8;

    /// <summary>64-bit addresses.</summary>
    public const ulong A64 = 1ul << 9;

    /// <summary>Mask of the effective segment: ES, CS, SS, DS, FS, GS; valid with decode assists.</summary>
    public const ulong SegmentMask = 0x7ul << 10;

    /// <summary>Position of the segment.</summary>
    public const int SegmentShift = 10;

    /// <summary>Shifted down by it, the three size bits are the size in bytes.</summary>
    public const int SizeShift = 4;

    /// <summary>Mask of the size bits.</summary>
    public const ulong SizeMask = 0x7ul << 4;

    /// <summary>Position of the port, bits 31:16.</summary>
    public const int PortShift = 16;
}
