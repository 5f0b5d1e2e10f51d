using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Storage;

namespace HyperOS.Tests.Unit.Storage;

public class RecordStoreTests
{
    private const int SlotBytes = 16 * 1024;

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void A_record_is_found_again_and_the_latest_counts(int sector)
    {
        SimulatedDisk disk = Disk(sector);
        Assert.Equal(RecordState.Empty, Open(disk).State);
        for (int i = 0; i < 7; i++)
        {
            (RecordStore store, _) = Open(disk);
            Assert.True(store.TryReplace(Content(i)));
            (store, RecordState state) = Open(disk);
            Assert.Equal(RecordState.Open, state);
            Assert.Equal((ulong)i + 1, store.Generation);
            Assert.Equal(Content(i), store.Content);
            Assert.False(store.IsDegraded || store.WasCut);
        }
    }

    [Fact]
    public void A_record_as_long_as_can_be_is_kept()
    {
        SimulatedDisk disk = Disk(512);
        (RecordStore store, _) = Open(disk);
        byte[] longest = [.. Enumerable.Range(0, store.Capacity).Select(i => (byte)(i * 7))];
        Assert.True(store.TryReplace(longest));
        Assert.Equal(longest, Open(disk).Store.Content);
    }

    /// <summary>Power cuts at each change of a life of ten records, with many outcomes each: more than a thousand.</summary>
    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void After_a_power_cut_at_any_write_there_is_the_old_record_or_the_new_one(int sector)
    {
        const int Records = 10, Outcomes = 6;
        int total = 0, cuts = 0;
        for (int cut = 0; cut == 0 || cut <= total; cut++)
        {
            SimulatedDisk disk = Disk(sector);
            int done = -1;
            if (cut != 0)
                disk.CutAt = cut - 1;
            try
            {
                for (int i = 0; i < Records; i++)
                {
                    Assert.True(Open(disk).Store.TryReplace(Content(i)));
                    done = i;
                }
            }
            catch (PowerCutException)
            {
            }
            total = Math.Max(total, disk.Changes);
            for (int outcome = 0; outcome < Outcomes && cut != 0; outcome++, cuts++)
            {
                SimulatedDisk after = disk.Restart(new Random(cut * Outcomes + outcome));
                (RecordStore store, RecordState state) = Open(after);
                if (state is RecordState.Empty or RecordState.Damaged)
                {
                    Assert.Equal(-1, done); // not even the first was
                    continue;
                }
                Assert.Equal(RecordState.Open, state);
                int found = (int)store.Generation - 1;
                Assert.InRange(found, done, done + 1);
                Assert.Equal(Content(found), store.Content);
                // It goes on from there, another cut included.
                Assert.True(store.TryReplace(Content(99)));
                Assert.Equal(Content(99), Open(after.Restart(new Random(outcome))).Store.Content);
            }
        }
        Assert.True(cuts >= 1000 || sector == 4096, $"{cuts}");
    }

    [Fact]
    public void A_place_that_cannot_be_read_costs_nothing()
    {
        SimulatedDisk disk = Disk(512);
        Assert.True(Open(disk).Store.TryReplace(Content(1)));
        Assert.True(Open(disk).Store.TryReplace(Content(2)));
        foreach (int place in (int[])[0, 128])
        {
            disk.Unreadable.Clear();
            for (int i = 0; i < 64; i++)
                disk.Unreadable.Add(place + i);
            (RecordStore store, RecordState state) = Open(disk);
            Assert.Equal(RecordState.Open, state);
            Assert.True(store.IsDegraded);
            Assert.Equal(Content(2), store.Content);
        }
    }

    [Fact]
    public void What_cannot_be_read_at_either_place_may_be_the_latest_and_nothing_older_is_given_for_it()
    {
        SimulatedDisk disk = Disk(512);
        Assert.True(Open(disk).Store.TryReplace(Content(1)));
        Assert.True(Open(disk).Store.TryReplace(Content(2)));
        // The first record was written into slot 1, the second into slot 0.
        disk.Unreadable.Add(0);
        disk.Unreadable.Add(128);
        Assert.Equal(RecordState.Unreadable, Open(disk).State);
    }

