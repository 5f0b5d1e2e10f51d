using System;
using HyperOS.Core;

namespace HyperOS.Firmware;

/// <summary>Outcome of asking for an option.</summary>
public enum OptionStatus : byte
{
    /// <summary>The option is there and its value is good.</summary>
    Ok,

    /// <summary>The option is not there: the caller's default holds.</summary>
    Absent,

    /// <summary>The option is there and its value is not of the kind asked for, or there is none.</summary>
    BadValue,
}

/// <summary>
/// The options of a command line: words parted by blanks, each <c>key</c> or <c>key=value</c>. Of a key given twice the last one holds.
/// Every getter marks its key as known; when all have been asked for, <see cref="TryNextUnknown"/> tells which words nobody knew.
/// </summary>
public sealed class CommandLine
{
    /// <summary>Most options.</summary>
    public const int Capacity = 64;

    private readonly byte[] _text = new byte[BootInfo.CommandLineCapacity];
    private readonly FixedList<Option> _options = new(Capacity);

    /// <summary>Takes a copy of <paramref name="text"/> and finds the options in it.</summary>
    /// <returns>
    /// False when the text is longer than <see cref="BootInfo.CommandLineCapacity"/> or holds more than <see cref="Capacity"/> options;
    /// the first ones are kept.
    /// </returns>
    public bool Parse(ReadOnlySpan<byte> text)
    {
        _options.Clear();
        int length = Math.Min(text.Length, _text.Length);
        text.Slice(0, length).CopyTo(_text);
        int position = 0;
        while (position < length)
        {
            if (IsBlank(_text[position]))
            {
                position++;
                continue;
            }
            int start = position, equals = -1;
            for (; position < length && !IsBlank(_text[position]); position++)
            {
                if (_text[position] == (byte)'=' && equals < 0)
                    equals = position;
            }
            _options.TryAdd(new Option { Start = start, KeyEnd = equals < 0 ? position : equals, End = position });
        }
        return length == text.Length && _options.Refused == 0;
    }

    /// <summary>The option's value as it stands.</summary>
    public OptionStatus TryGetText(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        value = default;
        OptionStatus status = OptionStatus.Absent;
        foreach (ref Option option in _options.AsSpan())
        {
            if (!Text(option.Start, option.KeyEnd).SequenceEqual(key))
                continue;
            option.Known = true;
            bool hasValue = option.KeyEnd < option.End;
            value = hasValue ? Text(option.KeyEnd + 1, option.End) : default;
            status = hasValue ? OptionStatus.Ok : OptionStatus.BadValue;
        }
        return status;
    }

    /// <summary>A switch: <c>on</c>, <c>yes</c>, <c>1</c> or the bare key; <c>off</c>, <c>no</c> or <c>0</c>.</summary>
    public OptionStatus TryGetSwitch(ReadOnlySpan<byte> key, out bool value)
    {
        value = false;
        OptionStatus status = TryGetText(key, out ReadOnlySpan<byte> text);
        if (status == OptionStatus.Absent)
            return status;
        value = status == OptionStatus.BadValue || text.SequenceEqual("on"u8) || text.SequenceEqual("yes"u8) || text.SequenceEqual("1"u8);
        bool isOff = text.SequenceEqual("off"u8) || text.SequenceEqual("no"u8) || text.SequenceEqual("0"u8);
        return value || isOff ? OptionStatus.Ok : OptionStatus.BadValue;
    }

    /// <summary>A decimal number, or a hexadecimal one that begins with 0x.</summary>
    public OptionStatus TryGetNumber(ReadOnlySpan<byte> key, out ulong value)
    {
        value = 0;
        OptionStatus status = TryGetText(key, out ReadOnlySpan<byte> text);
        return status == OptionStatus.Ok && !TryParseNumber(text, out value) ? OptionStatus.BadValue : status;
    }

    /// <summary>A number of bytes: as <see cref="TryGetNumber"/>, which K, M, G or T may follow.</summary>
    public OptionStatus TryGetSize(ReadOnlySpan<byte> key, out ulong bytes)
    {
        bytes = 0;
        OptionStatus status = TryGetText(key, out ReadOnlySpan<byte> text);
        if (status != OptionStatus.Ok)
            return status;
        int shift = text.IsEmpty ? 0 : ShiftOf(text[text.Length - 1]);
        ReadOnlySpan<byte> digits = shift == 0 ? text : text.Slice(0, text.Length - 1);
        if (!TryParseNumber(digits, out ulong number) || number << shift >> shift != number)
            return OptionStatus.BadValue;
        bytes = number << shift;
        return OptionStatus.Ok;
    }

    /// <summary>Goes through the options whose keys no getter has asked for.</summary>
    /// <param name="cursor">Starts at 0 and is the call's own from then on.</param>
    /// <param name="word">The whole word, with its value.</param>
    /// <returns>False when there are no more.</returns>
    public bool TryNextUnknown(ref int cursor, out ReadOnlySpan<byte> word)
    {
        while ((uint)cursor < (uint)_options.Count)
        {
            ref Option option = ref _options[cursor++];
            if (!option.Known)
            {
                word = Text(option.Start, option.End);
                return true;
            }
        }
        word = default;
        return false;
    }

    private ReadOnlySpan<byte> Text(int start, int end) => new(_text, start, end - start);

    private static bool IsBlank(byte character) => character <= (byte)' ';

    private static int ShiftOf(byte suffix) => suffix switch
    {
        (byte)'K' or (byte)'k' => 10,
        (byte)'M' or (byte)'m' => 20,
        (byte)'G' or (byte)'g' => 30,
        (byte)'T' or (byte)'t' => 40,
        _ => 0,
    };

    private static bool TryParseNumber(ReadOnlySpan<byte> text, out ulong value)
    {
        value = 0;
        uint radix = 10;
        if (text.StartsWith("0x"u8))
        {
            radix = 16;
            text = text.Slice(2);
        }
        foreach (byte character in text)
        {
            uint digit = DigitOf(character);
            if (digit >= radix || value > (ulong.MaxValue - digit) / radix)
            {
                value = 0;
                return false;
            }
            value = value * radix + digit;
        }
        return !text.IsEmpty;
    }

    private static uint DigitOf(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => (uint)(character - '0'),
        >= (byte)'a' and <= (byte)'f' => (uint)(character - 'a' + 10),
        >= (byte)'A' and <= (byte)'F' => (uint)(character - 'A' + 10),
        _ => uint.MaxValue,
    };

    /// <summary>Where in the text an option stands; its value begins behind the equals sign at KeyEnd, and is absent when KeyEnd is End.</summary>
    private struct Option
    {
        public int Start;
        public int KeyEnd;
        public int End;
        public bool Known;
    }
}
