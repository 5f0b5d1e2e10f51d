using System;
using System.Buffers.Binary;

namespace HyperOS.Core;

/// <summary>
/// Reads little-endian fields one after another from bytes that nobody has checked yet. Past the end every field reads as zero and
/// <see cref="Overrun"/> becomes true, so that a structure is read in one go and judged once.
/// </summary>
public ref struct LittleEndianReader
{
    private readonly ReadOnlySpan<byte> _source;
    private int _position;
    private bool _overrun;

    /// <summary>Begins at the first byte of <paramref name="source"/>.</summary>
    public LittleEndianReader(ReadOnlySpan<byte> source)
    {
        _source = source;
        _position = 0;
        _overrun = false;
    }

    /// <summary>Bytes read or skipped so far.</summary>
    public readonly int Position => _position;

    /// <summary>Bytes left.</summary>
    public readonly int Remaining => _source.Length - _position;

    /// <summary>True once something was asked for that the source does not hold.</summary>
    public readonly bool Overrun => _overrun;

    /// <summary>The next byte.</summary>
    public byte ReadByte() => TryTake(1, out ReadOnlySpan<byte> field) ? field[0] : (byte)0;

    /// <summary>The next two bytes.</summary>
    public ushort ReadUInt16() => TryTake(2, out ReadOnlySpan<byte> field) ? BinaryPrimitives.ReadUInt16LittleEndian(field) : (ushort)0;

    /// <summary>The next four bytes.</summary>
    public uint ReadUInt32() => TryTake(4, out ReadOnlySpan<byte> field) ? BinaryPrimitives.ReadUInt32LittleEndian(field) : 0;

    /// <summary>The next eight bytes.</summary>
    public ulong ReadUInt64() => TryTake(8, out ReadOnlySpan<byte> field) ? BinaryPrimitives.ReadUInt64LittleEndian(field) : 0;

    /// <summary>Passes over fields that do not matter to the caller.</summary>
    public void Skip(int bytes) => TryTake(bytes, out _);

    /// <summary>The next bytes as they are; false, and empty, when there are fewer.</summary>
    public bool TryTake(int bytes, out ReadOnlySpan<byte> taken)
    {
        if (_overrun || bytes < 0 || bytes > Remaining)
        {
            _overrun = true;
            taken = default;
            return false;
        }
        taken = _source.Slice(_position, bytes);
        _position += bytes;
        return true;
    }
}
