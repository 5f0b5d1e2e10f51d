namespace HyperOS.Tests.Boot;

/// <summary>Guests start, speak and stop; what one does wrong concerns no other.</summary>
public class VmTests
{
    internal static MachineOptions Hello { get; } = TestVms.Options(new TestVm("hello"));

    internal static MachineOptions HelloAndHalt { get; } = TestVms.Options(new TestVm("hello"), new TestVm("halt"));

    [Theory]
    [InlineData(BootKind.Pvh, 1)]
    [InlineData(BootKind.Pvh, 4)]
    public async Task A_guest_runs_speaks_and_stops(BootKind boot, int processors)
    {
        await using Machine machine = Machine.Start(Hello with { Boot = boot, Processors = processors });
        await machine.WaitForLine("vm hello: running");
        Assert.Equal("hello| hello from guest", await machine.WaitForLine("hello from guest"));
        await machine.WaitForLine("vm hello: stopped: exit code 0");
    }

    [Theory]
    [InlineData("triple", "triple fault follows", "triple fault")]
    [InlineData("garbage", "garbage follows", "triple fault")]
    [InlineData("poweroff", "powering off", "power off")]
    public async Task A_guest_that_ends_itself_stops_alone(string guest, string line, string reason)
    {
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("halt"), new TestVm(guest)) with { Processors = 2 });
        await machine.WaitForLine($"{guest}| {line}");
        Assert.EndsWith($"stopped: {reason}", await machine.WaitForLine($"vm {guest}: stopped: "), StringComparison.Ordinal);
        Assert.DoesNotContain("vm halt: stopped", machine.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("panic: ", machine.Log, StringComparison.Ordinal);
        Assert.True(machine.IsRunning);
    }

    [Fact]
    public async Task As_many_as_two_hundred_and_fifty_six_run_on_one_host_and_nothing_that_is_said_of_them_is_lost()
    {
        TestVm[] vms = [.. Enumerable.Range(0, 256).Select(number => new TestVm($"hello-{number}") { Guest = "hello", Memory = "8MiB" })];
        await using Machine machine = Machine.Start(TestVms.Options("poweroff", vms) with { Processors = 2, MemoryMiB = 3072, CommandLine = "exits=1" });
        await machine.WaitForLine("hyperos: all machines have stopped: power off");
        foreach (TestVm vm in vms)
        {
            Assert.Contains($"vm {vm.Name}: exits: ", machine.Log, StringComparison.Ordinal);
            Assert.Contains($"vm {vm.Name}: stopped: exit code 0\n", machine.Log, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("b", 0x21)]
    [InlineData("w", 0x0222)]
    [InlineData("d", 0x0003_0023)]
    public async Task The_exit_port_gives_a_stopped_guests_code(string width, uint code)
    {
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("exit") { CommandLine = width }));
        Assert.EndsWith($"vm exit: stopped: exit code {code}", await machine.WaitForLine("vm exit: stopped: "), StringComparison.Ordinal);
    }
}
