using HyperOS.Display;
using HyperOS.Tests.Unit.Display;

namespace HyperOS.Tests.Fuzz.Display;

/// <summary>Fonts, text and framebuffers of any content never fault what shows them.</summary>
public class DisplayFuzz
{
    private static readonly byte[] s_version1 = TestFonts.Version1(3, 'A', 0xFFFF, 'B', 0x2500, 0xFFFE, 'C', 'D', 0xFFFF);
    private static readonly byte[] s_version2 = TestFonts.Version2(20, 9, 7, [.. TestFonts.Entry("?"), .. TestFonts.Entry("aä│"), .. TestFonts.Entry("\uFFFD")]);

    [Fact]
    public void Fonts_never_fault_the_parser() => FuzzRun.Run(random =>
    {
        byte[] file = FuzzRun.Mutate(random, random.Next(2) == 0 ? s_version1 : s_version2);
        if (PsfFont.TryParse(file, out PsfFont? font) == PsfFontStatus.Ok)
            Assert.Equal(font!.LineBytes * font.Height, font.Glyph((char)random.Next(65536)).Length);
    });

    [Fact]
    public void Text_never_faults_the_screen() => FuzzRun.Run(random =>
    {
        Assert.Equal(PsfFontStatus.Ok, PsfFont.TryParse(s_version2, out PsfFont? font));
        PixelFormat format = new()
        {
            Width = (uint)random.Next(200), Height = (uint)random.Next(60), Pitch = (uint)random.Next(900), BitsPerPixel = (byte)(random.Next(5) * 8),
            RedPosition = (byte)random.Next(33), RedSize = (byte)random.Next(33), GreenPosition = (byte)random.Next(9), GreenSize = 8,
        };
        TextRenderer? renderer = random.Next(2) == 0
            ? EgaTextRenderer.TryCreate((uint)random.Next(12), (uint)random.Next(6), (uint)random.Next(50))
            : PixelRenderer.TryCreate(in format, font!);
        if (renderer is null)
            return;
        byte[] frame = new byte[renderer.FrameBytes];
        renderer.Clear(frame);
        for (int i = 0; i < 4; i++)
        {
            renderer.Grid.Write(Text(random));
            renderer.Draw(frame);
            Assert.True(renderer.Grid.CursorColumn < renderer.Grid.Columns && renderer.Grid.CursorRow < renderer.Grid.Rows);
        }
    });

    private static byte[] Text(Random random)
    {
        ReadOnlySpan<byte> telling = "\u001b\u001b[[;?]0123456789CDJKmH\r\n\b\t\aäab \u0085"u8;
        byte[] text = new byte[random.Next(200)];
        for (int i = 0; i < text.Length; i++)
            text[i] = random.Next(4) == 0 ? (byte)random.Next(256) : telling[random.Next(telling.Length)];
        return text;
    }
}
