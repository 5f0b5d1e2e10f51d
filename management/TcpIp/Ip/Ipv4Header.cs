using System;
using System.Buffers.Binary;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// The IPv4 header (RFC 791 section 3.1):
/// <code>
///   0        1      2              4    6              8     9          10         12       16            20
///   | 4, IHL | TOS  | total length | id | flags,offset | TTL | protocol | checksum | source | destination | options
/// </code>
/// </summary>
internal readonly ref struct Ipv4Header
{
    public const int MinimumLength = 20;
    public const ushort DontFragment = 0x4000;
    public const ushort MoreFragments = 0x2000;
    public const int OffsetMask = 0x1FFF;

    private const byte EndOfOptions = 0;
    private const byte NoOperation = 1;
    private const byte LooseSourceRoute = 131;
    private const byte StrictSourceRoute = 137;

    private Ipv4Header(ReadOnlySpan<byte> packet)
    {
        HeaderLength = (packet[0] & 0xF) * 4;
        Packet = packet;
        Identification = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        Flags = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        Protocol = (IpProtocol)packet[9];
        Source = IpAddress.V4(BinaryPrimitives.ReadUInt32BigEndian(packet[12..]));
        Destination = IpAddress.V4(BinaryPrimitives.ReadUInt32BigEndian(packet[16..]));
    }

    public int HeaderLength { get; }

    /// <summary>Header and payload, without a link's padding; of a quotation as much as there is.</summary>
    public ReadOnlySpan<byte> Packet { get; }

    public ushort Identification { get; }

    public ushort Flags { get; }

    public IpProtocol Protocol { get; }

    public IpAddress Source { get; }

    public IpAddress Destination { get; }

    public ReadOnlySpan<byte> Payload => Packet[HeaderLength..];

    /// <summary>Where the payload belongs in its datagram, in bytes.</summary>
    public int FragmentOffset => (Flags & OffsetMask) * 8;

    public bool HasMoreFragments => (Flags & MoreFragments) != 0;

    public bool IsFragment => HasMoreFragments || FragmentOffset != 0;

    /// <summary>Reads and checks a header (RFC 1122 section 3.2.1).</summary>
    /// <param name="packet">What came; it may be longer than the packet.</param>
    /// <param name="isQuoted">An error's quotation, which is cut short and whose checksum routers have changed.</param>
    /// <param name="header">The header, if the result is null.</param>
    /// <returns>Null, or why the packet is refused.</returns>
    public static DropReason? TryParse(ReadOnlySpan<byte> packet, bool isQuoted, out Ipv4Header header)
    {
        header = default;
        if (packet.Length < MinimumLength)
            return DropReason.Truncated;
        int headerLength = (packet[0] & 0xF) * 4, totalLength = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (packet[0] >> 4 != 4 || headerLength < MinimumLength || totalLength < headerLength)
            return DropReason.BadHeader;
        if (packet.Length < (isQuoted ? headerLength : totalLength))
            return DropReason.Truncated;
        if (!isQuoted && default(InternetChecksum).Add(packet[..headerLength]).Value != 0)
            return DropReason.BadChecksum;
        header = new Ipv4Header(packet[..Math.Min(totalLength, packet.Length)]);
        return isQuoted ? null : CheckOptions(packet[MinimumLength..headerLength]);
    }

    /// <summary>Writes a header without options in front of its payload.</summary>
    public static void Write(Span<byte> packet, IpAddress source, IpAddress destination, IpProtocol protocol, ushort identification, ushort flags)
    {
        packet[0] = 0x45;
        packet[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], identification);
        BinaryPrimitives.WriteUInt16BigEndian(packet[6..], flags);
        packet[8] = 64;
        packet[9] = (byte)protocol;
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], 0);
        source.Write(packet[12..]);
        destination.Write(packet[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], default(InternetChecksum).Add(packet[..MinimumLength]).Value);
    }

    // Options that are unknown are passed over (RFC 1122 section 3.2.1.8); source routes are refused (RFC 7126 sections 4.3 and 4.4).
    private static DropReason? CheckOptions(ReadOnlySpan<byte> options)
    {
        while (options.Length != 0 && options[0] != EndOfOptions)
        {
            int length = options[0] == NoOperation ? 1 : options.Length < 2 ? 0 : options[1];
            if (options[0] is LooseSourceRoute or StrictSourceRoute)
                return DropReason.SourceRoute;
            if (length == 0 || (length == 1 && options[0] != NoOperation) || length > options.Length)
                return DropReason.BadHeader;
            options = options[length..];
        }
        return null;
    }
}
