using System;
using HyperOS.Core;

namespace HyperOS.Display;

/// <summary>Whether a font could be read.</summary>
public enum PsfFontStatus
{
    /// <summary>It can be used.</summary>
    Ok,

    /// <summary>Neither version's magic number.</summary>
    NotPsf,

    /// <summary>Glyphs that are too small, too large or too many, or whose size contradicts their width and height.</summary>
    BadGlyphSize,

    /// <summary>The file ends before its glyphs do.</summary>
    Truncated,
}

/// <summary>
/// A bitmap font in one of Linux's console formats, PC Screen Font version 1 or 2, with the table that names each glyph's characters.
/// A character without a glyph is shown as U+FFFD's, else as the question mark's.
/// </summary>
public sealed class PsfFont
{
    /// <summary>Narrowest and widest glyph, in pixels.</summary>
    public const int MinimumWidth = 4, MaximumWidth = 32;

    /// <summary>Lowest and highest glyph, in pixels.</summary>
    public const int MinimumHeight = 6, MaximumHeight = 64;

    /// <summary>Most glyphs that are looked at.</summary>
    public const int MaximumGlyphs = 4096;

    private const ushort Magic1 = 0x0436;
    private const byte Mode512 = 0x01, ModeHasTable = 0x02, ModeHasSequences = 0x04;
    private const ushort Separator1 = 0xFFFF, StartSequence1 = 0xFFFE;

    private const uint Magic2 = 0x864AB572;
    private const uint HasUnicodeTable = 0x01;
    private const byte Separator2 = 0xFF, StartSequence2 = 0xFE;

    // Scripts, punctuation, arrows, box drawing and shapes; what lies above is symbols and ideographs, which no console font has.
    private const int Characters = 0x2600;
    private const ushort NoGlyph = ushort.MaxValue;

    private readonly byte[] _glyphs;
    private readonly int _glyphBytes;
    private readonly ushort[] _glyphOf = new ushort[Characters];
    private ushort _replacement;

    private PsfFont(ReadOnlySpan<byte> glyphs, int glyphBytes, int width, int height)
    {
        _glyphs = new byte[glyphs.Length];
        glyphs.CopyTo(_glyphs);
        _glyphBytes = glyphBytes;
        Width = width;
        Height = height;
    }

    /// <summary>Of each glyph, in pixels.</summary>
    public int Width { get; }

    /// <summary>Of each glyph, in pixels.</summary>
    public int Height { get; }

    /// <summary>Bytes of one of a glyph's lines; its pixels are the bits, the leftmost the highest.</summary>
    public int LineBytes => (Width + 7) / 8;

    private int GlyphCount => _glyphs.Length / _glyphBytes;

    /// <summary>Reads and copies a font's file, of which nothing is trusted.</summary>
    /// <param name="font">Null unless the result is <see cref="PsfFontStatus.Ok"/>.</param>
    public static PsfFontStatus TryParse(ReadOnlySpan<byte> file, out PsfFont? font)
    {
        LittleEndianReader reader = new(file);
        if (new LittleEndianReader(file).ReadUInt32() == Magic2)
            return TryParse2(ref reader, out font);
        font = null;
        return reader.ReadUInt16() == Magic1 ? TryParse1(ref reader, out font) : PsfFontStatus.NotPsf;
    }

    /// <summary>A character's glyph: <see cref="Height"/> lines of <see cref="LineBytes"/> bytes, from the top.</summary>
    public ReadOnlySpan<byte> Glyph(char character)
    {
        ushort glyph = character < Characters ? _glyphOf[character] : NoGlyph;
        return new(_glyphs, (glyph == NoGlyph ? _replacement : glyph) * _glyphBytes, _glyphBytes);
    }

    private static PsfFontStatus TryParse1(ref LittleEndianReader reader, out PsfFont? font)
    {
        byte mode = reader.ReadByte();
        uint glyphBytes = reader.ReadByte();
        PsfFontStatus status = TryTakeGlyphs(ref reader, (mode & Mode512) != 0 ? 512u : 256u, glyphBytes, 8, glyphBytes, out font);
        if (font is null)
            return status;
        if ((mode & (ModeHasTable | ModeHasSequences)) != 0)
            font.ReadTable1(ref reader);
        else
            font.NumberGlyphs();
        font.ChooseReplacement();
        return status;
    }

