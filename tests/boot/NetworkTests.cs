using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>Stock Debian kernels with virtio NICs on a virtual switch: tests/guests/network.sh.</summary>
public class NetworkTests
{
    private const string Groups = "{ name: web, vlan: 10 }, { name: other, vlan: 20 }";

    [Fact]
    public async Task Two_guests_ping_and_serve_each_other_and_a_third_on_another_VLAN_hears_none_of_it()
    {
        await using Machine machine = Machine.Start(TestVms.OnNetwork(
            Groups, TestVms.Station("server", 1, "server", 2), TestVms.Station("client", 2, "client", 1), TestVms.Station("third", 3, "listener", 1, "other")));
        await machine.WaitForAll(
            "networks: network lan: uplink nic31: there is no such card", "networks: lan: 3 nic(s)", "server| up as ", "third| up as ", "client| reached 10.0.0.1");
        Assert.EndsWith("with 2 queue pair(s)", Line(machine, "client| up as "), StringComparison.Ordinal);
        await machine.WaitForLine("client| fetched all");
        string sum = Line(machine, "server| serves ").Split(' ')[2];
        Assert.EndsWith($"fetched {sum}  -", Line(machine, "client| fetched "), StringComparison.Ordinal);
        Assert.Equal(3, Regex.Count(machine.Log, $@"client\| {sum}  -"));
        Assert.Equal(0, await HeardBy(machine, "third"));
        Assert.NotEqual(0, await HeardBy(machine, "server"));
    }

    [Theory]
    [InlineData("", "unanswered", false)]
    [InlineData(", forgedTransmits: accept", "unanswered", true)]
    [InlineData(", macChanges: accept", "answered", true)]
    public async Task A_guest_that_changes_its_address_is_answered_and_heard_as_its_policies_say(string policies, string outcome, bool isHeard)
    {
        await using Machine machine = Machine.Start(TestVms.OnNetwork(
            $"{{ name: web, vlan: 10 }}, {{ name: loose, vlan: 10{policies} }}",
            TestVms.Station("server", 1, "server", 2), TestVms.Station("changer", 2, "changer", 1, "loose")));
        await machine.WaitForLine("changer| changes its address");
        int before = await HeardBy(machine, "server");
        Assert.EndsWith($"changed: {outcome}", await machine.WaitForLine("changer| changed: "), StringComparison.Ordinal);
        int after = await HeardBy(machine, "server");
        Assert.Equal(isHeard, after > before);
        Assert.EndsWith("restored: answered", await machine.WaitForLine("changer| restored: "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guest_that_wants_to_hear_all_hears_others_only_where_its_group_accepts_that()
    {
        await using Machine machine = Machine.Start(TestVms.OnNetwork(
            "{ name: web, vlan: 10 }, { name: open, vlan: 10, promiscuous: accept }",
            TestVms.Station("server", 1, "server", 2), TestVms.Station("sender", 2, "sender", 1),
            TestVms.Station("deaf", 3, "watcher", 1), TestVms.Station("hearing", 4, "watcher", 1, "open")));
        await machine.WaitForAll("hearing| heard ", "deaf| heard ", "sender| 10.0.0.1: all 500 answered");
        int deaf = await HeardBy(machine, "deaf"), hearing = await HeardBy(machine, "hearing");
        await machine.WaitForLine("sender| 10.0.0.1: all 500 answered");
        Assert.InRange(await HeardBy(machine, "deaf"), deaf, deaf + 10);
        Assert.InRange(await HeardBy(machine, "hearing"), hearing + 100, int.MaxValue);
    }

    [Fact]
    public async Task A_guest_stops_and_starts_again_while_its_neighbour_sends_and_the_others_hear_every_frame()
    {
        TestVm sender = TestVms.Station("sender", 2, "sender", 1);
        await using Machine machine = Machine.Start(TestVms.OnNetwork(
            Groups, TestVms.Station("stopping", 3, "listener", 2) with { Restart = "always" },
            sender with { CommandLine = sender.CommandLine + " neighbour=10.0.0.3" }, TestVms.Station("server", 1, "server", 2)));
        await machine.WaitForAll("sender| 10.0.0.1: all 500 answered", "sender| 10.0.0.3: all 500 answered");
        string[] before = await DroppedAt(machine, "sender", "server");
        await machine.Type("end\n");
        await machine.WaitForLine("vm stopping: stopped: power off");
        await machine.WaitForLine("stopping| up as ");
        await machine.WaitForLine("sender| 10.0.0.3: all 500 answered");
        await machine.WaitForLine("sender| 10.0.0.1: all 500 answered");
        Assert.Equal(before, await DroppedAt(machine, "sender", "server"));
        Assert.DoesNotContain("were not given back", machine.Log, StringComparison.Ordinal);
    }

    /// <summary>What the host says it has dropped of the frames that were meant for guests, in the order of their ports.</summary>
    private static async Task<string[]> DroppedAt(Machine machine, params string[] vms)
    {
        List<string> drops = [];
        await PowerTests.Ask(machine, "ports");
        foreach (string vm in vms)
        {
            await machine.WaitForLine($"lan: {vm}, ");
            drops.Add(Regex.Match(await machine.WaitForLine("  meant for it "), "(, dropped .*)?$").Value);
        }
        return [.. drops];
    }

    /// <summary>How many frames a guest has heard by now: what it says next.</summary>
    private static async Task<int> HeardBy(Machine machine, string vm) =>
        int.Parse(Regex.Match(await machine.WaitForLine(new Regex($@"^{vm}\| heard \d+$", RegexOptions.Multiline)), @"\d+$").Value);

    private static string Line(Machine machine, string begin) => Regex.Match(machine.Log, $"{Regex.Escape(begin)}[^\r\n]*").Value;
}
