using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>What comes after a guest's end: nothing, another start, or the host's end. And that nothing is lost on the way.</summary>
public partial class RestartTests
{
    [Theory]
    [InlineData("hello", "", "always", "exit code 0")]
    [InlineData("poweroff", "", "always", "power off")]
    [InlineData("exit", "b", "onFailure", "exit code 33")]
    [InlineData("triple", "", "onFailure", "triple fault")]
    public async Task A_stopped_guest_starts_again(string guest, string commandLine, string restart, string reason)
    {
        await using Machine machine = Machine.Start(TestVms.Options("poweroff", new TestVm(guest) { CommandLine = commandLine, Restart = restart }));
        for (int start = 0; start < 3; start++)
        {
            await machine.WaitForLine($"vm {guest}: running");
            Assert.EndsWith($"stopped: {reason}", await machine.WaitForLine($"vm {guest}: stopped: "), StringComparison.Ordinal);
        }
        Assert.DoesNotContain("all machines have stopped", machine.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hello", "never", "poweroff", "power off")]
    [InlineData("hello", "onFailure", "poweroff", "power off")]
    [InlineData("poweroff", "onFailure", "reboot", "reboot")]
    [InlineData("triple", "never", "reboot", "reboot")]
    public async Task The_host_ends_once_all_guests_have(string guest, string restart, string onAllStopped, string action)
    {
        await using Machine machine = Machine.Start(TestVms.Options(onAllStopped, new TestVm(guest) { Restart = restart }, new TestVm("hello") { Name = "other" , Guest = "hello" }));
        await machine.WaitForLine($"hyperos: all machines have stopped: {action}");
        Assert.Equal(0, await machine.WaitForExit());
        Assert.Single(Regex.Matches(machine.Log, $"vm {guest}: running"));
        Assert.Single(Regex.Matches(machine.Log, "vm other: stopped: exit code 0"));
    }

    [Fact]
    public async Task A_guest_that_runs_keeps_the_host_up()
    {
        await using Machine machine = Machine.Start(TestVms.Options("poweroff", new TestVm("halt"), new TestVm("hello")));
        await machine.WaitForLine("vm hello: stopped: exit code 0");
        await machine.WaitForLine("MiB free");
        Assert.DoesNotContain("all machines have stopped", machine.Log, StringComparison.Ordinal);
        Assert.True(machine.IsRunning);
    }

    // Page tables stay with the address ranges that arenas and stacks take in turn: 512 starts go round the arenas', and each 64 starts take
    // one more table of the stacks'. A frame lost in each start would be 160 KiB in forty.
    [Fact]
    public async Task Hundreds_of_starts_lose_no_memory()
    {
        const int Starts = 560, Compared = 40, StackTableKiB = 4;
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("hello") { Restart = "always" }) with { Processors = 2 });
        List<(int Free, int Kernel)> memory = [];
        for (int start = 0; start < Starts; start++)
        {
            await machine.WaitForLine("vm hello: stopped: exit code 0");
            Match line = MemoryLine().Match(await machine.WaitForLine("memory: "));
            memory.Add((int.Parse(line.Groups[1].Value), int.Parse(line.Groups[2].Value)));
        }
        (int Free, int Kernel) before = memory[^Compared];
        Assert.All(memory.TakeLast(Compared), now => Assert.InRange(now.Kernel, before.Kernel, before.Kernel + StackTableKiB));
        Assert.InRange(memory[^1].Free, before.Free - 2, before.Free + 2);
    }

    [Fact]
    public Task Two_thousand_machines_with_devices_leave_nothing_behind() => LeaveNothingBehind(2_000);

    [Fact]
    [Trait("Set", "Long")]
    public Task Ten_thousand_machines_with_devices_leave_nothing_behind() => LeaveNothingBehind(10_000);

    /// <summary>
    /// Eight machines with a disk, a NIC and an entropy device end and start again, beside each other. Were a frame, an identifier or a port not given
    /// back, there would be none left.
    /// </summary>
    private static async Task LeaveNothingBehind(int starts, [CallerMemberName] string test = "")
    {
        const int Machines = 8, MostKiB = 64;
        TestVm[] vms =
        [
            .. Enumerable.Range(0, Machines).Select(i => new TestVm($"brief-{i}")
            {
                Guest = "exit", CommandLine = "b", Memory = "2MiB", Restart = "always", Devices = ["rng"],
                Nics = "{ name: eth0, network: lan, portGroup: web }", Disks = ["name: data, size: 64KiB"],
            }),
        ];
        await using Machine machine = Machine.Start(TestVms.OnNetwork("{ name: web }", vms) with { MemoryMiB = 512, Lifetime = TimeSpan.FromMinutes(50) }, test);
        int running = 0;
        List<int> kernel = [];
        await foreach (string line in machine.Lines(TimeSpan.FromMinutes(5)))
        {
            Assert.DoesNotContain("refused", line, StringComparison.Ordinal);
            if (MemoryLine().Match(line) is { Success: true } memory)
                kernel.Add(int.Parse(memory.Groups[2].ValueSpan, CultureInfo.InvariantCulture));
            if (line.EndsWith(": running", StringComparison.Ordinal) && ++running == starts)
                break;
        }
        Assert.Equal(starts, running);
        Assert.DoesNotContain("panic: ", machine.Log, StringComparison.Ordinal);
        // Stacks' and arenas' own tables grow for the first starts only.
        Assert.InRange(kernel[^1], 0, kernel[kernel.Count / 2] + MostKiB);
    }

    [Fact]
    public Task Machines_that_come_and_go_find_nothing_of_each_other_in_memory() => ComeAndGo(options => options with { Processors = 2 }, starts: 40);

    /// <summary>Three machines' frames go round between them: a translation that outlives its machine would show.</summary>
    internal static async Task ComeAndGo(
        Func<MachineOptions, MachineOptions> on, int starts, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        TestVm fresh = new("fresh") { Memory = "24MiB", Restart = "always" };
        await using Machine machine = Machine.Start(
            on(TestVms.Options(fresh, fresh with { Name = "other", Guest = "fresh", Memory = "36MiB" }, fresh with { Name = "third", Guest = "fresh" })), test, file);
        for (int start = 0; start < starts; start++)
            Assert.EndsWith("stopped: exit code 0", await machine.WaitForLine("stopped: "), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"memory: (\d+) MiB free, the kernel holds (\d+) KiB$")]
    private static partial Regex MemoryLine();
}
