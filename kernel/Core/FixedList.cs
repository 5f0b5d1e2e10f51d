using System;

namespace HyperOS.Core;

/// <summary>A list whose capacity is set at construction, so that filling it never allocates. What does not fit is refused and counted.</summary>
public sealed class FixedList<T> where T : struct
{
    private readonly T[] _items;

    /// <summary>Allocates room for <paramref name="capacity"/> items, once and for all.</summary>
    public FixedList(int capacity) => _items = new T[capacity];

    /// <summary>How many items there is room for.</summary>
    public int Capacity => _items.Length;

    /// <summary>How many items there are.</summary>
    public int Count { get; private set; }

    /// <summary>How many items <see cref="TryAdd"/> has refused since the list was last cleared.</summary>
    public int Refused { get; private set; }

    /// <summary>The item at <paramref name="index"/>, for reading or changing in place.</summary>
    public ref T this[int index] => ref AsSpan()[index];

    /// <returns>False when the list is full; the refusal is counted.</returns>
    public bool TryAdd(in T item)
    {
        if (Count == _items.Length)
        {
            Refused = unchecked(Refused + 1);
            return false;
        }
        _items[Count] = item;
        Count++;
        return true;
    }

    /// <summary>The items.</summary>
    public Span<T> AsSpan() => new(_items, 0, Count);

    /// <summary>Forgets the items and the refusals.</summary>
    public void Clear()
    {
        Count = 0;
        Refused = 0;
    }
}
