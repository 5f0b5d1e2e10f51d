using System.Numerics;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Specs.Net;

namespace HyperOS.Switching;

/// <summary>
/// An Ethernet switch for machines, as a rule in the manner of ESXi's:
/// <list type="bullet">
/// <item>It knows its own devices' addresses, and learns those behind uplinks and behind ports that may transmit from any address.</item>
/// <item>Frames for unknown addresses flood, within their VLAN, to where unknown addresses can be: those ports, and the sender's uplink.</item>
/// <item>Group addresses flood to all ports of the VLAN. Promiscuous ports, where allowed, hear what is forwarded in their VLANs.</item>
/// <item>No frame goes from uplink to uplink, so there is no loop. With several, each port uses one of those that are up, and hears group addresses
/// and flooded frames through that one alone.</item>
/// </list>
/// A frame waits for nobody: a receiver takes it or it is dropped there, and counted.
/// </summary>
public sealed class VirtualSwitch
{
    /// <summary>Addresses that a guest's port may teach the switch.</summary>
    public const int GuestAddresses = 32;

    /// <summary>Addresses that an uplink may teach the switch.</summary>
    public const int UplinkAddresses = 1024;

    private readonly SwitchHost _host;
    private readonly SwitchPort[] _ports;
    private readonly AddressTable _learned;
    private readonly OwnAddresses _own;

    // The uplinks that are up.
    private readonly SwitchPort[] _uplinks;
    private int _uplinkCount;
    private int _promiscuousCount;

    /// <summary>Allocates all that forwarding will need, but for the lanes.</summary>
    /// <param name="host">Time and lock.</param>
    /// <param name="ports">Most ports, uplinks among them.</param>
    /// <param name="addresses">Most addresses that are learned, all ports together.</param>
    /// <param name="seed">A number that guests cannot know.</param>
    public VirtualSwitch(SwitchHost host, int ports, int addresses, ulong seed)
    {
        _host = host;
        _ports = new SwitchPort[ports];
        for (int i = 0; i < ports; i++)
            _ports[i] = new SwitchPort(i);
        _uplinks = new SwitchPort[ports];
        _learned = new AddressTable(ports, addresses, seed);
        _own = new OwnAddresses(ports);
    }

    public int PortCount => _ports.Length;

    /// <summary>In bytes, from the destination address on, without tag; what is longer must say how it is to be cut.</summary>
    public int MaxFrameLength { get; init; } = EthernetHeader.Length + EthernetHeader.StandardPayload;

    internal ulong Now => _host.Now;

    /// <param name="index">From 0 to below <see cref="PortCount"/>.</param>
    public SwitchPort PortAt(int index) => _ports[index];

    /// <summary>Connects a guest's device, or another one of the host's own.</summary>
    /// <param name="group">What the port may do.</param>
    /// <param name="address">The one that the device was made with.</param>
    /// <param name="receiver">The device's side.</param>
    /// <param name="addresses">How many addresses it may teach, where its group accepts forged transmits.</param>
    /// <param name="port">Null unless connected.</param>
    public ConnectStatus TryConnect(PortGroup group, MacAddress address, FrameReceiver receiver, int addresses, out SwitchPort? port)
    {
        port = null;
        return address.IsGroup || address.IsZero ? ConnectStatus.BadAddress : TryConnect(group, address, receiver, isUplink: false, addresses, out port);
    }

    /// <summary>Connects a physical device, whose link is up.</summary>
    /// <param name="receiver">Where frames go out.</param>
    /// <param name="addresses">How many addresses outside can be known at a time.</param>
    /// <param name="port">Null unless connected.</param>
    public ConnectStatus TryConnectUplink(FrameReceiver receiver, int addresses, out SwitchPort? port) =>
        TryConnect(PortGroup.Uplink(), default, receiver, isUplink: true, addresses, out port);

    /// <summary>
    /// Takes a device off the switch. Its own queues must not run any more. Others may still be delivering to its receiver: that is to be there until
    /// every processor has come by its scheduler.
    /// </summary>
    public void Disconnect(SwitchPort port)
    {
        bool state = _host.Enter();
        for (TransmitLane? lane = port.FirstLane; lane is not null; lane = lane.Next)
        {
            lane.SettleAll();
            lane.IsClosed = true;
        }
        _learned.Release(port.Index);
        _own.Set(port.Index, default);
        port.Disconnect();
        Recount();
        _host.Exit(state);
    }

