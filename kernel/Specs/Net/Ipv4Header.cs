namespace HyperOS.Specs.Net;

/// <summary>Offsets, in bytes, and masks: RFC 791, section "Internet Header Format". Fields are big-endian.</summary>
public static class Ipv4Header
{
    /// <summary>Version in bits 7:4, header length in 32-bit words in bits 3:0.</summary>
    public const int VersionAndLength = 0;
    public const int TotalLength = 2;
    public const int Identification = 4;

    /// <summary>Flags in bits 15:13, fragment offset below.</summary>
    public const int Fragment = 6;
    public const int Protocol = 9;
    public const int Checksum = 10;

    /// <summary>Of a header without options.</summary>
    public const int MinLength = 20;

    /// <summary>More fragments, or an offset: the packet is a part.</summary>
    public const ushort FragmentMask = 0x3FFF;
}
