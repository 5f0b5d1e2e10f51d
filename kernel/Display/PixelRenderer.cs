using System;
using System.Buffers.Binary;

namespace HyperOS.Display;

/// <summary>
/// A linear framebuffer: glyphs as pixels, light grey on black. Each line of pixels is put together in RAM and copied in one go, in order:
/// what suits memory that is not cached.
/// </summary>
public sealed class PixelRenderer : TextRenderer
{
    private const byte LightGrey = 0xC0;
    private const int PatternPixels = 8;

    private readonly PsfFont _font;
    private readonly int _pitch;
    private readonly int _pixelBytes;

    // The pixels of each possible byte of a glyph.
    private readonly byte[] _patterns;
    private readonly byte[] _line;

    private PixelRenderer(in PixelFormat format, PsfFont font, int columns, int rows) : base(columns, rows, format.Pitch * format.Height)
    {
        _font = font;
        _pitch = (int)format.Pitch;
        _pixelBytes = format.PixelBytes;
        _line = new byte[columns * font.Width * _pixelBytes];
        _patterns = new byte[256 * PatternPixels * _pixelBytes];
        Span<byte> colour = new(new byte[sizeof(uint)]);
        BinaryPrimitives.WriteUInt32LittleEndian(colour, format.Grey(LightGrey));
        for (int pixel = 0; pixel < 256 * PatternPixels; pixel++)
        {
            if ((pixel / PatternPixels & 0x80 >> pixel % PatternPixels) != 0)
                colour.Slice(0, _pixelBytes).CopyTo(new Span<byte>(_patterns, pixel * _pixelBytes, _pixelBytes));
        }
    }

    /// <summary>For a framebuffer and a font.</summary>
    /// <returns>Null when the format is not valid, or the screen too small for one character.</returns>
    public static PixelRenderer? TryCreate(in PixelFormat format, PsfFont font) =>
        !format.IsValid || format.Width < (uint)font.Width || format.Height < (uint)font.Height
            ? null
            : new PixelRenderer(in format, font, (int)format.Width / font.Width, (int)format.Height / font.Height);

    /// <inheritdoc/>
    public override void Clear(Span<byte> frame) => frame.Clear();

    private protected override void DrawRun(int row, int column, ReadOnlySpan<char> text, Span<byte> frame)
    {
        int cellBytes = _font.Width * _pixelBytes;
        int at = row * _font.Height * _pitch + column * cellBytes;
        for (int line = 0; line < _font.Height; line++)
        {
            for (int i = 0; i < text.Length; i++)
                DrawLine(text[i], line, new Span<byte>(_line, i * cellBytes, cellBytes));
            new ReadOnlySpan<byte>(_line, 0, text.Length * cellBytes).CopyTo(frame.Slice(at + line * _pitch));
        }
    }

    private void DrawLine(char character, int line, Span<byte> pixels)
    {
        ReadOnlySpan<byte> bits = _font.Glyph(character).Slice(line * _font.LineBytes, _font.LineBytes);
        int patternBytes = PatternPixels * _pixelBytes;
        for (int i = 0; i < bits.Length; i++)
        {
            Span<byte> room = pixels.Slice(i * patternBytes);
            new ReadOnlySpan<byte>(_patterns, bits[i] * patternBytes, Math.Min(patternBytes, room.Length)).CopyTo(room);
        }
    }
}
