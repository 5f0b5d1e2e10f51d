using System.Globalization;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>Memory that Linux's own balloon driver gives back to the host, and takes again: tests/guests/balloon.sh, which is driven over its virtio console.</summary>
public partial class BalloonTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(4);

    [Fact]
    public Task Memory_comes_and_goes_and_the_guests_data_stay_right() =>
        ComesAndGoes(TestVms.Options(Guest with { Cpus = 2 }, Other) with { Processors = 2, WaitLimit = s_long });

    [Fact]
    [Trait("Set", "Long")]
    public Task They_do_on_one_processor_as_well() => ComesAndGoes(TestVms.Options(Guest, Other) with { WaitLimit = s_long });

    internal static async Task ComesAndGoes(MachineOptions options)
    {
        await using Machine machine = Machine.Start(options);
        await machine.WaitForLine("balloon| balloon: ready");
        await Tell(machine, "fill 32", "balloon: fill right");
        await Tell(machine, "empty", "balloon: empty");
        // What the guest has touched and freed is in use no more, though it says nothing: it reports free pages.
        int before = await Set(machine, "250MiB", 250);
        int after = await Set(machine, "128MiB", 128);
        Assert.InRange(after - before, 90, 130);
        await Tell(machine, "sum", "balloon: sum right");
        // The host's frames are another's now.
        await PowerTests.Ask(machine, "start other");
        await machine.WaitForLine("other| power: ready");
        await PowerTests.Ask(machine, "stop other");
        await machine.WaitForLine("vm other: stopped: stop");
        await Tell(machine, "fill 8", "balloon: fill right");
        await Tell(machine, "empty", "balloon: empty");
        int deflated = await Set(machine, "256MiB", 256);
        Assert.InRange(after - deflated, 90, 140);
        await Tell(machine, "fill 48", "balloon: fill right");
        await Tell(machine, "sum", "balloon: sum right");
        await PowerTests.Ask(machine, "balloon balloon");
        Assert.Matches("balloon: 0 MiB of 256 MiB; the guest has 2[0-9]+ MiB, [0-9]+ MiB free", await machine.WaitForLine("vm balloon: balloon: "));
        await Tell(machine, "empty", "balloon: empty");
        await Set(machine, "140MiB", 140);
        await Tell(machine, "unload", "balloon: unloaded");
        await Tell(machine, "fill 48", "balloon: fill right");
        await Tell(machine, "load", "balloon: loaded");
        await Tell(machine, "empty", "balloon: empty");
        await Tell(machine, "sum", "balloon: sum right");
        await machine.Type("end\n");
        await machine.WaitForLine("balloon: ends, 0 complaints");
        await machine.WaitForLine("vm balloon: stopped: power off");
        Assert.DoesNotContain("WRONG", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_free_cannot_be_taken_back()
    {
        TestVm greedy = PowerTests.Guest with { Name = "greedy", Memory = "200MiB", More = "autostart: false" };
        await using Machine machine = Machine.Start(TestVms.Options(Guest, greedy) with { Processors = 2, MemoryMiB = 400, WaitLimit = s_long });
        await machine.WaitForLine("balloon| balloon: ready");
        await PowerTests.Ask(machine, "start greedy");
        await machine.WaitForLine("vm greedy: refused: not enough free memory");
        await Set(machine, "100MiB", 100);
        await PowerTests.Ask(machine, "start greedy");
        await machine.WaitForLine("greedy| power: ready");
        await PowerTests.Ask(machine, "balloon balloon 256MiB");
        await machine.WaitForLine("vm balloon: balloon: so much memory is not free any more");
        await Tell(machine, "sum", "balloon: sum right");
        await PowerTests.Ask(machine, "balloon balloon 1GiB");
        await machine.WaitForLine("balloon: it was started with less memory than that");
        await PowerTests.Ask(machine, "stop greedy");
        await machine.WaitForLine("vm greedy: stopped: stop");
        await machine.WaitForLine("memory: ");
        await Set(machine, "256MiB", 256);
        await machine.Type("end\n");
        await machine.WaitForLine("balloon: ends, 0 complaints");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_driver_that_gives_up_what_is_not_its_own_harms_nobody(int processors)
    {
        TestVm hostile = new("ballast") { More = "balloon: true" };
        await using Machine machine = Machine.Start(TestVms.Options(TestVms.Steady, hostile) with { Processors = processors, WaitLimit = s_long });
        await machine.WaitForAll("steady| steady: 1 rounds right", "ballast| ballast: done", "vm ballast: stopped: exit code 0");
        await machine.WaitForLine("rounds right");
        await machine.Type("\n");
        await machine.WaitForLine("steady: ends, 0 complaints");
        Assert.DoesNotContain("WRONG", machine.Log, StringComparison.Ordinal);
    }

    internal static TestVm Other => PowerTests.Guest with { Name = "other", More = "autostart: false" };

    internal static TestVm Guest => new("balloon")
    {
        IsLinux = true,
        Memory = "256MiB",
        CommandLine = "console=ttyS0 panic=-1 quiet",
        Initrd = Workspace.InitrdWithDrivers("balloon"),
        Devices = ["console"],
        More = "balloon: true",
    };

    // By way of the guest's virtio console.
    private static async Task Tell(Machine machine, string command, string answer)
    {
        await machine.Type(command + "\n");
        await machine.WaitForLine(answer);
    }

    // What the host has free once the guest has so much memory.
    private static async Task<int> Set(Machine machine, string size, int mebibytes)
    {
        await PowerTests.Ask(machine, $"balloon balloon {size}");
        string line = await machine.WaitForLine($"vm balloon: balloon: memory is {mebibytes} MiB of 256 MiB");
        return int.Parse(Free().Match(line).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"the host has (\d+) MiB free")]
    private static partial Regex Free();
}
