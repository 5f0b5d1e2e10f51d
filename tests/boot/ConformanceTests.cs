using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace HyperOS.Tests.Boot;

/// <summary>
/// The platform and the virtual processor against the manuals, by guests that look from within (tests/guests/check.inc): as guests, which
/// judges the host, and on a machine of their own, which judges the checks. Each machine boots once for all of them.
/// </summary>
public partial class ConformanceTests(ITestOutputHelper output)
{
    private static readonly ConcurrentDictionary<Conforming, Lazy<Task<string>>> s_runs = [];

    /// <summary>The machines that are judged.</summary>
    public enum Conforming
    {
        /// <summary>QEMU's own, without HyperOS: one boot for each guest.</summary>
        Emulator,

        /// <summary>HyperOS on SVM, as QEMU emulates it.</summary>
        Svm,

        /// <summary>HyperOS on one processor with SVM that saves next RIPs and flushes by ASID, as Bochs emulates it.</summary>
        BochsSvm,

        /// <summary>The same on two.</summary>
        BochsSvm2,

        /// <summary>HyperOS on one processor with VT-x, as Bochs emulates it.</summary>
        BochsVmx,

        /// <summary>The same on two.</summary>
        BochsVmx2,

        /// <summary>The same on two whose VT-x leaves the local APIC to software.</summary>
        BochsVmxWithoutApic2,
    }

    /// <summary>As the Xen Test Framework has them; a guest's exit code is its worst.</summary>
    public enum Outcome
    {
        Success,

        /// <summary>The machine does not offer what is checked, or is known not to be able to; the line says which.</summary>
        Skip,

        /// <summary>The check itself does not work.</summary>
        Error,

        /// <summary>The machine is wrong.</summary>
        Failure,
    }

    internal static IReadOnlyList<TestVm> Guests { get; } =
    [
        new("apic"), new("pic"), new("timers"), new("uart"), new("exceptions"), new("events"), new("nmi") { Memory = "256MiB" },
        new("clocks"), new("debug"), new("policy"), new("memory"), new("mmio"), new("strings"), new("modes"), new("xsave"),
        new("pci") { Devices = ["rng"] }, new("virtio") { Disks = ["name: data, size: 64KiB"] }, new("ipi") { Cpus = 4 },
    ];

    // Where the processor scales: its time-stamp counters run faster than the host's.
    private static readonly TestVm s_scaled = new("clocks") { Share = "tscFrequency: 250MHz", CommandLine = "250" };

    public static TheoryData<Conforming, string> Runs => RunsOn(Conforming.Emulator, Conforming.Svm);

