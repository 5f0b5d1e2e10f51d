using System;
using System.Buffers.Binary;

namespace HyperOS.Core;

/// <summary>
/// Writes little-endian fields one after another. What no longer fits is left out and <see cref="Overrun"/> becomes true, so that a
/// structure is written in one go and judged once.
/// </summary>
public ref struct LittleEndianWriter
{
    private readonly Span<byte> _destination;
    private int _position;
    private bool _overrun;

    /// <summary>Begins at the first byte of <paramref name="destination"/>.</summary>
    public LittleEndianWriter(Span<byte> destination)
    {
        _destination = destination;
        _position = 0;
        _overrun = false;
    }

    /// <summary>Bytes written so far.</summary>
    public readonly int Position => _position;

    /// <summary>True once something did not fit.</summary>
    public readonly bool Overrun => _overrun;

    /// <summary>Appends a byte.</summary>
    public void WriteByte(byte value)
    {
        if (TryTake(1, out Span<byte> field))
            field[0] = value;
    }

    /// <summary>Appends two bytes.</summary>
    public void WriteUInt16(ushort value)
    {
        if (TryTake(2, out Span<byte> field))
            BinaryPrimitives.WriteUInt16LittleEndian(field, value);
    }

    /// <summary>Appends four bytes.</summary>
    public void WriteUInt32(uint value)
    {
        if (TryTake(4, out Span<byte> field))
            BinaryPrimitives.WriteUInt32LittleEndian(field, value);
    }

    /// <summary>Appends eight bytes.</summary>
    public void WriteUInt64(ulong value)
    {
        if (TryTake(8, out Span<byte> field))
            BinaryPrimitives.WriteUInt64LittleEndian(field, value);
    }

    /// <summary>Appends bytes as they are.</summary>
    public void WriteBytes(scoped ReadOnlySpan<byte> bytes)
    {
        if (TryTake(bytes.Length, out Span<byte> field))
            bytes.CopyTo(field);
    }

    /// <summary>Leaves so many bytes as they are.</summary>
    public void Skip(int bytes) => TryTake(bytes, out _);

    /// <summary>The next bytes, to be written by the caller.</summary>
    /// <returns>False, and empty, when there is no room.</returns>
    public bool TryReserve(int bytes, out Span<byte> reserved) => TryTake(bytes, out reserved);

    private bool TryTake(int bytes, out Span<byte> taken)
    {
        if (_overrun || bytes < 0 || bytes > _destination.Length - _position)
        {
            _overrun = true;
            taken = default;
            return false;
        }
        taken = _destination.Slice(_position, bytes);
        _position += bytes;
        return true;
    }
}
