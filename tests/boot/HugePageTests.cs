using System.Globalization;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>Guests whose memory lies in whole GiB.</summary>
public partial class HugePageTests
{
    private const string Pages = "memoryPages: 1GiB";

    // Each block of 2 MiB for itself would be 512 nested faults.
    private const int MostFaults = 100;

    private static readonly TestVm s_guest = new("memory") { Memory = "1GiB", More = Pages };

    /// <summary>The host has one GiB that nothing else lies in: the second guest gets it when the first has stopped.</summary>
    [Theory]
    [InlineData("EPYC", "1 GiB")]
    [InlineData("EPYC,-pdpe1gb", "2 MiB, for the processor has none of 1 GiB")]
    public async Task They_keep_what_is_written_and_come_back_when_it_stops(string cpu, string leaves)
    {
        await using Machine machine = Machine.Start(
            TestVms.Options(s_guest, new TestVm("hello") { Memory = "1088MiB", More = Pages }) with
            {
                Cpu = cpu, MemoryMiB = 3072, Processors = 2, CommandLine = "exits=1",
            });
        await machine.WaitForLine($"vm memory: memory: 1 GiB in frames of 1 GiB, nested leaves of {leaves}");
        await machine.WaitForLine("vm hello: refused: too few aligned GiB of the host's memory are free in one piece");
        Assert.Equal(leaves == "1 GiB", await Faults(machine) < MostFaults);
        await machine.WaitForLine("MiB free");
        await PowerTests.Ask(machine, "start hello");
        await machine.WaitForLine("vm hello: stopped: exit code 0");
        Assert.DoesNotContain("were not given back", machine.Log, StringComparison.Ordinal);
    }

    /// <summary>Every page is the guest's, and keeps what is written to it.</summary>
    /// <returns>Nested faults on the way.</returns>
    internal static async Task<int> Faults(Machine machine)
    {
        string exits = await machine.WaitForLine("vm memory: exits: ");
        Assert.Matches("stopped: exit code [01]$", await machine.WaitForLine("vm memory: stopped: "));
        Assert.Contains("memory| memory: every page: Success", machine.Log, StringComparison.Ordinal);
        return int.Parse(NestedFaults().Match(exits).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>In Bochs, whose Intel processor has them and wants executable pages of 4 KiB: the GiB with the code is split.</summary>
    internal static async Task InBochs()
    {
        await using Machine machine = Machine.Start(TestVms.Options(s_guest).InBochs(BochsTests.Vmx, 1) with { MemoryMiB = 3072, CommandLine = "exits=1" });
        await machine.WaitForLine("vm memory: memory: 1 GiB in frames of 1 GiB, nested leaves of 1 GiB");
        Assert.InRange(await Faults(machine), 1, MostFaults);
    }

    [GeneratedRegex(@"nested fault (\d+)")]
    private static partial Regex NestedFaults();
}
