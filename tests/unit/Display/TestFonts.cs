using System.Text;

namespace HyperOS.Tests.Unit.Display;

/// <summary>Small fonts of both versions: glyph n's lines all hold the byte n.</summary>
internal static class TestFonts
{
    /// <summary>256 glyphs of 8 by 6.</summary>
    public static byte[] Version1(byte mode, params ushort[] table) =>
    [
        0x36, 0x04, mode, 6, .. Glyphs((mode & 1) != 0 ? 512 : 256, 6), .. table.SelectMany(BitConverter.GetBytes),
    ];

    /// <summary>Glyphs of a size, with a table or null.</summary>
    public static byte[] Version2(int count, int width, int height, byte[]? table) =>
    [
        .. new uint[] { 0x864AB572, 0, 36, table is null ? 0u : 1u, (uint)count, (uint)((width + 7) / 8 * height), (uint)height, (uint)width }.SelectMany(BitConverter.GetBytes),
        0xEE, 0xEE, 0xEE, 0xEE, // a header longer than this version's
        .. Glyphs(count, (width + 7) / 8 * height), .. table ?? [],
    ];

    /// <summary>A table's entry of version 2.</summary>
    public static byte[] Entry(string characters) => [.. Encoding.UTF8.GetBytes(characters), 0xFF];

    private static IEnumerable<byte> Glyphs(int count, int glyphBytes) =>
        Enumerable.Range(0, count).SelectMany(glyph => Enumerable.Repeat((byte)glyph, glyphBytes));
}
