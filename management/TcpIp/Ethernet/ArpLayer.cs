using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// ARP for IPv4 over Ethernet (RFC 826), its cache (RFC 1122 section 2.3.2) and the detection of address conflicts (RFC 5227).
/// <code>
///   0        2        4    5    6     8            14         18           24
///   | kind 1 | 0x0800 | 6  | 4  | op  | sender MAC | sender IP | target MAC | target IP
/// </code>
/// A neighbour's life: asked for by broadcast, then reachable for a minute, then asked by unicast while it is still used, then forgotten.
/// Only answers to own questions, and questions put to this host, make an entry.
/// </summary>
internal sealed class ArpLayer(StackContext context, EthernetLayer ethernet)
{
    /// <summary>The most neighbours that are remembered; the longest unused one makes room.</summary>
    public const int MaximumNeighbours = 256;

    /// <summary>The most packets that wait for one neighbour's address (RFC 1122 section 2.3.2.2).</summary>
    public const int MaximumWaiting = 4;

    private const int PacketLength = 28;
    private const ushort Request = 1;
    private const ushort Reply = 2;
    private const long Second = 1_000_000;
    private const long ReachableTime = 60 * Second;
    private const long DefenceInterval = 10 * Second;
    private const int MaximumTries = 3;

    private readonly Dictionary<IpAddress, Neighbour> _neighbours = [];
    private readonly byte[] _frame = new byte[EthernetLayer.HeaderLength + PacketLength];
    private StackTimer? _timer;
    private AddressProbe? _probe;
    private long _lastDefence = -DefenceInterval;

    /// <summary>The address to answer for; unspecified while there is none.</summary>
    public IpAddress OwnAddress { get; private set; } = IpAddress.AnyV4;

    /// <summary>Neighbours known or asked for.</summary>
    public int Count => _neighbours.Count;

    private StackTimer Timer => _timer ??= new StackTimer(context.Timers, Tick);

    /// <summary>Takes an address and tells all neighbours (RFC 5227 section 2.3), or none; forgets the old network.</summary>
    public void SetOwnAddress(IpAddress address)
    {
        foreach (Neighbour neighbour in _neighbours.Values)
            neighbour.DropWaiting();
        _neighbours.Clear();
        OwnAddress = address;
        if (!address.IsUnspecified)
            Send(Request, MacAddress.Broadcast, default, address, address);
    }

    /// <summary>
    /// Asks whether somebody has an address that this host is to take (RFC 5227 section 2.1), so many times in that interval; one probe runs at a
    /// time, a new one replaces the last.
    /// </summary>
    public void Probe(IpAddress address, int count, long interval, Action<bool> done)
    {
        _probe?.Stop();
        _probe = new AddressProbe(context.Timers, address, count, () =>
        {
            Send(Request, MacAddress.Broadcast, default, IpAddress.AnyV4, address);
            return context.Now + interval;
        }, done);
        _probe.Start(context.Now);
    }

    /// <summary>Sends the IPv4 packet behind the frame's header to a neighbour, or keeps a copy until the neighbour has answered.</summary>
    public void Send(Span<byte> frame, IpAddress nextHop)
    {
        if (!_neighbours.TryGetValue(nextHop, out Neighbour? neighbour))
        {
            neighbour = Add(nextHop);
            Ask(neighbour);
        }
        neighbour.LastUse = context.Now;
        if (!neighbour.IsKnown)
        {
            if (!neighbour.TryKeep(frame))
                context.Counters.Drop(DropReason.Unresolved);
            return;
        }
        if (context.Now >= neighbour.ReachableUntil && neighbour.Tries == 0)
            Ask(neighbour);
        ethernet.Send(frame, neighbour.Mac, EtherType.Ipv4);
    }

