using System;
using System.Runtime.CompilerServices;
using HyperOS.Core;

namespace HyperOS.Diagnostics;

/// <summary>
/// A line being formatted, in place and without allocation: `Log.Write("memory"u8, $"{free / Size.MiB} MiB free")`. Holes take byte spans
/// (UTF-8), integers (":x" for hexadecimal, ":x16" padded), MAC addresses and booleans; what does not fit is cut.
/// </summary>
[InterpolatedStringHandler]
public ref struct LogLine
{
    /// <summary>Bytes that a line holds; what comes after is cut.</summary>
    public const int Capacity = 240;

    [InlineArray(Capacity)]
    private struct Buffer
    {
        private byte _first;
    }

    private Buffer _buffer;
    private int _length;

    public LogLine(int literalLength, int formattedCount)
    {
        _buffer = default;
        _length = 0;
    }

    public readonly int Length => _length;

    /// <summary>Copies the line so far.</summary>
    /// <returns>Bytes copied.</returns>
    public readonly int CopyTo(Span<byte> destination)
    {
        int count = Math.Min(_length, destination.Length);
        for (int i = 0; i < count; i++)
            destination[i] = _buffer[i];
        return count;
    }

    public void AppendLiteral(string text)
    {
        for (int i = 0; i < text.Length; i++)
            Append((byte)text[i]);
    }

    public void AppendFormatted(scoped ReadOnlySpan<byte> text)
    {
        foreach (byte b in text)
            Append(b);
    }

    public void AppendFormatted(scoped in LogLine line)
    {
        for (int i = 0; i < line._length; i++)
            Append(line._buffer[i]);
    }

    public void AppendFormatted(string text) => AppendLiteral(text);

    public void AppendFormatted(bool value) => AppendLiteral(value ? "true" : "false");

    public void AppendFormatted(int value)
    {
        if (value < 0)
            Append((byte)'-');
        AppendDecimal(value < 0 ? unchecked((ulong)-(long)value) : (ulong)value);
    }

    public void AppendFormatted(uint value) => AppendDecimal(value);

    public void AppendFormatted(ulong value) => AppendDecimal(value);

    /// <summary>Its six bytes in hexadecimal, with colons between them.</summary>
    public void AppendFormatted(MacAddress address)
    {
        for (int shift = 40; shift >= 0; shift -= 8)
        {
            AppendHexadecimal(address.Value >> shift & 0xFF, 2);
            if (shift != 0)
                Append((byte)':');
        }
    }

    public void AppendFormatted(ulong value, string format)
    {
        int digits = 0;
        for (int i = 1; i < format.Length; i++)
            digits = digits * 10 + (format[i] - '0');
        AppendHexadecimal(value, Math.Max(digits, 1));
    }

    public void AppendFormatted(uint value, string format) => AppendFormatted((ulong)value, format);

    public void AppendFormatted(int value, string format) => AppendFormatted((ulong)(uint)value, format);

    /// <summary>Decimal, padded with zeros to so many digits.</summary>
    public void AppendPadded(ulong value, int digits)
    {
        ulong limit = 1;
        for (int i = 1; i < digits; i++)
            limit *= 10;
        for (; limit > 1 && value < limit; limit /= 10)
            Append((byte)'0');
        AppendDecimal(value);
    }

    private void AppendDecimal(ulong value)
    {
        ulong divisor = 1;
        while (value / divisor >= 10)
            divisor *= 10;
        for (; divisor != 0; divisor /= 10)
            Append((byte)('0' + value / divisor % 10));
    }

    private void AppendHexadecimal(ulong value, int digits)
    {
        int shift = 60;
        while (shift > 0 && shift >= 4 * digits && value >> shift == 0)
            shift -= 4;
        for (; shift >= 0; shift -= 4)
            Append("0123456789abcdef"u8[(int)(value >> shift & 15)]);
    }

    private void Append(byte value)
    {
        if (_length < Capacity)
            _buffer[_length++] = value;
    }
}