    internal static TheoryData<Conforming, string> RunsOn(params Conforming[] machines)
    {
        TheoryData<Conforming, string> runs = [];
        foreach (Conforming machine in machines)
        {
            foreach (TestVm guest in GuestsOf(machine))
                runs.Add(machine, guest.Name);
        }
        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public Task The_machine_is_what_the_manuals_say(Conforming machine, string guest) => Judge(machine, guest, output);

    internal static async Task Judge(Conforming machine, string guest, ITestOutputHelper output)
    {
        string log = machine == Conforming.Emulator ? await RunAlone(guest) : await s_runs.GetOrAdd(machine, _ => new(() => RunAll(machine))).Value;
        string lines = string.Concat(log.Split('\n').Where(line => line.StartsWith($"{guest}| ", StringComparison.Ordinal)).Select(line => line + "\n"));
        output.WriteLine(lines);
        Match stopped = Stopped().Match(log, log.IndexOf($"vm {guest}: stopped: ", StringComparison.Ordinal) is >= 0 and int at ? at : log.Length);
        Assert.True(stopped.Success, $"the guest {guest} did not come to an end; what it said:\n{lines}");
        var outcome = (Outcome)int.Parse(stopped.Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.True(outcome is Outcome.Success or Outcome.Skip, $"{outcome}:\n{lines}");
    }

    /// <summary>No emulator speculates: this shows that the hooks of the world switch leave the guest's registers alone.</summary>
    [Theory]
    [InlineData("off", 0)]
    [InlineData("all", 0x9C4)]
    public async Task They_pass_with_every_mitigation_and_with_none(string mitigations, int hooks)
    {
        TestVm[] guests = [new TestVm("apic"), new TestVm("strings")];
        await using Machine machine = Machine.Start(TestVms.Options("poweroff", guests) with { CommandLine = $"mitigations={mitigations}" });
        await machine.WaitForLine("all machines have stopped: power off");
        Assert.Contains($"speculation: hooks 0x{hooks:x}", machine.Log, StringComparison.Ordinal);
        foreach (TestVm guest in guests)
            Assert.Contains($"vm {guest.Name}: stopped: exit code 0\n", machine.Log, StringComparison.Ordinal);
    }

    /// <summary>Alone on fewer processors than it has, so that its own wait for each other.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(8, 2)]
    public async Task Processors_reach_each_other_however_many_there_are(int cpus, int processors)
    {
        await using Machine machine = Machine.Start(TestVms.Options("poweroff", new TestVm("ipi") { Cpus = cpus }) with { Processors = processors });
        await machine.WaitForLine("all machines have stopped: power off");
        Assert.Matches("vm ipi: stopped: exit code [01]\n", machine.Log);
        if (processors == 1 && cpus > 1)
            Assert.Contains("ipi| KVM: steal time and TLB flush: Success\n", machine.Log, StringComparison.Ordinal);
    }

    /// <summary>QEMU's processors stop between two instructions of whatever they run, and must go on there.</summary>
    [Fact]
    public async Task Each_interrupt_is_delivered_once_however_often_the_machine_stops()
    {
        using Monitor monitor = new();
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("deliveries")) with { ExtraArguments = monitor.Arguments });
        await machine.WaitForLine("deliveries: begin");
        Task<string> stopped = machine.WaitForLine("vm deliveries: stopped: ");
        while (!stopped.IsCompleted)
        {
            await monitor.Do("stop", CancellationToken.None);
            await monitor.Do("cont", CancellationToken.None);
        }
        Assert.EndsWith("exit code 0", await stopped, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Set", "Long")]
    [InlineData(64, 2)]
    public Task As_many_processors_as_there_can_be_reach_each_other(int cpus, int processors) =>
        Processors_reach_each_other_however_many_there_are(cpus, processors);

    [Fact]
    public async Task A_triple_fault_stops_the_guest_in_any_mode()
    {
        TestVm[] guests = [.. "plsr".Select(mode => new TestVm($"triple-{mode}") { Guest = "triple", CommandLine = $"{mode}" })];
        await using Machine machine = Machine.Start(TestVms.Options("poweroff", guests));
        await machine.WaitForLine("all machines have stopped: power off");
        foreach (TestVm guest in guests)
            Assert.Contains($"vm {guest.Name}: stopped: triple fault\n", machine.Log, StringComparison.Ordinal);
    }

    private static IEnumerable<TestVm> GuestsOf(Conforming machine)
    {
        string[] beyond = machine switch
        {
            Conforming.BochsSvm => [.. BochsTests.GuestsBeyondSvm, .. BochsTests.GuestsBeyondTimeSlices],
            Conforming.BochsSvm2 => BochsTests.GuestsBeyondSvm,
            Conforming.BochsVmx => [.. BochsTests.GuestsBeyondVmx, .. BochsTests.GuestsBeyondVirtualInterrupts, .. BochsTests.GuestsBeyondTimeSlices],
            Conforming.BochsVmx2 => [.. BochsTests.GuestsBeyondVmx, .. BochsTests.GuestsBeyondVirtualInterrupts],
            Conforming.BochsVmxWithoutApic2 => BochsTests.GuestsBeyondVmx,
            _ => [],
        };
        return Guests.Where(guest => !beyond.Contains(guest.Name)).Select(guest => machine == Conforming.BochsVmx2 && guest.Name == "clocks" ? s_scaled : guest);
    }

    // Guests that do not come to an end cost the others nothing: what there is is judged.
    private static async Task<string> RunAll(Conforming conforming)
    {
        MachineOptions plain = TestVms.Options("poweroff", [.. GuestsOf(conforming)]) with { Processors = 2, MemoryMiB = 1536 };
        MachineOptions options = conforming switch
        {
            Conforming.BochsSvm => plain.InBochs(BochsTests.Svm, 1),
            Conforming.BochsSvm2 => plain.InBochs(BochsTests.Svm, 2),
            Conforming.BochsVmx => plain.InBochs(BochsTests.Vmx, 1) with { CommandLine = "apicv=on" },
            Conforming.BochsVmx2 => plain.InBochs(BochsTests.Vmx, 2) with { CommandLine = "apicv=on" },
            Conforming.BochsVmxWithoutApic2 => plain.InBochs(BochsTests.VmxWithoutApic, 2),
            _ => plain,
        };
        await using Machine machine = Machine.Start(options, $"{conforming}");
        try
        {
            await machine.WaitForLine("all machines have stopped");
        }
        catch (Xunit.Sdk.XunitException)
        {
        }
        return machine.Log;
    }

    // In the words of a host, so that both kinds are judged alike.
    private static async Task<string> RunAlone(string guest)
    {
        await using Machine machine = Machine.Start(
            new MachineOptions
            {
                Boot = BootKind.Bare, Kernel = Workspace.Guest(guest), MemoryMiB = 256, Processors = Guests.Single(vm => vm.Name == guest).Cpus,
            },
            $"{Conforming.Emulator}-{guest}");
        int code = await machine.WaitForExit();
        return $"{string.Concat(machine.Log.Split('\n').Select(line => $"{guest}| {line}\n"))}vm {guest}: stopped: exit code {code >> 1}\n";
    }

    [GeneratedRegex(@"\Gvm \w+: stopped: exit code (\d+)")]
    private static partial Regex Stopped();
}
