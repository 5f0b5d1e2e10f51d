using System.Text;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>The harness itself.</summary>
public class MachineTests
{
    [Fact]
    public async Task A_line_that_does_not_come_fails_with_the_logs_end()
    {
        await using Machine machine = Machine.StartBare("halt");
        await machine.WaitForLine("halted");
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => machine.WaitForLine("never said", TimeSpan.FromMilliseconds(1)));
        Assert.Contains("never said", failure.Message, StringComparison.Ordinal);
        Assert.Contains("halted", failure.Message, StringComparison.Ordinal);
        Assert.Contains("out/logs/MachineTests.A_line_that_does_not_come", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_ends_too_early_fails_the_wait_at_once()
    {
        await using Machine machine = Machine.StartBare("hello");
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => machine.WaitForLine("never said"));
        Assert.Contains($"ended with code {Machine.ExitPort(0)}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_panic_fails_the_wait_soon()
    {
        await using Machine machine = Machine.StartBare("panic");
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => machine.WaitForLine("never said", TimeSpan.FromMinutes(5)));
        Assert.Contains("the host panicked", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_does_not_end_fails_the_wait()
    {
        await using Machine machine = Machine.StartBare("halt");
        await machine.WaitForLine("halted");
        await Assert.ThrowsAnyAsync<Exception>(() => machine.WaitForExit(TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public async Task Waits_go_forward_through_the_log()
    {
        ConsoleLog log = new();
        log.Append("one two\r\none\u001b[1;32m three\u001b[0m\r\nprompt$ "u8);
        (Match match, string line) = await log.WaitFor(new Regex("one"), 1, wholeLine: true, default);
        Assert.Equal("one three", line);
        Assert.Equal(8, match.Index);
        Assert.Equal("prompt$ ", (await log.WaitFor(new Regex(@"\$ "), 0, wholeLine: false, default)).Line);
    }

    [Fact]
    public async Task A_line_is_given_only_when_it_is_whole()
    {
        ConsoleLog log = new();
        log.Append("[0.1] hyperos: "u8);
        Task<(Match, string Line)> wait = log.WaitFor(new Regex("hyperos:"), 0, wholeLine: true, default);
        Assert.False(wait.IsCompleted);
        foreach (byte value in Encoding.UTF8.GetBytes("grün\n"))
            log.Append([value]);
        Assert.Equal("[0.1] hyperos: grün", (await wait).Line);
    }

    [Fact]
    public async Task A_console_that_ends_fails_its_waiters()
    {
        ConsoleLog log = new();
        Task wait = log.WaitFor(new Regex("x"), 0, wholeLine: false, default);
        log.Complete();
        await Assert.ThrowsAsync<EndOfStreamException>(() => wait);
    }

    [Fact]
    public void A_missing_tool_is_named_with_its_package()
    {
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => Workspace.Tool("no-such-tool"));
        Assert.Equal("no-such-tool is missing: make deps installs it (Debian package no-such-tool)", failure.Message);
    }
}
