using System;

namespace HyperOS.Management.TcpIp;

/// <summary>IPv4 of a host with one link (RFC 791, RFC 1122 section 3): what comes is checked and put together, what goes is routed and cut up.</summary>
internal sealed class Ipv4Layer(StackContext context, EthernetLayer ethernet, ArpLayer arp)
{
    /// <summary>What every link has to carry of IPv4, in bytes; smaller path MTUs are not believed either (RFC 1122 section 3.3.3).</summary>
    public const int MinimumMtu = 576;

    private readonly Reassembly _reassembly = new(context);
    private readonly PathMtuCache _paths = new(context);
    private readonly byte[] _fragment = new byte[EthernetLayer.HeaderLength + PacketBuffer.Capacity];

    /// <summary>Null while the host has no address.</summary>
    public IpConfiguration? Configuration { get; private set; }

    /// <summary>The host's address, 0.0.0.0 while it has none.</summary>
    public IpAddress Address { get; private set; } = IpAddress.AnyV4;

    public int Mtu => ethernet.Mtu;

    /// <summary>The largest packet that is known to get to a host.</summary>
    public int PathMtu(IpAddress destination) => _paths.Get(destination, Mtu);

    /// <summary>A router's word, which the transport has found credible.</summary>
    public void LowerPathMtu(IpAddress destination, int mtu) => _paths.Lower(destination, mtu);

    public void Configure(IpConfiguration? configuration)
    {
        Configuration = configuration;
        Address = configuration?.Address ?? IpAddress.AnyV4;
        arp.SetOwnAddress(Address);
    }

    /// <summary>Checks a packet.</summary>
    /// <returns>True if it is for a transport: whole, or the last fragment of one, which is valid until the next call.</returns>
    public bool TryReceive(ReadOnlySpan<byte> bytes, bool isLinkBroadcast, out IpPacket packet)
    {
        packet = default;
        if (Ipv4Header.TryParse(bytes, isQuoted: false, out Ipv4Header header) is { } reason)
            return Drop(reason);
        if (!header.Source.IsUnicast || header.Source == Address || (Configuration is { } known && known.IsBroadcast(header.Source)))
            return Drop(DropReason.BadSource);
        if (!IsForUs(header, isLinkBroadcast, out bool isBroadcast))
            return Drop(DropReason.NotForUs);
        ReadOnlySpan<byte> payload = header.Payload;
        if (header.IsFragment && !_reassembly.TryAdd(header, out payload))
            return false;
        packet = new IpPacket(header.Source, header.Destination, header.Protocol, payload, isBroadcast || header.IsFragment ? [] : header.Packet);
        return true;
    }

    /// <summary>Sends what is in the packet buffer's payload.</summary>
    /// <param name="source">The sender: the host's address, or 0.0.0.0 to ask for one.</param>
    /// <param name="destination">A host or a broadcast address.</param>
    /// <param name="protocol">What the payload is.</param>
    /// <param name="length">The payload's length in bytes.</param>
    /// <param name="mayFragment">False to have it lost, and reported, where it is too large for a link (RFC 1191 section 3).</param>
    public void Send(IpAddress source, IpAddress destination, IpProtocol protocol, int length, bool mayFragment)
    {
        if (!TryRoute(source, destination, out IpAddress nextHop))
        {
            context.Counters.Drop(DropReason.NoRoute);
            return;
        }
        Span<byte> frame = context.Packet.WithHeaders(EthernetLayer.HeaderLength + Ipv4Header.MinimumLength, length);
        Span<byte> packet = frame[EthernetLayer.HeaderLength..];
        if (packet.Length > Mtu)
        {
            if (mayFragment)
                SendFragments(packet[Ipv4Header.MinimumLength..], source, destination, protocol, nextHop);
            else
                context.Counters.Drop(DropReason.TooLarge);
            return;
        }
        // A packet that is never cut up needs no identification (RFC 6864 section 4.1).
        Ipv4Header.Write(packet, source, destination, protocol, mayFragment ? context.RandomUInt16() : (ushort)0, mayFragment ? (ushort)0 : Ipv4Header.DontFragment);
        SendFrame(frame, nextHop);
    }

    private void SendFragments(ReadOnlySpan<byte> payload, IpAddress source, IpAddress destination, IpProtocol protocol, IpAddress nextHop)
    {
        ushort identification = context.RandomUInt16();
        int step = (Mtu - Ipv4Header.MinimumLength) & ~7;
        for (int offset = 0; offset < payload.Length; offset += step)
        {
            ReadOnlySpan<byte> part = payload.Slice(offset, Math.Min(step, payload.Length - offset));
            Span<byte> frame = _fragment.AsSpan(0, EthernetLayer.HeaderLength + Ipv4Header.MinimumLength + part.Length);
            Span<byte> packet = frame[EthernetLayer.HeaderLength..];
            part.CopyTo(packet[Ipv4Header.MinimumLength..]);
            ushort more = offset + part.Length < payload.Length ? Ipv4Header.MoreFragments : (ushort)0;
            Ipv4Header.Write(packet, source, destination, protocol, identification, (ushort)(more | offset / 8));
            SendFrame(frame, nextHop);
        }
    }

    private void SendFrame(Span<byte> frame, IpAddress nextHop)
    {
        if (nextHop == IpAddress.BroadcastV4)
            ethernet.Send(frame, MacAddress.Broadcast, EtherType.Ipv4);
        else
            arp.Send(frame, nextHop);
    }

    // RFC 1122 section 3.3.1.1: on the link, or by the router.
    private bool TryRoute(IpAddress source, IpAddress destination, out IpAddress nextHop)
    {
        nextHop = IpAddress.BroadcastV4;
        if (destination == IpAddress.BroadcastV4)
            return source == Address || source.IsUnspecified;
        if (Configuration is not { } configuration || source != Address || !destination.IsV4 || !destination.IsUnicast || destination == Address)
            return false;
        if (configuration.IsBroadcast(destination))
            return true;
        nextHop = configuration.IsOnLink(destination) ? destination : configuration.Gateway ?? IpAddress.AnyV4;
        return !nextHop.IsUnspecified;
    }

    // A packet for one host does not come in a frame for all (RFC 1122 section 3.3.6). Without an address a DHCP server's answer, which may be
    // sent to the address that it offers (RFC 2131 section 4.1), is recognised by its protocol alone.
    private bool IsForUs(in Ipv4Header header, bool isLinkBroadcast, out bool isBroadcast)
    {
        isBroadcast = header.Destination == IpAddress.BroadcastV4 || (Configuration is { } known && known.IsBroadcast(header.Destination));
        if (isBroadcast)
            return true;
        return Configuration is null
            ? header.Protocol == IpProtocol.Udp && header.Destination.IsUnicast
            : header.Destination == Address && !isLinkBroadcast;
    }

    private bool Drop(DropReason reason)
    {
        context.Counters.Drop(reason);
        return false;
    }
}
