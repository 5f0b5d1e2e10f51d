using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>Guests start, speak and stop; what one does wrong concerns no other.</summary>
public class VmTests
{
    internal static MachineOptions Hello { get; } = Vms("hello");

    internal static MachineOptions HelloAndHalt { get; } = Vms("hello", "halt");

    [Theory]
    [InlineData(BootKind.Pvh, 1)]
    [InlineData(BootKind.Pvh, 4)]
    [InlineData(BootKind.IsoBios, 2)]
    [InlineData(BootKind.IsoUefi, 2)]
    public async Task A_guest_runs_speaks_and_stops(BootKind boot, int processors)
    {
        await using Machine machine = Machine.Start(Hello with { Boot = boot, Processors = processors });
        await machine.WaitForLine("vm hello: running");
        Assert.Equal("hello| hello from guest", await machine.WaitForLine("hello from guest"));
        await machine.WaitForLine("vm hello: stopped: ");
    }

    [Theory]
    [InlineData("triple", "triple fault follows")]
    [InlineData("garbage", "garbage follows")]
    [InlineData("poweroff", "powering off")]
    public async Task A_guest_that_ends_itself_stops_alone(string guest, string line)
    {
        await using Machine machine = Machine.Start(Vms("halt", guest) with { Processors = 2 });
        await machine.WaitForLine($"{guest}| {line}");
        await machine.WaitForLine($"vm {guest}: stopped: ");
        Assert.DoesNotContain("vm halt: stopped", machine.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("panic: ", machine.Log, StringComparison.Ordinal);
        Assert.True(machine.IsRunning);
    }

    [Theory]
    [InlineData("b", 0x21)]
    [InlineData("w", 0x0222)]
    [InlineData("d", 0x0003_0023)]
    public async Task The_exit_port_gives_a_stopped_guests_code(string width, uint code)
    {
        await using Machine machine = Machine.Start(Vms([("exit", width)]));
        string line = await machine.WaitForLine(new Regex("vm exit: stopped: "));
        Assert.Matches($@"\b({code}|0x0*{code:x})\b", line);
    }

    [Fact]
    public async Task The_host_powers_off_once_all_guests_have_stopped_if_told_to()
    {
        await using Machine machine = Machine.Start(Hello with { Vms = Hello.Vms!.Replace("onAllStopped: stay", "onAllStopped: poweroff", StringComparison.Ordinal) });
        await machine.WaitForLine("vm hello: stopped: ");
        Assert.Equal(0, await machine.WaitForExit());
    }

    private static MachineOptions Vms(params string[] guests) => Vms([.. guests.Select(guest => (guest, ""))]);

    /// <summary>Purpose-built guests with their command lines, each on the host's console and with the exit port.</summary>
    private static MachineOptions Vms(IReadOnlyList<(string Name, string CommandLine)> guests) => new()
    {
        Guests = [.. guests.Select(guest => guest.Name)],
        Vms = "version: 1\nonAllStopped: stay\nvms:\n" + string.Concat(guests.Select(guest => $$"""
              - name: {{guest.Name}}
                memory: 64MiB
                boot: { kernel: guests/{{guest.Name}}.elf, cmdline: "{{guest.CommandLine}}" }
                console: host
                devices: [ testExit ]
                autostart: true

            """)),
    };
}
