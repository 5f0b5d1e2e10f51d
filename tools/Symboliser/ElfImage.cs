using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace HyperOS.Symboliser;

/// <summary>A section of an ELF file: System V ABI, "Sections".</summary>
/// <param name="Name">As in the section name table.</param>
/// <param name="Type">sh_type.</param>
/// <param name="Flags">sh_flags.</param>
/// <param name="Link">sh_link: for a symbol table, the index of its string table.</param>
/// <param name="Data">The bytes in the file; empty for SHT_NOBITS.</param>
public sealed record ElfSection(string Name, uint Type, ulong Flags, uint Link, ReadOnlyMemory<byte> Data)
{
    private const ulong SHF_EXECINSTR = 4;

    public bool IsExecutable => (Flags & SHF_EXECINSTR) != 0;
}

/// <summary>A symbol of the static symbol table: System V ABI, "Symbol Table".</summary>
/// <param name="Name">As the compiler or assembler wrote it.</param>
/// <param name="Address">st_value.</param>
/// <param name="Size">st_size in bytes; 0 for labels of the assembler.</param>
/// <param name="IsFunction">Whether the type is STT_FUNC.</param>
public readonly record struct ElfSymbol(string Name, ulong Address, ulong Size, bool IsFunction);

/// <summary>The parts of a little-endian ELF64 file that symbols and line numbers come from.</summary>
public sealed class ElfImage
{
    private const int HeaderSize = 64;
    private const int SectionHeaderSize = 64;
    private const int SymbolSize = 24;
    private const uint SHT_SYMTAB = 2;
    private const uint SHT_NOBITS = 8;
    private const int STT_NOTYPE = 0;
    private const int STT_FUNC = 2;

    private readonly List<ElfSection> _sections = [];

    private ElfImage()
    {
    }

    /// <summary>Reads the section headers.</summary>
    /// <exception cref="InvalidDataException">The bytes are no little-endian ELF64 file or point outside themselves.</exception>
    public static ElfImage Parse(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        if (bytes.Length < HeaderSize || !bytes.StartsWith("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException("not a little-endian ELF64 file");
        try
        {
            ElfImage image = new();
            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]);
            int size = BinaryPrimitives.ReadUInt16LittleEndian(bytes[58..]);
            int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[60..]);
            int namesIndex = BinaryPrimitives.ReadUInt16LittleEndian(bytes[62..]);
            if (count != 0 && size < SectionHeaderSize)
                throw new InvalidDataException("section headers are too small");
            ReadOnlySpan<byte> headers = bytes.Slice(checked((int)offset), count * size);
            ReadOnlySpan<byte> names = count == 0 ? default : Contents(file, headers[(namesIndex * size)..]).Span;
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<byte> header = headers.Slice(i * size, size);
                image._sections.Add(new ElfSection(
                    Text(names, BinaryPrimitives.ReadUInt32LittleEndian(header)),
                    BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
                    BinaryPrimitives.ReadUInt64LittleEndian(header[8..]),
                    BinaryPrimitives.ReadUInt32LittleEndian(header[40..]),
                    Contents(file, header)));
            }
            return image;
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            throw new InvalidDataException("section headers point outside the file", e);
        }
    }

    /// <summary>The contents of the section of that name; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Section(string name) => _sections.Find(s => s.Name == name)?.Data ?? default;

    /// <summary>The functions and labels in executable sections, in the table's order.</summary>
    public IEnumerable<ElfSymbol> CodeSymbols()
    {
        if (_sections.Find(s => s.Type == SHT_SYMTAB) is not { } table || table.Link >= (uint)_sections.Count)
            yield break;
        ReadOnlyMemory<byte> names = _sections[(int)table.Link].Data;
        for (int at = 0; at + SymbolSize <= table.Data.Length; at += SymbolSize)
        {
            if (TryReadCodeSymbol(table.Data.Span.Slice(at, SymbolSize), names.Span, out ElfSymbol symbol))
                yield return symbol;
        }
    }

    private bool TryReadCodeSymbol(ReadOnlySpan<byte> entry, ReadOnlySpan<byte> names, out ElfSymbol symbol)
    {
        int type = entry[4] & 0xF;
        int section = BinaryPrimitives.ReadUInt16LittleEndian(entry[6..]);
        string name = Text(names, BinaryPrimitives.ReadUInt32LittleEndian(entry));
        symbol = new ElfSymbol(
            name, BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]), BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]), type == STT_FUNC);
        return type is STT_FUNC or STT_NOTYPE && name.Length != 0 && section < _sections.Count && _sections[section].IsExecutable;
    }

    private static ReadOnlyMemory<byte> Contents(ReadOnlyMemory<byte> file, ReadOnlySpan<byte> header) =>
        BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) == SHT_NOBITS
            ? default
            : file.Slice(
                checked((int)BinaryPrimitives.ReadUInt64LittleEndian(header[24..])), checked((int)BinaryPrimitives.ReadUInt64LittleEndian(header[32..])));

    private static string Text(ReadOnlySpan<byte> table, uint offset)
    {
        if (offset >= (uint)table.Length)
            return "";
        ReadOnlySpan<byte> text = table[(int)offset..];
        int end = text.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
    }
}
