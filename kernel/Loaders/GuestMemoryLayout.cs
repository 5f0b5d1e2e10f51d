using HyperOS.Core;
using HyperOS.Specs.Linux;

namespace HyperOS.Loaders;

/// <summary>
/// Where a guest's RAM is: [0, 640 KiB), [1 MiB, 3 GiB), and what exceeds 3 GiB from 4 GiB on. Between 640 KiB and 1 MiB lie legacy video
/// memory and the ACPI tables, between 3 and 4 GiB the devices.
/// </summary>
public readonly struct GuestMemoryLayout
{
    /// <summary>Least RAM, in bytes.</summary>
    public const ulong SmallestRam = 2 * Size.MiB;

    /// <summary>Most RAM, in bytes.</summary>
    public const ulong LargestRam = 1ul << 46;

    /// <summary>Where the devices' addresses begin.</summary>
    public const ulong HoleStart = 3 * Size.GiB;

    /// <summary>Where RAM goes on behind the devices.</summary>
    public const ulong HoleEnd = 4 * Size.GiB;

    /// <summary>Where RAM goes on behind video memory and the ACPI tables.</summary>
    public const ulong ExtendedMemoryStart = 1 * Size.MiB;

    /// <summary>End of what is listed as conventional memory; the extended BIOS data area of a PC follows up to 640 KiB.</summary>
    public const ulong ConventionalMemoryEnd = 0x9FC00;

    private const ulong VideoMemoryStart = 0xA0000;
    private const ulong TablesStart = 0xE0000;

    private GuestMemoryLayout(ulong ramSize, GuestPhysicalAddress rsdp)
    {
        RamSize = ramSize;
        Rsdp = rsdp;
    }

    /// <summary>In bytes.</summary>
    public ulong RamSize { get; }

    /// <summary>Address of the RSDP; 0 for a guest without ACPI tables.</summary>
    public GuestPhysicalAddress Rsdp { get; }

    /// <summary>The end of RAM below the devices' addresses.</summary>
    public ulong LowRamEnd => RamSize < HoleStart ? RamSize : HoleStart;

    /// <param name="ramSize">In bytes, a multiple of the page size.</param>
    /// <param name="tablesStart">First address of the ACPI tables.</param>
    /// <param name="tablesLength">Of the ACPI tables, in bytes; 0 for a guest without.</param>
    /// <param name="rsdp">Address of the RSDP.</param>
    /// <param name="layout">The layout.</param>
    /// <returns>False when the size is outside the limits or not in pages, or when the tables or the RSDP in them do not lie in 0xE0000-0xFFFFF.</returns>
    public static bool TryCreate(
        ulong ramSize, GuestPhysicalAddress tablesStart, ulong tablesLength, GuestPhysicalAddress rsdp, out GuestMemoryLayout layout)
    {
        layout = new GuestMemoryLayout(ramSize, tablesLength == 0 ? default : rsdp);
        if (ramSize < SmallestRam || ramSize > LargestRam || !Alignment.IsAligned(ramSize, Size.Page))
            return false;
        return tablesLength == 0
            || (tablesStart.Value >= TablesStart && tablesStart.Value < ExtendedMemoryStart && tablesLength <= ExtendedMemoryStart - tablesStart.Value
                && rsdp.Value >= tablesStart.Value && rsdp.Value - tablesStart.Value < tablesLength);
    }

    /// <summary>The memory map, region by region in the order of addresses.</summary>
    /// <returns>False when <paramref name="index"/> is that of no region.</returns>
    public bool TryGetRegion(int index, out E820Entry region)
    {
        region = index switch
        {
            0 => Region(0, ConventionalMemoryEnd, E820Type.AddressRangeMemory),
            1 => Region(ConventionalMemoryEnd, VideoMemoryStart, E820Type.AddressRangeReserved),
            2 => Region(TablesStart, ExtendedMemoryStart, E820Type.AddressRangeReserved),
            3 => Region(ExtendedMemoryStart, LowRamEnd, E820Type.AddressRangeMemory),
            4 when RamSize > HoleStart => Region(HoleEnd, HoleEnd + (RamSize - HoleStart), E820Type.AddressRangeMemory),
            _ => default,
        };
        return region.size != 0;
    }

    /// <summary>Whether a range lies in one region of RAM.</summary>
    public bool IsRam(GuestPhysicalAddress start, ulong length)
    {
        for (int i = 0; TryGetRegion(i, out E820Entry region); i++)
        {
            if (region.type == (uint)E820Type.AddressRangeMemory && start.Value >= region.addr && length <= region.size
                && start.Value - region.addr <= region.size - length)
                return true;
        }
        return false;
    }

    private static E820Entry Region(ulong start, ulong end, E820Type type) => new() { addr = start, size = end - start, type = (uint)type };
}
