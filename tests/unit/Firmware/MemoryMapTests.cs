using HyperOS.Firmware;

namespace HyperOS.Tests.Unit.Firmware;

public class MemoryMapTests
{
    [Fact]
    public void Regions_come_out_sorted_and_merged()
    {
        Assert.Equal("0-3000 Usable, 5000-6000 Reserved", Normalized(
            (0x5000, 0x1000, MemoryRegionType.Reserved), (0x1000, 0x2000, MemoryRegionType.Usable), (0, 0x1000, MemoryRegionType.Usable)));
    }

    [Fact]
    public void Where_regions_overlap_the_more_reserved_type_wins()
    {
        Assert.Equal("0-2000 Usable, 2000-3000 Reserved, 3000-4000 Defective, 4000-5000 Reserved, 5000-8000 Usable", Normalized(
            (0x2000, 0x3000, MemoryRegionType.Reserved), (0, 0x8000, MemoryRegionType.Usable), (0x3000, 0x1000, MemoryRegionType.Defective)));
        Assert.Equal("0-1000 AcpiReclaimable, 1000-2000 AcpiNvs, 2000-3000 Reserved", Normalized(
            (0, 0x3000, MemoryRegionType.AcpiReclaimable), (0x1000, 0x2000, MemoryRegionType.AcpiNvs), (0x2000, 0x1000, MemoryRegionType.Reserved)));
    }

    [Fact]
    public void A_region_past_the_end_of_addresses_is_cut_and_an_empty_one_ignored() =>
        Assert.Equal($"{ulong.MaxValue - 0xFFF:X}-{ulong.MaxValue:X} Reserved", Normalized(
            (ulong.MaxValue - 0xFFF, ulong.MaxValue, MemoryRegionType.Reserved), (0x1000, 0, MemoryRegionType.Usable)));

    [Fact]
    public void A_full_map_refuses_and_counts_and_its_regions_all_find_room()
    {
        MemoryMap map = new();
        for (uint i = 0; i < MemoryMap.Capacity; i++)
            Assert.True(map.TryAdd(i, 4 * MemoryMap.Capacity - 2 * i, i % 2 == 0 ? MemoryRegionType.Usable : MemoryRegionType.Reserved));
        Assert.False(map.TryAdd(0, 1, MemoryRegionType.Reserved));
        Assert.Equal(1, map.Refused);
        map.Normalize();
        Assert.Equal(4ul * MemoryMap.Capacity, map.Regions[^1].End.Value);
    }

    private static string Normalized(params (ulong Start, ulong Length, MemoryRegionType Type)[] regions)
    {
        MemoryMap map = new();
        foreach ((ulong start, ulong length, MemoryRegionType type) in regions)
            map.TryAdd(start, length, type);
        map.Normalize();
        return string.Join(", ", map.Regions.ToArray().Select(region => $"{region.Start.Value:X}-{region.End.Value:X} {region.Type}"));
    }
}
