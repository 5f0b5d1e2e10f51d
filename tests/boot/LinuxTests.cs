using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>Debian's stock cloud kernel, from power-on to its shell and back.</summary>
public class LinuxTests
{
    [Theory]
    [InlineData(BootKind.Pvh, 1)]
    [InlineData(BootKind.Pvh, 4)]
    [InlineData(BootKind.IsoBios, 2)]
    [InlineData(BootKind.IsoUefi, 1)]
    public Task It_boots_to_a_shell_that_answers_and_powers_off(BootKind boot, int processors) =>
        BootsToAShell(TestVms.Options(TestVms.Linux) with { Boot = boot, Processors = processors }, "kvm-clock");

    /// <param name="clocksource">kvm-clock, or tsc where the processor has an invariant time-stamp counter.</param>
    internal static async Task BootsToAShell(
        MachineOptions options, string clocksource, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        await using Machine machine = Machine.Start(options, test, file);
        await ReachShell(machine);
        await Ask(machine, "echo $((6 * 7)) is the answer", "42 is the answer");
        await Ask(machine, "cat /sys/devices/system/clocksource/clocksource0/current_clocksource", clocksource);
        await machine.Type("poweroff -f\n");
        Assert.Matches(@"^\[ *\d+\.\d{6}\] vm linux: stopped: power off$", await machine.WaitForLine("vm linux: stopped: "));
        await machine.WaitForLine("memory: ");
        Assert.True(machine.IsRunning);
    }

    [Fact]
    public async Task It_restarts_itself_if_its_definition_says_always()
    {
        await using Machine machine = Machine.Start(TestVms.Options(TestVms.Linux with { Restart = "always" }) with { Processors = 2 });
        await ReachShell(machine);
        await machine.Type("reboot -f\n");
        Assert.EndsWith("stopped: reset", await machine.WaitForLine("vm linux: stopped: "), StringComparison.Ordinal);
        await machine.WaitForLine("vm linux: running");
        await ReachShell(machine);
        await Ask(machine, "cut -d. -f1 /proc/uptime | grep -c '^[0-9]$'", "1");
    }

    [Fact]
    public async Task Its_time_and_memory_are_those_of_its_machine()
    {
        await using Machine machine = Machine.Start(TestVms.Options(TestVms.Linux) with { Processors = 2 });
        await ReachShell(machine);
        await Ask(machine, "time sleep 1", "real[^0-9]*0m [1-9][.][0-9]+s");
        await Ask(machine, "dmesg | grep -c 'BUG\\|Call Trace\\|unchecked MSR'", "0");
        await Ask(machine, "dd if=/dev/zero of=f bs=1M count=64 2> /dev/null; wc -c < f", "67108864");
        DateTimeOffset host = DateTimeOffset.UtcNow;
        Match time = await Answer(machine, "echo time $(date +%s)", "time ([0-9]+)");
        Assert.InRange(long.Parse(time.Groups[1].Value), host.ToUnixTimeSeconds() - 120, host.ToUnixTimeSeconds() + 120);
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(8, 2)]
    [InlineData(3, 1)]
    public async Task Its_processors_come_and_go(int cpus, int processors)
    {
        await using Machine machine = Machine.Start(TestVms.Options(TestVms.Linux with { Cpus = cpus }) with { Processors = processors });
        await ReachShell(machine);
        await Ask(machine, "nproc", $"{cpus}");
        string last = $"/sys/devices/system/cpu/cpu{cpus - 1}/online";
        await Ask(machine, $"echo 0 > {last}; nproc", $"{cpus - 1}");
        await Ask(machine, $"echo 1 > {last}; nproc", $"{cpus}");
        await Ask(machine, $"for i in $(seq {cpus}); do (sha256sum /bin/busybox > f$i) & done; wait; cat f* | uniq | wc -l", "1");
        await Ask(machine, "dmesg | grep -c 'BUG\\|Call Trace\\|unchecked MSR\\|TSC warp'", "0");
        await machine.Type("poweroff -f\n");
        await machine.WaitForLine("vm linux: stopped: power off");
        await machine.WaitForLine("memory: ");
    }

