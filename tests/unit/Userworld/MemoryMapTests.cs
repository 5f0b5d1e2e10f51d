using HyperOS.Userworld;

namespace HyperOS.Tests.Unit.Userworld;

public class MemoryMapTests
{
    private const ulong Page = 0x1000, Lowest = 0x10000, Top = 0x100_0000;
    private const MemoryProtection ReadWrite = MemoryProtection.Read | MemoryProtection.Write;

    private readonly MemoryMap _map = new(8, Lowest, Top);

    [Fact]
    public void What_is_added_is_found_and_nothing_beside_it()
    {
        Add(0x20000, 0x24000);
        Assert.True(_map.TryFind(0x20000, out MemoryArea area));
        Assert.Equal(0x24000ul, area.End);
        Assert.True(_map.TryFind(0x23FFF, out _));
        Assert.False(_map.TryFind(0x1FFFF, out _));
        Assert.False(_map.TryFind(0x24000, out _));
        Assert.True(_map.IsMapped(0x20000, 0x24000));
        Assert.False(_map.IsMapped(0x20000, 0x25000));
        Assert.True(_map.IsFree(0x24000, 0x30000));
        Assert.False(_map.IsFree(0x1F000, 0x21000));
    }

    [Fact]
    public void Areas_that_are_alike_become_one()
    {
        Add(0x20000, 0x21000);
        Add(0x22000, 0x23000);
        Add(0x21000, 0x22000);
        Assert.Equal(1, _map.Count);
        Assert.Equal((0x20000ul, 0x23000ul), (_map[0].Start, _map[0].End));
    }

    [Fact]
    public void The_middle_can_be_taken_out_and_protected()
    {
        Add(0x20000, 0x28000);
        Assert.True(_map.TryProtect(0x22000, 0x24000, MemoryProtection.Read));
        Assert.Equal(3, _map.Count);
        Assert.True(_map.TryRemove(0x23000, 0x25000));
        Assert.Equal(
            [(0x20000ul, 0x22000ul, ReadWrite), (0x22000ul, 0x23000ul, MemoryProtection.Read), (0x25000ul, 0x28000ul, ReadWrite)],
            Enumerable.Range(0, _map.Count).Select(i => (_map[i].Start, _map[i].End, _map[i].Protection)));
        Assert.True(_map.TryProtect(0x22000, 0x23000, ReadWrite));
        Assert.Equal(2, _map.Count);
    }

    [Fact]
    public void A_change_that_needs_more_areas_than_there_is_room_for_changes_nothing()
    {
        for (ulong i = 0; i < 8; i++)
            Add(0x20000 + i * 0x4000, 0x23000 + i * 0x4000);
        Assert.False(_map.TryRemove(0x21000, 0x22000));
        Assert.False(_map.TryProtect(0x21000, 0x22000, MemoryProtection.Read));
        MemoryArea more = new() { Start = 0x80000, End = 0x81000 };
        Assert.False(_map.TryAdd(in more));
        Assert.Equal(8, _map.Count);
        Assert.True(_map.IsMapped(0x20000, 0x23000));
        Assert.True(_map.TryRemove(0x20000, 0x23000));
        Assert.Equal(7, _map.Count);
    }

    [Fact]
    public void A_part_of_the_file_is_split_at_the_right_place()
    {
        MemoryArea area = new() { Start = 0x20000, End = 0x26000, FileOffset = 0x5000, FileLength = 0x2800, Protection = MemoryProtection.Read };
        Assert.True(_map.TryAdd(in area));
        Assert.True(_map.TryProtect(0x22000, 0x24000, ReadWrite));
        Assert.Equal(
            [(0x5000ul, 0x2000ul), (0x7000ul, 0x800ul), (0ul, 0ul)],
            Enumerable.Range(0, _map.Count).Select(i => (_map[i].FileOffset, _map[i].FileLength)));
    }