    /// <summary>Makes the way in for one of a device's transmit queues. Allocates it.</summary>
    public TransmitLane OpenLane(SwitchPort port, LaneHost host)
    {
        TransmitLane lane = new(this, port, host, _ports.Length);
        bool state = _host.Enter();
        lane.Next = port.FirstLane;
        port.FirstLane = lane;
        _host.Exit(state);
        return lane;
    }

    /// <summary>Makes a connected port one of another group, from the next decision on.</summary>
    public void Assign(SwitchPort port, PortGroup group)
    {
        bool state = _host.Enter();
        if (port.IsConnected)
        {
            port.Assign(group, _host.Now);
            _learned.Forget(port.Index);
            Judge(port);
            Recount();
        }
        _host.Exit(state);
    }

    /// <summary>Makes all ports of a group those of another.</summary>
    public void Replace(PortGroup group, PortGroup replacement)
    {
        for (int i = 0; i < _ports.Length; i++)
        {
            if (_ports[i].Group == group)
                Assign(_ports[i], replacement);
        }
    }

    /// <summary>An uplink's link came or went. While it is down, others of the switch carry what it carried.</summary>
    public void SetLink(SwitchPort port, bool isUp)
    {
        bool state = _host.Enter();
        if (port.IsUplink && port.IsLinkUp != isUp)
        {
            port.IsLinkUp = isUp;
            _learned.Forget(port.Index);
            Recount();
        }
        _host.Exit(state);
    }

    /// <summary>Begins to record a port's frames, in place of what recorded them before; null ends it.</summary>
    public void SetCapture(SwitchPort port, PortCapture? capture)
    {
        bool state = _host.Enter();
        if (port.IsConnected)
            port.Capture = capture;
        _host.Exit(state);
    }

    /// <summary>Copies a port's counters, all of one moment.</summary>
    public void ReadCounters(SwitchPort port, PortCounters copy) => ReadCounters(port, copy, out _);

    /// <inheritdoc cref="ReadCounters(SwitchPort, PortCounters)"/>
    /// <param name="port">Whose.</param>
    /// <param name="copy">Gets them.</param>
    /// <param name="now">The moment, in nanoseconds.</param>
    public void ReadCounters(SwitchPort port, PortCounters copy, out ulong now)
    {
        bool state = _host.Enter();
        now = _host.Now;
        copy.CopyFrom(port.Counters);
        _host.Exit(state);
    }

    internal void SetAddress(TransmitLane lane, MacAddress address)
    {
        if (address.IsGroup || address.IsZero)
            return;
        bool state = _host.Enter();
        if (!lane.IsClosed && !lane.Port.IsUplink)
        {
            lane.Port.RequestedAddress = address;
            Judge(lane.Port);
        }
        _host.Exit(state);
    }

    internal void SetPromiscuous(TransmitLane lane, bool isPromiscuous)
    {
        bool state = _host.Enter();
        if (!lane.IsClosed)
        {
            lane.Port.WantsPromiscuous = isPromiscuous;
            Recount();
        }
        _host.Exit(state);
    }

    /// <summary>Decides about frames that the lane has inspected, the first ones first.</summary>
    /// <param name="lane">Gets to know where they go.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="resumeAt">When the rest could come, if not all were taken.</param>
    /// <returns>How many were taken.</returns>
    internal int Decide(TransmitLane lane, int count, out ulong resumeAt)
    {
        resumeAt = 0;
        bool state = _host.Enter();
        int taken = count;
        if (!lane.IsClosed)
        {
            // What a fault of the device's machine left behind, if it left the machine alive.
            lane.SettleAll();
            taken = Decide(lane, count, _host.Now, ref resumeAt);
        }
        _host.Exit(state);
        return taken;
    }

    internal void Settle(TransmitLane lane, SwitchPort port, DropReason rest)
    {
        bool state = _host.Enter();
        lane.Settle(port, rest);
        _host.Exit(state);
    }

    private ConnectStatus TryConnect(PortGroup group, MacAddress address, FrameReceiver receiver, bool isUplink, int addresses, out SwitchPort? port)
    {
        port = null;
        bool state = _host.Enter();
        ConnectStatus status = ConnectStatus.NoPort;
        for (int i = 0; i < _ports.Length && status == ConnectStatus.NoPort; i++)
        {
            if (_ports[i].IsConnected)
                continue;
            if (!_learned.TryReserve(i, addresses))
            {
                status = ConnectStatus.NoAddresses;
                continue;
            }
            port = _ports[i];
            port.Connect(group, address, receiver, isUplink, _host.Now);
            _own.Set(i, address);
            Recount();
            status = ConnectStatus.Connected;
        }
        _host.Exit(state);
        return status;
    }

