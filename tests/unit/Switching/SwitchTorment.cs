using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Switching;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Unit.Switching;

/// <summary>Random devices that send anything to anybody, while ports come, go and change.</summary>
internal static class SwitchTorment
{
    private const int MarkOffset = 24;

    public static void Run(Random random, int steps)
    {
        SwitchBench bench = new(ports: 7, addresses: 200);
        List<(BenchDevice Device, PortGroup Group)> devices = [];
        for (uint i = 0; i < 6; i++)
            Connect(i);
        uint next = 6;
        for (int step = 0; step < steps; step++)
        {
            int index = random.Next(devices.Count);
            (BenchDevice device, PortGroup group) = devices[index];
            bench.Host.Time += (ulong)random.Next(1_000_000);
            switch (random.Next(40))
            {
                case 0:
                    bench.Switch.Disconnect(device.Port);
                    devices.RemoveAt(index);
                    Connect(next++ % 12);
                    break;
                case 1:
                    if (!device.Port.IsUplink)
                    {
                        devices[index] = (device, Group());
                        bench.Switch.Assign(device.Port, devices[index].Group);
                    }
                    break;
                case 2:
                    device.Lane.SetPromiscuous(random.Next(2) == 0);
                    break;
                case 3:
                    device.Lane.SetAddress(Mac((uint)random.Next(12)));
                    break;
                case 4:
                    bench.Switch.SetLink(device.Port, random.Next(4) != 0);
                    break;
                case 5:
                    device.Answer = (DeliveryStatus)random.Next(5);
                    break;
                case 6:
                    bench.Host.Time += (ulong)random.Next(400) * Second;
                    break;
                case 7:
                    bool isFault = random.Next(2) == 0;
                    device.OnDeliver = random.Next(2) == 0 ? () => { } : () => throw (isFault ? new MachineFault() : new SenderCut());
                    break;
                default:
                    Send(device, group);
                    break;
            }
        }
        foreach ((BenchDevice device, _) in devices)
            device.OnDeliver = () => { };

        // A sender that ended leaves copies on their way until it sends again or goes.
        foreach ((BenchDevice device, _) in devices)
            device.Transmit(new ArrayBatch([]));
        foreach ((BenchDevice device, _) in devices)
            CheckCounters(device.Counters);

        void Connect(uint number)
        {
            if (number % 6 == 5)
            {
                devices.Add((bench.ConnectUplink(addresses: 20), PortGroup.Uplink()));
                return;
            }
            PortGroup group = Group();
            devices.Add((bench.Connect(group, number, addresses: 5), group));
        }

        PortGroup Group()
        {
            VlanSet allowed = new();
            for (int i = 0; i < 4; i++)
                allowed.Add((uint)random.Next(5));
            return new PortGroup
            {
                IsTrunk = random.Next(2) == 0, Vlan = (ushort)random.Next(4), Allowed = allowed, AcceptsPromiscuous = random.Next(2) == 0,
                AcceptsMacChanges = random.Next(2) == 0, AcceptsForgedTransmits = random.Next(2) == 0,
                Transmit = random.Next(4) == 0 ? new RateLimit(1_000_000, 3000) : default, Receive = random.Next(4) == 0 ? new RateLimit(1_000_000, 3000) : default,
            };
        }

        void Send(BenchDevice device, PortGroup group)
        {
            byte[][] frames = new byte[random.Next(1, 6)][];
            for (int i = 0; i < frames.Length; i++)
            {
                int[] tags = random.Next(3) switch { 0 => [], 1 => [Tag()], _ => random.Next(4) == 0 ? [Tag(), Tag()] : [Tag()] };
                MacAddress to = random.Next(4) == 0 ? MacAddress.Broadcast : Mac((uint)random.Next(16));
                MacAddress from = random.Next(3) == 0 ? Mac((uint)random.Next(16)) : device.Port.Address.IsZero ? Mac(15) : device.Port.Address;
                frames[i] = Frame(to, from, random.Next(40, 200), tags);

                // The frame says behind its headers which VLAN it was sent into: none, if it may not pass.
                int? vlan = tags.Length > 1 ? null : tags.Length == 0 || (tags[0] & 0xFFF) == 0 ? group.Vlan : group.IsTrunk ? tags[0] & 0xFFF : null;
                frames[i].AsSpan(MarkOffset).Fill((byte)(vlan ?? 0xFF));
            }
            try
            {
                device.Transmit(new ArrayBatch(frames, null, random.Next(1, 60)));
            }
            catch (SenderCut)
            {
            }
            foreach ((BenchDevice receiver, PortGroup its) in devices)
            {
                foreach (Received got in receiver.Take())
                {
                    ushort vlan = (ushort)(got.Tag is int tag ? tag & 0xFFF : its.Vlan);
                    int mark = got.Bytes[^1];
                    Assert.Equal(vlan, mark);
                    Assert.True(its.IsMember(vlan) && group.IsMember(vlan));
                    Assert.Equal(got.Tag is not null, its.IsTagged(vlan));
                    int type = got.Bytes[got.Tag is null ? 12 : 16] << 8 | got.Bytes[got.Tag is null ? 13 : 17];
                    Assert.Equal(0x88B5, type);
                    Assert.NotSame(device, receiver);
                    Assert.False(receiver.Port.IsUplink && device.Port.IsUplink);
                    Assert.True(group.AcceptsForgedTransmits || got.From.Value == device.Port.Address.Value);
                }
            }
        }

        int Tag() => random.Next(8) switch { 0 => 0, 1 => 4095, 2 => 0xE000 | random.Next(5), _ => random.Next(6) };
    }

    public static void CheckCounters(PortCounters counters)
    {
        ulong atSender = 0, atReceiver = 0;
        for (DropReason reason = DropReason.None + 1; (int)reason < DropReasons.Count; reason++)
        {
            if (DropReasons.IsAtReceiver(reason))
                atReceiver += counters.Drops(reason);
            else
                atSender += counters.Drops(reason);
        }
        Assert.Equal(counters.Received, counters.Forwarded + atSender);
        Assert.Equal(counters.Offered, counters.Delivered + atReceiver);
        Assert.Equal(0u, counters.Drops(DropReason.None));
    }
}
