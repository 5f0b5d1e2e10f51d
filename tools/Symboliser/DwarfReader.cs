using System;
using System.Buffers.Binary;
using System.IO;
using System.Text;

namespace HyperOS.Symboliser;

/// <summary>A cursor over DWARF data: DWARF 5, section 7 "Data Representation". Reading past the end throws <see cref="InvalidDataException"/>.</summary>
internal ref struct DwarfReader
{
    private readonly ReadOnlySpan<byte> _data;

    public DwarfReader(ReadOnlySpan<byte> data) => _data = data;

    public int Position { get; set; }

    public readonly bool AtEnd => Position >= _data.Length;

    /// <summary>Set by <see cref="InitialLength"/>: offsets are 8 bytes instead of 4.</summary>
    public bool Is64 { get; private set; }

    public byte Byte() => Take(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>An offset or length in the unit's own format.</summary>
    public ulong Offset() => Is64 ? UInt64() : UInt32();

    /// <summary>Section 7.2.2 "Initial Length Values".</summary>
    public ulong InitialLength()
    {
        uint length = UInt32();
        Is64 = length == 0xFFFF_FFFF;
        return Is64 ? UInt64() : length;
    }

    public ulong Uleb128()
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = Byte();
            if (shift < 64)
                value |= (ulong)(part & 0x7F) << shift;
            if ((part & 0x80) == 0)
                return value;
        }
    }

    public long Sleb128()
    {
        long value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = Byte();
            if (shift < 64)
                value |= (long)(part & 0x7F) << shift;
            if ((part & 0x80) != 0)
                continue;
            return (part & 0x40) != 0 && shift + 7 < 64 ? value | -1L << (shift + 7) : value;
        }
    }

    public string Text()
    {
        int length = _data[Position..].IndexOf((byte)0);
        if (length < 0)
            throw new InvalidDataException("unterminated string in DWARF data");
        string text = Encoding.UTF8.GetString(Take((ulong)length));
        Position++;
        return text;
    }

    public void Skip(ulong bytes) => Take(bytes);

    /// <summary>A reader of the next bytes, which this one leaves behind.</summary>
    public DwarfReader Part(ulong bytes) => new(Take(bytes)) { Is64 = Is64 };

    private ReadOnlySpan<byte> Take(ulong bytes)
    {
        if (Position > _data.Length || bytes > (ulong)(_data.Length - Position))
            throw new InvalidDataException("DWARF data ends early");
        ReadOnlySpan<byte> part = _data.Slice(Position, (int)bytes);
        Position += (int)bytes;
        return part;
    }
}
