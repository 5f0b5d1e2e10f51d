using System.Text.RegularExpressions;
using HyperOS.Core;

namespace HyperOS.Tests.Boot;

/// <summary>
/// Faults made in the host's own code, in the test kernel: while it serves a guest they stop that guest with a report, and a guest beside it
/// goes on and stays right; in the host's own state they stop the host with a report.
/// </summary>
public partial class FaultTests
{
    private const int WorkerMiB = 32, VictimMiB = 32;

    private static readonly TestVm s_worker = new("worker") { Memory = $"{WorkerMiB}MiB" };

    // How often the place is passed before it fails: where a guest that runs comes often, not at once.
    private static readonly Dictionary<FaultPlace, int> s_served = new()
    {
        [FaultPlace.CpuidPolicy] = 2, [FaultPlace.MsrPolicy] = 2, [FaultPlace.ControlRegisterPolicy] = 2, [FaultPlace.ExitDecoder] = 50,
        [FaultPlace.InstructionDecoder] = 1, [FaultPlace.StringInstruction] = 2, [FaultPlace.PageWalk] = 1, [FaultPlace.NestedFault] = 2,
        [FaultPlace.GuestMemory] = 3, [FaultPlace.LocalApic] = 5, [FaultPlace.LocalApicTimer] = 1, [FaultPlace.ExtendedState] = 1,
        [FaultPlace.Uart] = 20, [FaultPlace.Pit] = 2, [FaultPlace.Rtc] = 2, [FaultPlace.Pic] = 2, [FaultPlace.IoApic] = 2, [FaultPlace.FirmwareConfig] = 2,
        [FaultPlace.AcpiPowerManagement] = 2, [FaultPlace.TestExit] = 1, [FaultPlace.BoardTimers] = 1, [FaultPlace.ConsoleOutput] = 1,
        [FaultPlace.Obituary] = 1,
        [FaultPlace.PciConfiguration] = 2, [FaultPlace.MsixTable] = 3, [FaultPlace.MsixMessage] = 2, [FaultPlace.VirtioRegisters] = 12,
        [FaultPlace.QueueService] = 2, [FaultPlace.Virtqueue] = 2, [FaultPlace.VirtqueueUse] = 2, [FaultPlace.GuestBuffers] = 3, [FaultPlace.Disk] = 1,
    };

