using System.Buffers.Binary;
using System.Text;

namespace HyperOS.Tests.Symboliser;

/// <summary>Writes a small ELF64 file as a linked kernel is: code symbols and a line table of DWARF version 4 or 5.</summary>
internal sealed class KernelImage
{
    private readonly List<(string Name, ulong Address, ulong Size, byte Type)> _symbols = [];
    private readonly MemoryStream _lines = new();

    public KernelImage Function(string name, ulong address, ulong size) => Symbol(name, address, size, 2);

    public KernelImage Label(string name, ulong address) => Symbol(name, address, 0, 0);

    /// <summary>One unit with one sequence: each line begins at its address, the last address ends it.</summary>
    public KernelImage Lines(int version, string file, ulong end, params (ulong Address, int Line)[] rows)
    {
        MemoryStream header = new();
        header.Write([1]);                                                       // minimum_instruction_length
        if (version >= 4)
            header.Write([1]);                                                   // maximum_operations_per_instruction
        header.Write([1, unchecked((byte)-5), 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]);
        if (version == 5)
        {
            header.Write([1, 1, 0x08, 1]);                                       // directories: path as a string, one
            header.Write(Encoding.UTF8.GetBytes("/src\0"));
            header.Write([3, 1, 0x1f, 2, 0x0b, 5, 0x1e, 2]);                     // files: path in .debug_line_str, directory, MD5; two
            header.Write([0, 0, 0, 0, 0, .. new byte[16], 0, 0, 0, 0, 0, .. new byte[16]]);
            LineStrings = Encoding.UTF8.GetBytes($"kernel/{file}\0");
        }
        else
        {
            header.Write(Encoding.UTF8.GetBytes($"/src\0\0kernel/{file}\0"));
            header.Write([1, 0, 0, 0]);
        }
        MemoryStream program = new();
        int line = 1;
        foreach ((ulong address, int target) in rows)
        {
            program.Write([0, 9, 2, .. UInt64(address), 3, .. Sleb128(target - line), 1]);
            line = target;
        }
        program.Write([0, 9, 2, .. UInt64(end), 0, 1, 1]);
        byte[] beforeLength = version == 5 ? [5, 0, 8, 0] : [(byte)version, 0];
        _lines.Write(UInt32((uint)(beforeLength.Length + 4 + header.Length + program.Length)));
        _lines.Write(beforeLength);
        _lines.Write(UInt32((uint)header.Length));
        header.WriteTo(_lines);
        program.WriteTo(_lines);
        return this;
    }

    public byte[] LineStrings { get; private set; } = [];

    public byte[] ToArray()
    {
        MemoryStream names = new();
        names.WriteByte(0);
        MemoryStream symbols = new();
        symbols.Write(new byte[24]);
        foreach ((string name, ulong address, ulong size, byte type) in _symbols)
        {
            symbols.Write([.. UInt32((uint)names.Length), type, 0, 1, 0, .. UInt64(address), .. UInt64(size)]);
            names.Write(Encoding.UTF8.GetBytes(name + "\0"));
        }
        (string Name, uint Type, ulong Flags, uint Link, byte[] Data)[] sections =
        [
            ("", 0, 0, 0, []),
            (".text", 1, 6, 0, [0x90]),
            (".symtab", 2, 0, 3, symbols.ToArray()),
            (".strtab", 3, 0, 0, names.ToArray()),
            (".debug_line", 1, 0, 0, _lines.ToArray()),
            (".debug_line_str", 1, 0, 0, LineStrings),
            (".bss", 8, 3, 0, []),
            (".shstrtab", 3, 0, 0, []),
        ];
        MemoryStream sectionNames = new();
        uint[] nameOffsets = new uint[sections.Length];
        for (int i = 0; i < sections.Length; i++)
        {
            nameOffsets[i] = (uint)sectionNames.Length;
            sectionNames.Write(Encoding.UTF8.GetBytes(sections[i].Name + "\0"));
        }
        sections[^1].Data = sectionNames.ToArray();
        MemoryStream file = new();
        MemoryStream headers = new();
        file.Write(new byte[64]);
        for (int i = 0; i < sections.Length; i++)
        {
            headers.Write(
            [
                .. UInt32(nameOffsets[i]), .. UInt32(sections[i].Type), .. UInt64(sections[i].Flags), .. UInt64(0), .. UInt64((ulong)file.Length),
                .. UInt64(sections[i].Type == 8 ? 0x10_0000 : (ulong)sections[i].Data.Length), .. UInt32(sections[i].Link), .. new byte[20],
            ]);
            file.Write(sections[i].Data);
        }
        ulong headersAt = (ulong)file.Length;
        headers.WriteTo(file);
        byte[] bytes = file.ToArray();
        "\u007fELF\u0002\u0001"u8.CopyTo(bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(40), headersAt);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(58), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(60), (ushort)sections.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(62), (ushort)(sections.Length - 1));
        return bytes;
    }

    private KernelImage Symbol(string name, ulong address, ulong size, byte type)
    {
        _symbols.Add((name, address, size, type));
        return this;
    }

    private static byte[] UInt32(uint value) => BitConverter.GetBytes(value);

    private static byte[] UInt64(ulong value) => BitConverter.GetBytes(value);

    private static byte[] Sleb128(int value)
    {
        List<byte> bytes = [];
        while (value is < -64 or > 63)
        {
            bytes.Add((byte)(value & 0x7F | 0x80));
            value >>= 7;
        }
        bytes.Add((byte)(value & 0x7F));
        return [.. bytes];
    }
}
