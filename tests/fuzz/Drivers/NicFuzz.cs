using HyperOS.Ethernet;
using HyperOS.Tests.Unit.Drivers;

namespace HyperOS.Tests.Fuzz.Drivers;

/// <summary>
/// Cards that write whatever they like into their rings, at any time. Nothing may throw, every turn ends, and what the port gets fits a buffer; a card
/// that behaves again works again.
/// </summary>
public class NicFuzz
{
    private const int Actions = 40;

    private static void Try(Random random, INicModel model)
    {
        NicBench bench = new NicBench(model).Started();
        for (int i = 0; i < Actions; i++)
        {
            switch (random.Next(12))
            {
                case 0:
                    // Rings lie in the first pages.
                    int at = random.Next(6 * 4096);
                    model.Memory.Bytes(at, 1)[0] = (byte)random.Next(256);
                    break;
                case 1:
                    model.ClaimLength(random.Next(3) == 0 ? (uint)random.NextInt64() : (uint)random.Next(4096));
                    break;
                case 2:
                    model.IsLinkUp = random.Next(2) == 0;
                    break;
                case 3:
                    model.IsHung = random.Next(3) == 0;
                    break;
                case 4:
                    bench.Host.Advance((ulong)random.Next(4) * NicBench.Second);
                    break;
                case 5:
                    bench.Service.OnInterrupt();
                    break;
                case 6 when model is VirtioNicModel virtio:
                    virtio.Use(random.Next(2), random.Next(2) == 0 ? (uint)random.Next(300) : (uint)random.NextInt64(), (uint)random.NextInt64());
                    break;
                case 7 when model is VirtioNicModel virtio:
                    virtio.SetUsedIndex(random.Next(2), (ushort)random.Next(65536));
                    break;
                case 8:
                    int eight = random.Next(6 * 512) * 8;
                    model.Memory.Write64(eight, random.Next(2) == 0 ? ulong.MaxValue : (ulong)random.NextInt64());
                    break;
                case 9:
                    bench.Transmit(NicBench.Bytes(i, random.Next(1600)));
                    break;
                default:
                    bench.Serve();
                    break;
            }
        }
        bench.Serve();
        Assert.All(bench.Port.Frames, frame => Assert.InRange(frame.Length, 1, NicDevice.BufferBytes));
        FuzzRun.Saw("lies", (long)bench.Service.Statistics.Lies);
        FuzzRun.Saw("events", bench.Host.Events.Count);
    }

    [Fact]
    public void No_8254x_breaks_its_driver() => FuzzRun.Run(random => Try(random, new IntelNicModel(IntelNicFamily.E1000) { IsWild = true }));

    [Fact]
    public void No_82574_breaks_its_driver() => FuzzRun.Run(random => Try(random, new IntelNicModel(IntelNicFamily.E1000e) { IsWild = true }));

    [Fact]
    public void No_82576_breaks_its_driver() => FuzzRun.Run(random => Try(random, new IntelNicModel(IntelNicFamily.Igb) { IsWild = true }));

    [Fact]
    public void No_virtio_device_breaks_its_driver() => FuzzRun.Run(random => Try(random, new VirtioNicModel { IsWild = true }));
}
