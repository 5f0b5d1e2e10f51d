using System.Text;
using HyperOS.Core;
using HyperOS.Storage;

namespace HyperOS.Tests.Unit.Storage;

public class VolumeStoreTests
{
    private const int MiB = 1024 * 1024;

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void Volumes_are_found_again_as_they_were(int sector)
    {
        SimulatedDisk disk = Disk(16, sector);
        VolumeStore store = Formatted(disk);
        Assert.Equal(12u, store.Table.FreeUnits);
        Create(store, "web/root", 3 * MiB - 4096, isReady: true);
        Create(store, "web/data", MiB, isReady: false);
        VolumeStore again = Opened(disk);
        Volume root = again.Table.Find("web/root"u8)!, data = again.Table.Find("web/data"u8)!;
        Assert.Equal((3ul * MiB - 4096, true, 1), (root.Length, root.IsReady, root.Extents.Length));
        Assert.Equal((1ul * MiB, false), (data.Length, data.IsReady));
        Assert.Equal(8u, again.Table.FreeUnits);
        Assert.Null(again.Table.Find("web/roo"u8));
        Assert.Equal(VolumeStatus.Done, again.TryDelete(root));
        Assert.Equal(11u, Opened(disk).Table.FreeUnits);
    }

    [Fact]
    public void What_a_name_or_a_size_cannot_be_is_refused_and_so_is_what_does_not_fit()
    {
        SimulatedDisk disk = Disk(16);
        VolumeStore store = Formatted(disk);
        Assert.Equal(VolumeStatus.Bad, store.TryCreate("Web"u8, MiB, out _));
        Assert.Equal(VolumeStatus.Bad, store.TryCreate(""u8, MiB, out _));
        Assert.Equal(VolumeStatus.Bad, store.TryCreate(Encoding.ASCII.GetBytes(new string('a', Volume.MaximumName + 1)), MiB, out _));
        Assert.Equal(VolumeStatus.Bad, store.TryCreate("web"u8, 0, out _));
        Assert.Equal(VolumeStatus.Bad, store.TryCreate("web"u8, 513, out _));
        Assert.Equal(VolumeStatus.Full, store.TryCreate("web"u8, 13 * MiB, out _));
        Assert.Equal(VolumeStatus.Full, store.TryCreate("web"u8, ulong.MaxValue / 512 * 512, out _));
        Create(store, "web", 12 * MiB, isReady: true);
        Assert.Equal(VolumeStatus.Exists, store.TryCreate("web"u8, MiB, out _));
        Assert.Equal(VolumeStatus.Full, store.TryCreate("b"u8, 512, out _));
        Assert.Single(Names(Opened(disk)));
    }

    [Fact]
    public void Space_in_pieces_is_used_and_each_byte_has_one_place()
    {
        SimulatedDisk disk = Disk(64);
        VolumeStore store = Formatted(disk);
        for (int i = 0; i < 60; i++)
            Create(store, $"v{i}", MiB, isReady: true);
        for (int i = 1; i < 60; i += 2)
            store.TryDelete(store.Table.Find(Encoding.ASCII.GetBytes($"v{i}"))!);
        Create(store, "pieces", 20 * MiB, isReady: true);
        Volume volume = Opened(disk).Table.Find("pieces"u8)!;
        Assert.Equal(20, volume.Extents.Length);
        VolumeRegion region = new VolumeRegion(disk).Use(volume);
        byte[] data = new byte[20 * MiB];
        new Random(3).NextBytes(data);
        Assert.True(region.Write(0, data));
        byte[] found = new byte[data.Length - 2 * 4096];
        Assert.True(region.Read(4096, found));
        Assert.True(found.AsSpan().SequenceEqual(data.AsSpan(4096, found.Length)));
        HashSet<ulong> places = [];
        for (ulong at = 0; at < volume.Length; at += MiB / 2)
        {
            Assert.Equal((ulong)MiB - at % MiB, volume.Find(at, out ulong place));
            Assert.True(places.Add(place));
            Assert.InRange(place, 2ul * MiB, 62ul * MiB - 1);
        }
        Assert.Equal(0ul, volume.Find(volume.Length, out _));
        // There is room for 33 pieces no more, but a volume has 32.
        Assert.Equal(VolumeStatus.Full, store.TryCreate("more"u8, 11 * MiB, out _));
    }

