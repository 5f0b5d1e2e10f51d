namespace HyperOS.Tests.Boot;

/// <summary>What lasts on the host's disks, and what the host leaves alone there: docs/storage.md.</summary>
public class VolumeTests
{
    private const int MegaBytes = 64;

    [Theory]
    [InlineData("virtio-blk-pci")]
    [InlineData("nvme,serial=S")]
    [InlineData("ide-hd,bus=ide.2")]
    public async Task What_a_guest_has_flushed_outlasts_a_power_cut_of_the_host(string device)
    {
        string name = device.Split(',')[0];
        PhysicalDisk disk = new(MegaBytes);
        await using (Machine machine = Start($"{name}-before", disk.Attach(device)))
        {
            await machine.WaitForLine("storage: disk0 is set up for volumes");
            await machine.WaitForLine("storage: linux/data is made: 8 MiB");
            await machine.WaitForLine("volume: written");
        }
        await using Machine again = Start($"{name}-after", disk.Attach(device));
        await again.WaitForLine("storage: disk0 holds 1 volume(s)");
        await again.WaitForLine("volume: found again");
        await again.WaitForLine("vm linux: stopped: power off");
    }

    [Fact]
    public async Task A_disk_of_somebody_else_is_written_only_once_it_is_adopted()
    {
        PhysicalDisk disk = new(MegaBytes);
        byte[] sector = new byte[512];
        (sector[510], sector[511]) = (0x55, 0xAA);
        await File.WriteAllBytesAsync(disk.Path, [.. sector, .. new byte[MegaBytes * 1024 * 1024 - sector.Length]]);
        await using Machine machine = Start("foreign", disk.Attach("virtio-blk-pci"));
        await machine.WaitForLine("storage: disk0 is not used: it holds an MBR partition table or boot sector");
        await machine.WaitForLine("vm linux: refused: there is no disk that its volumes could be on");
        Assert.Equal(sector, (await File.ReadAllBytesAsync(disk.Path))[..sector.Length]);
        await machine.Type($"{Machine.HostKey}adopt disk0\n");
        await machine.WaitForLine("storage: linux/data is made: 8 MiB");
        await machine.Type($"{Machine.HostKey}start linux\n");
        await machine.WaitForLine("volume: written");
    }

    [Fact]
    public async Task Without_a_disk_the_host_runs_from_its_memory_and_says_so()
    {
        await using Machine machine = Start("none", []);
        await machine.WaitForLine("storage: no disk: what is to last lies in the host's RAM, and ends with it");
        await machine.WaitForLine("volume: written");
    }

    private static Machine Start(string name, string[] disks) => Machine.Start(TestVms.Options(TestVms.Linux with
    {
        Initrd = Workspace.InitrdWithDrivers("volume"),
        CommandLine = $"{TestVms.Linux.CommandLine} quiet",
        Disks = ["name: data, size: 8MiB, volume: true"],
    }) with { Processors = 2, ExtraArguments = disks }, test: $"volumes-{name}");
}
