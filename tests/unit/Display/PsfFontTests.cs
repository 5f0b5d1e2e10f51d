using HyperOS.Display;

namespace HyperOS.Tests.Unit.Display;

public class PsfFontTests
{
    [Fact]
    public void Version_1_without_a_table_numbers_its_glyphs()
    {
        PsfFont font = Parse(TestFonts.Version1(0));
        Assert.Equal((8, 6, 1), (font.Width, font.Height, font.LineBytes));
        Assert.Equal([65, 65, 65, 65, 65, 65], font.Glyph('A').ToArray());
        Assert.Equal((byte)'?', font.Glyph('\u2500')[0]);
    }

    [Fact]
    public void Version_1_names_characters_in_its_table_and_has_sequences_passed_over()
    {
        PsfFont font = Parse(TestFonts.Version1(2, 'B', 0x2500, 0xFFFE, 'C', 'D', 0xFFFF, 'C', 0xFFFF, 'B', 0xFFFD, 0xFFFF));
        Assert.Equal(0, font.Glyph('B')[0]);
        Assert.Equal(0, font.Glyph('\u2500')[0]);
        Assert.Equal(1, font.Glyph('C')[0]);
        Assert.Equal(2, font.Glyph('D')[0]); // U+FFFD's
    }

    [Fact]
    public void Version_2_has_any_size_and_a_table_in_UTF_8()
    {
        byte[] table = [.. TestFonts.Entry("?"), .. TestFonts.Entry("aä│"), .. "b"u8, 0xFE, .. "cd"u8, 0xFF];
        PsfFont font = Parse(TestFonts.Version2(3, 12, 10, table));
        Assert.Equal((12, 10, 2), (font.Width, font.Height, font.LineBytes));
        Assert.Equal(20, font.Glyph('a').Length);
        Assert.Equal([1, 1, 1, 2, 0], [font.Glyph('a')[0], font.Glyph('ä')[0], font.Glyph('│')[0], font.Glyph('b')[0], font.Glyph('c')[0]]);
    }

    [Fact]
    public void A_table_that_is_cut_names_what_it_names()
    {
        PsfFont font = Parse(TestFonts.Version2(300, 8, 8, TestFonts.Entry("x")));
        Assert.Equal(0, font.Glyph('x')[0]);
        Assert.Equal(0, font.Glyph('y')[0]);
    }

    [Fact]
    public void Every_cut_through_the_glyphs_is_found()
    {
        byte[] file = TestFonts.Version2(4, 8, 8, null);
        for (int length = 0; length < file.Length; length++)
        {
            Assert.NotEqual(PsfFontStatus.Ok, PsfFont.TryParse(file.AsSpan(0, length), out PsfFont? font));
            Assert.Null(font);
        }
        Assert.Equal(PsfFontStatus.Truncated, PsfFont.TryParse(file.AsSpan(0, file.Length - 1), out _));
    }

    [Theory]
    [InlineData(0, 8, 8)]
    [InlineData(5000, 8, 8)]
    [InlineData(4, 3, 8)]
    [InlineData(4, 33, 8)]
    [InlineData(4, 8, 5)]
    [InlineData(4, 8, 65)]
    public void Sizes_out_of_range_are_refused(int count, int width, int height) =>
        Assert.Equal(PsfFontStatus.BadGlyphSize, PsfFont.TryParse(TestFonts.Version2(count, width, height, null), out _));

    [Fact]
    public void Other_files_are_refused() => Assert.Equal(PsfFontStatus.NotPsf, PsfFont.TryParse("\u007fELF and more"u8, out _));

    private static PsfFont Parse(byte[] file)
    {
        Assert.Equal(PsfFontStatus.Ok, PsfFont.TryParse(file, out PsfFont? font));
        return font!;
    }
}
