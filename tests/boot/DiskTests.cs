using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>Disks as Debian's stock cloud kernel and its own driver see them: tests/guests/disks.sh.</summary>
public partial class DiskTests
{
    private const int ImageLength = 3_000_001;

    [Fact]
    public async Task They_hold_what_was_written_until_the_host_ends_and_give_back_what_was_discarded()
    {
        await using Machine machine = Machine.Start(Options() with { Processors = 2 });
        await machine.WaitForLine("vm disks: stopped: reset");
        int before = await FreeMiB(machine);
        await machine.WaitForLine("disks: ends, 0 complaints");
        await machine.WaitForLine("vm disks: stopped: power off");
        Assert.InRange(await FreeMiB(machine) - before, 40, 64);
        Assert.DoesNotContain("WRONG", machine.Log, StringComparison.Ordinal);
        Assert.Equal(37, Rights().Count(machine.Log));
    }

    // Disks for tests/guests/disks.sh.
    private static MachineOptions Options()
    {
        byte[] image = new byte[ImageLength];
        new Random(1).NextBytes(image);
        string directory = Directory.CreateDirectory(Path.Combine(Workspace.Root, "out/guests")).FullName;
        File.WriteAllBytes(Path.Combine(directory, "disk.raw"), image);
        return TestVms.Options(TestVms.Linux with
        {
            Name = "disks",
            Initrd = Workspace.InitrdWithDrivers("disks"),
            CommandLine = $"{TestVms.Linux.CommandLine} quiet imagelength={ImageLength} imagesha256={Convert.ToHexStringLower(SHA256.HashData(image))}",
            Cpus = 2,
            Restart = "onFailure",
            Disks =
            [
                "name: root, size: 64MiB", "name: data, image: guests/disk.raw, size: 16MiB", "name: cd, image: guests/disk.raw, readOnly: true",
                "name: big, size: 2GiB",
            ],
        });
    }

    private static async Task<int> FreeMiB(Machine machine) =>
        int.Parse(Free().Match(await machine.WaitForLine("MiB free, the kernel holds")).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(\d+) MiB free, the kernel")]
    private static partial Regex Free();

    [GeneratedRegex(@"disks\| disks: .* right")]
    private static partial Regex Rights();
}
