using System;
using HyperOS.Core;

namespace HyperOS.Firmware;

/// <summary>What a region of physical memory is good for. Where regions overlap, the greater value wins.</summary>
public enum MemoryRegionType : byte
{
    /// <summary>Free for the kernel.</summary>
    Usable = 1,

    /// <summary>Free once the ACPI tables in it have been read.</summary>
    AcpiReclaimable,

    /// <summary>Belongs to the firmware and must survive sleep states.</summary>
    AcpiNvs,

    /// <summary>Belongs to the firmware or to devices, or is of a kind that HyperOS does not know.</summary>
    Reserved,

    /// <summary>Memory found to be broken.</summary>
    Defective,
}

/// <summary>A region of physical memory.</summary>
public readonly struct MemoryRegion
{
    /// <summary>The first byte.</summary>
    public readonly HostPhysicalAddress Start;

    /// <summary>In bytes.</summary>
    public readonly ulong Length;

    /// <summary>What the region is good for.</summary>
    public readonly MemoryRegionType Type;

    /// <summary>A region of <paramref name="length"/> bytes, which must not wrap around.</summary>
    public MemoryRegion(HostPhysicalAddress start, ulong length, MemoryRegionType type)
    {
        Start = start;
        Length = length;
        Type = type;
    }

    /// <summary>The first byte behind the region.</summary>
    public HostPhysicalAddress End => Start.Offset(Length);
}

/// <summary>
/// The physical memory map. Firmware lists regions in any order and lets them overlap; <see cref="Normalize"/> makes of them regions
/// that are sorted, disjoint and merged, in which every byte has the most reserved of the types given for it.
/// </summary>
public sealed class MemoryMap
{
    /// <summary>How many regions may be added.</summary>
    public const int Capacity = 128;

    private readonly FixedList<MemoryRegion> _added = new(Capacity);

    // n regions have 2n borders and with that at most 2n - 1 pieces between them.
    private readonly ulong[] _borders = new ulong[2 * Capacity];
    private readonly FixedList<MemoryRegion> _regions = new(2 * Capacity - 1);

    /// <summary>The regions as of the last <see cref="Normalize"/>.</summary>
    public ReadOnlySpan<MemoryRegion> Regions => _regions.AsSpan();

    /// <summary>How many regions did not fit. When this is not zero, what is reserved may be missing from the map.</summary>
    public int Refused => _added.Refused;

    /// <summary>Forgets all regions and refusals.</summary>
    public void Clear()
    {
        _added.Clear();
        _regions.Clear();
    }

    /// <summary>Adds a region as firmware gave it; one that runs past the end of the address range is cut there, an empty one is ignored.</summary>
    /// <returns>False when the map is full.</returns>
    public bool TryAdd(ulong start, ulong length, MemoryRegionType type)
    {
        ulong fitting = Math.Min(length, ulong.MaxValue - start);
        return fitting == 0 || _added.TryAdd(new MemoryRegion(new HostPhysicalAddress(start), fitting, type));
    }

    /// <summary>Sorts the added regions and resolves overlaps into <see cref="Regions"/>.</summary>
    public void Normalize()
    {
        _regions.Clear();
        int borders = SortBorders();
        for (int i = 1; i < borders; i++)
        {
            if (_borders[i] != _borders[i - 1] && TryTypeOf(_borders[i - 1], out MemoryRegionType type))
                Append(_borders[i - 1], _borders[i], type);
        }
    }

    private int SortBorders()
    {
        int count = 0;
        foreach (ref readonly MemoryRegion region in _added.AsSpan())
        {
            Insert(region.Start.Value, count++);
            Insert(region.End.Value, count++);
        }
        return count;
    }

    private void Insert(ulong border, int count)
    {
        int at = count;
        for (; at > 0 && _borders[at - 1] > border; at--)
            _borders[at] = _borders[at - 1];
        _borders[at] = border;
    }

    /// <summary>The most reserved type among the added regions that hold <paramref name="address"/>.</summary>
    private bool TryTypeOf(ulong address, out MemoryRegionType type)
    {
        type = default;
        foreach (ref readonly MemoryRegion region in _added.AsSpan())
        {
            if (region.Start.Value <= address && address < region.End.Value && region.Type > type)
                type = region.Type;
        }
        return type != default;
    }

    private void Append(ulong start, ulong end, MemoryRegionType type)
    {
        if (_regions.Count > 0)
        {
            ref MemoryRegion last = ref _regions[_regions.Count - 1];
            if (last.Type == type && last.End.Value == start)
            {
                last = new MemoryRegion(last.Start, end - last.Start.Value, type);
                return;
            }
        }
        _regions.TryAdd(new MemoryRegion(new HostPhysicalAddress(start), end - start, type));
    }
}
