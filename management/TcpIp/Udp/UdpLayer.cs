using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net.Sockets;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// UDP (RFC 768, RFC 1122 section 4.1).
/// <code>
///   0             2                  4        6          8
///   | source port | destination port | length | checksum | data
/// </code>
/// </summary>
internal sealed class UdpLayer(NetworkStack stack, StackContext context, Ipv4Layer ip, IcmpLayer icmp)
{
    private const int HeaderLength = 8;

    /// <summary>The longest datagram's data that is sent or received, in bytes.</summary>
    public const int MaximumLength = PacketBuffer.Capacity - Ipv4Header.MinimumLength - HeaderLength;

    private readonly Dictionary<ushort, UdpSocket> _sockets = [];

    /// <param name="port">The port, or 0 for a free one that cannot be guessed.</param>
    /// <param name="receiver">Who is told what comes.</param>
    public UdpSocket Bind(ushort port, IUdpReceiver receiver)
    {
        using NetworkStack.Scope scope = stack.Enter();
        for (int tries = 0; port == 0 && tries < 64; tries++)
        {
            ushort candidate = context.RandomPort();
            port = _sockets.ContainsKey(candidate) ? (ushort)0 : candidate;
        }
        UdpSocket socket = new(this, port, receiver);
        if (port == 0 || !_sockets.TryAdd(port, socket))
            throw new SocketException((int)SocketError.AddressAlreadyInUse);
        return socket;
    }

    public void Close(UdpSocket socket)
    {
        using NetworkStack.Scope scope = stack.Enter();
        if (_sockets.TryGetValue(socket.Port, out UdpSocket? bound) && bound == socket)
            _sockets.Remove(socket.Port);
    }

    public void Send(ushort port, IpEndpoint to, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > MaximumLength)
            throw new ArgumentException($"A datagram carries at most {MaximumLength} bytes.", nameof(payload));
        using NetworkStack.Scope scope = stack.Enter();
        Span<byte> datagram = context.Packet.Payload(HeaderLength + payload.Length);
        BinaryPrimitives.WriteUInt16BigEndian(datagram, port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], to.Port);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], (ushort)datagram.Length);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], 0);
        payload.CopyTo(datagram[HeaderLength..]);
        ushort sum = InternetChecksum.OfPseudoHeader(ip.Address, to.Address, IpProtocol.Udp, datagram.Length).Add(datagram).Value;
        // Zero means that there is no checksum (RFC 768, "Fields").
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], sum == 0 ? ushort.MaxValue : sum);
        ip.Send(ip.Address, to.Address, IpProtocol.Udp, datagram.Length, mayFragment: true);
    }

    public void Receive(in IpPacket packet)
    {
        ReadOnlySpan<byte> datagram = packet.Payload;
        int length = datagram.Length < HeaderLength ? 0 : BinaryPrimitives.ReadUInt16BigEndian(datagram[4..]);
        if (length < HeaderLength || length > datagram.Length)
        {
            context.Counters.Drop(DropReason.Truncated);
            return;
        }
        datagram = datagram[..length];
        if (BinaryPrimitives.ReadUInt16BigEndian(datagram[6..]) != 0
            && InternetChecksum.OfPseudoHeader(packet.Source, packet.Destination, IpProtocol.Udp, length).Add(datagram).Value != 0)
        {
            context.Counters.Drop(DropReason.BadChecksum);
            return;
        }
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if (_sockets.TryGetValue(port, out UdpSocket? socket))
        {
            socket.Receiver.Receive(datagram[HeaderLength..], new IpEndpoint(packet.Source, BinaryPrimitives.ReadUInt16BigEndian(datagram)));
            return;
        }
        context.Counters.Drop(DropReason.NoListener);
        if (ip.Configuration is not null)
            icmp.SendPortUnreachable(packet);
    }

    /// <summary>An ICMP error about a datagram of this host, of which the header is quoted.</summary>
    public void ReceiveError(IpAddress destination, ReadOnlySpan<byte> quoted, IcmpError error)
    {
        ushort source = BinaryPrimitives.ReadUInt16BigEndian(quoted), port = BinaryPrimitives.ReadUInt16BigEndian(quoted[2..]);
        if (error == IcmpError.Refused && _sockets.TryGetValue(source, out UdpSocket? socket))
            socket.Receiver.Refused(new IpEndpoint(destination, port));
    }
}
