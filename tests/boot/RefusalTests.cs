using System.Text.RegularExpressions;
using HyperOS.Abi;

namespace HyperOS.Tests.Boot;

/// <summary>What the host cannot use it refuses by name, without a crash.</summary>
public class RefusalTests
{
    [Fact]
    public async Task A_processor_without_SVM_is_named() => await Refuses(new MachineOptions { Cpu = "EPYC,-svm" }, "SVM");

    [Fact]
    public async Task Too_little_memory_is_named() => await Refuses(new MachineOptions { MemoryMiB = 16 }, "memory");

    [Fact]
    public async Task A_damaged_bundle_is_named_and_the_host_runs_without_it()
    {
        await using Machine machine = Machine.Start(VmTests.Hello with { Tamper = bundle => bundle[BundleHeader.Size + 1] ^= 1 });
        Assert.Contains("bundle", await machine.WaitForLine(new Regex("(?i)bundle.*(hash|sha-256|damaged|invalid|refused)")), StringComparison.OrdinalIgnoreCase);
        await machine.WaitForLine("hyperos: ready");
        Assert.DoesNotContain("vm hello: running", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_kernel_costs_only_the_guest_that_uses_it()
    {
        await using Machine machine = Machine.Start(VmTests.HelloAndHalt with { Tamper = DamageFirstBlob });
        await machine.WaitForLine("hyperos: ready");
        await machine.WaitForLine(new Regex("halt\\| halted"));
        Assert.DoesNotContain("vm hello: running", machine.Log, StringComparison.Ordinal);
        Assert.Matches("vm hello: ", machine.Log);
    }

    private static void DamageFirstBlob(byte[] bundle)
    {
        Assert.True(BundleHeader.TryRead(bundle, out BundleHeader header));
        Assert.True(BundleBlob.TryRead(bundle.AsSpan(BundleHeader.Size + (int)header.DefinitionCount * VmDefinition.Size), out BundleBlob blob));
        bundle[(int)(blob.FileOffset + blob.Length) - 1] ^= 1;
    }

    /// <summary>One line says what is missing; there is no backtrace and no reset before it.</summary>
    private static async Task Refuses(MachineOptions options, string what)
    {
        await using Machine machine = Machine.Start(options);
        await machine.WaitForLine(new Regex($"(?i)\\] .*{what}.*(missing|lacks|not |too |needs|without|no )"));
        Assert.DoesNotContain("  at 0x", machine.Log, StringComparison.Ordinal);
    }
}
