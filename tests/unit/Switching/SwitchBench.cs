using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Switching;

namespace HyperOS.Tests.Unit.Switching;

/// <summary>A switch with devices that keep what they get, a clock set by hand, and a lock that is checked.</summary>
internal sealed class SwitchBench
{
    public const ulong Second = 1_000_000_000;

    public SwitchBench(int ports = 8, int addresses = 4096, int maxFrameLength = 1514)
    {
        Host = new BenchHost();
        Switch = new VirtualSwitch(Host, ports, addresses, 0x1234_5678_9ABC_DEF0) { MaxFrameLength = maxFrameLength };
    }

    public BenchHost Host { get; }

    public VirtualSwitch Switch { get; }

    public static MacAddress Mac(uint number) => new(0x0200_0000_0000ul | number);

    public static PortGroup Access(ushort vlan) => new() { Vlan = vlan };

    public static PortGroup Bridge(ushort vlan) => new() { Vlan = vlan, AcceptsForgedTransmits = true };

    public static PortGroup Trunk(ushort native, params uint[] vlans)
    {
        VlanSet set = new();
        foreach (uint vlan in vlans)
            set.Add(vlan);
        return new PortGroup { IsTrunk = true, Vlan = native, Allowed = set, AcceptsForgedTransmits = true };
    }

    /// <summary>Connects a device whose address is that of its number.</summary>
    public BenchDevice Connect(PortGroup group, uint number, int addresses = VirtualSwitch.GuestAddresses)
    {
        BenchDevice device = new(this);
        Assert.Equal(ConnectStatus.Connected, Switch.TryConnect(group, Mac(number), device, addresses, out SwitchPort? port));
        device.Join(port!, Mac(number));
        return device;
    }

    public BenchDevice ConnectUplink(int addresses = VirtualSwitch.UplinkAddresses)
    {
        BenchDevice device = new(this);
        Assert.Equal(ConnectStatus.Connected, Switch.TryConnectUplink(device, addresses, out SwitchPort? port));
        device.Join(port!, Mac(0xFFFF));
        return device;
    }

    public PortCounters Counters(SwitchPort port)
    {
        PortCounters counters = new();
        Switch.ReadCounters(port, counters);
        return counters;
    }

    /// <summary>A frame of an experimental EtherType.</summary>
    public static byte[] Frame(MacAddress to, MacAddress from, int length = 60, params int[] tags)
    {
        byte[] frame = new byte[length];
        to.TryWrite(frame);
        from.TryWrite(frame.AsSpan(6));
        int at = 12;
        foreach (int tag in tags)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(at), 0x8100);
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(at + 2), (ushort)tag);
            at += 4;
        }
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(at), 0x88B5);
        for (int i = at + 2; i < length; i++)
            frame[i] = (byte)i;
        return frame;
    }

    /// <summary>The lock must be free when receivers are called, and never be taken twice.</summary>
    internal sealed class BenchHost : SwitchHost
    {
        private bool _isHeld;

        public ulong Time { get; set; }

        public bool IsHeld => _isHeld;

        public override ulong Now => Time;

        public override bool Enter()
        {
            Assert.False(_isHeld);
            _isHeld = true;
            return true;
        }

        public override void Exit(bool state)
        {
            Assert.True(_isHeld && state);
            _isHeld = false;
        }
    }
}

/// <summary>What a device got.</summary>
internal sealed record Received(byte[] Bytes, FrameOffload Offload)
{
    public MacAddress To => MacAddress.Read(Bytes);

    public MacAddress From => MacAddress.Read(Bytes.AsSpan(6));

    /// <summary>Control information of the tag, or null.</summary>
    public int? Tag => Bytes[12] == 0x81 && Bytes[13] == 0 ? BinaryPrimitives.ReadUInt16BigEndian(Bytes.AsSpan(14)) : null;
}

/// <summary>A device at a port: its receiver, and its way in.</summary>
internal sealed class BenchDevice(SwitchBench bench) : FrameReceiver
{
    private TransmitLane? _lane;
    private BenchLaneHost? _laneHost;

    public SwitchPort Port { get; private set; } = null!;

    public MacAddress Address { get; private set; }

    public List<Received> Got { get; } = [];

    public int Flushes { get; private set; }

    public FrameOffloads Offloads { get; set; }

    public DeliveryStatus Answer { get; set; } = DeliveryStatus.Delivered;

    /// <summary>Called for each frame first; what it throws is a fault of the device's machine.</summary>
    public Action OnDeliver { get; set; } = () => { };

    public TransmitLane Lane => _lane!;

    /// <summary>When the queue is to be served again; 0 if nobody said.</summary>
    public ulong ResumeAt => _laneHost!.Resume;

    public PortCounters Counters => bench.Counters(Port);

    public override FrameOffloads Accepts => Offloads;

    public void Join(SwitchPort port, MacAddress address)
    {
        Port = port;
        Address = address;
        _laneHost = new BenchLaneHost(bench);
        _lane = bench.Switch.OpenLane(port, _laneHost);
    }

    public void Send(params byte[][] frames) => Assert.Equal(frames.Length, Transmit(new ArrayBatch(frames)));

    public void SendTo(MacAddress to, int length = 60, params int[] tags) => Send(SwitchBench.Frame(to, Address, length, tags));

    public int Transmit(FrameBatch batch) => Lane.Transmit(batch);

    public List<Received> Take()
    {
        List<Received> got = [.. Got];
        Got.Clear();
        return got;
    }

    public override void Deliver(FrameRun run)
    {
        while (run.TryNext(out Frame frame))
            run.Settle(Take(in frame));
        Assert.False(bench.Host.IsHeld);
        Flushes++;
    }

    private DeliveryStatus Take(in Frame frame)
    {
        Assert.False(bench.Host.IsHeld);
        OnDeliver();
        if (Answer != DeliveryStatus.Delivered)
            return Answer;
        byte[] bytes = new byte[frame.Length];
        Assert.Equal(bytes.Length, frame.CopyTo(0, bytes));
        Assert.Equal(FrameOffloads.None, frame.Offload.Required & ~Offloads);
        Got.Add(new Received(bytes, frame.Offload));
        return DeliveryStatus.Delivered;
    }

    private sealed class BenchLaneHost(SwitchBench bench) : LaneHost
    {
        public ulong Resume { get; private set; }

        public override bool TryDeliver(SwitchPort receiver, TransmitLane lane)
        {
            Assert.False(bench.Host.IsHeld);
            try
            {
                lane.Deliver();
                return true;
            }
            catch (MachineFault)
            {
                return false;
            }
        }

        public override void ResumeAt(ulong time) => Resume = time;
    }
}

/// <summary>The receiver's machine ends.</summary>
internal sealed class MachineFault : Exception;

/// <summary>The sender's machine ends.</summary>
internal sealed class SenderCut : Exception;

/// <summary>Frames in arrays, seen in pieces.</summary>
internal sealed class ArrayBatch(byte[][] frames, FrameOffload[]? offloads = null, int piece = int.MaxValue) : FrameBatch
{
    public override int Count => frames.Length;

    public override int Length(int frame) => frames[frame].Length;

    public override FrameOffload Offload(int frame) => offloads is null ? default : offloads[frame];

    public override ReadOnlySpan<byte> From(int frame, int offset) =>
        offset >= frames[frame].Length ? default : frames[frame].AsSpan(offset, Math.Min(piece - offset % piece, frames[frame].Length - offset));
}