    private static PsfFontStatus TryParse2(ref LittleEndianReader reader, out PsfFont? font)
    {
        reader.Skip(8); // magic and version
        uint headerBytes = reader.ReadUInt32();
        uint flags = reader.ReadUInt32();
        uint count = reader.ReadUInt32();
        uint glyphBytes = reader.ReadUInt32();
        uint height = reader.ReadUInt32();
        uint width = reader.ReadUInt32();
        if (headerBytes > int.MaxValue)
        {
            font = null;
            return PsfFontStatus.Truncated;
        }
        reader.Skip((int)headerBytes - reader.Position);
        PsfFontStatus status = TryTakeGlyphs(ref reader, count, glyphBytes, width, height, out font);
        if (font is null)
            return status;
        if ((flags & HasUnicodeTable) != 0)
            font.ReadTable2(ref reader);
        else
            font.NumberGlyphs();
        font.ChooseReplacement();
        return status;
    }

    private static PsfFontStatus TryTakeGlyphs(ref LittleEndianReader reader, uint count, uint glyphBytes, uint width, uint height, out PsfFont? font)
    {
        font = null;
        if (width is < MinimumWidth or > MaximumWidth || height is < MinimumHeight or > MaximumHeight
            || glyphBytes != height * ((width + 7) / 8) || count is 0 or > MaximumGlyphs)
        {
            return PsfFontStatus.BadGlyphSize;
        }
        if (!reader.TryTake((int)(count * glyphBytes), out ReadOnlySpan<byte> glyphs))
            return PsfFontStatus.Truncated;
        font = new PsfFont(glyphs, (int)glyphBytes, (int)width, (int)height);
        font._glyphOf.AsSpan().Fill(NoGlyph);
        font._replacement = NoGlyph;
        return PsfFontStatus.Ok;
    }

    /// <summary>Without a table, glyphs stand in the order of their characters.</summary>
    private void NumberGlyphs()
    {
        for (int glyph = 0; glyph < GlyphCount; glyph++)
            Map((char)glyph, glyph);
    }

    /// <summary>Each glyph's characters as 16-bit numbers, then sequences of them, which have no place in cells, then the separator.</summary>
    private void ReadTable1(ref LittleEndianReader reader)
    {
        bool inSequences = false;
        for (int glyph = 0; glyph < GlyphCount && reader.Remaining >= 2;)
        {
            ushort value = reader.ReadUInt16();
            if (value == Separator1)
                glyph++;
            else if (value != StartSequence1 && !inSequences)
                Map((char)value, glyph);
            inSequences = value == StartSequence1 || inSequences && value != Separator1;
        }
    }

    /// <summary>The same in UTF-8, in which the separators' bytes do not occur.</summary>
    private void ReadTable2(ref LittleEndianReader reader)
    {
        Utf8Decoder decoder = default;
        bool inSequences = false;
        for (int glyph = 0; glyph < GlyphCount && reader.Remaining > 0;)
        {
            byte value = reader.ReadByte();
            if (value == Separator2)
                glyph++;
            else if (value != StartSequence2 && !inSequences && decoder.TryDecode(value, out char character))
                Map(character, glyph);
            inSequences = value == StartSequence2 || inSequences && value != Separator2;
        }
    }

    private void Map(char character, int glyph)
    {
        if (character < Characters && _glyphOf[character] == NoGlyph)
            _glyphOf[character] = (ushort)glyph;
        else if (character == Utf8Decoder.Replacement && _replacement == NoGlyph)
            _replacement = (ushort)glyph;
    }

    private void ChooseReplacement()
    {
        if (_replacement == NoGlyph)
            _replacement = _glyphOf['?'];
        if (_replacement == NoGlyph)
            _replacement = 0;
    }
}
