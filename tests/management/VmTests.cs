using System.Net;
using System.Text.Json.Nodes;

namespace HyperOS.Tests.Management;

/// <summary>VMs: what they are to be, and what they do.</summary>
public sealed class VmTests(ConsoleTests.Host host) : IClassFixture<ConsoleTests.Host>
{
    private Api Administrator => host.Administrator;

    [Fact]
    public async Task Its_life()
    {
        await Administrator.MakeVmAsync("alive");
        Assert.Equal("stopped", await Administrator.StateAsync("alive"));
        foreach ((string action, string state) in new[] { ("start", "running"), ("pause", "paused"), ("resume", "running"), ("reset", "running"), ("shutdown", "stopped"), ("start", "running"), ("stop", "stopped") })
        {
            Assert.Equal("succeeded", await Administrator.ActAsync("alive", action));
            Assert.Equal(state, await Administrator.StateAsync("alive"));
        }
        Answer statistics = await Administrator.GetAsync("/vms/alive/stats?range=24h");
        Assert.Contains(statistics.Json!["exits"]!.AsArray(), exit => exit!["kind"]!.GetValue<string>() == "cpuid" && exit["count"]!.GetValue<ulong>() > 0);
        Assert.Equal("range", (await Administrator.GetAsync("/vms/alive/stats?range=2h")).Field);
        Assert.Equal(HttpStatusCode.NoContent, (await Administrator.SendAsync(HttpMethod.Delete, "/vms/alive")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await Administrator.GetAsync("/vms/alive")).Status);
    }

    [Fact]
    public async Task What_it_cannot_do_now_fails_and_says_why()
    {
        await Administrator.MakeVmAsync("unable");
        Answer answer = await Administrator.PostAsync("/vms/unable/pause?wait=60");
        Assert.Equal("failed", answer.Json!["state"]!.GetValue<string>());
        Assert.Equal(409, answer.Json["error"]!["status"]!.GetValue<int>());
        await Administrator.ActAsync("unable", "start");
        Answer running = await Administrator.SendAsync(HttpMethod.Delete, "/vms/unable");
        Assert.Equal((HttpStatusCode.Conflict, "vmRuns"), (running.Status, running.Code));
    }

    [Fact]
    public async Task An_action_is_a_task_that_can_be_waited_for_and_cancelled()
    {
        await Administrator.MakeVmAsync("deaf", start: true);
        using (ConsoleClient console = await ConsoleClient.OpenAsync(Administrator, "deaf", "?write=true"))
        {
            await console.ReadUntilAsync("Type help.");
            await console.TypeAsync("deaf\r");
            await console.ReadUntilAsync("deaf\r\n/ # ");
        }
        Answer begun = await Administrator.PostAsync("/vms/deaf/shutdown");
        Assert.Equal(HttpStatusCode.Accepted, begun.Status);
        string task = begun.Headers.Location!.ToString();
        // A guest that does not hear its button can be stopped all the same.
        Assert.Equal("succeeded", await Administrator.ActAsync("deaf", "stop"));
        Answer ended = await Administrator.GetAsync($"{task}?wait=60");
        Assert.NotEqual("running", ended.Json!["state"]!.GetValue<string>());
        Assert.Equal("taskFinished", (await Administrator.PostAsync($"{task}/cancel")).Code);
        await Administrator.ActAsync("deaf", "start");
        using (ConsoleClient console = await ConsoleClient.OpenAsync(Administrator, "deaf", "?write=true&tail=0"))
        {
            await console.TypeAsync("deaf\r");
            await console.ReadUntilAsync("deaf\r\n/ # ");
        }
        task = (await Administrator.PostAsync("/vms/deaf/shutdown")).Headers.Location!.ToString();
        Assert.Equal(HttpStatusCode.NoContent, (await Administrator.PostAsync($"{task}/cancel")).Status);
        Assert.Equal("cancelled", (await Administrator.GetAsync($"{task}?wait=60")).Json!["state"]!.GetValue<string>());
        Assert.Equal("wait", (await Administrator.PostAsync("/vms/deaf/stop?wait=61")).Field);
    }

