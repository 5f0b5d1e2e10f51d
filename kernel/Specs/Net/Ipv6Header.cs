namespace HyperOS.Specs.Net;

/// <summary>Offsets, in bytes: RFC 8200, sections "IPv6 Header Format" and "IPv6 Extension Headers". Fields are big-endian.</summary>
public static class Ipv6Header
{
    /// <summary>Version in bits 7:4.</summary>
    public const int Version = 0;
    public const int PayloadLength = 4;
    public const int NextHeader = 6;
    public const int Length = 40;

    /// <summary>In an extension header: what follows it.</summary>
    public const int ExtensionNextHeader = 0;

    /// <summary>In an extension header: its length in units of 8 bytes, not counting the first.</summary>
    public const int ExtensionLength = 1;

    public const int ExtensionUnit = 8;
}
