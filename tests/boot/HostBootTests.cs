using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>The host comes up by every way in, on one and on several processors.</summary>
public partial class HostBootTests
{
    [Theory]
    [InlineData(BootKind.Pvh, 1)]
    [InlineData(BootKind.Pvh, 2)]
    [InlineData(BootKind.Pvh, 4)]
    [InlineData(BootKind.IsoBios, 1)]
    [InlineData(BootKind.IsoBios, 2)]
    [InlineData(BootKind.IsoUefi, 2)]
    [InlineData(BootKind.DiskBios, 2)]
    [InlineData(BootKind.DiskUefi, 2)]
    public async Task The_host_becomes_ready(BootKind boot, int processors)
    {
        await using Machine machine = Machine.Start(new MachineOptions { Boot = boot, Processors = processors });
        Assert.Matches(ReadyLine(), await machine.WaitForLine("hyperos: ready"));
        Assert.DoesNotContain("panic: ", machine.Log, StringComparison.Ordinal);
        Assert.True(machine.IsRunning);
    }

    /// <summary>QEMU's translator has x2APIC from version 8 on; with an older one the host must come up in xAPIC mode all the same.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task All_processors_come_up_in_x2APIC_mode_where_there_is_one(int processors)
    {
        await using Machine machine = Machine.Start(new MachineOptions { Boot = BootKind.Pvh, Processors = processors, Cpu = "EPYC,+x2apic" });
        string line = await machine.WaitForLine($"processors: {processors} running");
        bool offered = !machine.Log.Contains("TCG doesn't support requested feature: CPUID.01H:ECX.x2apic", StringComparison.Ordinal);
        Assert.EndsWith(offered ? ", x2APIC" : ", xAPIC", line, StringComparison.Ordinal);
        await machine.WaitForLine("hyperos: ready");
    }

    [GeneratedRegex(@"^\[ *\d+\.\d{6}\] hyperos: ready$")]
    private static partial Regex ReadyLine();
}
