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

    [GeneratedRegex(@"^\[ *\d+\.\d{6}\] hyperos: ready$")]
    private static partial Regex ReadyLine();
}
