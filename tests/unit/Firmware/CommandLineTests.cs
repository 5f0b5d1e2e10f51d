using HyperOS.Firmware;

namespace HyperOS.Tests.Unit.Firmware;

public class CommandLineTests
{
    private readonly CommandLine _line = new();

    [Fact]
    public void Options_are_found_by_key_and_the_last_of_two_holds()
    {
        Assert.True(_line.Parse("  vga=off\tmaxcpus=2 maxcpus=0x10 quiet log=a=b "u8));
        Assert.Equal(OptionStatus.Ok, _line.TryGetSwitch("vga"u8, out bool vga));
        Assert.False(vga);
        Assert.Equal(OptionStatus.Ok, _line.TryGetNumber("maxcpus"u8, out ulong processors));
        Assert.Equal(16ul, processors);
        Assert.Equal(OptionStatus.Ok, _line.TryGetSwitch("quiet"u8, out bool quiet));
        Assert.True(quiet);
        Assert.Equal(OptionStatus.Ok, _line.TryGetText("log"u8, out ReadOnlySpan<byte> log));
        Assert.Equal("a=b"u8, log);
        Assert.Equal(OptionStatus.Absent, _line.TryGetText("max"u8, out _));
    }

    [Theory]
    [InlineData("m=4K", 4096)]
    [InlineData("m=2g", 2147483648)]
    [InlineData("m=0x10M", 16777216)]
    [InlineData("m=17", 17)]
    public void Sizes_take_suffixes(string text, ulong expected)
    {
        _line.Parse(System.Text.Encoding.ASCII.GetBytes(text));
        Assert.Equal(OptionStatus.Ok, _line.TryGetSize("m"u8, out ulong bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("m")]
    [InlineData("m=")]
    [InlineData("m=K")]
    [InlineData("m=-1")]
    [InlineData("m=0x")]
    [InlineData("m=1a")]
    [InlineData("m=99999999999999999999")]
    [InlineData("m=16777216T")]
    public void A_bad_value_is_told_from_an_absent_option(string text)
    {
        _line.Parse(System.Text.Encoding.ASCII.GetBytes(text));
        Assert.Equal(OptionStatus.BadValue, _line.TryGetSize("m"u8, out _));
        Assert.Equal(OptionStatus.Absent, _line.TryGetSize("n"u8, out _));
    }

    [Fact]
    public void Words_that_nobody_asked_for_are_listed()
    {
        _line.Parse("known=1 typo=2 other"u8);
        _line.TryGetNumber("known"u8, out _);
        int cursor = 0;
        Assert.True(_line.TryNextUnknown(ref cursor, out ReadOnlySpan<byte> word));
        Assert.Equal("typo=2"u8, word);
        Assert.True(_line.TryNextUnknown(ref cursor, out word));
        Assert.Equal("other"u8, word);
        Assert.False(_line.TryNextUnknown(ref cursor, out _));
    }

    [Fact]
    public void Too_many_options_are_reported()
    {
        byte[] text = Enumerable.Repeat("ab "u8.ToArray(), CommandLine.Capacity + 1).SelectMany(word => word).ToArray();
        Assert.False(_line.Parse(text));
    }
}
