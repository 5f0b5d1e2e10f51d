using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using HyperOS.Display;

namespace HyperOS.Tests.Boot;

/// <summary>The host's console is on the screen too: in VGA's text mode by BIOS, as pixels by UEFI.</summary>
public class ScreenTests
{
    private const int VgaColumns = 80, VgaRows = 25;

    [Fact]
    public Task Text_mode_shows_the_console() =>
        ShowsTheConsole(BootKind.IsoBios, $"pmemsave 0xb8000 {VgaColumns * VgaRows * 2} {{}}", ReadTextMode);

    [Fact]
    public Task A_framebuffer_shows_the_console() => ShowsTheConsole(BootKind.IsoUefi, "screendump {}", ReadPixels);

    private static async Task ShowsTheConsole(BootKind boot, string command, Func<byte[], string> read, [CallerMemberName] string test = "")
    {
        using Monitor monitor = new();
        MachineOptions options = new() { Boot = boot, ExtraArguments = monitor.Arguments };
        await using Machine machine = Machine.Start(options, test);
        await machine.WaitForLine("hyperos: ready");
        using CancellationTokenSource limit = new(options.WaitLimit);
        // The screen follows the serial line a moment later.
        string screen;
        do
            screen = read(await monitor.Dump(command, limit.Token));
        while (!screen.Contains("hyperos: ready", StringComparison.Ordinal));
        // What was said before there was a screen.
        Assert.Contains("boot: HyperOS, started by", screen, StringComparison.Ordinal);
    }

    private static string ReadTextMode(byte[] memory) =>
        string.Join('\n', memory.Where((_, at) => at % 2 == 0).Chunk(VgaColumns).Select(row => Encoding.Latin1.GetString(row).TrimEnd()));

    /// <summary>Recognizes each cell of a picture, in PPM, by the font's glyphs.</summary>
    private static string ReadPixels(byte[] picture)
    {
        Assert.Equal(PsfFontStatus.Ok, PsfFont.TryParse(File.ReadAllBytes(Workspace.Font), out PsfFont? font));
        string[] header = Encoding.ASCII.GetString(picture, 0, Math.Min(picture.Length, 64)).Split('\n', 4);
        int[] size = [.. header[1].Split(' ').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        int pixels = header.Take(3).Sum(line => line.Length + 1);
        Dictionary<string, char> characters = [];
        for (char character = '~'; character >= ' '; character--)
            characters[Convert.ToHexString(font!.Glyph(character))] = character;
        StringBuilder text = new();
        for (int y = 0; y + font!.Height <= size[1]; y += font.Height)
        {
            for (int x = 0; x + font.Width <= size[0]; x += font.Width)
            {
                byte[] glyph = new byte[font.Height * font.LineBytes];
                for (int i = 0; i < font.Height * font.Width; i++)
                {
                    if (picture[pixels + ((y + i / font.Width) * size[0] + x + i % font.Width) * 3] != 0)
                        glyph[i / font.Width * font.LineBytes + i % font.Width / 8] |= (byte)(0x80 >> i % font.Width % 8);
                }
                text.Append(characters.GetValueOrDefault(Convert.ToHexString(glyph), '?'));
            }
            text.Append('\n');
        }
        return text.ToString();
    }
}
