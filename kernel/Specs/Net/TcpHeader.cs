namespace HyperOS.Specs.Net;

/// <summary>Offsets, in bytes, and flags: RFC 9293, section "Header Format". Fields are big-endian.</summary>
public static class TcpHeader
{
    public const int SequenceNumber = 4;

    /// <summary>Header length in 32-bit words in bits 7:4.</summary>
    public const int DataOffset = 12;
    public const int Flags = 13;
    public const int Checksum = 16;

    /// <summary>Of a header without options.</summary>
    public const int MinLength = 20;

    public const byte FIN = 0x01, PSH = 0x08, CWR = 0x80;
}
