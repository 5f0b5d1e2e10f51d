using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace HyperOS.Symboliser;

/// <summary>A source position.</summary>
/// <param name="File">The file's name without its directory.</param>
/// <param name="Line">From 1.</param>
public readonly record struct SourceLine(string File, int Line);

/// <summary>Addresses to source lines, from the .debug_line section: DWARF 5, section 6.2 "Line Number Information"; versions 2 to 5.</summary>
public sealed class LineTable
{
    // Standard opcodes: section 6.2.5.2.
    private const byte DW_LNS_copy = 1;
    private const byte DW_LNS_advance_pc = 2;
    private const byte DW_LNS_advance_line = 3;
    private const byte DW_LNS_set_file = 4;
    private const byte DW_LNS_const_add_pc = 8;
    private const byte DW_LNS_fixed_advance_pc = 9;

    // Extended opcodes: section 6.2.5.3.
    private const byte DW_LNE_end_sequence = 1;
    private const byte DW_LNE_set_address = 2;
    private const byte DW_LNE_define_file = 3;

    // Content types and forms of a version 5 file table: sections 6.2.4.1 and 7.5.6.
    private const ulong DW_LNCT_path = 1;
    private const ulong DW_FORM_data2 = 0x05;
    private const ulong DW_FORM_data4 = 0x06;
    private const ulong DW_FORM_data8 = 0x07;
    private const ulong DW_FORM_string = 0x08;
    private const ulong DW_FORM_block = 0x09;
    private const ulong DW_FORM_data1 = 0x0b;
    private const ulong DW_FORM_strp = 0x0e;
    private const ulong DW_FORM_udata = 0x0f;
    private const ulong DW_FORM_data16 = 0x1e;
    private const ulong DW_FORM_line_strp = 0x1f;

    /// <summary>Compilers write such lines for code that belongs to no source line.</summary>
    private const int HiddenLine = 0xFE_EFEE;

    private List<Row> _rows = [];

    private LineTable()
    {
    }

    private readonly record struct Row(ulong Address, SourceLine Source, bool EndsSequence);

    /// <summary>Reads all units of the section. A unit that cannot be understood ends the reading; what came before stays.</summary>
    public static LineTable Parse(ElfImage image)
    {
        LineTable table = new();
        DwarfReader reader = new(image.Section(".debug_line").Span);
        try
        {
            while (!reader.AtEnd)
                table.ReadUnit(ref reader, image);
        }
        catch (InvalidDataException)
        {
        }
        // A sequence's end goes before the start of the one that follows at the same address; of several rows for one address the last counts.
        table._rows = [.. table._rows.OrderBy(row => row.Address).ThenByDescending(row => row.EndsSequence)];
        return table;
    }

