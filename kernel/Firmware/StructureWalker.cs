using System;
using HyperOS.Core;

namespace HyperOS.Firmware;

/// <summary>Goes through the structures behind the fixed part of a MADT or SRAT, each of which begins with a type and a length byte.</summary>
internal ref struct StructureWalker
{
    private const int HeaderSize = 2;

    private LittleEndianReader _reader;

    public StructureWalker(LittleEndianReader reader)
    {
        _reader = reader;
        Type = 0;
        Structure = default;
        IsMalformed = false;
    }

    public byte Type { get; private set; }

    /// <summary>The whole structure, from its type byte on.</summary>
    public ReadOnlySpan<byte> Structure { get; private set; }

    /// <summary>True when the walk ended at a structure shorter than its header or running past the table's end.</summary>
    public bool IsMalformed { get; private set; }

    public bool MoveNext()
    {
        if (_reader.Remaining == 0)
            return false;
        LittleEndianReader header = _reader;
        Type = header.ReadByte();
        int length = header.ReadByte();
        IsMalformed = length < HeaderSize | !_reader.TryTake(length, out ReadOnlySpan<byte> structure);
        Structure = structure;
        return !IsMalformed;
    }
}
