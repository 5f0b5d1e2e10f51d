using System.Text;
using HyperOS.Display;

namespace HyperOS.Tests.Unit.Display;

public class TextGridTests
{
    private readonly TextGrid _grid = new(10, 3);

    [Theory]
    [InlineData("one\r\ntwo", "one|two|")]
    [InlineData("one\ntwo", "one|   two|")]
    [InlineData("one\rT", "Tne||")]
    [InlineData("one\b\bN", "oNe||")]
    [InlineData("\b\bx", "x||")]
    [InlineData("a\tb", "a       b||")]
    [InlineData("12345678\tb\tc", "12345678 c||")]
    [InlineData("1\r\n2\r\n3\r\n4", "2|3|4")]
    [InlineData("1\r\n2\r\n3\r\n4\r\n", "3|4|")]
    [InlineData("1234567890", "1234567890||")]
    [InlineData("1234567890\r\nx", "1234567890|x|")]
    [InlineData("1234567890x", "1234567890|x|")]
    [InlineData("\a\u007f\u0085\v\fx\0", "x||")]
    public void Text_and_control_characters(string text, string rows) => Shows(rows, text);

    [Theory]
    [InlineData("\u001b[1;31mred\u001b[0m", "red||")]
    [InlineData("\u001b[2J\u001b[Hx\u001b[6n\u001b[?25l", "x||")]
    [InlineData("abc\u001b[2D\u001b[Kx", "ax||")]
    [InlineData("abc\r\u001b[J", "||")]
    [InlineData("abc\r\u001b[1Kx", "xbc||")]
    [InlineData("abc\r\u001b[Cx", "axc||")]
    [InlineData("\u001b[99999999999Cx\u001b[99999999999Dy", "y        x||")]
    [InlineData("1234567890\u001b[Kx", "1234567890|x|")]
    [InlineData("\u001b(Ba\u001b=b\u001bMc", "abc||")]
    [InlineData("a\u001b]0;title\ab\u001bPq\u001b\\c", "abc||")]
    [InlineData("a\u001b]0;title\r\nnext", "a|next|")]
    [InlineData("a\u001b[12\r\nnext", "a|next|")]
    public void Control_sequences(string text, string rows) => Shows(rows, text);

    [Fact]
    public void UTF_8_is_one_cell_a_character_however_it_is_cut()
    {
        foreach (byte value in "aä│€😀b"u8)
            _grid.Write([value]);
        Assert.Equal("aä│€\uFFFDb", Rows().Split('|')[0]);
    }

    [Fact]
    public void What_is_no_UTF_8_does_not_swallow_what_follows()
    {
        _grid.Write([0x80, (byte)'a', 0xE2, 0x94, (byte)'b', 0xFF, (byte)'c', 0xC3, 0xC3, 0xA4]);
        Assert.Equal("\uFFFDab\uFFFDcä", Rows().Split('|')[0]);
    }

    [Fact]
    public void The_cursor_stays_on_the_grid()
    {
        _grid.Write("1234567890"u8);
        Assert.Equal((0, 9), (_grid.CursorRow, _grid.CursorColumn));
        _grid.Write("\n\n\n\r"u8);
        Assert.Equal((2, 0), (_grid.CursorRow, _grid.CursorColumn));
    }

    private void Shows(string rows, string text)
    {
        _grid.Write(Encoding.UTF8.GetBytes(text));
        Assert.Equal(rows, Rows());
    }

    private string Rows() => string.Join('|', Enumerable.Range(0, _grid.Rows).Select(row => new string(_grid.Row(row)).TrimEnd()));
}
