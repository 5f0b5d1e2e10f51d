using System;

namespace HyperOS.Management.TcpIp;

/// <summary>A bounded number of disjoint, ascending ranges of stream positions, neighbours joined: what came out of order, or what the peer has of it.</summary>
internal sealed class RangeSet(int capacity)
{
    private (long Start, long End)[] _ranges = [];

    public int Count { get; private set; }

    /// <summary>A range by its place, the lowest first; its end is exclusive.</summary>
    public (long Start, long End) this[int index] => index < Count ? _ranges[index] : throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>Adds a range, joining those that it touches.</summary>
    /// <returns>False, and nothing changed, if it would be one range too many.</returns>
    public bool TryAdd(long start, long end)
    {
        if (start >= end)
            return true;
        int first = 0;
        while (first < Count && _ranges[first].End < start)
            first++;
        int next = first;
        while (next < Count && _ranges[next].Start <= end)
        {
            start = Math.Min(start, _ranges[next].Start);
            end = Math.Max(end, _ranges[next].End);
            next++;
        }
        if (next == first && !TryMakeRoom(first))
            return false;
        if (next > first + 1)
            RemoveAt(first + 1, next - first - 1);
        _ranges[first] = (start, end);
        return true;
    }

    /// <summary>All of this is in one range.</summary>
    public bool Contains(long start, long end)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_ranges[i].Start <= start && end <= _ranges[i].End)
                return true;
        }
        return false;
    }

    /// <summary>Some of this is in a range.</summary>
    public bool Overlaps(long start, long end)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_ranges[i].Start < end && start < _ranges[i].End)
                return true;
        }
        return false;
    }

    /// <summary>Forgets all below a position.</summary>
    public void RemoveBelow(long position)
    {
        int gone = 0;
        while (gone < Count && _ranges[gone].End <= position)
            gone++;
        if (gone != 0)
            RemoveAt(0, gone);
        if (Count != 0 && _ranges[0].Start < position)
            _ranges[0].Start = position;
    }

    public void Clear() => Count = 0;

    private bool TryMakeRoom(int at)
    {
        if (Count == capacity)
            return false;
        if (Count == _ranges.Length)
            Array.Resize(ref _ranges, Math.Min(capacity, Math.Max(4, 2 * Count)));
        Array.Copy(_ranges, at, _ranges, at + 1, Count - at);
        Count++;
        return true;
    }

    private void RemoveAt(int index, int count)
    {
        Array.Copy(_ranges, index + count, _ranges, index, Count - index - count);
        Count -= count;
    }
}
