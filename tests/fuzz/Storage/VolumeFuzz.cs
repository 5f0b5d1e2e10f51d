using HyperOS.Core;
using HyperOS.Storage;
using HyperOS.Tests.Unit.Storage;

namespace HyperOS.Tests.Fuzz.Storage;

/// <summary>Disks on which anything may lie. Opening one ends, throws nothing and writes nothing but the superblock's double.</summary>
public class VolumeFuzz
{
    private const int MiB = 1024 * 1024, Places = 300;

    [Fact]
    public void No_table_breaks_its_reader() => FuzzRun.Run(random =>
    {
        VolumeTable table = new();
        table.Reset(2, 40);
        for (int i = 0; i < 6; i++)
            table.TryAdd([(byte)('a' + i)], (ulong)random.Next(1, 6) * MiB);
        byte[] content = new byte[4096];
        byte[] mutant = FuzzRun.Mutate(random, content[..table.Write(content)]);
        table.Reset(2, 40);
        bool isRead = table.TryRead(mutant);
        FuzzRun.Saw("read", isRead ? 1 : 0);
        bool[] taken = new bool[40];
        foreach (Volume volume in isRead ? table.Places : default)
        {
            foreach (Extent extent in volume.Extents)
            {
                for (uint at = extent.Start; at < extent.End; at++)
                {
                    Assert.False(at < 2 || taken[at]);
                    taken[at] = true;
                }
            }
        }
    });

    [Fact]
    public void No_disk_breaks_its_opening() => FuzzRun.Run(random =>
    {
        SimulatedDisk disk = s_disk.Value.Restart(new Random(0));
        for (int i = random.Next(1, 12); i > 0; i--)
        {
            int[] starts = [0, MiB, MiB + 64 * 1024, 6 * MiB, 6 * MiB + 64 * 1024, 8 * MiB - 4096];
            disk.Overwrite(starts[random.Next(starts.Length)] + random.Next(Places), [(byte)random.Next(256)]);
        }
        if (random.Next(3) == 0)
            disk.Unreadable.Add(random.Next(2) == 0 ? 0 : MiB / 512);
        DiskState state = new VolumeStore().TryOpen(disk, out _);
        FuzzRun.Saw(state);
        Assert.InRange(disk.Changes, 0, 9);
    });

    private static readonly Lazy<SimulatedDisk> s_disk = new(() =>
    {
        SimulatedDisk disk = new(8 * MiB / 512, 512);
        VolumeStore store = new();
        store.TryOpen(disk, out _);
        store.TryFormat(1, 2);
        store.TryCreate("a"u8, MiB, out _);
        store.TryCreate("b"u8, MiB, out _);
        return disk;
    });
}
