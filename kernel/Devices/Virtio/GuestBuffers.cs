using System;
using System.Runtime.CompilerServices;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// Buffers in a guest's RAM, one after another, with a position that moves on as they are read or written. All of them are known to lie in
/// RAM. Owned by whoever owns the queue that they come from.
/// </summary>
public sealed class GuestBuffers
{
    // Wiring.
    private readonly GuestRam _ram;

    // State.
    private readonly Segment[] _segments;
    private int _count;
    private ulong _length;

    // The position: the next byte is in that buffer, at that offset.
    private int _buffer;
    private uint _offset;

    // Bytes before the position.
    private ulong _passed;

    // A buffer: so many bytes, never 0, from an address on.
    private struct Segment
    {
        public ulong Address;
        public uint Length;
    }

    /// <param name="ram">Where the buffers lie.</param>
    /// <param name="capacity">Buffers that fit.</param>
    public GuestBuffers(GuestRam ram, int capacity)
    {
        _ram = ram;
        _segments = new Segment[capacity];
    }

    /// <summary>Buffers in the list.</summary>
    public int Count => _count;

    /// <summary>Buffers that still fit.</summary>
    public int Room => unchecked(_segments.Length - _count);

    /// <summary>Bytes of all buffers.</summary>
    public ulong Length => _length;

    /// <summary>Bytes from the position to the end.</summary>
    public ulong Remaining => unchecked(_length - _passed);

    /// <summary>The buffer in which the position is; <see cref="Count"/> at the end.</summary>
    public int Buffer => _buffer;

    /// <summary>The position's offset in that buffer, in bytes.</summary>
    public uint Offset => _offset;

    /// <summary>Drops all buffers.</summary>
    public void Clear()
    {
        _count = 0;
        _length = 0;
        _passed = 0;
        _buffer = 0;
        _offset = 0;
    }

    /// <summary>Appends a buffer that <see cref="GuestRam.Contains"/>.</summary>
    /// <param name="length">In bytes, not 0.</param>
    /// <returns>False when no more fit.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryAdd(ulong address, uint length)
    {
        unchecked
        {
            Segment[] segments = _segments;
            int count = _count;
            if ((uint)count >= (uint)segments.Length)
                return false;
            ref Segment segment = ref segments[count];
            segment.Address = address;
            segment.Length = length;
            _count = count + 1;
            _length += length; // of at most a few hundred buffers
            return true;
        }
    }

    /// <summary>Whether a range, which does not wrap around, shares a byte with any of the buffers from number <paramref name="first"/> on.</summary>
    internal bool Overlaps(int first, ulong address, uint length)
    {
        for (int i = first; i < _count; i++)
        {
            ref Segment segment = ref _segments[i];
            if (address < segment.Address + segment.Length && segment.Address < address + length)
                return true;
        }
        return false;
    }

    /// <summary>Where a buffer lies; <paramref name="buffer"/> is less than <see cref="Count"/>.</summary>
    public GuestPhysicalAddress AddressOf(int buffer) => new(_segments[buffer].Address);

    /// <summary>Bytes of a buffer; <paramref name="buffer"/> is less than <see cref="Count"/>.</summary>
    public uint LengthOf(int buffer) => _segments[buffer].Length;

    /// <summary>The bytes that lie together from an offset into a buffer on, no more than <paramref name="most"/>.</summary>
    /// <returns>Empty where there is no such byte.</returns>
    public ReadOnlySpan<byte> From(int buffer, uint offset, uint most)
    {
        if (unchecked((uint)buffer >= (uint)_count))
            return default;
        ref Segment segment = ref _segments[buffer];
        if (offset >= segment.Length)
            return default;
        uint length = Math.Min(unchecked(segment.Length - offset), most);
        return _ram.TryGetReadable(new GuestPhysicalAddress(unchecked(segment.Address + offset)), length, out ReadOnlySpan<byte> bytes) ? bytes : default;
    }

    /// <summary>The next bytes that lie together, to be read; the position moves behind them.</summary>
    /// <param name="most">No more than so many.</param>
    /// <returns>Empty at the end.</returns>
    public ReadOnlySpan<byte> NextReadable(uint most = uint.MaxValue)
    {
        if (!TryPeek(most, out GuestPhysicalAddress address, out uint length) || !_ram.TryGetReadable(address, length, out ReadOnlySpan<byte> bytes))
            return default;
        Advance((uint)bytes.Length);
        return bytes;
    }

    /// <summary>The next bytes that lie together, to be written; the position moves behind them.</summary>
    /// <param name="most">No more than so many.</param>
    /// <returns>Empty at the end.</returns>
    public Span<byte> NextWritable(uint most = uint.MaxValue)
    {
        if (!TryPeek(most, out GuestPhysicalAddress address, out uint length) || !_ram.TryGetWritable(address, length, out Span<byte> bytes))
            return default;
        Advance((uint)bytes.Length);
        return bytes;
    }

    /// <summary>Copies the next bytes out.</summary>
    /// <returns>How many: fewer than the destination takes only at the end.</returns>
    public int Read(Span<byte> destination)
    {
        int copied = 0;
        while (copied < destination.Length)
        {
            ReadOnlySpan<byte> part = NextReadable((uint)(destination.Length - copied));
            if (part.IsEmpty)
                break;
            part.CopyTo(destination.Slice(copied));
            FaultPoint.Hit(FaultPlace.GuestBuffers);
            copied += part.Length;
        }
        return copied;
    }

    /// <summary>Copies bytes in.</summary>
    /// <returns>How many: fewer than the source has only at the end.</returns>
    public int Write(ReadOnlySpan<byte> source)
    {
        int copied = 0;
        while (copied < source.Length)
        {
            Span<byte> part = NextWritable((uint)(source.Length - copied));
            if (part.IsEmpty)
                break;
            source.Slice(copied, part.Length).CopyTo(part);
            copied += part.Length;
        }
        return copied;
    }

    /// <summary>Moves the position to the end.</summary>
    public void SkipAll()
    {
        _passed = _length;
        _buffer = _count;
        _offset = 0;
    }

    /// <summary>Moves the position on, at most to the end.</summary>
    public void Skip(ulong bytes)
    {
        while (bytes != 0 && TryPeek((uint)Math.Min(bytes, uint.MaxValue), out _, out uint length))
        {
            Advance(length);
            bytes -= length;
        }
    }

    // What is left of the buffer at the position. Buffers lie in RAM, so that no sum wraps around.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryPeek(uint most, out GuestPhysicalAddress address, out uint length)
    {
        int buffer = _buffer;
        if (buffer >= _count)
        {
            address = default;
            length = 0;
            return false;
        }
        uint offset = _offset;
        ref Segment segment = ref _segments[buffer];
        address = new GuestPhysicalAddress(unchecked(segment.Address + offset));
        length = Math.Min(unchecked(segment.Length - offset), most);
        return length != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Advance(uint bytes)
    {
        _passed = unchecked(_passed + bytes);
        uint offset = unchecked(_offset + bytes);
        bool ends = offset == _segments[_buffer].Length;
        _offset = ends ? 0 : offset;
        if (ends)
            _buffer++;
    }
}