    /// <summary>Applies the policy to the address that a port's guest chose.</summary>
    private void Judge(SwitchPort port)
    {
        bool isAccepted = port.Group.AcceptsMacChanges || port.RequestedAddress.Value == port.InitialAddress.Value;
        port.IsInboundBlocked = !isAccepted;
        port.Address = isAccepted ? port.RequestedAddress : port.InitialAddress;
        _own.Set(port.Index, port.Address);
    }

    private void Recount()
    {
        _uplinkCount = 0;
        _promiscuousCount = 0;
        for (int i = 0; i < _ports.Length; i++)
        {
            if (_ports[i].IsLinkUp)
                _uplinks[_uplinkCount++] = _ports[i];
            if (_ports[i].IsPromiscuous)
                _promiscuousCount++;
        }
    }

    private SwitchPort? UplinkOf(SwitchPort port) => _uplinkCount == 0 ? null : _uplinks[port.Index % _uplinkCount];

    private int Decide(TransmitLane lane, int count, ulong now, ref ulong resumeAt)
    {
        SwitchPort from = lane.Port;
        for (int i = 0; i < count; i++)
        {
            ref LaneFrame frame = ref lane.Frame(i);
            DropReason verdict = Admit(from, ref frame, now);
            if (verdict == DropReason.None && !from.TransmitBucket.TryTake(frame.LinkLength, now, out ulong wait))
            {
                resumeAt = now + wait;
                return i;
            }
            from.Counters.CountReceived(1, (uint)frame.Length);
            SwitchPort? target = null;
            if (verdict == DropReason.None)
            {
                Learn(from, in frame, now);
                verdict = Route(lane, i, in frame, now, out target);
            }
            if (verdict == DropReason.None)
                from.Counters.CountForwarded(1);
            else
                from.Counters.CountDrops(verdict, 1);
            if (target is not null && from.TransmitBucket.IsUnlimited && !target.IsInboundBlocked && target.ReceiveBucket.IsUnlimited)
                i += Repeat(lane, i, count, target);
        }
        return count;
    }

    /// <summary>Decides of the frames behind one that are like it what was decided of it: they go to the same port, which takes all that comes.</summary>
    /// <returns>How many.</returns>
    private static int Repeat(TransmitLane lane, int index, int count, SwitchPort to)
    {
        ref LaneFrame first = ref lane.Frame(index);
        ulong bytes = 0;
        int next = index + 1;
        for (; next < count; next++)
        {
            ref LaneFrame frame = ref lane.Frame(next);
            if (!frame.IsLike(in first))
                break;
            frame.Vlan = first.Vlan;
            bytes += (uint)frame.Length;
        }
        int repeats = next - index - 1;
        if (repeats == 0)
            return 0;
        PortCounters counters = lane.Port.Counters;
        counters.CountReceived((uint)repeats, bytes);
        counters.CountForwarded((uint)repeats);
        to.Counters.CountOffered((uint)repeats);
        lane.Send(index + 1, repeats, to);
        return repeats;
    }

    /// <summary>Judges a frame by itself and by the policy of the port where it came in, and finds its VLAN.</summary>
    private DropReason Admit(SwitchPort from, ref LaneFrame frame, ulong now)
    {
        PortGroup group = from.Group;
        if (frame.Fault != DropReason.None)
            return frame.Fault;
        if (frame.Source.IsGroup || frame.Source.IsZero)
            return DropReason.BadSource;
        if (!group.AcceptsForgedTransmits && frame.Source.Value != from.Address.Value)
            return DropReason.ForgedTransmit;
        if (frame.Destination.IsReserved)
            return DropReason.ReservedAddress;
        ushort identifier = frame.IsTagged ? (ushort)(frame.ControlInformation & VlanTag.IdentifierMask) : VlanTag.PriorityOnly;
        if (identifier > VlanTag.MaxIdentifier)
            return DropReason.InvalidVlan;
        if (identifier != VlanTag.PriorityOnly && !group.IsTrunk)
            return DropReason.TaggedAtAccessPort;
        frame.Vlan = identifier == VlanTag.PriorityOnly ? group.Vlan : identifier;
        if (!group.IsMember(frame.Vlan))
            return DropReason.VlanNotAllowed;
        return from.IsUplink && (IsFromInside(from, in frame) || IsLearnedInside(in frame, now)) ? DropReason.ReversePath : DropReason.None;
    }

    /// <summary>Whether one of the switch's own devices has the source's address in the VLAN.</summary>
    private bool IsFromInside(SwitchPort from, ref readonly LaneFrame frame)
    {
        for (int i = _own.First(frame.Source); i != OwnAddresses.None; i = _own.Next(i))
        {
            if (_ports[i] != from && _ports[i].Group.IsMember(frame.Vlan))
                return true;
        }
        return false;
    }

