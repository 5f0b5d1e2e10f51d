using System;

namespace HyperOS.Devices;

/// <summary>A fixed ring of bytes, oldest first. Not synchronised: its owner's lock guards it.</summary>
public sealed class ByteRing
{
    private readonly byte[] _bytes;
    private int _first;

    /// <summary>A ring that holds <paramref name="capacity"/> bytes.</summary>
    public ByteRing(int capacity) => _bytes = new byte[capacity];

    /// <summary>Bytes in the ring.</summary>
    public int Count { get; private set; }

    /// <summary>Whether nothing more fits.</summary>
    public bool IsFull => Count == _bytes.Length;

    /// <summary>Drops the content.</summary>
    public void Clear() => Count = 0;

    /// <returns>False when the ring is full.</returns>
    public bool TryEnqueue(byte value)
    {
        if (IsFull)
            return false;
        int at = _first + Count;
        _bytes[at < _bytes.Length ? at : at - _bytes.Length] = value;
        Count++;
        return true;
    }

    /// <returns>False when the ring is empty.</returns>
    public bool TryDequeue(out byte value)
    {
        if (Count == 0)
        {
            value = 0;
            return false;
        }
        value = _bytes[_first];
        _first = _first + 1 == _bytes.Length ? 0 : _first + 1;
        Count--;
        return true;
    }

    /// <summary>Takes as many bytes as there are and fit.</summary>
    /// <returns>The number of bytes taken.</returns>
    public int Dequeue(Span<byte> destination)
    {
        int taken = 0;
        while (taken < destination.Length && TryDequeue(out byte value))
            destination[taken++] = value;
        return taken;
    }

    /// <summary>Copies the content without taking it, oldest first; <paramref name="destination"/> holds at least <see cref="Count"/> bytes.</summary>
    public void CopyTo(Span<byte> destination)
    {
        for (int i = 0; i < Count; i++)
        {
            int at = _first + i;
            destination[i] = _bytes[at < _bytes.Length ? at : at - _bytes.Length];
        }
    }
}