    public void Receive(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < PacketLength)
        {
            context.Counters.Drop(DropReason.Truncated);
            return;
        }
        ushort operation = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        MacAddress senderMac = MacAddress.Read(packet[8..]);
        IpAddress sender = IpAddress.V4(BinaryPrimitives.ReadUInt32BigEndian(packet[14..]));
        IpAddress target = IpAddress.V4(BinaryPrimitives.ReadUInt32BigEndian(packet[24..]));
        if (BinaryPrimitives.ReadUInt64BigEndian(packet) >> 16 != 0x0001_0800_0604 || operation is not (Request or Reply))
        {
            context.Counters.Drop(DropReason.BadHeader);
            return;
        }
        if (senderMac.IsGroup || senderMac == ethernet.Address || (!sender.IsUnspecified && !sender.IsUnicast))
        {
            context.Counters.Drop(DropReason.BadSource);
            return;
        }
        if (_probe is { } probe && (sender == probe.Address || (sender.IsUnspecified && operation == Request && target == probe.Address)))
            EndProbe(isTaken: true);
        if (OwnAddress.IsUnspecified)
            return;
        if (sender == OwnAddress)
        {
            Defend();
            return;
        }
        bool isForUs = operation == Request && target == OwnAddress;
        if (!sender.IsUnspecified)
            Learn(sender, senderMac, isForUs);
        if (isForUs)
            Send(Reply, senderMac, senderMac, OwnAddress, sender);
    }

    // RFC 826, "Packet Reception": an entry that exists is brought up to date, a new one is made only for who asks for this host.
    private void Learn(IpAddress sender, MacAddress mac, bool mayAdd)
    {
        if (!_neighbours.TryGetValue(sender, out Neighbour? neighbour))
        {
            if (!mayAdd)
                return;
            neighbour = Add(sender);
        }
        neighbour.Mac = mac;
        neighbour.IsKnown = true;
        neighbour.Tries = 0;
        neighbour.ReachableUntil = context.Now + ReachableTime;
        while (neighbour.TryTake(out byte[] bytes, out int length))
        {
            ethernet.Send(bytes.AsSpan(0, length), mac, EtherType.Ipv4);
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private Neighbour Add(IpAddress address)
    {
        if (_neighbours.Count == MaximumNeighbours)
        {
            Neighbour oldest = new(address) { LastUse = long.MaxValue };
            foreach (Neighbour each in _neighbours.Values)
                oldest = each.LastUse < oldest.LastUse ? each : oldest;
            Forget(oldest);
        }
        Neighbour added = new(address) { LastUse = context.Now };
        _neighbours.Add(address, added);
        return added;
    }

    private void Forget(Neighbour neighbour)
    {
        for (int lost = neighbour.DropWaiting(); lost > 0; lost--)
            context.Counters.Drop(DropReason.Unresolved);
        _neighbours.Remove(neighbour.Address);
    }

    // At most one question a second and neighbour (RFC 1122 section 2.3.2.1); a known one is asked by unicast.
    private void Ask(Neighbour neighbour)
    {
        neighbour.Tries++;
        neighbour.AskAgain = context.Now + Second;
        Send(Request, neighbour.IsKnown ? neighbour.Mac : MacAddress.Broadcast, default, OwnAddress, neighbour.Address);
        Timer.StartNoLater(neighbour.AskAgain);
    }

    private void Tick()
    {
        List<Neighbour> silent = [];
        foreach (Neighbour neighbour in _neighbours.Values)
        {
            if (neighbour.Tries != 0 && neighbour.AskAgain <= context.Now)
                silent.Add(neighbour);
            else if (neighbour.Tries != 0)
                Timer.StartNoLater(neighbour.AskAgain);
        }
        foreach (Neighbour neighbour in silent)
        {
            if (neighbour.Tries < MaximumTries)
                Ask(neighbour);
            else
                Forget(neighbour);
        }
    }

    // RFC 5227 section 2.4 (b): the address is defended, once in ten seconds, and kept.
    private void Defend()
    {
        context.Counters.AddressConflicts++;
        if (context.Now - _lastDefence < DefenceInterval)
            return;
        _lastDefence = context.Now;
        Send(Request, MacAddress.Broadcast, default, OwnAddress, OwnAddress);
    }

    private void EndProbe(bool isTaken)
    {
        AddressProbe? probe = _probe;
        _probe = null;
        probe?.End(isTaken);
    }

    private void Send(ushort operation, MacAddress to, MacAddress targetMac, IpAddress sender, IpAddress target)
    {
        Span<byte> packet = _frame.AsSpan(EthernetLayer.HeaderLength);
        BinaryPrimitives.WriteUInt64BigEndian(packet, 0x0001_0800_0604_0000u | operation);
        ethernet.Address.Write(packet[8..]);
        sender.Write(packet[14..]);
        targetMac.Write(packet[18..]);
        target.Write(packet[24..]);
        ethernet.Send(_frame, to, EtherType.Arp);
    }
}
