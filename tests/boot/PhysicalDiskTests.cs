using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>Physical disks, driven by the test kernel with `diskTest=1`, which writes and reads blocks of every size: DiskTest.cs in kernel/Startup.</summary>
public partial class PhysicalDiskTests
{
    private const int MegaBytes = 64;

    [Theory]
    [InlineData("virtio-blk-pci,serial=S-1", "q35", "virtio-blk", "512, MSI-X")]
    [InlineData("virtio-blk-pci,serial=S-1,vectors=0", "q35", "virtio-blk", "512, INTx")]
    [InlineData("virtio-blk-pci-non-transitional,serial=S-1", "pc", "virtio-blk", "512, MSI-X")]
    [InlineData("virtio-blk-pci,serial=S-1,logical_block_size=4096,physical_block_size=4096", "q35", "virtio-blk", "4096, MSI-X")]
    [InlineData("nvme,serial=S-1", "q35", "NVMe", "512, MSI-X")]
    [InlineData("nvme,serial=S-1,logical_block_size=4096,physical_block_size=4096", "q35", "NVMe", "4096, MSI-X")]
    [InlineData("nvme,serial=S-1,mdts=2", "pc", "NVMe", "512, MSI-X")]
    [InlineData("ide-hd,serial=S-1,bus=ide.2", "q35", "AHCI", "512, MSI")]
    public async Task Blocks_of_every_size_hold_what_was_written(string device, string board, string name, string rest)
    {
        PhysicalDisk disk = new(MegaBytes);
        await using Machine machine = Start($"{device}-{board}", ["-machine", board, .. disk.Attach(device)]);
        Assert.Matches($@"disk0: {name} at 00:.*, serial S-1, {MegaBytes} MiB in blocks of {rest} ", await machine.WaitForLine("disk0: "));
        for (int round = 1; round <= 2; round++)
            Assert.EndsWith(" 0 wrong, 0 errors", await machine.WaitForLine($"diskTest: disk0 round {round}: "), StringComparison.Ordinal);
        Assert.DoesNotContain("disk0: does not", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disks_of_every_kind_are_named_in_the_order_of_their_places()
    {
        PhysicalDisk[] disks = [.. Enumerable.Range(0, 5).Select(_ => new PhysicalDisk(MegaBytes))];
        await using Machine machine = Start("all", [
            .. disks[0].Attach("ide-hd,serial=F,bus=ide.3"), .. disks[1].Attach("nvme,serial=C,addr=5"), .. disks[2].Attach("virtio-blk-pci,serial=D,addr=6"),
            .. disks[3].Attach("virtio-blk-pci,serial=B,addr=4"), .. disks[4].Attach("ide-hd,serial=E,bus=ide.1")]);
        string[] serials = ["B", "C", "D", "E", "F"];
        for (int i = 0; i < serials.Length; i++)
            Assert.Contains($", serial {serials[i]}, ", await machine.WaitForLine($"disk{i}: "), StringComparison.Ordinal);
        await machine.WaitForLine("diskTest: 5 disk(s)");
        for (int i = 0; i < serials.Length; i++)
            Assert.EndsWith(" 0 wrong, 0 errors", await machine.WaitForLine($"diskTest: disk{i} round 1: "), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("virtio-blk-pci,rerror=report,werror=report")]
    [InlineData("nvme,serial=S")]
    [InlineData("ide-hd,bus=ide.0,rerror=report,werror=report")]
    public async Task A_disk_with_a_bad_sector_fails_what_touches_it_and_works_on(string device)
    {
        PhysicalDisk disk = new(MegaBytes, errors: "[inject-error]\nevent = \"read_aio\"\nerrno = \"5\"\nsector = \"40\"\n");
        await using Machine machine = Start("bad", [.. disk.Attach(device)]);
        await machine.WaitForLine("disk0: error: ");
        Assert.Matches(ErrorsAlone(), await machine.WaitForLine("diskTest: disk0 round 1: "));
        Assert.Matches(ErrorsAlone(), await machine.WaitForLine("diskTest: disk0 round 2: "));
    }

    [Theory]
    [InlineData("virtio-blk-pci,bus=root0,id=disk")]
    [InlineData("nvme,serial=S,bus=root0,id=disk")]
    public async Task A_disk_that_is_unplugged_fails_and_others_work_on(string device)
    {
        // As for cards, in UplinkTests: nobody but the test ejects it.
        const string SelectBus = "o /w 0xcd0 0", EjectSlot0 = "o /w 0xcc8 1";
        using Monitor monitor = new();
        PhysicalDisk gone = new(MegaBytes), stays = new(MegaBytes);
        await using Machine machine = Start("unplug", [
            .. monitor.Arguments, .. stays.Attach("virtio-blk-pci,addr=3"), "-device", "pcie-root-port,id=root0,chassis=1,addr=8", .. gone.Attach(device)]);
        await machine.WaitForLine("diskTest: disk1 round 1: ");
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(5));
        await monitor.Do("device_del disk", limit.Token);
        await monitor.Do(SelectBus, limit.Token);
        await monitor.Do(EjectSlot0, limit.Token);
        await machine.WaitForLine("disk1: does not answer: unplugged");
        Assert.Contains(", failed", await machine.WaitForLine("diskTest: disk1 round "), StringComparison.Ordinal);
        Assert.EndsWith(" 0 wrong, 0 errors", await machine.WaitForLine("diskTest: disk0 round "), StringComparison.Ordinal);
    }

    private static Machine Start(string name, string[] arguments) => Machine.Start(new MachineOptions
    {
        Processors = 2, HasFaultPoints = true, CommandLine = "panic=0 diskTest=1", ExtraArguments = arguments,
    }, test: $"disks-{name}");

    [GeneratedRegex(@" 0 wrong, [1-9]\d* errors$")]
    private static partial Regex ErrorsAlone();
}
