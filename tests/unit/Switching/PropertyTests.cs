using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Switching;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Unit.Switching;

/// <summary>What holds whatever happens.</summary>
public class PropertyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void No_frame_leaves_its_VLAN_and_all_frames_are_accounted_for(int seed) => SwitchTorment.Run(new Random(seed), steps: 3000);

    /// <summary>Frames of a batch that are like each other are decided together.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_batch_fares_as_its_frames_would_one_by_one(int seed)
    {
        SwitchBench together = new(), apart = new();
        BenchDevice[] batched = Devices(together), single = Devices(apart);
        Random random = new(seed);
        for (int round = 0; round < 300; round++)
        {
            int sender = random.Next(batched.Length);
            byte[][] frames = Frames(random, sender);
            int taken = batched[sender].Transmit(new ArrayBatch(frames));
            Assert.Equal(taken, frames.TakeWhile(frame => single[sender].Transmit(new ArrayBatch([frame])) == 1).Count());
            together.Host.Time = apart.Host.Time += (ulong)random.Next(20_000_000);
            for (int i = 0; i < batched.Length; i++)
            {
                Assert.Equal(single[i].Take().Select(received => received.Bytes), batched[i].Take().Select(received => received.Bytes));
                PortCounters one = single[i].Counters, other = batched[i].Counters;
                Assert.Equal(
                    (one.Received, one.ReceivedBytes, one.Forwarded, one.Offered, one.Delivered, one.DeliveredBytes),
                    (other.Received, other.ReceivedBytes, other.Forwarded, other.Offered, other.Delivered, other.DeliveredBytes));
                Assert.All(Enum.GetValues<DropReason>(), reason => Assert.Equal(one.Drops(reason), other.Drops(reason)));
            }
        }
    }

    // Two without limits, one that may send little, one that may get little, a trunk, one that hears what is sent to an address that it has not.
    private static BenchDevice[] Devices(SwitchBench bench)
    {
        BenchDevice[] devices =
        [
            bench.Connect(Access(0), 0x10), bench.Connect(Bridge(0), 0x11), bench.Connect(new PortGroup { Transmit = new RateLimit(100_000, 2000) }, 0x12),
            bench.Connect(new PortGroup { Receive = new RateLimit(100_000, 2000) }, 0x13), bench.Connect(Trunk(0, 0, 7), 0x14), bench.Connect(Access(7), 0x15),
        ];
        devices[1].Lane.SetAddress(Mac(0x99));
        return devices;
    }

    private static byte[][] Frames(Random random, int sender)
    {
        List<byte[]> frames = [];
        while (frames.Count < FrameBatch.MaxCount)
        {
            MacAddress to = random.Next(8) == 0 ? MacAddress.Broadcast : Mac(0x10 + (uint)random.Next(8));
            MacAddress from = Mac(random.Next(8) == 0 ? 0x50 : 0x10 + (uint)sender);
            int[] tags = random.Next(4) == 0 ? [random.Next(2) == 0 ? 7 : 0x2007] : [];
            for (int repeats = random.Next(1, 6); repeats > 0 && frames.Count < FrameBatch.MaxCount; repeats--)
                frames.Add(Frame(to, from, random.Next(8) == 0 ? random.Next(20, 2000) : random.Next(60, 400), tags));
        }
        return [.. frames];
    }
}