    [Fact]
    public void The_table_has_a_place_for_so_many_and_no_more()
    {
        SimulatedDisk disk = Disk(300, 4096);
        VolumeStore store = Formatted(disk);
        for (int i = 0; i < VolumeTable.Maximum; i++)
            Assert.Equal(VolumeStatus.Done, store.TryCreate(Encoding.ASCII.GetBytes(new string('n', Volume.MaximumName - 3) + $"{i:d3}"), 512, out _));
        Assert.Equal(VolumeStatus.Full, store.TryCreate("one-more"u8, 512, out _));
        Assert.Equal(VolumeTable.Maximum, Names(Opened(disk)).Count);
    }

    [Fact]
    public void A_blank_disk_is_told_from_a_foreign_one()
    {
        Assert.Equal(DiskState.Blank, new VolumeStore().TryOpen(Disk(16), out _));
        Assert.Equal(DiskState.TooSmall, new VolumeStore().TryOpen(Disk(7), out _));
        foreach (int at in (int[])[0, 511, MiB - 1, 15 * MiB, 16 * MiB - 1])
        {
            SimulatedDisk disk = Disk(16);
            disk.Overwrite(at, [1]);
            Assert.Equal(DiskState.Foreign, new VolumeStore().TryOpen(disk, out ReadOnlySpan<byte> found));
            Assert.Equal("data of no known kind", Encoding.ASCII.GetString(found));
            Assert.Equal(0, disk.Changes);
        }
        SimulatedDisk middle = Disk(16);
        middle.Overwrite(5 * MiB, [1]);
        Assert.Equal(DiskState.Blank, new VolumeStore().TryOpen(middle, out _));
    }

    [Theory]
    [InlineData(512, "EFI PART", "a GPT partition table")]
    [InlineData(32769, "CD001", "an ISO 9660 image")]
    [InlineData(0, "XFSB", "an XFS file system")]
    [InlineData(65600, "_BHRfS_M", "a btrfs file system")]
    [InlineData(510, "\u0055\u00AA", "an MBR partition table or boot sector")]
    [InlineData(1080, "\u0053\u00EF", "an ext2, ext3 or ext4 file system")]
    [InlineData(3, "NTFS    ", "an NTFS file system")]
    public void What_is_on_a_foreign_disk_is_named(int at, string mark, string name)
    {
        SimulatedDisk disk = Disk(16);
        disk.Overwrite(at, Encoding.Latin1.GetBytes(mark));
        Assert.Equal(DiskState.Foreign, new VolumeStore().TryOpen(disk, out ReadOnlySpan<byte> found));
        Assert.Equal(name, Encoding.ASCII.GetString(found));
    }

    [Fact]
    public void A_foreign_disk_that_is_given_away_is_empty_then()
    {
        SimulatedDisk disk = Disk(16);
        byte[] all = new byte[16 * MiB];
        new Random(5).NextBytes(all);
        disk.Overwrite(0, all);
        VolumeStore store = new();
        Assert.Equal(DiskState.Foreign, store.TryOpen(disk, out _));
        Assert.True(store.TryFormat(1, 2));
        Assert.Empty(Names(Opened(disk)));
        Assert.Equal(12u, Opened(disk).Table.FreeUnits);
    }

    [Fact]
    public void A_disk_that_was_set_up_before_and_is_set_up_anew_has_nothing_of_its_former_life()
    {
        SimulatedDisk disk = Disk(16);
        VolumeStore store = Formatted(disk);
        Create(store, "old", MiB, isReady: true);
        Create(store, "older", MiB, isReady: true);
        Assert.True(store.TryFormat(3, 4));
        Assert.Empty(Names(Opened(disk)));
    }

    [Fact]
    public void Damage_is_told_and_nothing_is_written()
    {
        foreach ((int at, byte[] bytes, DiskState state) in ((int, byte[], DiskState)[])
        [
            (8, [2], DiskState.NewerVersion),           // the superblock's version
            (100, [1], DiskState.Damaged),              // within the superblock
            (0, new byte[512], DiskState.Damaged),      // its start was cleared
            (0, [0xEB, 0x63, 0x90], DiskState.Damaged), // or written over by others
            (MiB + 64 * 1024 + 8, [2], DiskState.NewerVersion),
        ])
        {
            SimulatedDisk disk = Disk(16);
            VolumeStore store = Formatted(disk);
            Create(store, "a", MiB, isReady: true);
            disk.Overwrite(at, bytes);
            int changes = disk.Changes;
            Assert.Equal(state, new VolumeStore().TryOpen(disk, out _));
            Assert.Equal(changes, disk.Changes);
        }
    }

