using System.Globalization;
using System.Text.RegularExpressions;
using HyperOS.Core;
using Xunit.Abstractions;

namespace HyperOS.Tests.Boot;

/// <summary>What only Bochs has: Intel's processors, and more of SVM than QEMU.</summary>
[Collection("Bochs")]
public partial class BochsTests(ITestOutputHelper output)
{
    /// <summary>An AMD processor whose SVM has next RIPs, flushes by ASID and LBR virtualization.</summary>
    internal const string Svm = "ryzen";

    /// <summary>An Intel processor with all of VT-x that Bochs has.</summary>
    internal const string Vmx = "corei7_skylake_x";

    /// <summary>An Intel processor whose VT-x leaves the local APIC to software.</summary>
    internal const string VmxWithoutApic = "corei7_sandy_bridge_2600k";

    /// <summary>Guests that need what Bochs' SVM lacks: docs/decisions.md, "Two emulators".</summary>
    internal static readonly string[] GuestsBeyondSvm = ["debug", "events", "exceptions", "ipi", "modes", "nmi", "policy", "strings"];

    /// <summary>A guest that only another one with NMIs can disturb: Bochs' VT-x mixes up which of them has its NMIs blocked.</summary>
    internal static readonly string[] GuestsBeyondVmx = ["nmi"];

    /// <summary>Guests that need what Bochs' virtual-interrupt delivery lacks: docs/decisions.md, "Two emulators".</summary>
    internal static readonly string[] GuestsBeyondVirtualInterrupts = ["exceptions"];

    /// <summary>Guests that look at a clock which must not run on for a time slice of all the others.</summary>
    internal static readonly string[] GuestsBeyondTimeSlices = ["clocks", "timers"];

    /// <summary>AMD APM vol. 3, "CPUID Fn8000_000A_EDX": what QEMU has not.</summary>
    [Flags]
    private enum SvmFeatures
    {
        LbrVirt = 1 << 1,
        NRIPS = 1 << 3,
        FlushByAsid = 1 << 6,
    }

    public static TheoryData<ConformanceTests.Conforming, string> Runs => ConformanceTests.RunsOn(
        ConformanceTests.Conforming.BochsSvm, ConformanceTests.Conforming.BochsSvm2, ConformanceTests.Conforming.BochsVmx, ConformanceTests.Conforming.BochsVmx2,
        ConformanceTests.Conforming.BochsVmxWithoutApic2);

    [Theory]
    [MemberData(nameof(Runs))]
    public Task The_machine_is_what_the_manuals_say(ConformanceTests.Conforming machine, string guest) => ConformanceTests.Judge(machine, guest, output);

