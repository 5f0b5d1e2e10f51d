using System.Threading;
using HyperOS.Core;

namespace HyperOS.Switching;

/// <summary>
/// A port of a <see cref="VirtualSwitch"/>, which makes all of them and uses them again. All but what is said otherwise is guarded by the switch's lock.
/// </summary>
public sealed class SwitchPort
{
    private static readonly PortGroup s_nothing = new();

    internal readonly PortCounters Counters = new();
    internal TokenBucket TransmitBucket;
    internal TokenBucket ReceiveBucket;

    // Read by senders without the lock: first these, then the generation.
    private PortGroup _group = s_nothing;
    private FrameReceiver? _receiver;
    private PortCapture? _capture;
    private uint _generation;

    private uint _connectedAt;

    internal SwitchPort(int index) => Index = index;

    /// <summary>From 0 on.</summary>
    public int Index { get; }

    /// <summary>Leads outside of the host.</summary>
    public bool IsUplink { get; private set; }

    /// <summary>The address that the device was made with; zero for an uplink.</summary>
    public MacAddress InitialAddress { get; private set; }

    /// <summary>The address by which the switch knows the device.</summary>
    public MacAddress Address { get; internal set; }

    /// <summary>The address that the guest chose last.</summary>
    public MacAddress RequestedAddress { get; internal set; }

    /// <summary>The guest chose an address that the policy rejects: it hears nothing.</summary>
    public bool IsInboundBlocked { get; internal set; }

    /// <summary>The guest asked to hear all frames, whatever the policy says to that.</summary>
    public bool WantsPromiscuous { get; internal set; }

    /// <summary>Of an uplink: frames can go out.</summary>
    public bool IsLinkUp { get; internal set; }

    /// <summary>The device's side; null while none is connected. Any thread, without the lock.</summary>
    public FrameReceiver? Receiver => Volatile.Read(ref _receiver);

    /// <summary>Any thread, without the lock.</summary>
    public bool IsConnected => Receiver is not null;

    /// <summary>Any thread, without the lock.</summary>
    public PortGroup Group => Volatile.Read(ref _group);

    /// <summary>What is captured of the port; null: nothing. Any thread, without the lock.</summary>
    public PortCapture? Capture
    {
        get => Volatile.Read(ref _capture);
        internal set => Volatile.Write(ref _capture, value);
    }

    internal TransmitLane? FirstLane { get; set; }

    /// <summary>Changes whenever the port is connected, disconnected or assigned.</summary>
    internal uint Generation => Volatile.Read(ref _generation);

    /// <summary>The guest asked to hear all frames, and may.</summary>
    internal bool IsPromiscuous => WantsPromiscuous && _group.AcceptsPromiscuous && IsConnected;

    internal void Connect(PortGroup group, MacAddress address, FrameReceiver receiver, bool isUplink, ulong now)
    {
        InitialAddress = RequestedAddress = Address = address;
        IsUplink = isUplink;
        IsLinkUp = isUplink;
        IsInboundBlocked = WantsPromiscuous = false;
        Counters.Clear();
        Assign(group, now);
        _connectedAt = _generation;
        Volatile.Write(ref _receiver, receiver);
    }

    internal void Disconnect()
    {
        NextGeneration();
        Volatile.Write(ref _receiver, null);
        _group = s_nothing;
        _capture = null;
        IsUplink = IsLinkUp = WantsPromiscuous = false;
        FirstLane = null;
    }

    internal void Assign(PortGroup group, ulong now)
    {
        NextGeneration();
        Volatile.Write(ref _group, group);
        TransmitBucket = new TokenBucket(group.Transmit, now);
        ReceiveBucket = new TokenBucket(group.Receive, now);
    }

    /// <summary>Whether what was decided in a generation was about the device that is connected now.</summary>
    internal bool IsConnectedSince(uint generation) => IsConnected && unchecked((int)(generation - _connectedAt)) >= 0;

    /// <summary>Who receives by a decision of a generation. Without the lock.</summary>
    /// <returns>False if the port has changed.</returns>
    internal bool TryGetReceiver(uint generation, out FrameReceiver? receiver, out PortGroup group)
    {
        receiver = Volatile.Read(ref _receiver);
        group = Volatile.Read(ref _group);
        return receiver is not null && Generation == generation;
    }

    private void NextGeneration() => Volatile.Write(ref _generation, unchecked(_generation + 1));
}
