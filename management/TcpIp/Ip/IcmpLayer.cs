using System;
using System.Buffers.Binary;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// ICMP for IPv4 (RFC 792, RFC 1122 section 3.2.2): answers echoes, sends errors, and tells the transports of errors that concern them.
/// <code>
///   0      1      2          4                8
///   | type | code | checksum | by type: rest  | echoed data, or the IP header and 8 bytes of the packet in question
/// </code>
/// </summary>
internal sealed class IcmpLayer(StackContext context, Ipv4Layer ip)
{
    private const int HeaderLength = 8;
    private const byte EchoReply = 0;
    private const byte DestinationUnreachable = 3;
    private const byte EchoRequest = 8;
    private const byte TimeExceeded = 11;
    private const byte ParameterProblem = 12;
    private const byte ProtocolUnreachable = 2;
    private const byte PortUnreachable = 3;
    private const byte FragmentationNeeded = 4;

    /// <summary>MTUs that links have, for routers that do not tell theirs (RFC 1191 section 7.1).</summary>
    private static readonly int[] s_plateaus = [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508];

    private readonly RateLimit _errors = new(perSecond: 100);
    private readonly RateLimit _echoes = new(perSecond: 1000);

    /// <summary>An error about a packet of this host; what it quotes is the first 8 bytes behind the IP header, or more.</summary>
    public delegate void ErrorHandler(IpProtocol protocol, IpAddress destination, ReadOnlySpan<byte> quoted, IcmpError error, int mtu);

    public ErrorHandler? OnError { get; set; }

    public void Receive(in IpPacket packet)
    {
        ReadOnlySpan<byte> message = packet.Payload;
        if (message.Length < HeaderLength)
            context.Counters.Drop(DropReason.Truncated);
        else if (default(InternetChecksum).Add(message).Value != 0)
            context.Counters.Drop(DropReason.BadChecksum);
        else if (message[0] == EchoRequest && packet.Destination == ip.Address)
            Answer(packet);
        else if (message[0] is DestinationUnreachable or TimeExceeded or ParameterProblem)
            ReceiveError(message);
        else
            context.Counters.Drop(DropReason.NotForUs);
    }

    /// <summary>Tells a sender that nobody is at its port (RFC 1122 section 4.1.3.1).</summary>
    public void SendPortUnreachable(in IpPacket packet) => SendUnreachable(packet, PortUnreachable);

    /// <summary>Tells a sender that its protocol is not spoken here (RFC 1122 section 3.2.2.1).</summary>
    public void SendProtocolUnreachable(in IpPacket packet) => SendUnreachable(packet, ProtocolUnreachable);

    private void Answer(in IpPacket packet)
    {
        if (packet.Payload.Length > PacketBuffer.Capacity - Ipv4Header.MinimumLength)
        {
            context.Counters.Drop(DropReason.TooLarge);
            return;
        }
        if (!_echoes.TryTake(context.Now))
        {
            context.Counters.Drop(DropReason.RateLimited);
            return;
        }
        Span<byte> reply = context.Packet.Payload(packet.Payload.Length);
        packet.Payload.CopyTo(reply);
        reply[0] = EchoReply;
        Send(reply, packet.Source);
    }

    // Never about a broadcast or a fragment (RFC 1122 section 3.2.2): of these there is no original. Errors are not answered, for ICMP never is.
    private void SendUnreachable(in IpPacket packet, byte code)
    {
        if (packet.Original.IsEmpty)
            return;
        if (!_errors.TryTake(context.Now))
        {
            context.Counters.Drop(DropReason.RateLimited);
            return;
        }
        // As much of the packet as fits into what every host accepts (RFC 1812 section 4.3.2.3).
        int quoted = Math.Min(packet.Original.Length, Ipv4Layer.MinimumMtu - Ipv4Header.MinimumLength - HeaderLength);
        Span<byte> message = context.Packet.Payload(HeaderLength + quoted);
        message[0] = DestinationUnreachable;
        message[1] = code;
        message[4..HeaderLength].Clear();
        packet.Original[..quoted].CopyTo(message[HeaderLength..]);
        Send(message, packet.Source);
    }

    private void Send(Span<byte> message, IpAddress to)
    {
        message[2..4].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], default(InternetChecksum).Add(message).Value);
        ip.Send(ip.Address, to, IpProtocol.Icmp, message.Length, mayFragment: true);
    }

    private void ReceiveError(ReadOnlySpan<byte> message)
    {
        if (Ipv4Header.TryParse(message[HeaderLength..], isQuoted: true, out Ipv4Header quoted) is { } reason)
        {
            context.Counters.Drop(reason);
            return;
        }
        if (quoted.Source != ip.Address || quoted.FragmentOffset != 0 || quoted.Payload.Length < 8)
        {
            context.Counters.Drop(DropReason.Unexpected);
            return;
        }
        IcmpError error = IcmpError.Soft;
        int mtu = 0;
        if (message[0] == DestinationUnreachable && message[1] is ProtocolUnreachable or PortUnreachable)
            error = IcmpError.Refused;
        else if (message[0] == DestinationUnreachable && message[1] == FragmentationNeeded)
        {
            error = IcmpError.TooLarge;
            mtu = BinaryPrimitives.ReadUInt16BigEndian(message[6..]);
            if (mtu == 0)
                mtu = Plateau(BinaryPrimitives.ReadUInt16BigEndian(message[(HeaderLength + 2)..]));
        }
        OnError?.Invoke(quoted.Protocol, quoted.Destination, quoted.Payload, error, mtu);
    }

    private static int Plateau(int tooLarge)
    {
        foreach (int plateau in s_plateaus)
        {
            if (plateau < tooLarge)
                return plateau;
        }
        return Ipv4Layer.MinimumMtu;
    }
}