    [Fact]
    public void A_disk_that_does_not_give_out_what_decides_is_not_used()
    {
        SimulatedDisk disk = Disk(16);
        Formatted(disk);
        disk.Unreadable.Add(0);
        Assert.Equal(DiskState.Open, new VolumeStore().TryOpen(disk, out _)); // the superblock has a double
        disk.Unreadable.Add((16 * MiB - 4096) / 512);
        Assert.Equal(DiskState.Unreadable, new VolumeStore().TryOpen(disk, out _));
        SimulatedDisk blank = Disk(16);
        blank.Unreadable.Add(100);
        Assert.Equal(DiskState.Unreadable, new VolumeStore().TryOpen(blank, out _));
    }

    [Fact]
    public void A_copy_on_a_disk_of_another_size_is_not_used()
    {
        SimulatedDisk disk = Disk(16), larger = Disk(17);
        Formatted(disk);
        larger.Overwrite(0, disk.Content);
        Assert.Equal(DiskState.Damaged, new VolumeStore().TryOpen(larger, out _));
    }

    [Fact]
    public void After_a_change_that_failed_there_are_no_more_until_the_disk_is_opened_again()
    {
        SimulatedDisk disk = Disk(16);
        VolumeStore store = Formatted(disk);
        Create(store, "a", MiB, isReady: true);
        disk.CannotFlush = true;
        Assert.Equal(VolumeStatus.MediumError, store.TryCreate("b"u8, MiB, out _));
        disk.CannotFlush = false;
        Assert.Equal(VolumeStatus.Doubtful, store.TryCreate("b"u8, MiB, out _));
        Assert.Equal(VolumeStatus.Doubtful, store.TryDelete(store.Table.Find("a"u8)!));
        Assert.NotNull(Opened(disk).Table.Find("a"u8));
    }

    [Fact]
    public void A_table_that_cannot_be_is_refused_though_its_checksum_is_right()
    {
        VolumeTable table = new();
        byte[] content = new byte[4096];
        foreach (Action<VolumeTable> build in (Action<VolumeTable>[])
        [
            table => table.TryAdd("a"u8, MiB),
            table => { table.TryAdd("a"u8, MiB); table.TryAdd("b"u8, 2 * MiB); },
        ])
        {
            table.Reset(2, 10);
            build(table);
            int length = table.Write(content);
            table.Reset(2, 10);
            Assert.True(table.TryRead(content.AsSpan(0, length)));
            for (int i = 0; i < length; i++)
            {
                byte was = content[i];
                for (int bit = 0; bit < 8; bit++)
                {
                    content[i] = (byte)(was ^ 1 << bit);
                    table.Reset(2, 10);
                    if (table.TryRead(content.AsSpan(0, length)))
                        CheckSound(table, 2, 10);
                    table.Reset(2, 10);
                    Assert.False(table.TryRead(content.AsSpan(0, i)) && i != length && i > 4);
                }
                content[i] = was;
            }
        }
    }

    /// <summary>
    /// Power cuts at each change of a disk's life: set up, volumes made, filled, made ready, deleted, and their space used again, with many outcomes each.
    /// </summary>
    [Fact]
    public void After_a_power_cut_at_any_write_there_is_the_state_before_or_after()
    {
        const int Outcomes = 3;
        int total = 0, cuts = 0;
        for (int cut = 0; cut == 0 || cut <= total; cut += cut < 40 ? 1 : 7)
        {
            SimulatedDisk disk = Disk(10, 4096);
            if (cut != 0)
                disk.CutAt = cut - 1;
            Life life = new(disk);
            try
            {
                life.Run();
            }
            catch (PowerCutException)
            {
            }
            total = Math.Max(total, disk.Changes);
            for (int outcome = 0; outcome < Outcomes && cut != 0; outcome++, cuts++)
                life.Check(disk.Restart(new Random(cut * Outcomes + outcome)));
        }
        Assert.True(cuts >= 500, $"{cuts}");
    }

    /// <summary>What happens to a disk, and what must be there after a cut: the last state that was acknowledged, or the next.</summary>
    private sealed class Life(SimulatedDisk disk)
    {
        private readonly Dictionary<string, byte> _filled = [];
        private string[] _acknowledged = [], _next = [];
        private bool _isSetUp;

        public void Run()
        {
            VolumeStore store = new();
            Assert.Equal(DiskState.Blank, store.TryOpen(disk, out _));
            Assert.True(store.TryFormat(1, 2));
            _isSetUp = true;
            for (int round = 0; round < 3; round++)
            {
                Make(store, "a", 2 * MiB, (byte)(1 + round));
                Make(store, "b", MiB, (byte)(11 + round));
                Delete(store, "a");
                Make(store, "c", 3 * MiB, (byte)(21 + round));
                Delete(store, "b");
                Delete(store, "c");
            }
        }