    [Fact]
    public void Damage_at_one_place_costs_nothing_and_at_both_the_latest_record_falls_to_the_one_before()
    {
        SimulatedDisk disk = Disk(512);
        Assert.True(Open(disk).Store.TryReplace(Content(1)));
        Assert.True(Open(disk).Store.TryReplace(Content(2)));
        disk.Overwrite(70, [1, 2, 3]);
        (RecordStore store, _) = Open(disk);
        Assert.True(store.WasCut);
        Assert.Equal(Content(2), store.Content);
        disk.Overwrite(128 * 512 + 70, [1, 2, 3]);
        (store, _) = Open(disk);
        Assert.Equal(Content(1), store.Content);
        disk.Overwrite(SlotBytes, [1]);
        disk.Overwrite(128 * 512 + SlotBytes, [1]);
        Assert.Equal(RecordState.Damaged, Open(disk).State);
    }

    [Fact]
    public void A_newer_versions_record_is_left_alone()
    {
        SimulatedDisk disk = Disk(512);
        Assert.True(Open(disk).Store.TryReplace(Content(1)));
        disk.Overwrite(SlotBytes + 8, [(byte)(RecordStore.CurrentVersion + 1)]);
        Assert.Equal(RecordState.NewerVersion, Open(disk).State);
    }

    /// <summary>Whoever forges a disk knows the checksum: a generation that the next could not count on from is none.</summary>
    [Theory]
    [InlineData(ulong.MaxValue, RecordState.Damaged, 0)]
    [InlineData(ulong.MaxValue / 2 + 1, RecordState.Damaged, 0)]
    [InlineData(ulong.MaxValue / 2, RecordState.Open, 0)]
    [InlineData(ulong.MaxValue / 2 - 2, RecordState.Open, 2)]
    public void A_forged_generation_is_followed_by_others_or_the_medium_takes_no_more(ulong generation, RecordState expected, int followers)
    {
        SimulatedDisk disk = Disk(512);
        byte[] slot = new byte[4096];
        LittleEndianWriter writer = new(slot);
        writer.WriteUInt64(BinaryPrimitives.ReadUInt64LittleEndian("HyperRec"u8));
        writer.WriteUInt32(RecordStore.CurrentVersion);
        writer.WriteUInt32(100);
        writer.WriteUInt64(generation);
        Sha256 hash = new();
        hash.Update(slot.AsSpan(0, 32));
        hash.Update(slot.AsSpan(RecordStore.HeaderBytes, 100));
        hash.Finish(slot.AsSpan(32, Sha256.HashLength));
        disk.Overwrite(0, slot);
        (RecordStore store, RecordState state) = Open(disk);
        Assert.Equal(expected, state);
        for (int i = 0; i < 3 && state == RecordState.Open; i++)
        {
            Assert.Equal(i < followers, store.TryReplace(Content(i)));
            Assert.Equal(RecordState.Open, Open(disk).State);
            if (i < followers)
                Assert.Equal(Content(i), Open(disk).Store.Content);
        }
    }

    [Fact]
    public void A_failing_write_or_flush_is_told()
    {
        SimulatedDisk disk = Disk(512);
        Assert.True(Open(disk).Store.TryReplace(Content(1)));
        (RecordStore store, _) = Open(disk);
        disk.Unwritable.Add(0);
        Assert.True(store.TryReplace(Content(2)));
        Assert.True(store.IsDegraded);
        Assert.Equal(Content(2), Open(disk).Store.Content);
        disk.CannotFlush = true;
        Assert.False(Open(disk).Store.TryReplace(Content(3)));
        disk.CannotFlush = false;
        (store, _) = Open(disk);
        for (int i = 0; i < 200; i++)
            disk.Unwritable.Add(i);
        Assert.False(store.TryReplace(Content(4)));
    }

    private static SimulatedDisk Disk(int sector) => new(256 * 512 / sector, sector);

    private static (RecordStore Store, RecordState State) Open(SimulatedDisk disk)
    {
        RecordStore store = new(SlotBytes);
        return (store, store.TryOpen(disk, 0, 128 * 512));
    }

    private static byte[] Content(int number) => [.. Enumerable.Range(0, 3000 + number * 1000 % 9000).Select(i => (byte)(i * 3 + number))];
}
