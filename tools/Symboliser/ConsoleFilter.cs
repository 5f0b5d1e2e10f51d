using System;
using System.Globalization;
using System.IO;
using System.Text;

namespace HyperOS.Symboliser;

/// <summary>
/// Copies a console byte for byte, as the bytes come, and ends each line that ends in a backtrace entry, <c>  at 0x</c> and 16 digits,
/// with what the address means, and each that ends in a record of the trace with what happened.
/// </summary>
public sealed class ConsoleFilter
{
    private const int Digits = 16;
    private const int EntryLength = 7 + Digits;

    // What is looked at of a line's end: a record and the words before it, the machine's name of 32 characters among them.
    private const int TailLength = TraceLine.RecordLength + 48;

    private readonly SymbolTable _symbols;
    private readonly TraceLine _trace = new();
    private readonly byte[] _tail = new byte[2 * TailLength];
    private int _length;
    private bool _previousWasEntry;

    public ConsoleFilter(SymbolTable symbols) => _symbols = symbols;

    private static ReadOnlySpan<byte> Prefix => "  at 0x"u8;

    /// <summary>Copies until the input ends; whatever has arrived is passed on before waiting for more.</summary>
    public void Run(Stream input, Stream output)
    {
        byte[] buffer = new byte[4096];
        while (input.Read(buffer) is > 0 and int count)
        {
            Write(buffer.AsSpan(0, count), output);
            output.Flush();
        }
        EndLine(output);
        output.Flush();
    }

    /// <summary>Passes on a part of the stream.</summary>
    public void Write(ReadOnlySpan<byte> bytes, Stream output)
    {
        int copied = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] is (byte)'\r' or (byte)'\n')
            {
                output.Write(bytes[copied..i]);
                copied = i;
                EndLine(output);
            }
            else
            {
                Remember(bytes[i]);
            }
        }
        output.Write(bytes[copied..]);
    }

    /// <summary>Keeps the end of the current line.</summary>
    private void Remember(byte value)
    {
        if (_length == _tail.Length)
        {
            _tail.AsSpan(TailLength).CopyTo(_tail);
            _length = TailLength;
        }
        _tail[_length++] = value;
    }

    private void EndLine(Stream output)
    {
        if (_length == 0)
            return;                                      // the second of "\r\n"
        ReadOnlySpan<byte> line = _tail.AsSpan(0, _length);
        _length = 0;
        if (_trace.Describe(line) is { } exit)
            output.Write(Encoding.UTF8.GetBytes(exit));
        ulong address = 0;
        ReadOnlySpan<byte> tail = line[Math.Max(0, line.Length - EntryLength)..];
        bool isEntry = tail.Length == EntryLength && tail.StartsWith(Prefix)
            && ulong.TryParse(tail[Prefix.Length..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out address);
        // The first address is where it happened, those below are return addresses.
        if (isEntry && _symbols.Describe(address, isReturnAddress: _previousWasEntry) is { } description)
            output.Write(Encoding.UTF8.GetBytes(" " + description));
        _previousWasEntry = isEntry;
    }
}