    /// <summary>
    /// Whether the source was heard behind a port of the switch's own. It may have moved outside since; but with several uplinks, what one sent out
    /// comes back through the others.
    /// </summary>
    private bool IsLearnedInside(ref readonly LaneFrame frame, ulong now)
    {
        int port = _uplinkCount > 1 ? _learned.Find(frame.Vlan, frame.Source, now) : -1;
        return port >= 0 && !_ports[port].IsUplink;
    }

    private void Learn(SwitchPort from, ref readonly LaneFrame frame, ulong now)
    {
        bool isOwn = frame.Source.Value == from.Address.Value;
        if (!isOwn && from.Group.AcceptsForgedTransmits && (from.IsUplink || !IsFromInside(from, in frame)))
            _learned.Learn(frame.Vlan, frame.Source, from.Index, now);
    }

    /// <param name="target">The port to which it goes, if to one alone.</param>
    private DropReason Route(TransmitLane lane, int index, ref readonly LaneFrame frame, ulong now, out SwitchPort? target)
    {
        SwitchPort from = lane.Port;
        target = null;
        if (frame.Destination.IsGroup)
            return Flood(lane, index, frame.Vlan, isGroup: true, now) ? DropReason.None : DropReason.NoDestination;

        bool isKnown = false;
        int sent = 0;
        for (int i = _own.First(frame.Destination); i != OwnAddresses.None; i = _own.Next(i))
        {
            SwitchPort to = _ports[i];
            if (!to.Group.IsMember(frame.Vlan))
                continue;
            isKnown = true;
            if (to == from)
                continue;
            Offer(lane, index, to, now);
            target = to;
            sent++;
        }
        SwitchPort? learned = null;
        if (!isKnown)
        {
            int port = _learned.Find(frame.Vlan, frame.Destination, now);
            learned = port < 0 ? null : _ports[port];
            if (learned is not null && learned.IsUplink && !from.IsUplink)
                learned = UplinkOf(from);
            isKnown = learned is not null;
            if (learned is not null && learned != from && !(from.IsUplink && learned.IsUplink))
            {
                Offer(lane, index, learned, now);
                target = learned;
                sent++;
            }
        }
        if (!isKnown)
            return Flood(lane, index, frame.Vlan, isGroup: false, now) ? DropReason.None : DropReason.NoDestination;
        for (int i = 0; _promiscuousCount != 0 && i < _ports.Length; i++)
        {
            SwitchPort to = _ports[i];
            if (to.IsPromiscuous && to != from && to != learned && to.Address.Value != frame.Destination.Value && to.Group.IsMember(frame.Vlan))
            {
                Offer(lane, index, to, now);
                sent++;
            }
        }
        if (sent != 1 || _promiscuousCount != 0)
            target = null;
        return sent != 0 ? DropReason.None : DropReason.Hairpin;
    }

    /// <summary>Sends a frame to all ports of its VLAN that may be meant.</summary>
    /// <returns>False if there is none.</returns>
    private bool Flood(TransmitLane lane, int index, ushort vlan, bool isGroup, ulong now)
    {
        SwitchPort from = lane.Port;
        SwitchPort? uplink = UplinkOf(from);
        bool isSent = false;
        for (int i = 0; i < _ports.Length; i++)
        {
            SwitchPort to = _ports[i];
            PortGroup group = to.Group;
            if (to == from || !to.IsConnected || !group.IsMember(vlan))
                continue;
            bool isMeant = to.IsUplink
                ? !from.IsUplink && to == uplink
                : (isGroup || group.AcceptsForgedTransmits || to.IsPromiscuous) && (!from.IsUplink || UplinkOf(to) == from);
            if (isMeant)
            {
                Offer(lane, index, to, now);
                isSent = true;
            }
        }
        return isSent;
    }

    /// <summary>Sends a frame to a port, a destination even if the frame is dropped there, because the port may not have it.</summary>
    private static void Offer(TransmitLane lane, int index, SwitchPort to, ulong now)
    {
        to.Counters.CountOffered(1);
        if (to.IsInboundBlocked)
            to.Counters.CountDrops(DropReason.MacChanged, 1);
        else if (!to.ReceiveBucket.TryTake(lane.Frame(index).LinkLength, now, out _))
            to.Counters.CountDrops(DropReason.ReceiveLimit, 1);
        else
            lane.Send(index, 1, to);
    }
}
