namespace HyperOS.Specs.Intel;

/// <summary>Layout of the MSR bitmaps, one page: a set bit exits; MSRs of neither range always exit. Intel SDM vol. 3, "MSR-Bitmap Address".</summary>
public static class MsrBitmap
{
    /// <summary>In bytes.</summary>
    public const int Size = 0x1000;

    /// <summary>Offset of RDMSR of the low range.</summary>
    public const int ReadLow = 0x000;

    /// <summary>Offset of RDMSR of the high range.</summary>
    public const int ReadHigh = 0x400;

    /// <summary>Offset of WRMSR of the low range.</summary>
    public const int WriteLow = 0x800;

    /// <summary>Offset of WRMSR of the high range.</summary>
    public const int WriteHigh = 0xC00;

    /// <summary>MSRs in each range.</summary>
    public const uint MsrsPerRange = 0x2000;

    /// <summary>First MSR of the low range.</summary>
    public const uint LowFirst = 0x00000000;

    /// <summary>First MSR of the high range.</summary>
    public const uint HighFirst = 0xC0000000;
}
