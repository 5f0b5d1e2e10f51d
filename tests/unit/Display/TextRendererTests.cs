using HyperOS.Display;

namespace HyperOS.Tests.Unit.Display;

public class TextRendererTests
{
    private static readonly PixelFormat s_format = new()
    {
        Width = 83, Height = 20, Pitch = 340, BitsPerPixel = 32, RedPosition = 16, RedSize = 8, GreenPosition = 8, GreenSize = 8, BlueSize = 8,
    };

    [Fact]
    public void Text_mode_cells_are_a_character_and_an_attribute()
    {
        EgaTextRenderer renderer = EgaTextRenderer.TryCreate(4, 2, 10)!;
        byte[] frame = new byte[renderer.FrameBytes];
        renderer.Clear(frame);
        Assert.Equal([0x20, 7, 0x20, 7, 0x20, 7, 0x20, 7, 0, 0], frame[..10]);
        renderer.Grid.Write("a\r\nbä"u8);
        renderer.Draw(frame);
        Assert.Equal([(byte)'a', 7, 0x20, 7, 0x20, 7, 0x20, 7, 0, 0, (byte)'b', 7, (byte)'?', 7, 0x20, 7, 0x20, 7, 0, 0], frame);
    }

    [Theory]
    [InlineData(0, 25, 160)]
    [InlineData(80, 0, 160)]
    [InlineData(80, 25, 159)]
    [InlineData(80, 25, uint.MaxValue)]
    [InlineData(uint.MaxValue, 25, 160)]
    public void Impossible_text_modes_are_refused(uint columns, uint rows, uint pitch) => Assert.Null(EgaTextRenderer.TryCreate(columns, rows, pitch));

    [Theory]
    [InlineData(32)]
    [InlineData(24)]
    public void A_glyphs_set_bits_are_grey_pixels(byte bits)
    {
        PixelFormat format = s_format;
        format.BitsPerPixel = bits;
        PixelRenderer renderer = PixelRenderer.TryCreate(in format, Font(8))!;
        Assert.Equal((10, 3), (renderer.Grid.Columns, renderer.Grid.Rows));
        byte[] frame = new byte[renderer.FrameBytes];
        renderer.Grid.Write("\r\n A"u8); // 0x41
        renderer.Draw(frame);
        int bytes = bits / 8;
        for (int y = 0; y < 20; y++)
        {
            for (int x = 0; x < 83; x++)
            {
                bool isSet = y is >= 6 and < 12 && x is 8 + 1 or 8 + 7;
                byte[] pixel = frame[(y * 340 + x * bytes)..(y * 340 + (x + 1) * bytes)];
                Assert.Equal(isSet ? BitConverter.GetBytes(0xC0C0C0)[..bytes] : new byte[bytes], pixel);
            }
        }
    }

    [Fact]
    public void Glyphs_need_not_be_whole_bytes_wide()
    {
        Assert.Equal(PsfFontStatus.Ok, PsfFont.TryParse(TestFonts.Version2(256, 12, 6, null), out PsfFont? font));
        PixelRenderer renderer = PixelRenderer.TryCreate(in s_format, font!)!;
        byte[] frame = new byte[renderer.FrameBytes];
        renderer.Grid.Write([0x71, 0x71]); // each line 0x71 0x7(1)
        renderer.Draw(frame);
        string line = string.Concat(Enumerable.Range(0, 24).Select(x => frame[x * 4] != 0 ? '#' : '.'));
        Assert.Equal(".###...#.###.###...#.###", line);
    }

    [Fact]
    public void Sixteen_bits_hold_each_components_highest()
    {
        PixelFormat format = new() { Width = 8, Height = 6, Pitch = 16, BitsPerPixel = 16, RedPosition = 11, RedSize = 5, GreenPosition = 5, GreenSize = 6, BlueSize = 5 };
        Assert.True(format.IsValid);
        Assert.Equal(0b11000_110000_11000u, format.Grey(0xC0));
    }

    [Fact]
    public void Only_what_changed_is_drawn()
    {
        PixelRenderer renderer = PixelRenderer.TryCreate(in s_format, Font(8))!;
        byte[] frame = new byte[renderer.FrameBytes];
        renderer.Grid.Write("AB\r\nCD"u8);
        renderer.Draw(frame);
        frame.AsSpan().Clear();
        renderer.Grid.Write("\bE"u8);
        renderer.Draw(frame);
        int[] lit = [.. Enumerable.Range(0, frame.Length).Where(at => frame[at] != 0)];
        Assert.All(lit, at => Assert.True(at / 340 is >= 6 and < 12 && at % 340 is >= 32 and < 64));
        Assert.NotEmpty(lit);
    }

    [Fact]
    public void Scrolling_shows_what_a_fresh_screen_would()
    {
        PixelRenderer scrolled = PixelRenderer.TryCreate(in s_format, Font(8))!, fresh = PixelRenderer.TryCreate(in s_format, Font(8))!;
        byte[] frame = new byte[scrolled.FrameBytes], expected = new byte[scrolled.FrameBytes];
        for (int i = 0; i < 20; i++)
        {
            scrolled.Grid.Write("line "u8);
            scrolled.Grid.Write([(byte)('a' + i), (byte)'\r', (byte)'\n']);
            scrolled.Draw(frame);
        }
        fresh.Grid.Write("line s\r\nline t\r\n"u8);
        fresh.Draw(expected);
        Assert.Equal(expected, frame);
    }

    [Fact]
    public void Impossible_framebuffers_are_refused()
    {
        Refused((ref PixelFormat format) => format.Width = 7);
        Refused((ref PixelFormat format) => format.Height = 5);
        Refused((ref PixelFormat format) => format.Pitch = 331);
        Refused((ref PixelFormat format) => format.Pitch = uint.MaxValue);
        Refused((ref PixelFormat format) => format.Width = uint.MaxValue);
        Refused((ref PixelFormat format) => format.BitsPerPixel = 8);
        Refused((ref PixelFormat format) => format.BitsPerPixel = 255);
        Refused((ref PixelFormat format) => format.RedPosition = 25);
        Refused((ref PixelFormat format) => format.BlueSize = 33);
    }

    private delegate void Change(ref PixelFormat format);

    private static void Refused(Change change)
    {
        PixelFormat format = s_format;
        change(ref format);
        Assert.Null(PixelRenderer.TryCreate(in format, Font(8)));
    }

    private static PsfFont Font(int width)
    {
        Assert.Equal(PsfFontStatus.Ok, PsfFont.TryParse(TestFonts.Version2(256, width, 6, null), out PsfFont? font));
        return font!;
    }
}