    [Fact]
    public void The_highest_gap_that_is_large_enough_is_found()
    {
        Assert.True(_map.TryFindGap(Page, out ulong start));
        Assert.Equal(Top - Page, start);
        Add(Top - 0x4000, Top - 0x1000);
        Assert.True(_map.TryFindGap(Page, out start));
        Assert.Equal(Top - Page, start);
        Assert.True(_map.TryFindGap(2 * Page, out start));
        Assert.Equal(Top - 0x6000, start);
        Assert.True(_map.TryFindGap(Top - 0x4000 - Lowest, out start));
        Assert.Equal(Lowest, start);
        Assert.False(_map.TryFindGap(Top - 0x3000 - Lowest, out _));
        Assert.False(_map.TryFindGap(Alignment(ulong.MaxValue), out _));
    }

    [Theory]
    [InlineData(0x10000, 0x1000, true)]
    [InlineData(0xF000, 0x1000, false)]
    [InlineData(0x10001, 0x1000, false)]
    [InlineData(0x10000, 0x1001, false)]
    [InlineData(0x10000, 0, false)]
    [InlineData(0xFFF000, 0x1000, true)]
    [InlineData(0xFFF000, 0x2000, false)]
    [InlineData(0x1000000, 0x1000, false)]
    [InlineData(0xFFFF_FFFF_FFFF_F000, 0x2000, false)]
    [InlineData(0x20000, 0xFFFF_FFFF_FFFF_F000, false)]
    public void Ranges_outside_of_what_may_be_mapped_are_refused(ulong start, ulong length, bool isValid) => Assert.Equal(isValid, _map.IsValid(start, length));

    /// <summary>Against a model that keeps each page by itself.</summary>
    [Fact]
    public void Thousands_of_changes_leave_what_a_map_of_single_pages_has()
    {
        const int Pages = 64;
        Random random = new(7);
        MemoryMap map = new(256, Lowest, Lowest + Pages * Page);
        (MemoryProtection Protection, ulong File)?[] model = new (MemoryProtection, ulong)?[Pages];
        for (int step = 0; step < 20_000; step++)
        {
            int first = random.Next(Pages), last = random.Next(first + 1, Pages + 1);
            ulong start = Lowest + (ulong)first * Page, end = Lowest + (ulong)last * Page;
            MemoryProtection protection = (MemoryProtection)random.Next(4);
            switch (random.Next(3))
            {
                case 0:
                    Assert.True(map.TryRemove(start, end));
                    model.AsSpan(first..last).Clear();
                    break;
                case 1 when map.IsFree(start, end):
                    ulong file = random.Next(3) == 0 ? (ulong)random.Next(0, (last - first) * 4096) : 0;
                    MemoryArea area = new() { Start = start, End = end, Protection = protection, FileOffset = file == 0 ? 0 : 0x100000ul, FileLength = file };
                    Assert.True(map.TryAdd(in area));
                    for (int page = first; page < last; page++)
                    {
                        ulong before = (ulong)(page - first) * Page;
                        model[page] = (protection, file > before ? 0x100000 + before : 0);
                    }
                    break;
                case 2 when map.IsMapped(start, end):
                    Assert.True(map.TryProtect(start, end, protection));
                    for (int page = first; page < last; page++)
                        model[page] = (protection, model[page]!.Value.File);
                    break;
            }
            for (int page = 0; page < Pages; page++)
            {
                ulong address = Lowest + (ulong)page * Page;
                bool found = map.TryFind(address, out MemoryArea there);
                Assert.Equal(model[page] is not null, found);
                if (model[page] is not { } expected)
                    continue;
                ulong offset = address - there.Start;
                Assert.Equal(expected, (there.Protection, there.FileLength > offset ? there.FileOffset + offset : 0));
            }
        }
    }

    private static ulong Alignment(ulong value) => value & ~(Page - 1);

    private void Add(ulong start, ulong end)
    {
        MemoryArea area = new() { Start = start, End = end, Protection = ReadWrite };
        Assert.True(_map.TryAdd(in area));
    }
}