    [Fact]
    public async Task Two_who_edit_do_not_overwrite_each_other()
    {
        await Administrator.MakeVmAsync("edited");
        Answer read = await Administrator.GetAsync("/vms/edited");
        string tag = read.Headers.ETag!.Tag;
        JsonObject config = read.Json!["config"]!.DeepClone().AsObject();
        config["memory"] = 128 << 20;
        Assert.Equal("ifMatchMissing", (await Administrator.SendAsync(HttpMethod.Put, "/vms/edited", config)).Code);
        Answer first = await Administrator.SendAsync(HttpMethod.Put, "/vms/edited", config, ("If-Match", tag));
        Assert.Equal(HttpStatusCode.OK, first.Status);
        Answer second = await Administrator.SendAsync(HttpMethod.Put, "/vms/edited", config, ("If-Match", tag));
        Assert.Equal((HttpStatusCode.PreconditionFailed, "changedMeanwhile"), (second.Status, second.Code));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await Administrator.SendAsync(HttpMethod.Patch, "/vms/edited", new JsonObject { ["balloon"] = true }, ("If-Match", tag))).Status);
        // What it does is none of its configuration.
        await Administrator.ActAsync("edited", "start");
        Assert.Equal(first.Headers.ETag, (await Administrator.GetAsync("/vms/edited")).Headers.ETag);
    }

    [Fact]
    public async Task A_patch_merges_and_null_takes_away()
    {
        await Administrator.MakeVmAsync("patched");
        Answer answer = await Administrator.SendAsync(HttpMethod.Patch, "/vms/patched", new JsonObject { ["cpu"] = new JsonObject { ["count"] = 2 }, ["boot"] = new JsonObject { ["initrd"] = "kernel" } });
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.Equal((2u, "kernel"), (answer.Json!["config"]!["cpu"]!["count"]!.GetValue<uint>(), answer.Json["config"]!["boot"]!["kernel"]!.GetValue<string>()));
        answer = await Administrator.SendAsync(HttpMethod.Patch, "/vms/patched", new JsonObject { ["boot"] = new JsonObject { ["initrd"] = null } });
        Assert.Null(answer.Json!["config"]!["boot"]!["initrd"]);
    }

    [Fact]
    public async Task An_edit_of_one_that_runs_waits_for_its_next_start()
    {
        await Administrator.MakeVmAsync("later", start: true);
        Answer edited = await Administrator.SendAsync(HttpMethod.Patch, "/vms/later", new JsonObject { ["memory"] = 256 << 20 });
        Assert.Equal(["memory"], edited.Json!["pending"]!.AsArray().Select(name => name!.GetValue<string>()));
        await Administrator.ActAsync("later", "stop");
        await Administrator.ActAsync("later", "start");
        Answer after = await Administrator.GetAsync("/vms/later");
        Assert.Empty(after.Json!["pending"]!.AsArray());
        Assert.Equal(256ul << 20, after.Json["runtime"]!["memoryTarget"]!.GetValue<ulong>());
    }

    [Fact]
    public async Task Disks_in_memory_are_not_thrown_away_unasked()
    {
        JsonObject vm = Api.Vm("keeping");
        vm["disks"] = new JsonArray(new JsonObject { ["name"] = "scratch", ["size"] = 1 << 20, ["persistent"] = false });
        vm["start"] = true;
        Assert.Equal(HttpStatusCode.Created, (await Administrator.PostAsync("/vms?wait=60", vm)).Status);
        await Administrator.ActAsync("keeping", "start");
        JsonObject change = new() { ["memory"] = 128 << 20 };
        Assert.Equal("disksWouldBeLost", (await Administrator.SendAsync(HttpMethod.Patch, "/vms/keeping", change.DeepClone())).Code);
        await Administrator.ActAsync("keeping", "stop");
        Assert.Equal("disksWouldBeLost", (await Administrator.SendAsync(HttpMethod.Patch, "/vms/keeping", change.DeepClone())).Code);
        Assert.Equal(HttpStatusCode.OK, (await Administrator.SendAsync(HttpMethod.Patch, "/vms/keeping?discardDisks=true", change.DeepClone())).Status);
    }

    [Fact]
    public async Task What_the_host_has_no_memory_for_says_how_much_there_is()
    {
        JsonObject vm = Api.Vm("big");
        vm["memory"] = 7L << 30;
        Assert.Equal(HttpStatusCode.Created, (await Administrator.PostAsync("/vms", vm)).Status);
        JsonObject second = Api.Vm("bigger");
        second["memory"] = 7L << 30;
        Assert.Equal(HttpStatusCode.Created, (await Administrator.PostAsync("/vms", second)).Status);
        Assert.Equal("succeeded", await Administrator.ActAsync("big", "start"));
        Answer answer = await Administrator.PostAsync("/vms/bigger/start?wait=60");
        JsonNode error = answer.Json!["error"]!;
        Assert.Equal((507, "notEnoughMemory", "memory"), (error["status"]!.GetValue<int>(), error["code"]!.GetValue<string>(), error["field"]!.GetValue<string>()));
        Assert.InRange(error["available"]!.GetValue<ulong>(), 1ul, 2ul << 30);
        await Administrator.ActAsync("big", "stop");
    }

    [Theory]
    [InlineData("""{"name":"Bad_Name"}""", "name")]
    [InlineData("""{"memory":0}""", "memory")]
    [InlineData("""{"memory":4097}""", "memory")]
    [InlineData("""{"memory":18446744073709551615}""", "memory")]
    [InlineData("""{"memory":-1}""", "memory")]
    [InlineData("""{"memory":"1GiB"}""", "memory")]
    [InlineData("""{"cpu":{"count":0}}""", "cpu.count")]
    [InlineData("""{"cpu":{"count":65}}""", "cpu.count")]
    [InlineData("""{"cpu":{"pin":[64]}}""", "cpu.pin")]
    [InlineData("""{"cpu":{"cores":1}}""", "cpu.cores")]
    [InlineData("""{"boot":{"kernel":"none"}}""", "boot.kernel")]
    [InlineData("""{"boot":{"kernel":"kernel","initrd":"none"}}""", "boot.initrd")]
    [InlineData("""{"boot":{"kernel":"kernel","cmdline":"two\nlines"}}""", "boot.cmdline")]
    [InlineData("""{"console":"screen"}""", "console")]
    [InlineData("""{"restart":"sometimes"}""", "restart")]
    [InlineData("""{"nics":[{"name":"eth0","network":"none","portGroup":"web"}]}""", "nics[0].network")]
    [InlineData("""{"nics":[{"name":"","network":"none","portGroup":"web"}]}""", "nics[0].name")]
    [InlineData("""{"disks":[{"name":"root"}]}""", "disks[0].size")]
    [InlineData("""{"disks":[{"name":"root","size":1000}]}""", "disks[0].size")]
    [InlineData("""{"disks":[{"name":"root","size":1024},{"name":"root","size":1024}]}""", "disks[1].name")]
    [InlineData("""{"disks":[{"name":"root","image":"none"}]}""", "disks[0].image")]
    [InlineData("""{"shutdownTimeout":4294967296}""", "shutdownTimeout")]
    public async Task A_bad_field_is_named(string fields, string field)
    {
        JsonObject vm = Api.Vm("judged");
        foreach ((string name, JsonNode? value) in JsonNode.Parse(fields)!.AsObject())
            vm[name] = value!.DeepClone();
        Answer answer = await Administrator.PostAsync("/vms", vm);
        Assert.True(answer.Status == HttpStatusCode.BadRequest, answer.Text);
        Assert.Contains(field, answer.Json!["errors"]!.AsArray().Select(error => error!["field"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_list_comes_in_parts_in_the_order_asked_for()
    {
        foreach (string name in new[] { "part-b", "part-a", "part-c" })
            await Administrator.MakeVmAsync(name);
        List<string> names = [];
        string? cursor = null;
        do
        {
            Answer answer = await Administrator.GetAsync($"/vms?q=part-&sort=-name&limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            names.AddRange(answer.Json!["items"]!.AsArray().Select(vm => vm!["name"]!.GetValue<string>()));
            Assert.Equal(3, answer.Json["total"]!.GetValue<int>());
            cursor = answer.Json["next"]?.GetValue<string>();
        }
        while (cursor is not null);
        Assert.Equal(["part-c", "part-b", "part-a"], names);
        Answer one = await Administrator.GetAsync("/vms?name=part-a");
        Assert.Equal(1, one.Json!["total"]!.GetValue<int>());
        string id = one.Json["items"]![0]!["id"]!.GetValue<string>();
        Assert.Equal("part-a", (await Administrator.GetAsync($"/vms/{id}")).Json!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task Networks_carry_what_VMs_send_and_count_it()
    {
        await Administrator.PostAsync("/networks", new JsonObject { ["name"] = "counted" });
        Assert.Equal(HttpStatusCode.Created, (await Administrator.PostAsync("/networks/counted/port-groups", new JsonObject { ["name"] = "web" })).Status);
        foreach (string name in new[] { "sender", "receiver" })
        {
            JsonObject vm = Api.Vm(name);
            vm["nics"] = new JsonArray(new JsonObject { ["name"] = "eth0", ["network"] = "counted", ["portGroup"] = "web" });
            Assert.Equal(HttpStatusCode.Created, (await Administrator.PostAsync("/vms", vm)).Status);
            await Administrator.ActAsync(name, "start");
        }
        using ConsoleClient console = await ConsoleClient.OpenAsync(Administrator, "sender", "?write=true");
        await console.ReadUntilAsync("Type help.");
        await console.TypeAsync("send 1000\r");
        await console.ReadUntilAsync("send 1000\r\n/ # ");
        JsonArray ports = (await Administrator.GetAsync("/networks/counted/ports?sort=vm")).Json!["items"]!.AsArray();
        Assert.Equal(1000ul, ports.Single(port => port!["vm"]!.GetValue<string>() == "receiver")!["framesDelivered"]!.GetValue<ulong>());
        Assert.Equal(1000ul, ports.Single(port => port!["vm"]!.GetValue<string>() == "sender")!["framesReceived"]!.GetValue<ulong>());
        Assert.Equal("networkInUse", (await Administrator.SendAsync(HttpMethod.Delete, "/networks/counted")).Code);
        Assert.Equal("vlan", (await Administrator.SendAsync(HttpMethod.Put, "/networks/counted/port-groups/web", new JsonObject { ["name"] = "web", ["vlan"] = 4095 })).Field);
    }

    [Fact]
    public async Task Counters_are_there_for_Prometheus()
    {
        await Administrator.MakeVmAsync("measured", start: true);
        Answer answer = await Administrator.GetAsync("//metrics");
        Assert.Contains("hyperos_vm_running{vm=\"measured\"} 1\n", answer.Text, StringComparison.Ordinal);
        Assert.All(answer.Text.TrimEnd('\n').Split('\n'), line => Assert.Matches("^(# (HELP|TYPE) .+|[a-z_]+(\\{vm=\"[^\"]+\"\\})? [0-9.E+-]+)$", line));
    }
}
