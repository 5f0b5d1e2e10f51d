using System;
using HyperOS.Core;

namespace HyperOS.Userworld;

/// <summary>mmap's PROT_ bits.</summary>
[Flags]
public enum MemoryProtection : byte
{
    None = 0,
    Read = 1,
    Write = 2,
    Execute = 4,
}

/// <summary>A run of pages that are alike.</summary>
public struct MemoryArea
{
    /// <summary>First and one past the last byte, on page boundaries.</summary>
    public ulong Start, End;

    public MemoryProtection Protection;

    /// <summary>Of what the first page begins with, in the process' file; on a page boundary.</summary>
    public ulong FileOffset;

    /// <summary>Bytes from <see cref="Start"/> on that begin as the file has them; the rest begins as zeros.</summary>
    public ulong FileLength;
}

/// <summary>
/// What a process has mapped: areas in the order of their addresses, none beside another that is like it. All of a change is refused where there is no
/// room for the areas that it would make.
/// </summary>
public sealed class MemoryMap
{
    private readonly MemoryArea[] _areas;
    private readonly ulong _lowest, _top;
    private int _count;

    /// <param name="capacity">Most areas.</param>
    /// <param name="lowest">First address that may be mapped.</param>
    /// <param name="top">One past the last; the search for a gap begins there and goes down. Both on page boundaries.</param>
    public MemoryMap(int capacity, ulong lowest, ulong top)
    {
        _areas = new MemoryArea[capacity];
        _lowest = lowest;
        _top = top;
    }

    public int Count => _count;

    public ref readonly MemoryArea this[int index] => ref _areas[index];

    /// <summary>Whether a range is not empty, on page boundaries and where a process may map.</summary>
    public bool IsValid(ulong start, ulong length) =>
        length != 0 && Alignment.IsAligned(start, Size.Page) && Alignment.IsAligned(length, Size.Page) && start >= _lowest && start <= _top && length <= _top - start;

    /// <summary>The area that an address lies in.</summary>
    public bool TryFind(ulong address, out MemoryArea area)
    {
        int index = FirstEndingAfter(address);
        bool found = index < _count && _areas[index].Start <= address;
        area = found ? _areas[index] : default;
        return found;
    }

    /// <summary>Whether nothing is mapped in a range.</summary>
    public bool IsFree(ulong start, ulong end)
    {
        int index = FirstEndingAfter(start);
        return index == _count || _areas[index].Start >= end;
    }

    /// <summary>Whether all of a range is mapped.</summary>
    public bool IsMapped(ulong start, ulong end)
    {
        ulong at = start;
        for (int index = FirstEndingAfter(start); index < _count && at < end && _areas[index].Start <= at; index++)
            at = _areas[index].End;
        return at >= end;
    }

    /// <summary>The highest gap of a length, which is a multiple of a page and not 0.</summary>
    public bool TryFindGap(ulong length, out ulong start)
    {
        ulong ceiling = _top;
        for (int index = _count - 1; ; index--)
        {
            ulong floor = index < 0 ? _lowest : Math.Max(_areas[index].End, _lowest);
            bool found = ceiling >= floor && ceiling - floor >= length;
            start = found ? ceiling - length : 0;
            if (found || index < 0)
                return found;
            ceiling = _areas[index].Start;
        }
    }

    /// <summary>Maps an area where nothing is.</summary>
    /// <returns>False if there is no room for a further area.</returns>
    public bool TryAdd(in MemoryArea area)
    {
        if (_count == _areas.Length)
            return false;
        int index = FirstEndingAfter(area.Start);
        Insert(index, in area);
        Merge(index, index + 1);
        return true;
    }

    /// <summary>Takes away what is mapped in a range.</summary>
    /// <returns>False if there is no room to split an area.</returns>
    public bool TryRemove(ulong start, ulong end)
    {
        if (!TrySplit(start, end, out int first, out int last))
            return false;
        if (first < last)
        {
            new Span<MemoryArea>(_areas, last, _count - last).CopyTo(new Span<MemoryArea>(_areas, first, _count - last));
            _count -= last - first;
        }
        return true;
    }

    /// <summary>Changes the protection of a range, all of which is mapped.</summary>
    /// <returns>False if there is no room to split areas.</returns>
    public bool TryProtect(ulong start, ulong end, MemoryProtection protection)
    {
        if (!TrySplit(start, end, out int first, out int last))
            return false;
        for (int index = first; index < last; index++)
            _areas[index].Protection = protection;
        Merge(first, last);
        return true;
    }

    private int FirstEndingAfter(ulong address)
    {
        int low = 0, high = _count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_areas[middle].End <= address)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    // Makes areas end at both ends of a range; those from first to before last lie in it.
    private bool TrySplit(ulong start, ulong end, out int first, out int last)
    {
        first = FirstEndingAfter(start);
        last = FirstEndingAfter(end - 1);
        int more = (Cuts(first, start) ? 1 : 0) + (Cuts(last, end) ? 1 : 0);
        if (_count + more > _areas.Length)
            return false;
        if (Cuts(first, start))
        {
            SplitAt(first, start);
            first++;
            last++;
        }
        if (Cuts(last, end))
            SplitAt(last, end);
        if (last < _count && _areas[last].Start < end)
            last++;
        return true;
    }

    private bool Cuts(int index, ulong address) => index < _count && _areas[index].Start < address && _areas[index].End > address;

    private void SplitAt(int index, ulong address)
    {
        MemoryArea upper = _areas[index];
        ulong before = address - upper.Start;
        upper.Start = address;
        upper.FileOffset = upper.FileLength > before ? upper.FileOffset + before : 0;
        upper.FileLength -= Math.Min(upper.FileLength, before);
        Insert(index + 1, in upper);
        ref MemoryArea lower = ref _areas[index];
        lower.End = address;
        lower.FileLength = Math.Min(lower.FileLength, before);
    }

    private void Insert(int index, in MemoryArea area)
    {
        new Span<MemoryArea>(_areas, index, _count - index).CopyTo(new Span<MemoryArea>(_areas, index + 1, _count - index));
        _areas[index] = area;
        _count++;
    }

    // Joins areas that are alike, from the one before `first` to the one at `last`.
    private void Merge(int first, int last)
    {
        for (int index = Math.Min(last, _count - 1); index > 0 && index >= first; index--)
        {
            ref MemoryArea lower = ref _areas[index - 1];
            ref readonly MemoryArea upper = ref _areas[index];
            bool alike = lower.End == upper.Start && lower.Protection == upper.Protection && upper.FileLength == 0 && lower.FileLength == 0;
            if (!alike)
                continue;
            lower.End = upper.End;
            new Span<MemoryArea>(_areas, index + 1, _count - index - 1).CopyTo(new Span<MemoryArea>(_areas, index, _count - index - 1));
            _count--;
        }
    }
}
