namespace HyperOS.Tests.Boot;

/// <summary>Debian's other stock kernels, with the drivers of their own packages, at the disk and on the network of a machine.</summary>
public class StockKernelTests
{
    [Theory]
    [InlineData("amd64", "x86_64")]
    [InlineData("686", "i686")]
    public async Task It_reaches_its_shell_and_its_disk_and_network_are_right(string flavour, string architecture)
    {
        (string kernel, string initrd) = Workspace.StockKernel(flavour);
        const string Nic = "{ name: eth0, network: lan, portGroup: web }";
        TestVm stock = TestVms.Linux with
        {
            Kernel = kernel,
            Initrd = initrd,
            CommandLine = "console=ttyS0 quiet panic=-1 address=10.0.0.1/24",
            Cpus = 2,
            Devices = ["rng"],
            Disks = ["name: data, size: 64MiB"],
            Nics = Nic,
        };
        TestVm peer = TestVms.Linux with
        {
            Name = "web",
            Initrd = Workspace.LinuxInitrdWithDrivers,
            CommandLine = "console=ttyS0 quiet panic=-1 hostname=web address=10.0.0.2/24",
            Memory = "128MiB",
            Nics = Nic,
        };
        await using Machine machine = Machine.Start(TestVms.OnNetwork("{ name: web }", stock, peer) with { MemoryMiB = 1024, WaitLimit = TimeSpan.FromMinutes(10) });
        await machine.WaitForAll("web| Welcome to Linux 6", "linux| Welcome to Linux 6");
        await machine.WaitForText("/root # ");
        await LinuxTests.Ask(machine, "uname -m", architecture);
        await LinuxTests.Ask(machine, "nproc", "2");

        // Blocks of many sizes at odd places, past the guest's cache.
        await LinuxTests.Ask(machine, "disk() { dd \"$@\" 2> /dev/null; }; echo defined", "defined");
        await LinuxTests.Ask(machine, "put() { disk if=/dev/urandom of=d bs=$1 count=5; disk if=d of=/dev/vda bs=$1 seek=3 oflag=direct; }; echo defined", "defined");
        await LinuxTests.Ask(machine, "get() { disk if=/dev/vda bs=$1 skip=3 count=5 iflag=direct | cmp - d && echo right; }; echo defined", "defined");
        await LinuxTests.Ask(machine, "for s in 512 1024 1536 4096 4608 7680 65536 130560 524800; do put $s; get $s; done | grep -c right", "9");
        await LinuxTests.Ask(machine, "disk if=/dev/urandom of=d bs=1M count=24; sha256sum < d > sum; wc -c < d", "25165824");
        await LinuxTests.Ask(machine, "disk if=d of=/dev/vda bs=1M seek=5 oflag=direct; sync; echo written", "written");
        await LinuxTests.Ask(machine, "disk if=/dev/vda bs=1M skip=5 count=24 iflag=direct | sha256sum | cmp - sum && echo same", "same");

        await LinuxTests.Ask(machine, "ping -c 5 -q 10.0.0.2 | grep -c ' 0% packet loss'", "1");
        await LinuxTests.Ask(machine, "wget -qO- http://10.0.0.2 | grep -c 'served by web'", "1");
        await LinuxTests.Ask(machine, "dmesg | grep -c 'BUG\\|WARNING: CPU\\|Call Trace\\|unchecked MSR\\|TSC warp\\|I/O error'", "0");
        await machine.Type("poweroff -f\n");
        await machine.WaitForLine("vm linux: stopped: power off");
    }
}
