namespace HyperOS.Specs.Amd;

/// <summary>Geometry of the I/O and MSR permission maps: a set bit intercepts. AMD APM vol. 2, "I/O Intercepts" and "MSR Intercepts".</summary>
public static class PermissionMaps
{
    /// <summary>In bytes: one bit a port, and the bits past port FFFFh that a wide access at the end looks at.</summary>
    public const int IoMapSize = 0x3000;

    /// <summary>In bytes.</summary>
    public const int MsrMapSize = 0x2000;

    /// <summary>Bits an MSR: the lower intercepts RDMSR, the upper WRMSR.</summary>
    public const int MsrBits = 2;

    /// <summary>MSRs in each of the three ranges.</summary>
    public const uint MsrsPerRange = 0x2000;

    /// <summary>Bytes of map for each range.</summary>
    public const int MsrRangeSize = 0x800;

    /// <summary>First MSR of the range at map offset 000h.</summary>
    public const uint MsrRange0 = 0x00000000;

    /// <summary>First MSR of the range at map offset 800h.</summary>
    public const uint MsrRange1 = 0xC0000000;

    /// <summary>First MSR of the range at map offset 1000h; MSRs outside the three ranges always exit.</summary>
    public const uint MsrRange2 = 0xC0010000;
}
