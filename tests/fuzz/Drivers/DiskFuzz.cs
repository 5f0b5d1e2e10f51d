using HyperOS.Block;
using HyperOS.Core;
using HyperOS.Tests.Unit.Drivers;

namespace HyperOS.Tests.Fuzz.Drivers;

/// <summary>
/// Controllers that write whatever they like into their rings, at any time, and say whatever they like of themselves. Nothing may throw, every turn ends,
/// and every request is done once, in the end.
/// </summary>
public class DiskFuzz
{
    private const int Actions = 40;

    private static void Try(Random random, DiskModel model)
    {
        bool isHonest = random.Next(2) == 0;
        if (!isHonest)
            model.Tamper = said => said[random.Next(2) == 0 ? random.Next(said.Length) : random.Next(Math.Min(said.Length, 256))] ^= (byte)random.Next(256);
        DiskBench bench = new(model);
        bench.Serve();
        model.IsWild = true;
        for (int i = 0; i < Actions && bench.Service.UnitCount != 0; i++)
        {
            switch (random.Next(10))
            {
                case 0 or 1:
                    model.Memory.Bytes(random.Next(model.DriverPages * DmaMemory.PageBytes), 1)[0] = (byte)random.Next(256);
                    break;
                case 2:
                    model.ClaimDone(random.Next(2) == 0 ? (uint)random.Next(64) : (uint)random.NextInt64());
                    break;
                case 3:
                    model.IsUnplugged = random.Next(8) == 0;
                    break;
                case 4:
                    bench.Host.Advance((ulong)random.Next(12) * DiskBench.Second);
                    break;
                case 5:
                    bench.Service.OnInterrupt();
                    break;
                case 6:
                    model.Memory.Write64(random.Next(model.DriverPages * 512) * 8, random.Next(2) == 0 ? ulong.MaxValue : (ulong)random.NextInt64());
                    break;
                case 7:
                    bench.Serve();
                    break;
                default:
                    if (!bench.Requests.Any(request => request.IsOut))
                        Array.ForEach(bench.Requests[..8], _ => bench.Submit((BlockOperation)random.Next(5), (ulong)random.Next(300) * 512, (ulong)random.Next(130) * 512, unit: random.Next(bench.Service.UnitCount)));
                    break;
            }
        }
        // However it goes on, there is an end.
        bench.Wait(4 * DiskService.Patience / DiskBench.Second);
        Assert.All(bench.Requests, request => Assert.False(request.IsOut));
        FuzzRun.Saw("lies", (long)model.Driver.Lies);
        FuzzRun.Saw("events", bench.Host.Events.Count);
    }

    [Fact]
    public void No_virtio_device_breaks_its_driver() => FuzzRun.Run(random => Try(random, new VirtioDiskModel()));

    [Fact]
    public void No_NVMe_controller_breaks_its_driver() => FuzzRun.Run(random => Try(random, new NvmeModel(namespaces: 2)));

    [Fact]
    public void No_AHCI_port_breaks_its_driver() => FuzzRun.Run(random => Try(random, new AhciModel()));
}
