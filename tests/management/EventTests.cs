using System.Net;
using System.Text.Json.Nodes;

namespace HyperOS.Tests.Management;

/// <summary>Changes as server-sent events.</summary>
public sealed class EventTests : IAsyncLifetime
{
    private readonly ManagementProcess _process = new();
    private Api _administrator = null!;

    public async Task InitializeAsync()
    {
        _administrator = await Api.AdministratorAsync(_process);
        await _administrator.MakeImageAsync("kernel");
    }

    public Task DisposeAsync()
    {
        _process.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Who_begins_is_told_to_ask_for_everything_and_then_of_each_change()
    {
        using EventReader events = await EventReader.OpenAsync(_administrator);
        Assert.Equal("resync", (await events.ReadAsync()).Type);
        await _administrator.MakeVmAsync("web", start: true);
        JsonNode vm = (await events.ReadAsync(one => one.Type == "vm" && one.Json["runtime"]!["state"]!.GetValue<string>() == "running")).Json;
        Assert.Equal("web", vm["name"]!.GetValue<string>());
        Assert.Equal(1ul, vm["revision"]!.GetValue<ulong>());
        JsonNode task = (await events.ReadAsync(one => one.Type == "task" && one.Json["state"]!.GetValue<string>() == "succeeded")).Json;
        Assert.Equal("vm.start", task["kind"]!.GetValue<string>());
        await _administrator.ActAsync("web", "stop");
        await _administrator.SendAsync(HttpMethod.Delete, "/vms/web");
        Assert.Equal("web", (await events.ReadAsync(one => one.Type == "vmDeleted")).Json["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task Who_comes_back_gets_what_was_missed()
    {
        string last;
        using (EventReader events = await EventReader.OpenAsync(_administrator))
        {
            await events.ReadAsync();
            await _administrator.PostAsync("/networks", new JsonObject { ["name"] = "before" });
            last = (await events.ReadAsync(one => one.Type == "network")).Id;
        }
        await _administrator.PostAsync("/networks", new JsonObject { ["name"] = "meanwhile" });
        using EventReader again = await EventReader.OpenAsync(_administrator, last);
        ServerEvent missed = await again.ReadAsync();
        Assert.Equal(("network", "meanwhile"), (missed.Type, missed.Json["name"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("00000000-1")]
    [InlineData("no number")]
    public async Task Who_knows_another_run_of_the_process_asks_for_everything(string last)
    {
        using EventReader events = await EventReader.OpenAsync(_administrator, last);
        Assert.Equal("resync", (await events.ReadAsync()).Type);
    }

    [Fact]
    public async Task Who_has_missed_too_much_asks_for_everything()
    {
        string first;
        using (EventReader events = await EventReader.OpenAsync(_administrator))
        {
            await events.ReadAsync();
            await _administrator.PostAsync("/networks", new JsonObject { ["name"] = "lan" });
            first = (await events.ReadAsync(one => one.Type == "network")).Id;
        }
        for (int i = 0; i <= 1024; i++)
            await _administrator.SendAsync(HttpMethod.Patch, "/networks/lan", new JsonObject());
        using EventReader again = await EventReader.OpenAsync(_administrator, first);
        Assert.Equal("resync", (await again.ReadAsync()).Type);
    }

    [Fact]
    public async Task A_token_of_one_VM_hears_of_that_one_alone()
    {
        await _administrator.MakeVmAsync("mine");
        Api limited = new(_process, await Api.TokenAsync(_administrator, "viewer", "mine"));
        using EventReader events = await EventReader.OpenAsync(limited);
        await events.ReadAsync();
        await _administrator.MakeVmAsync("other", start: true);
        await _administrator.PostAsync("/networks", new JsonObject { ["name"] = "lan" });
        await _administrator.ActAsync("mine", "start");
        ServerEvent first = await events.ReadAsync();
        Assert.Equal("mine", (first.Json["name"] ?? first.Json["target"])!.GetValue<string>());
    }
}
