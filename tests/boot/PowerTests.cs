using System.Globalization;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>Machines that are asked to shut down, are stopped, paused and started, from the host's console and by the host's power button.</summary>
public partial class PowerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_guest_follows_its_power_button_and_can_be_started_again(int processors)
    {
        await using Machine machine = Machine.Start(TestVms.Options(Guest with { Restart = "always" }) with { Processors = processors, WaitLimit = Long });
        await machine.WaitForLine("power: ready");
        await Ask(machine, "shutdown power");
        await machine.WaitForLine("vm power: asked to shut down");
        await machine.WaitForLine("power: button pressed, 0 complaints");
        await machine.WaitForLine("vm power: stopped: power off");
        await machine.WaitForLine("memory: ");
        await Ask(machine, "start power");
        await machine.WaitForLine("power: ready");
        await Ask(machine, "stop power");
        await machine.WaitForLine("vm power: stopped: stop");
        Assert.DoesNotContain("WRONG", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guest_that_does_not_answer_is_stopped_when_its_time_is_over()
    {
        TestVm deaf = Guest with { CommandLine = Guest.CommandLine + " deaf=1", More = "shutdownTimeout: 2s", Restart = "always" };
        await using Machine machine = Machine.Start(TestVms.Options(deaf) with { WaitLimit = Long });
        await machine.WaitForLine("power: ready");
        await Ask(machine, "shutdown power");
        await machine.WaitForLine("vm power: stopped: killed: no answer to the power button within 2 s");
        await machine.WaitForLine("memory: ");
        Assert.True(machine.IsRunning);
    }

    [Fact]
    public async Task The_hosts_power_button_shuts_all_guests_down_and_then_the_host()
    {
        using Monitor monitor = new();
        TestVm[] vms = [Guest, Guest with { Name = "second" }, Guest with { Name = "held" }, new TestVm("halt") { More = "shutdownTimeout: 3s" }];
        await using Machine machine = Machine.Start(TestVms.Options(vms) with
        {
            Processors = 2,
            MemoryMiB = 768,
            ExtraArguments = monitor.Arguments,
            WaitLimit = Long,
        });
        await machine.WaitForAll("power| power: ready", "second| power: ready", "held| power: ready");
        await Ask(machine, "pause held");
        await machine.WaitForLine("vm held: paused");
        await monitor.Do("system_powerdown", CancellationToken.None);
        await machine.WaitForAll(
            "hyperos: asked to power off", "vm power: stopped: power off", "vm second: stopped: power off", "vm held: stopped: power off",
            "vm halt: stopped: killed: no answer to the power button within 3 s", "hyperos: all machines have stopped: power off");
        Assert.Equal(0, await machine.WaitForExit());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(8, 2)]
    public Task A_paused_guest_stands_still_and_its_clocks_with_it(int cpus, int processors) =>
        StandsStill(TestVms.Options(Guest with { Cpus = cpus }) with { Processors = processors, WaitLimit = Long });

    internal static async Task StandsStill(MachineOptions options)
    {
        await using Machine machine = Machine.Start(options);
        await machine.WaitForLine("power: ready");
        for (int i = 0; i < 3; i++)
        {
            await machine.WaitForLine(" works, uptime ");
            await Ask(machine, "pause power");
            await machine.WaitForLine("vm power: paused");
            int end = machine.Log.Length;
            // Once for as long as a guest's watchdogs wait.
            await Task.Delay(TimeSpan.FromSeconds(i == 0 ? 25 : 2));
            await Ask(machine, "list");
            double time = Seconds(await machine.WaitForLine(new Regex("^power +paused ", RegexOptions.Multiline)));
            Assert.DoesNotContain(" works, uptime ", machine.Log[end..], StringComparison.Ordinal);
            await Ask(machine, "list");
            Assert.Equal(time, Seconds(await machine.WaitForLine(new Regex("^power +paused ", RegexOptions.Multiline))));
            await Ask(machine, "resume power");
            await machine.WaitForLine("vm power: goes on");
        }
        await machine.WaitForLine(" works, uptime ");
        await Ask(machine, "shutdown power");
        await machine.WaitForLine("power: button pressed, 0 complaints");
        await machine.WaitForLine("vm power: stopped: power off");
        Assert.DoesNotContain("WRONG", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_prompt_names_what_it_cannot_do_and_goes_back()
    {
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("halt"), new TestVm("hello")));
        await machine.WaitForLine("vm hello: stopped");
        await Expect(machine, "frobnicate", "frobnicate: unknown; help lists what there is");
        await Expect(machine, "stop", "stop: needs a name; list shows the machines, and disks the disks");
        await Expect(machine, "stop nobody", "nobody: there is no such machine");
        await Expect(machine, "pause hello", "hello: it does not run");
        await Expect(machine, "start halt", "halt: it runs already");
        await Expect(machine, "resume halt", "halt: it is not paused");
        await Expect(machine, "balloon halt 1MiB", "halt: it has no balloon");
        await Expect(machine, "balloon halt much", "much: no size");
        await Expect(machine, "help", "an empty line or Ctrl-] goes back");
        await Expect(machine, "console halt", "what is typed goes to halt");
        await Expect(machine, "trace", "trace: on");
        await Expect(machine, "list", "hello  ");
        await Ask(machine, "stop halt");
        await machine.WaitForLine("vm halt: stopped: stop");
        await Ask(machine, "start hello");
        await machine.WaitForLine("hello| hello from guest");
        await Ask(machine, "reboot");
        await machine.WaitForLine("hyperos: all machines have stopped: reboot");
        Assert.Equal(0, await machine.WaitForExit());
    }

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    internal static TestVm Guest => new("power")
    {
        IsLinux = true,
        Memory = "96MiB",
        CommandLine = "console=ttyS0 panic=-1 quiet",
        Initrd = Workspace.InitrdWithDrivers("power"),
    };

    internal static Task Ask(Machine machine, string command) => machine.Type($"{Machine.HostKey}{command}\n");

    private static async Task Expect(Machine machine, string command, string answer)
    {
        await Ask(machine, command);
        await machine.WaitForLine(answer);
    }

    private static double Seconds(string row) => double.Parse(Time().Match(row).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"([0-9.]+) s\s*$")]
    private static partial Regex Time();
}
