using System;
using System.Buffers.Binary;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// The ones' complement sum of IP, ICMP, UDP and TCP (RFC 1071). Kept in the byte order of the wire's numbers; parts are added in any order,
/// each but the last of even length.
/// </summary>
internal readonly struct InternetChecksum
{
    private readonly ulong _sum;

    private InternetChecksum(ulong sum) => _sum = sum;

    /// <summary>The sum of bytes, an odd last one padded with zero (RFC 1071 section 1).</summary>
    public InternetChecksum Add(ReadOnlySpan<byte> bytes)
    {
        // Byte order does not matter to the sum until it is read (RFC 1071 section 2 B): words are summed as this machine reads them and swapped once.
        ulong sum = 0;
        while (bytes.Length >= 16)
        {
            ulong first = BinaryPrimitives.ReadUInt64LittleEndian(bytes), second = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
            sum += (first & uint.MaxValue) + (first >> 32) + (second & uint.MaxValue) + (second >> 32);
            bytes = bytes[16..];
        }
        while (bytes.Length >= 2)
        {
            sum += BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            bytes = bytes[2..];
        }
        if (bytes.Length != 0)
            sum += bytes[0];
        return new InternetChecksum(_sum + BinaryPrimitives.ReverseEndianness(Fold(sum)));
    }

    /// <summary>The sum of a number's bytes.</summary>
    public InternetChecksum Add(ulong value) => new(_sum + (value >> 48) + (value >> 32 & 0xFFFF) + (value >> 16 & 0xFFFF) + (value & 0xFFFF));

    /// <summary>What goes into a header's checksum field, which was zero when it was summed; a packet that holds its checksum gives 0.</summary>
    public ushort Value => (ushort)~Fold(_sum);

    /// <summary>The pseudo header of UDP and TCP (RFC 9293 section 3.1).</summary>
    public static InternetChecksum OfPseudoHeader(IpAddress source, IpAddress destination, IpProtocol protocol, int length) =>
        destination.AddTo(source.AddTo(default)).Add((ulong)protocol + (ulong)length);

    private static ushort Fold(ulong sum)
    {
        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)sum;
    }
}
