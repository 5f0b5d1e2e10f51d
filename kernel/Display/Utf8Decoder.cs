namespace HyperOS.Display;

/// <summary>
/// Takes UTF-8 a byte at a time. Bytes that are no UTF-8 become U+FFFD or nothing, and so does what lies beyond the Basic Multilingual
/// Plane. The Unicode Standard, "Unicode Encoding Forms".
/// </summary>
internal struct Utf8Decoder
{
    /// <summary>U+FFFD, for what cannot be shown.</summary>
    public const char Replacement = '\uFFFD';

    private uint _codePoint;
    private int _missing;

    /// <returns>Whether the byte completes a character.</returns>
    public bool TryDecode(byte value, out char character)
    {
        character = (char)value;
        if (value < 0x80)
        {
            _missing = 0;
            return true;
        }
        if (value < 0xC0 && _missing > 0)
        {
            _codePoint = _codePoint << 6 | value & 0x3Fu;
            _missing--;
            character = _codePoint > char.MaxValue ? Replacement : (char)_codePoint;
            return _missing == 0;
        }
        _missing = value switch { < 0xC0 => 0, < 0xE0 => 1, < 0xF0 => 2, < 0xF8 => 3, _ => 0 };
        _codePoint = value & 0x3Fu >> _missing;
        character = Replacement;
        return _missing == 0;
    }
}