    /// <returns>False when no line is known for the address.</returns>
    public bool TryFind(ulong address, out SourceLine source)
    {
        int low = 0;
        int high = _rows.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_rows[middle].Address <= address)
                low = middle + 1;
            else
                high = middle;
        }
        source = default;
        for (int i = low - 1; i >= 0 && !_rows[i].EndsSequence; i--)
        {
            source = _rows[i].Source;
            if (source.Line != 0 && source.Line < HiddenLine)
                return true;
        }
        return false;
    }

    private void ReadUnit(ref DwarfReader section, ElfImage image)
    {
        ulong length = section.InitialLength();
        DwarfReader unit = section.Part(length);
        int version = unit.UInt16();
        if (version is < 2 or > 5)
            return;
        if (version == 5)
            unit.Skip(2);
        ulong headerLength = unit.Offset();
        int program = checked(unit.Position + (int)Math.Min(headerLength, length));
        byte minimumInstructionLength = unit.Byte();
        if (version >= 4)
            unit.Skip(1);
        unit.Skip(1);
        sbyte lineBase = unchecked((sbyte)unit.Byte());
        byte lineRange = unit.Byte();
        byte opcodeBase = unit.Byte();
        byte[] operands = new byte[Math.Max((int)opcodeBase, 1)];
        for (int opcode = 1; opcode < opcodeBase; opcode++)
            operands[opcode] = unit.Byte();
        if (lineRange == 0)
            throw new InvalidDataException("line range is zero");
        List<string> files = version == 5 ? ReadFiles5(ref unit, image) : ReadFiles(ref unit);
        unit.Position = program;
        Run(ref unit, files, minimumInstructionLength, lineBase, lineRange, operands);
    }

    private static List<string> ReadFiles(ref DwarfReader unit)
    {
        while (unit.Text().Length != 0)
        {
        }
        List<string> files = [""];                       // file numbers begin at 1
        while (unit.Text() is { Length: > 0 } name)
        {
            files.Add(Path.GetFileName(name));
            for (int i = 0; i < 3; i++)                  // directory, time, length
                unit.Uleb128();
        }
        return files;
    }

    private static List<string> ReadFiles5(ref DwarfReader unit, ElfImage image)
    {
        ReadEntries(ref unit, image);                    // directories
        return ReadEntries(ref unit, image);
    }

    private static List<string> ReadEntries(ref DwarfReader unit, ElfImage image)
    {
        (ulong Content, ulong Form)[] formats = new (ulong, ulong)[unit.Byte()];
        for (int i = 0; i < formats.Length; i++)
            formats[i] = (unit.Uleb128(), unit.Uleb128());
        List<string> names = [];
        for (ulong left = unit.Uleb128(); left != 0 && !unit.AtEnd; left--)
        {
            string name = "";
            foreach ((ulong content, ulong form) in formats)
            {
                string value = ReadForm(ref unit, form, image);
                if (content == DW_LNCT_path)
                    name = Path.GetFileName(value);
            }
            names.Add(name);
        }
        return names;
    }

    private static string ReadForm(ref DwarfReader unit, ulong form, ElfImage image)
    {
        switch (form)
        {
            case DW_FORM_string:
                return unit.Text();
            case DW_FORM_line_strp:
                return TextAt(image.Section(".debug_line_str"), unit.Offset());
            case DW_FORM_strp:
                return TextAt(image.Section(".debug_str"), unit.Offset());
            case DW_FORM_udata:
                unit.Uleb128();
                return "";
            case DW_FORM_block:
                unit.Skip(unit.Uleb128());
                return "";
        }
        unit.Skip(form switch
        {
            DW_FORM_data1 => 1,
            DW_FORM_data2 => 2,
            DW_FORM_data4 => 4,
            DW_FORM_data8 => 8,
            DW_FORM_data16 => 16,
            _ => throw new InvalidDataException($"form 0x{form:x} in a file table"),
        });
        return "";
    }

    private static string TextAt(ReadOnlyMemory<byte> section, ulong offset)
    {
        DwarfReader reader = new(section.Span);
        reader.Skip(offset);
        return reader.Text();
    }

    private void Run(ref DwarfReader unit, List<string> files, byte minimumInstructionLength, sbyte lineBase, byte lineRange, byte[] operands)
    {
        ulong address = 0;
        int file = 1;
        int line = 1;
        while (!unit.AtEnd)
        {
            byte opcode = unit.Byte();
            if (opcode >= operands.Length)
            {
                int adjusted = opcode - operands.Length;
                address = unchecked(address + (ulong)(adjusted / lineRange * minimumInstructionLength));
                line += lineBase + adjusted % lineRange;
                Emit(endsSequence: false);
                continue;
            }
            switch (opcode)
            {
                case 0:
                    DwarfReader extended = unit.Part(unit.Uleb128());
                    byte kind = extended.Byte();
                    if (kind == DW_LNE_set_address)
                    {
                        address = extended.UInt64();
                    }
                    else if (kind == DW_LNE_define_file)
                    {
                        files.Add(Path.GetFileName(extended.Text()));
                    }
                    else if (kind == DW_LNE_end_sequence)
                    {
                        Emit(endsSequence: true);
                        (address, file, line) = (0, 1, 1);
                    }
                    break;
                case DW_LNS_copy:
                    Emit(endsSequence: false);
                    break;
                case DW_LNS_advance_pc:
                    address = unchecked(address + unit.Uleb128() * minimumInstructionLength);
                    break;
                case DW_LNS_advance_line:
                    line = unchecked(line + (int)unit.Sleb128());
                    break;
                case DW_LNS_set_file:
                    file = unchecked((int)unit.Uleb128());
                    break;
                case DW_LNS_const_add_pc:
                    address = unchecked(address + (ulong)((255 - operands.Length) / lineRange * minimumInstructionLength));
                    break;
                case DW_LNS_fixed_advance_pc:
                    address = unchecked(address + unit.UInt16());
                    break;
                default:
                    for (int i = 0; i < operands[opcode]; i++)
                        unit.Uleb128();
                    break;
            }
        }

        void Emit(bool endsSequence)
        {
            string name = (uint)file < (uint)files.Count ? files[file] : "";
            _rows.Add(new Row(address, new SourceLine(name, line), endsSequence));
        }
    }
}