    [Fact]
    public async Task It_finds_its_PCI_devices_and_its_own_drivers_serve_them()
    {
        await using Machine machine = Machine.Start(TestVms.Options(TestVms.Linux with { Devices = ["rng"], Initrd = Workspace.LinuxInitrdWithDrivers }) with { Processors = 2 });
        await ReachShell(machine);
        await Ask(machine, "dmesg | grep -c 'PCI: Using configuration type 1 for base access'", "1");
        await Ask(machine, "dmesg | grep -c 'MMCONFIG at .mem 0xe0000000-0xe00fffff. reserved in ACPI motherboard resources'", "1");
        await Ask(machine, "cat /sys/bus/pci/devices/0000:00:00.0/class", "0x060000");
        await Ask(machine, "cat /sys/bus/pci/devices/0000:00:01.0/vendor", "0x1af4");
        await Ask(machine, "basename $(readlink /sys/bus/pci/devices/0000:00:01.0/driver)", "virtio-pci");
        await Ask(machine, "cat /sys/class/misc/hw_random/rng_current", "virtio_rng.0");
        await Ask(machine, "head -c 4096 /dev/hwrng | tr -d '\\000' | wc -c | grep -c '^40[0-9][0-9]$'", "1");
        await Ask(machine, "grep -c virtio0 /proc/interrupts", "[1-9]");
    }

    [Fact]
    public async Task Only_the_first_guest_takes_what_is_typed()
    {
        await using Machine machine = Machine.Start(TestVms.Options(TestVms.Linux, TestVms.Linux with { Name = "second" }) with { Processors = 2, MemoryMiB = 768 });
        await machine.WaitForAll("linux| Welcome to Linux", "second| Welcome to Linux");
        await machine.Type("hostname first; echo I am $(hostname)\n");
        Assert.EndsWith("linux| I am first", await machine.WaitForLine("| I am first"), StringComparison.Ordinal);
        await machine.Type("poweroff -f\n");
        await machine.WaitForLine("vm linux: stopped: power off");
        await machine.Type("echo I am $(hostname)\n");
        Assert.EndsWith("second| I am linux", await machine.WaitForLine("| I am linux"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_typed_is_the_guests_that_was_chosen_by_then()
    {
        await using Machine machine = Machine.Start(TestVms.Options(TestVms.Linux, TestVms.Linux with { Name = "second" }) with { Processors = 2, MemoryMiB = 768 });
        await machine.WaitForAll("linux| Welcome to Linux", "second| Welcome to Linux");
        string[] chosen = ["second", "linux", "second"];
        await machine.Type("echo linux-$((6*7))\n" + string.Concat(chosen.Select(name => $"{Machine.HostKey}console {name}\necho {name}-$((6*7))\n")));
        await machine.WaitForAll("linux| linux-42", "second| second-42");
        await machine.Type("echo all\n");
        await machine.WaitForLine("second| all");
        Assert.Equal(2, Regex.Count(machine.Log, @"(?m)^linux\| linux-42\r?$"));
        Assert.Equal(2, Regex.Count(machine.Log, @"(?m)^second\| second-42\r?$"));
    }

    internal static async Task ReachShell(Machine machine)
    {
        await machine.WaitForLine("linux| Welcome to Linux 6");
        await machine.WaitForText("/root # ");
    }

    internal static Task Ask(Machine machine, string command, string answer) => Answer(machine, command, answer);

    private static async Task<Match> Answer(Machine machine, string command, string answer)
    {
        await machine.Type(command + "\n");
        Regex pattern = new($@"^linux\| {answer}$");
        Match match = pattern.Match(await machine.WaitForLine(new Regex($@"^linux\| {answer}$", RegexOptions.Multiline)));
        await machine.WaitForText("/root # ");
        return match;
    }
}