    private static readonly FaultPlace[] s_building = [FaultPlace.Definition, FaultPlace.Loader, FaultPlace.AcpiTables, FaultPlace.ImageCopy];

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(4, 3)]
    public Task A_fault_while_a_guest_is_served_stops_that_guest_alone(int processors, int firstKind) =>
        StopsThatGuestAlone(options => options with { Processors = processors }, firstKind);

    /// <summary>Makes every place fail in a guest of its own, beside one that works, on a machine that is made of the options given.</summary>
    /// <param name="spared">Places that guests do not come to on this machine.</param>
    internal static async Task StopsThatGuestAlone(Func<MachineOptions, MachineOptions> shape, int firstKind, params FaultPlace[] spared)
    {
        FaultPlace[] served = [.. s_served.Keys.Except(spared)], places = [.. served, .. s_building];
        List<string> faults = [.. places.Select(place => Fault(place, s_served.GetValueOrDefault(place, 1), KindAt(place, firstKind), NameOf(place)))];
        faults.Add(Fault(FaultPlace.Uart, 30, FaultKind.IndexOutOfRange, NameOf(FaultPlace.Obituary)));
        TestVm[] victims =
        [
            .. places.Select(place => new TestVm(NameOf(place)) { Guest = GuestFor(place), Memory = $"{VictimMiB}MiB", Disks = DisksFor(place) }),
        ];
        await using Machine machine = Machine.Start(shape(TestVms.Options([s_worker, .. victims]) with
        {
            MemoryMiB = 256 + (victims.Length + 1) * VictimMiB, HasFaultPoints = true, CommandLine = "panic=0 fault=" + string.Join(',', faults),
        }));
        int before = int.Parse(FreeAtStart().Match(await machine.WaitForLine("node(s)")).Groups[1].Value);
        await machine.WaitForAll([.. s_building.Select(place => $"vm {NameOf(place)}: refused: a fault in the host while building it")]);
        await machine.WaitForAll([.. served.Select(place => $"vm {NameOf(place)}: stopped: killed: a fault in the host while serving it")]);
        Assert.All(places, place => AssertReported(machine.Log, place, KindAt(place, firstKind)));

        // What they had is free again, the last's after its last line; the worker goes on, and is right.
        int after = 0;
        while (after < before - WorkerMiB - 8)
            after = int.Parse(FreeAfterStop().Match(await machine.WaitForLine(FreeAfterStop())).Groups[1].Value);
        Assert.InRange(after, 0, before);
        for (int round = 0; round < 3; round++)
            await machine.WaitForLine("worker| round");
        Assert.DoesNotContain("worker| FAIL", machine.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("vm worker: stopped", machine.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("panic: ", machine.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, FaultKind.NullReference)]
    [InlineData(2, FaultKind.StackOverflow)]
    public async Task A_fault_while_the_console_feeds_a_guest_stops_that_guest(int processors, FaultKind kind)
    {
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("halt"), s_worker) with
        {
            Processors = processors, HasFaultPoints = true, CommandLine = "panic=0 fault=" + Fault(FaultPlace.ConsoleInput, 1, kind, "halt"),
        });
        await machine.WaitForAll("halt| halted", "worker| round");
        await machine.Type("x");
        await machine.WaitForLine("vm halt: stopped: killed: a fault in the host while serving it");
        await machine.WaitForLine("worker| round");
        await machine.Type("y");
        await machine.WaitForLine("worker| round");
        Assert.DoesNotContain("panic: ", machine.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultPlace.FrameDelivery, FaultKind.IndexOutOfRange)]
    [InlineData(FaultPlace.FrameReceive, FaultKind.StackOverflow)]
    public async Task A_fault_while_a_guest_is_sent_frames_stops_that_guest_and_its_sender_goes_on(FaultPlace place, FaultKind kind)
    {
        await using Machine machine = Machine.Start(Network(Fault(place, 50, kind, "receiver")));
        await machine.WaitForLine("vm receiver: fault: " + Words(kind));
        await machine.WaitForLine("vm receiver: stopped: killed: a fault in the host while serving it");
        await machine.WaitForLine("sender| 10.0.0.1: all 500 answered");
        await machine.WaitForLine("sender| 10.0.0.1: all 500 answered");
        Assert.DoesNotContain("10.0.0.1: LOST", machine.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("panic: ", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fault_while_a_guest_sends_frames_stops_that_guest_and_its_network_goes_on()
    {
        await using Machine machine = Machine.Start(Network(Fault(FaultPlace.FrameInspection, 50, FaultKind.DivideByZero, "receiver")));
        await machine.WaitForLine("vm receiver: fault: " + Words(FaultKind.DivideByZero));
        await machine.WaitForLine("vm receiver: stopped: killed: a fault in the host while serving it");
        await machine.WaitForLine("sender| 10.0.0.1: all 500 answered");
        Assert.DoesNotContain("panic: ", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fault_under_a_switchs_lock_stops_the_host_with_a_report()
    {
        await using Machine machine = Machine.Start(Network(Fault(FaultPlace.Switch, 50, FaultKind.Overflow, "sender")));
        await machine.WaitForLine($"panic: {Words(FaultKind.Overflow)}");
        await machine.WaitForLine("  holds a lock of rank Switch");
        Assert.Equal(0, await machine.WaitForExit());
    }

    // A guest that sends to two others.
    private static MachineOptions Network(string fault)
    {
        TestVm sender = TestVms.Station("sender", 2, "sender", 1);
        return TestVms.OnNetwork(
            "{ name: web }", TestVms.Station("receiver", 3, "listener", 2), TestVms.Station("server", 1, "listener", 2),
            sender with { CommandLine = sender.CommandLine + " neighbour=10.0.0.3" }) with { HasFaultPoints = true, CommandLine = "panic=0 fault=" + fault };
    }

    [Theory]
    [InlineData(FaultPlace.Scheduler, 40, FaultKind.IndexOutOfRange, "", 2)]
    [InlineData(FaultPlace.FrameAllocator, 3, FaultKind.NullReference, "everything", 1)]
    [InlineData(FaultPlace.FrameAllocator, 3, FaultKind.StackOverflow, "everything", 2)]
    [InlineData(FaultPlace.AddressSpace, 3, FaultKind.InvalidCast, "everything", 2)]
    [InlineData(FaultPlace.Log, 1, FaultKind.Overflow, "everything", 1)]
    [InlineData(FaultPlace.TimerInterrupt, 3, FaultKind.DivideByZero, "", 2)]
    [InlineData(FaultPlace.TimerInterrupt, 3, FaultKind.StackOverflow, "", 1)]
    [InlineData(FaultPlace.TakingApart, 1, FaultKind.NullReference, "", 2)]
    public async Task A_fault_in_the_hosts_own_state_stops_the_host_with_a_report(FaultPlace place, int count, FaultKind kind, string vm, int processors)
    {
        string first = Fault(FaultPlace.Uart, 100, FaultKind.Overflow, "everything"); // so that the log is used in its name, and it is taken apart
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("everything") { Memory = "32MiB" }, s_worker) with
        {
            Processors = processors, HasFaultPoints = true, CommandLine = $"panic=0 fault={Fault(place, count, kind, vm)},{first}",
        });
        await machine.WaitForLine($"panic: {Words(kind)}");
        Assert.Equal(0, await machine.WaitForExit());
        string report = machine.Log[machine.Log.IndexOf("panic: ", StringComparison.Ordinal)..];
        Assert.Contains("HyperOS.Startup.FaultInjection.", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fault_in_the_report_of_a_fault_stops_the_host_which_halts_if_told_so()
    {
        string faults = Fault(FaultPlace.Pit, 1, FaultKind.Overflow, "everything") + "," + Fault(FaultPlace.FaultReport, 1, FaultKind.IndexOutOfRange, "everything");
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("everything") { Memory = "32MiB" }) with
        {
            HasFaultPoints = true, CommandLine = $"panic=halt fault={faults}",
        });
        await machine.WaitForLine("panic: index out of range");
        await machine.WaitForLine("  halted");
        Assert.True(machine.IsRunning);
    }

    [Fact]
    public void The_kernel_of_the_product_has_no_fault_points()
    {
        Assert.True(File.ReadAllBytes(Workspace.KernelWithFaultPoints).AsSpan().IndexOf("FaultInjection"u8) >= 0);
        ReadOnlySpan<byte> product = File.ReadAllBytes(Workspace.Kernel);
        Assert.True(product.IndexOf("FaultInjection"u8) < 0 && product.IndexOf("FaultPoint"u8) < 0);
    }

    // A report names the guest, says what failed and where the host was.
    private static void AssertReported(string log, FaultPlace place, FaultKind kind)
    {
        string head = $"vm {NameOf(place)}: fault: {Words(kind)}";
        int at = log.IndexOf(head, StringComparison.Ordinal);
        Assert.True(at >= 0, $"no \"{head}\"");
        string trace = log.Substring(at, Math.Min(1000, log.Length - at));
        Assert.Contains("FaultInjection", trace, StringComparison.Ordinal);
        if (s_served.ContainsKey(place) && place != FaultPlace.Obituary)
            Assert.Contains($"vm {NameOf(place)}: last exit: ", log, StringComparison.Ordinal);
    }

    private static string Fault(FaultPlace place, int count, FaultKind kind, string vm) => $"{(int)place}:{count}:{(int)kind}:{vm}".TrimEnd(':');

    private static FaultKind KindAt(FaultPlace place, int first) => (FaultKind)(((int)place + first) % ((int)FaultKind.StackOverflow + 1));

    // The console may come for a guest's output only when the guest has ended: this one does not end.
    private static string GuestFor(FaultPlace place) =>
        place == FaultPlace.ConsoleOutput ? "halt" : IsOfVirtio(place) ? "virtio" : "everything";

    private static string[] DisksFor(FaultPlace place) => IsOfVirtio(place) ? ["name: data, size: 64KiB"] : [];

    private static bool IsOfVirtio(FaultPlace place) => place is >= FaultPlace.PciConfiguration and <= FaultPlace.Disk;

    private static string NameOf(FaultPlace place) => place.ToString().ToLowerInvariant();

    private static string Words(FaultKind kind) => kind switch
    {
        FaultKind.IndexOutOfRange => "index out of range",
        FaultKind.NullReference => "null reference",
        FaultKind.Overflow => "arithmetic overflow",
        FaultKind.DivideByZero => "division",
        FaultKind.InvalidCast => "invalid cast",
        _ => "stack overflow",
    };

    [GeneratedRegex(@"memory: \d+ MiB, (\d+) MiB free")]
    private static partial Regex FreeAtStart();

    [GeneratedRegex(@"memory: (\d+) MiB free, the kernel holds")]
    private static partial Regex FreeAfterStop();
}