        public void Check(SimulatedDisk after)
        {
            VolumeStore store = new();
            DiskState state = store.TryOpen(after, out _);
            if (!_isSetUp && state == DiskState.Blank)
            {
                Assert.True(store.TryFormat(3, 4));
                Assert.Equal(DiskState.Open, store.TryOpen(after, out _));
                return;
            }
            Assert.Equal(DiskState.Open, state);
            string[] found = [.. Names(store)];
            Assert.True(found.SequenceEqual(_acknowledged) || found.SequenceEqual(_next), $"{string.Join(' ', found)}, not {string.Join(' ', _acknowledged)} or {string.Join(' ', _next)}");
            CheckSound(store.Table, 2, 8);
            // What was flushed before a volume became ready is in it.
            foreach (Volume volume in store.Table.Places)
            {
                string name = Encoding.ASCII.GetString(volume.Name);
                if (!volume.IsUsed || !volume.IsReady)
                    continue;
                byte[] data = new byte[volume.Length];
                Assert.True(new VolumeRegion(after).Use(volume).Read(0, data));
                Assert.True(data.AsSpan().IndexOfAnyExcept(_filled[name]) < 0, name);
            }
        }

        private void Make(VolumeStore store, string name, int length, byte fill)
        {
            Begin([.. _acknowledged, name + "?"]);
            Assert.Equal(VolumeStatus.Done, store.TryCreate(Encoding.ASCII.GetBytes(name), (ulong)length, out Volume? volume));
            End();
            byte[] data = new byte[64 * 1024];
            data.AsSpan().Fill(fill);
            _filled[name] = fill;
            VolumeRegion region = new VolumeRegion(disk).Use(volume!);
            for (int at = 0; at < length; at += data.Length)
                Assert.True(region.Write((ulong)at, data));
            Assert.True(region.Flush());
            Begin([.. _acknowledged.Select(each => each == name + "?" ? name : each)]);
            Assert.Equal(VolumeStatus.Done, store.TrySetReady(volume!));
            End();
        }

        private void Delete(VolumeStore store, string name)
        {
            Begin([.. _acknowledged.Where(each => each != name)]);
            Assert.Equal(VolumeStatus.Done, store.TryDelete(store.Table.Find(Encoding.ASCII.GetBytes(name))!));
            End();
        }

        private void Begin(string[] next) => _next = [.. next.Order(StringComparer.Ordinal)];

        private void End() => _acknowledged = _next;
    }

    // Sorted; with a question mark where they are not ready.
    private static List<string> Names(VolumeStore store)
    {
        List<string> names = [];
        foreach (Volume volume in store.Table.Places)
        {
            if (volume.IsUsed)
                names.Add(Encoding.ASCII.GetString(volume.Name) + (volume.IsReady ? "" : "?"));
        }
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private static void CheckSound(VolumeTable table, uint first, uint end)
    {
        HashSet<uint> taken = [];
        foreach (Volume volume in table.Places)
        {
            uint units = 0;
            foreach (Extent extent in volume.Extents)
            {
                for (uint i = 0; i < extent.Count; i++)
                    Assert.True(extent.Start + i >= first && extent.Start + i < end && taken.Add(extent.Start + i));
                units += extent.Count;
            }
            if (volume.IsUsed)
                Assert.Equal((volume.Length + MiB - 1) / MiB, units);
        }
    }

    private static void Create(VolumeStore store, string name, int length, bool isReady)
    {
        Assert.Equal(VolumeStatus.Done, store.TryCreate(Encoding.ASCII.GetBytes(name), (ulong)length, out Volume? volume));
        if (isReady)
            Assert.Equal(VolumeStatus.Done, store.TrySetReady(volume!));
    }

    private static SimulatedDisk Disk(int megabytes, int sector = 512) => new(megabytes * MiB / sector, sector);

    private static VolumeStore Formatted(SimulatedDisk disk)
    {
        VolumeStore store = new();
        Assert.Equal(DiskState.Blank, store.TryOpen(disk, out _));
        Assert.True(store.TryFormat(1, 2));
        return store;
    }

    private static VolumeStore Opened(SimulatedDisk disk)
    {
        VolumeStore store = new();
        Assert.Equal(DiskState.Open, store.TryOpen(disk, out _));
        return store;
    }
}
