namespace HyperOS.Specs.Intel;

/// <summary>Geometry of the I/O bitmaps, two pages: a set bit exits. Intel SDM vol. 3, "I/O-Bitmap Addresses".</summary>
public static class IoBitmaps
{
    /// <summary>Of each, in bytes.</summary>
    public const int Size = 0x1000;

    /// <summary>First port of bitmap B.</summary>
    public const ushort FirstOfB = 0x8000;
}
