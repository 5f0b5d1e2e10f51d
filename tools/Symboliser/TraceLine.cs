using System;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using HyperOS.Abi;
using HyperOS.Specs.Amd;
using HyperOS.Specs.Intel;

namespace HyperOS.Symboliser;

/// <summary>
/// Explains the trace of exits: lines that end in <c>trace NAME: </c> and a record's eight words. Records of a vCPU follow each other in time, so
/// that what the host spent on one exit shows at the next.
/// </summary>
public sealed class TraceLine
{
    private const int Digits = 16;

    /// <summary>Characters of a record: words with blanks between them.</summary>
    public const int RecordLength = ExitTraceRecord.Words * (Digits + 1) - 1;

    private ExitTraceRecord _previous;

    /// <summary>What the line's record means; null for other lines.</summary>
    public string? Describe(ReadOnlySpan<byte> line)
    {
        if (line.Length <= RecordLength || !IsIntroduced(line[..^RecordLength]) || !TryParse(line[^RecordLength..], out ExitTraceRecord record))
            return null;
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $" cpu {record.Processor}, vcpu {record.Vcpu}: ");
        bool follows = _previous.Kind != VmExitKind.Hlt && (uint)_previous.Place == (uint)record.Place && _previous.ExitedAt != 0;
        if (follows)
            text.Append(CultureInfo.InvariantCulture, $"host {unchecked(record.EnteredAt - _previous.ExitedAt)}, ");
        text.Append(CultureInfo.InvariantCulture, $"guest {unchecked(record.ExitedAt - record.EnteredAt)} cycles, {record.Kind}");
        text.Append(CultureInfo.InvariantCulture, $" {NameOf(in record)} at 0x{record.InstructionPointer:x}");
        text.Append(CultureInfo.InvariantCulture, $", info 0x{record.Info1:x} 0x{record.Info2:x}, eax 0x{record.Eax:x}, ecx 0x{record.Ecx:x}");
        _previous = record;
        return text.ToString();
    }

    // "trace NAME: " before the record, whatever stands before that.
    private static bool IsIntroduced(ReadOnlySpan<byte> before)
    {
        int start = before.LastIndexOf("trace "u8);
        return before.EndsWith(": "u8) && start >= 0 && before[start..^2].Count((byte)' ') == 1;
    }

    private static string NameOf(ref readonly ExitTraceRecord record) => record.Vendor switch
    {
        VmVendor.Svm when Enum.IsDefined((SvmExitCode)record.Code) => ((SvmExitCode)record.Code).ToString(),
        VmVendor.Vmx when record.Code <= ushort.MaxValue && Enum.IsDefined((VmExitReason)record.Code) => ((VmExitReason)record.Code).ToString(),
        _ => $"code 0x{record.Code:x}",
    };

    private static bool TryParse(ReadOnlySpan<byte> text, out ExitTraceRecord record)
    {
        record = default;
        Span<ulong> words = MemoryMarshal.Cast<ExitTraceRecord, ulong>(new Span<ExitTraceRecord>(ref record));
        for (int i = 0; i < words.Length; i++)
        {
            ReadOnlySpan<byte> digits = text.Slice(i * (Digits + 1), Digits);
            bool isWord = ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out words[i])
                && (i == words.Length - 1 || text[(i + 1) * (Digits + 1) - 1] == ' ');
            if (!isWord)
                return false;
        }
        return true;
    }
}
