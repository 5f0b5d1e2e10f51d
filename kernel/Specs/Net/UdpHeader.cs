namespace HyperOS.Specs.Net;

/// <summary>Offsets, in bytes: RFC 768, "Format". Fields are big-endian.</summary>
public static class UdpHeader
{
    public const int DatagramLength = 4;
    public const int Checksum = 6;
    public const int Length = 8;
}
