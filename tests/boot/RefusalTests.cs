using System.Text.RegularExpressions;
using HyperOS.Abi;

namespace HyperOS.Tests.Boot;

/// <summary>What the host cannot use it refuses by name, without a crash.</summary>
public class RefusalTests
{
    [Fact]
    public async Task A_processor_without_SVM_is_named()
    {
        await using Machine machine = Machine.Start(VmTests.Hello with { Cpu = "EPYC,-svm" });
        await machine.WaitForLine(new Regex(@"\] .*SVM"));
        Assert.DoesNotContain("  at 0x", machine.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("vm hello: running", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guest_for_which_there_is_too_little_memory_is_named_and_the_host_runs_without_it()
    {
        MachineOptions options = VmTests.HelloAndHalt;
        string vms = options.Vms!.Replace("name: hello\n    memory: 64MiB", "name: hello\n    memory: 1GiB", StringComparison.Ordinal);
        Assert.NotEqual(options.Vms, vms);
        await using Machine machine = Machine.Start(options with { Vms = vms, MemoryMiB = 256, PlannedMemoryMiB = 2048 });
        await machine.WaitForLine("halt| halted");
        Assert.Matches("vm hello: .*memory", machine.Log);
        Assert.DoesNotContain("vm hello: running", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_bundle_is_named_and_the_host_runs_without_it()
    {
        await using Machine machine = Machine.Start(VmTests.Hello with { Tamper = bundle => bundle[BundleHeader.Size + 1] ^= 1 });
        Assert.Contains("bundle", await machine.WaitForLine("vms: the bundle's tables were tampered with: no machine starts"), StringComparison.OrdinalIgnoreCase);
        await machine.WaitForLine("hyperos: ready");
        Assert.DoesNotContain("vm hello: running", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_kernel_costs_only_the_guest_that_uses_it()
    {
        await using Machine machine = Machine.Start(VmTests.HelloAndHalt with { Tamper = DamageFirstBlob });
        await machine.WaitForLine("hyperos: ready");
        await machine.WaitForLine("halt| halted");
        Assert.DoesNotContain("vm hello: running", machine.Log, StringComparison.Ordinal);
        Assert.Matches("vm hello: ", machine.Log);
    }

    private static void DamageFirstBlob(byte[] bundle)
    {
        Assert.True(BundleHeader.TryRead(bundle, out BundleHeader header));
        Assert.True(BundleBlob.TryRead(bundle.AsSpan(BundleHeader.Size + (int)header.DefinitionCount * VmDefinition.Size), out BundleBlob blob));
        bundle[(int)(blob.FileOffset + blob.Length) - 1] ^= 1;
    }
}
