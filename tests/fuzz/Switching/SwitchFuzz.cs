using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Switching;
using HyperOS.Tests.Unit.Switching;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Fuzz.Switching;

/// <summary>Frames of any content, with any claims about what is left to do, never fault the switch, leave their VLAN or get lost uncounted.</summary>
public class SwitchFuzz
{
    private const FrameOffloads All = FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6 | FrameOffloads.TcpEcn | FrameOffloads.Udp;

    [Fact]
    public void Frames_of_any_content_are_forwarded_or_dropped_and_counted() => FuzzRun.Run(random =>
    {
        SwitchBench bench = new(ports: 5, addresses: 64);
        BenchDevice a = bench.Connect(random.Next(2) == 0 ? Trunk(1, 1, 2, 3) : Bridge(1), 1, addresses: 8);
        BenchDevice plain = bench.Connect(Access(1), 2), able = bench.Connect(Access(1), 3, addresses: 0), other = bench.Connect(Bridge(4), 4, addresses: 0);
        BenchDevice up = bench.ConnectUplink(addresses: 8);
        able.Offloads = All;
        up.Offloads = random.Next(2) == 0 ? All : (FrameOffloads)random.Next(32);
        int count = random.Next(1, 4);
        byte[][] frames = new byte[count][];
        FrameOffload[] offloads = new FrameOffload[count];
        for (int i = 0; i < count; i++)
            (frames[i], offloads[i]) = Draw(random);
        a.Transmit(new ArrayBatch(frames, offloads, random.Next(4) == 0 ? random.Next(1, 40) : int.MaxValue));
        Assert.Empty(other.Got);
        foreach (BenchDevice device in (BenchDevice[])[a, plain, able, up])
        {
            PortCounters counters = device.Counters;
            SwitchTorment.CheckCounters(counters);
            for (DropReason reason = DropReason.None; (int)reason < DropReasons.Count; reason++)
            {
                if (counters.Drops(reason) != 0)
                    FuzzRun.Saw(reason);
            }
            foreach (Received got in device.Got)
                CheckReceived(got, device);
        }
        FuzzRun.Saw("segments", plain.Got.Count);
    });

    [Fact]
    public void Devices_that_do_anything_in_any_order_break_no_rule() => FuzzRun.Run(random => SwitchTorment.Run(random, steps: 60));

    private static void CheckReceived(Received got, BenchDevice device)
    {
        FuzzRun.Saw(got.Offload.Segmentation);
        Assert.True(got.Bytes.Length <= (got.Offload.Segmentation == FrameSegmentation.None ? 1518 : HyperOS.Core.Frame.MaxLength));
        if (got.Offload.NeedsChecksum)
            Assert.True(got.Offload.ChecksumStart + got.Offload.ChecksumOffset + 2 <= got.Bytes.Length);
        if (got.Offload.Segmentation != FrameSegmentation.None)
            Assert.True(got.Offload.SegmentSize != 0 && got.Offload.HeaderLength <= got.Bytes.Length);
        Assert.Equal(FrameOffloads.None, got.Offload.Required & ~device.Offloads);
    }

    private static (byte[] Frame, FrameOffload Offload) Draw(Random random)
    {
        MacAddress to = random.Next(3) == 0 ? MacAddress.Broadcast : Mac((uint)random.Next(1, 6)), from = Mac(1);
        int payload = random.Next(5) == 0 ? random.Next(65_000) : random.Next(3000), segment = random.Next(1, 1500);
        bool isV6 = random.Next(2) == 0;
        OffloadFrame frame = random.Next(4) switch
        {
            0 => new OffloadFrame(SwitchBench.Frame(to, from, random.Next(60, 1600)), default),
            1 => OffloadFrame.Udp(to, from, isV6, payload, segment),
            _ => OffloadFrame.Tcp(to, from, isV6, payload, random.Next(4) == 0 ? 0 : segment, (byte)random.Next(256), random.Next(4) == 0),
        };
        if (random.Next(3) == 0)
            frame = frame.Tagged(random.Next(0x10000));
        byte[] bytes = random.Next(2) == 0 ? Poke(random, frame.Bytes) : frame.Bytes;
        return (bytes, random.Next(3) == 0 ? Change(random, frame.Offload) : frame.Offload);
    }

    /// <summary>Changes what is likely to matter: the headers, and the length.</summary>
    private static byte[] Poke(Random random, byte[] frame)
    {
        byte[] changed = random.Next(4) == 0 ? frame[..random.Next(frame.Length + 1)] : [.. frame];
        for (int i = random.Next(4); i > 0 && changed.Length > 0; i--)
            changed[random.Next(Math.Min(changed.Length, 100))] = (byte)random.Next(256);
        return changed;
    }

    private static FrameOffload Change(Random random, FrameOffload offload) => new()
    {
        NeedsChecksum = random.Next(4) != 0,
        IsChecksumValid = random.Next(2) == 0,
        ChecksumStart = Number(random, offload.ChecksumStart),
        ChecksumOffset = Number(random, offload.ChecksumOffset),
        Segmentation = random.Next(3) == 0 ? (FrameSegmentation)random.Next(8) : offload.Segmentation,
        HasEcn = random.Next(2) == 0,
        SegmentSize = Number(random, offload.SegmentSize),
        HeaderLength = Number(random, offload.HeaderLength),
    };

    private static ushort Number(Random random, ushort value) => random.Next(4) switch
    {
        0 => (ushort)random.Next(65_536),
        1 => (ushort)random.Next(200),
        _ => value,
    };
}
