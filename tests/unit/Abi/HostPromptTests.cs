using System.Text;
using HyperOS.Abi;

namespace HyperOS.Tests.Unit.Abi;

public class HostPromptTests
{
    private readonly HostPrompt _prompt = new();

    [Fact]
    public void Keys_are_the_guests_until_it_opens_and_after_one_line()
    {
        Assert.Equal(PromptKey.Guest, _prompt.Press((byte)'a'));
        Assert.Equal(PromptKey.Opened, _prompt.Press(HostPrompt.HostKey));
        Assert.True(_prompt.IsOpen);
        Type("list");
        Assert.Equal("list", Line);
        Assert.Equal(PromptKey.Entered, _prompt.Press((byte)'\r'));
        Assert.Equal("list", Line);
        Assert.Equal(PromptKey.Guest, _prompt.Press((byte)'b'));
    }

    [Fact]
    public void The_host_key_twice_is_the_guests()
    {
        _prompt.Press(HostPrompt.HostKey);
        Assert.Equal(PromptKey.Guest, _prompt.Press(HostPrompt.HostKey));
        Assert.False(_prompt.IsOpen);
    }

    [Theory]
    [InlineData("", "\n")]
    [InlineData("", "\r")]
    [InlineData("sto", "\x1d")]
    public void An_empty_line_and_the_host_key_leave(string typed, string last)
    {
        _prompt.Press(HostPrompt.HostKey);
        Type(typed);
        Assert.Equal(PromptKey.Left, _prompt.Press((byte)last[0]));
        Assert.False(_prompt.IsOpen);
    }

    [Fact]
    public void A_line_can_be_mended_and_cleared()
    {
        _prompt.Press(HostPrompt.HostKey);
        Assert.Equal(PromptKey.Ignored, _prompt.Press(0x7F));
        Type("lisx");
        Assert.Equal(PromptKey.Removed, _prompt.Press(0x7F));
        Assert.Equal(PromptKey.Added, _prompt.Press((byte)'t'));
        Assert.Equal("list", Line);
        Assert.Equal(PromptKey.Cleared, _prompt.Press(0x15));
        Assert.Equal("", Line);
    }

    [Fact]
    public void Arrows_control_characters_and_what_is_too_long_leave_no_trace()
    {
        _prompt.Press(HostPrompt.HostKey);
        Type("\e[A\e[1;5C\eOP\ex\t\x80");
        Assert.Equal("", Line);
        Type(new string('x', HostPrompt.Capacity + 5));
        Assert.Equal(HostPrompt.Capacity, Line.Length);
        _prompt.Press(HostPrompt.HostKey);
        _prompt.Press(HostPrompt.HostKey);
        Assert.Equal("", Line);
    }

    private string Line => Encoding.Latin1.GetString(_prompt.Line);

    private void Type(string text)
    {
        foreach (char key in text)
            _prompt.Press((byte)key);
    }
}
