using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace HyperOS.Tests.Management;

/// <summary>A VM's console as a WebSocket.</summary>
public sealed class ConsoleTests(ConsoleTests.Host host) : IClassFixture<ConsoleTests.Host>
{
    /// <summary>A process with an image to start VMs from.</summary>
    public sealed class Host : IAsyncLifetime
    {
        public ManagementProcess Process { get; } = new();

        public Api Administrator { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Administrator = await Api.AdministratorAsync(Process);
            await Administrator.MakeImageAsync("kernel");
        }

        public Task DisposeAsync()
        {
            Process.Dispose();
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task It_begins_with_the_first_byte_and_what_is_typed_is_answered()
    {
        await host.Administrator.MakeVmAsync("typed", start: true);
        using ConsoleClient console = await ConsoleClient.OpenAsync(host.Administrator, "typed", "?write=true");
        JsonObject hello = await console.ReadNoticeAsync("hello");
        Assert.Equal(0ul, hello["offset"]!.GetValue<ulong>());
        Assert.True(hello["writer"]!.GetValue<bool>());
        Assert.Equal("running", hello["state"]!.GetValue<string>());
        string boot = await console.ReadUntilAsync("Type help.");
        Assert.StartsWith("[    0.000000] Linux version", boot, StringComparison.Ordinal);
        await console.TypeAsync("hostname\r");
        Assert.Contains("typed\r\n", await console.ReadUntilAsync("\r\ntyped\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_stays_over_restarts_and_tells_of_states()
    {
        await host.Administrator.MakeVmAsync("restarted", start: true);
        using ConsoleClient console = await ConsoleClient.OpenAsync(host.Administrator, "restarted", "?write=true");
        await console.ReadUntilAsync("Type help.");
        Assert.Equal("succeeded", await host.Administrator.ActAsync("restarted", "stop"));
        while ((await console.ReadNoticeAsync("state"))["state"]!.GetValue<string>() != "stopped")
        {
        }
        Assert.Equal("succeeded", await host.Administrator.ActAsync("restarted", "start"));
        Assert.Contains("Linux version", await console.ReadUntilAsync("Type help."), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_one_reads_what_was_written_before_and_takes_over()
    {
        await host.Administrator.MakeVmAsync("shared", start: true);
        using ConsoleClient first = await ConsoleClient.OpenAsync(host.Administrator, "shared", "?write=true");
        await first.ReadUntilAsync("Type help.");
        using ConsoleClient second = await ConsoleClient.OpenAsync(host.Administrator, "shared");
        Assert.False((await second.ReadNoticeAsync("hello"))["writer"]!.GetValue<bool>());
        await second.ReadUntilAsync("Type help.");
        await second.TypeAsync("x");
        await second.ReadNoticeAsync("error");
        await second.SendAsync("""{"type":"takeover"}""");
        Assert.True((await second.ReadNoticeAsync("writer"))["writer"]!.GetValue<bool>());
        JsonObject notice = await first.ReadNoticeAsync("writer");
        if (notice["writer"]!.GetValue<bool>())
            notice = await first.ReadNoticeAsync("writer");
        Assert.False(notice["writer"]!.GetValue<bool>());
        await second.TypeAsync("echo mine\r");
        await first.ReadUntilAsync("\r\nmine\r\n");
    }

    [Fact]
    public async Task It_begins_where_it_is_asked_to_and_says_what_is_lost()
    {
        await host.Administrator.MakeVmAsync("flooded", start: true);
        using (ConsoleClient console = await ConsoleClient.OpenAsync(host.Administrator, "flooded", "?write=true"))
        {
            await console.ReadUntilAsync("Type help.");
            await console.TypeAsync("flood 3000000\rhostname\r");
            await console.ReadUntilAsync("\r\nflooded\r\n");
        }
        using ConsoleClient whole = await ConsoleClient.OpenAsync(host.Administrator, "flooded", "?from=10");
        JsonObject lag = await whole.ReadNoticeAsync("lag");
        Assert.True(lag["lost"]!.GetValue<ulong>() > 1_000_000);
        using ConsoleClient tail = await ConsoleClient.OpenAsync(host.Administrator, "flooded", "?tail=16");
        JsonObject hello = await tail.ReadNoticeAsync("hello");
        Assert.Equal(16ul, hello["end"]!.GetValue<ulong>() - hello["offset"]!.GetValue<ulong>());
        Assert.Contains("/ # ", await tail.ReadUntilAsync("/ # "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_not_type_reads()
    {
        await host.Administrator.MakeVmAsync("watched", start: true);
        Api viewer = new(host.Process, await Api.TokenAsync(host.Administrator, "viewer"));
        await ConsoleClient.RefusedAsync(viewer, "watched", HttpStatusCode.Forbidden, "?write=true");
        using ConsoleClient console = await ConsoleClient.OpenAsync(viewer, "watched");
        await console.ReadUntilAsync("Type help.");
        await console.SendAsync("""{"type":"takeover"}""");
        await console.ReadNoticeAsync("error");
        await console.SendAsync("no JSON");
        await console.ReadNoticeAsync("error");
    }

    [Fact]
    public async Task A_page_of_another_origin_gets_none()
    {
        await host.Administrator.MakeVmAsync("private", start: true);
        Api session = await Api.SignInAsync(host.Process, "admin", host.Process.Password);
        await ConsoleClient.RefusedAsync(session, "private", HttpStatusCode.Forbidden, origin: "https://evil.example");
        await ConsoleClient.RefusedAsync(new Api(host.Process), "private", HttpStatusCode.Unauthorized);
        using ConsoleClient console = await ConsoleClient.OpenAsync(session, "private");
        await console.ReadNoticeAsync("hello");
    }

    [Fact]
    public async Task Bytes_that_are_no_text_and_messages_that_are_too_long_break_nothing()
    {
        await host.Administrator.MakeVmAsync("abused", start: true);
        using (ConsoleClient console = await ConsoleClient.OpenAsync(host.Administrator, "abused", "?write=true"))
        {
            await console.TypeAsync([0xFF, 0xFE, 0x00, 0xC3, 0x28]);
            await console.TypeAsync("\u0003hostname\r");
            await console.ReadUntilAsync("\r\nabused\r\n");
            await console.TypeAsync(new byte[0x1_0001]);
            await console.ReadNoticeAsync("error");
            Assert.True(await console.IsClosedAsync());
        }
        using ConsoleClient again = await ConsoleClient.OpenAsync(host.Administrator, "abused");
        await again.ReadNoticeAsync("hello");
    }
}