    [Fact]
    public async Task NMIs_come_as_the_manuals_say()
    {
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("nmi") { Memory = "256MiB" }).InBochs(VmxWithoutApic, 1));
        Assert.Matches("stopped: exit code [01]$", await machine.WaitForLine("vm nmi: stopped: "));
    }

    [Theory]
    [InlineData(Svm, 1)]
    [InlineData(Vmx, 2)]
    public Task Linux_boots_to_a_shell_that_answers_and_powers_off(string model, int processors) =>
        LinuxTests.BootsToAShell(TestVms.Options(TestVms.Linux).InBochs(model, processors), "tsc");

    [Fact]
    [Trait("Set", "Long")]
    public Task A_paused_guest_stands_still_and_its_clocks_with_it() =>
        PowerTests.StandsStill(TestVms.Options(PowerTests.Guest with { Cpus = 2 }).InBochs(Vmx, 2));

    [Fact]
    [Trait("Set", "Long")]
    public Task Memory_comes_and_goes_and_the_guests_data_stay_right() =>
        BalloonTests.ComesAndGoes(TestVms.Options(BalloonTests.Guest with { Cpus = 2 }, BalloonTests.Other).InBochs(Vmx, 2));

    [Fact]
    public Task Memory_in_whole_GiB_keeps_what_is_written() => HugePageTests.InBochs();

    [Theory]
    [Trait("Set", "Long")]
    [InlineData(Svm, 2)]
    [InlineData(Vmx, 1)]
    public Task Linux_boots_on_the_other_numbers_of_processors_as_well(string model, int processors) =>
        LinuxTests.BootsToAShell(TestVms.Options(TestVms.Linux).InBochs(model, processors), "tsc");

    [Theory]
    [InlineData("core2_penryn_t9600", "vmx: no guests can run: the processor has VMX without EPT")]
    [InlineData("corei5_lynnfield_750", "vmx: no guests can run: the processor has VMX without unrestricted guest")]
    [InlineData("turion64_tyler", "svm: no guests can run: the processor has SVM without nested paging")]
    public async Task A_processor_that_cannot_run_guests_is_named_and_the_host_stays_up(string model, string reason)
    {
        await using Machine machine = Machine.Start(VmTests.Hello.InBochs(model, 2));
        await machine.WaitForAll(reason, "hyperos: ready", "vm hello: refused: this processor cannot run guests");
        Assert.Single(Regex.Matches(machine.Log, "no guests can run"));
        Assert.True(machine.IsRunning);
    }

    [Theory]
    [InlineData(1, "vmx: no guests can run: IA32_FEATURE_CONTROL is locked with VMX off")]
    [InlineData(3, "vmx: no guests can run: IA32_FEATURE_CONTROL is locked with VMX inside SMX alone")]
    public async Task Firmware_that_locks_VMX_off_is_named_and_the_host_stays_up(byte featureControl, string reason)
    {
        await using Machine machine = Machine.Start(VmTests.Hello.InBochs(Vmx, 2) with { TamperFirmware = bios => SetFeatureControl(bios, featureControl) });
        await machine.WaitForAll(reason, "hyperos: ready", "vm hello: refused: this processor cannot run guests");
        Assert.Single(Regex.Matches(machine.Log, "no guests can run"));
        Assert.True(machine.IsRunning);
    }

    [Theory]
    [InlineData(Svm, "hello", "exit code 0")]
    [InlineData(Vmx, "hello", "exit code 0")]
    [InlineData(Vmx, "triple", "triple fault")]
    public async Task The_host_powers_off_with_its_last_line_said(string model, string guest, string reason)
    {
        await using Machine machine = Machine.Start(TestVms.Options("poweroff", new TestVm(guest)).InBochs(model, 2));
        Assert.Equal(0, await machine.WaitForExit());
        Assert.Contains($"vm {guest}: stopped: {reason}\n", machine.Log, StringComparison.Ordinal);
        Assert.EndsWith("hyperos: all machines have stopped: power off\n", machine.Log, StringComparison.Ordinal);
    }

    /// <summary>Most writes to CR0 and CR4 make no exit here.</summary>
    [Fact]
    public Task A_fault_while_a_guest_is_served_stops_that_guest_alone() =>
        FaultTests.StopsThatGuestAlone(options => options.InBochs(Vmx, 2), 2, FaultPlace.ControlRegisterPolicy);

    [Fact]
    [Trait("Set", "Long")]
    public async Task A_guest_on_VT_x_gets_a_lease_and_a_file_outside_by_the_hosts_card()
    {
        await using OutsideServer outside = new();
        await using Machine machine = Machine.Start(
            TestVms.OnNetworks("{ name: lan, uplinks: [ nic0 ], portGroups: [ { name: web } ] }", TestVms.Caller("caller", outside.Address)).InBochs(Vmx, 1) with
            {
                ExtraArguments = ["-n"],
            });
        await machine.WaitForLine("nic0: Intel 82540EM");
        await machine.WaitForLine("caller| leased 10.0.2.15/24");
        Assert.EndsWith($"1: {OutsideServer.Sha256(1)}  -", await machine.WaitForLine("caller| fetched 1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SVM_offers_what_QEMU_lacks()
    {
        await using Machine machine = Machine.Start(new MachineOptions().InBochs(Svm, 1));
        Match features = FeaturesLine().Match(await machine.WaitForLine("svm: revision 1, "));
        const SvmFeatures Wanted = SvmFeatures.LbrVirt | SvmFeatures.NRIPS | SvmFeatures.FlushByAsid;
        Assert.Equal(Wanted, (SvmFeatures)int.Parse(features.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & Wanted);
    }

    // The BIOS sets lock and enable bits of IA32_FEATURE_CONTROL (3AH) on each processor: RDMSR, OR EAX, 5, WRMSR, once in protected mode, and once in
    // real mode with prefixes.
    private static void SetFeatureControl(byte[] bios, byte value)
    {
        byte[][] forms = [[0xB9, 0x3A, 0, 0, 0, 0x0F, 0x32, 0x83, 0xC8, 5, 0x0F, 0x30], [0xB9, 0x3A, 0, 0, 0, 0x0F, 0x32, 0x66, 0x83, 0xC8, 5, 0x0F, 0x30]];
        foreach (byte[] form in forms)
        {
            int at = bios.AsSpan().IndexOf(form);
            Assert.True(at >= 0, "the BIOS does not set IA32_FEATURE_CONTROL as it did");
            bios[at + form.Length - 3] = value;
        }
    }

    [GeneratedRegex(@"features 0x([0-9a-f]+)$")]
    private static partial Regex FeaturesLine();
}
