using HyperOS.Abi;
using HyperOS.ImageTool;
using HyperOS.Tests.Unit.Loaders;

namespace HyperOS.Tests.ImageTool;

public sealed class VmFileTests : IDisposable
{
    private const ulong HostMemory = 2ul << 30;

    private readonly SampleFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Every_key_reaches_the_definition()
    {
        VmFile file = Read(SampleFiles.FullVmFile);
        Assert.Empty(file.Errors);
        Assert.Equal(AllStoppedAction.PowerOff, file.OnAllStopped);
        VmDefinition vm = Assert.Single(file.Definitions);
        Assert.Equal("web", VmFile.NameOf(vm));
        Assert.Equal(VmClass.Microvm, vm.Class);
        Assert.Equal(1u, vm.CpuCount);
        Assert.Equal(256ul << 20, vm.MemoryBytes);
        Assert.Equal("vmlinuz", file.Blobs[(int)vm.Kernel].Name);
        Assert.Equal("initrd.img", file.Blobs[(int)vm.Initrd].Name);
        Assert.Equal("console=ttyS0"u8, vm.CommandLine);
        Assert.Equal(VmConsole.Host, vm.Console);
        Assert.Equal(VmDevices.TestExit, vm.Devices);
        Assert.Equal(VmOptions.Autostart, vm.Options);
        Assert.Equal(VmRestart.OnFailure, vm.Restart);
    }

    [Fact]
    public void Only_name_memory_and_kernel_are_needed()
    {
        VmFile file = Read("version: 1\nvms: [ { name: a, memory: 1GiB, boot: { kernel: vmlinuz } } ]");
        Assert.Empty(file.Errors);
        Assert.Equal(AllStoppedAction.Stay, file.OnAllStopped);
        VmDefinition vm = Assert.Single(file.Definitions);
        Assert.Equal(1u, vm.CpuCount);
        Assert.Equal(1ul << 30, vm.MemoryBytes);
        Assert.Equal(VmDefinition.NoBlob, vm.Initrd);
        Assert.Equal(0u, vm.CommandLineLength);
        Assert.Equal(VmConsole.None, vm.Console);
        Assert.Equal(VmOptions.Autostart, vm.Options);
        Assert.Equal(VmRestart.Never, vm.Restart);
    }

    [Theory]
    [InlineData("2400MHz", 2_400_000)]
    [InlineData("3GHz", 3_000_000)]
    [InlineData("2399987kHz", 2_399_987)]
    public void Time_stamp_counters_have_frequencies(string text, uint expected)
    {
        VmFile file = Read(SampleFiles.FullVmFile.Replace("count: 1", $"count: 1, tscFrequency: {text}"));
        Assert.Empty(file.Errors);
        Assert.Equal(expected, Assert.Single(file.Definitions).TscKHz);
    }

    [Fact]
    public void Pages_of_a_GiB_are_an_option()
    {
        VmFile file = Read(SampleFiles.FullVmFile.Replace("memory: 256MiB", "memory: 1088MiB\n    memoryPages: 1GiB"));
        Assert.Empty(file.Errors);
        Assert.Equal(VmOptions.Autostart | VmOptions.HugePages, Assert.Single(file.Definitions).Options);
    }

    [Fact]
    public void Files_of_the_same_content_are_one_blob()
    {
        _files.Add("copy", TestImages.BzImage());
        VmFile file = Read("""
            version: 1
            vms:
              - { name: a, memory: 64MiB, boot: { kernel: vmlinuz } }
              - { name: b, memory: 64MiB, boot: { kernel: copy } }
            """);
        Assert.Empty(file.Errors);
        Assert.Single(file.Blobs);
        Assert.Equal(file.Definitions[0].Kernel, file.Definitions[1].Kernel);
    }

    [Theory]
    [InlineData("memory: 256MiB", "memory: 256MB", "7:13: vms[0].memory: \"256MB\" is no size; write a whole number with its unit, such as 256MiB or 1GiB")]
    [InlineData("memory: 256MiB", "memory: 1MiB", "7:13: vms[0].memory: its memory is less than 2 MiB; write more")]
    [InlineData("memory: 256MiB", "memory: 4GiB", "7:13: vms[0].memory: its memory is more than this host has to give; write less, or name the size of the real machine with --host-memory")]
    [InlineData("memory: 256MiB", "memory: 18446744073709551615GiB", "7:13: vms[0].memory: \"18446744073709551615GiB\" is no size; write a whole number with its unit, such as 256MiB or 1GiB")]
    [InlineData("memory: 256MiB", "memroy: 256MiB", "7:5: vms[0].memroy: unknown key; the keys here are name, class, cpu, memory, memoryPages, boot, console, nics, disks, devices, balloon, autostart, restart, shutdownTimeout")]
    [InlineData("memory: 256MiB", "memroy: 256MiB", "4:5: vms[0].memory: missing; write a whole number with its unit, such as 256MiB or 1GiB")]
    [InlineData("memory: 256MiB", "memory: 256MiB\n    memoryPages: 4KiB", "8:18: vms[0].memoryPages: \"4KiB\" is unknown; write one of 2MiB, 1GiB")]
    [InlineData("memory: 256MiB", "memory: 256MiB\n    memoryPages: 1GiB", "8:18: vms[0].memoryPages: its memory is less than one of its pages of 1 GiB; write 2MiB")]
    [InlineData("memory: 256MiB", "memory: 1GiB\n    balloon: true\n    memoryPages: 1GiB", "9:18: vms[0].memoryPages: a balloon cannot give pages of 1 GiB back; write 2MiB, or leave out the balloon")]
    [InlineData("memory: 256MiB", "memory:", "7:12: vms[0].memory: empty; write a whole number with its unit, such as 256MiB or 1GiB")]
    [InlineData("count: 1", "count: 0", "6:19: vms[0].cpu.count: it has no processor; write 1")]
    [InlineData("count: 1", "count: 1000", "6:19: vms[0].cpu.count: it has more processors than a VM can have; this version gives a VM at most 64")]
    [InlineData("count: 1", "count: 18446744073709551615", "6:19: vms[0].cpu.count: it has more processors than a VM can have; this version gives a VM at most 64")]
    [InlineData("count: 1", "count: -1", "6:19: vms[0].cpu.count: \"-1\" is no whole number; write a number such as 1")]
    [InlineData("count: 1", "count: [ 1 ]", "6:19: vms[0].cpu.count: not a single value; write a number such as 1")]
    [InlineData("{ count: 1 }", "4", "6:10: vms[0].cpu: not a mapping; write keys and values below it: count, shares, limit, pin, tscFrequency")]
    [InlineData("{ count: 1 }", "{}", "6:10: vms[0].cpu.count: missing; write a number such as 1")]
    [InlineData("count: 1", "count: 1, shares: 0", "6:30: vms[0].cpu.shares: its processor shares are not 1 to 1,000,000; 1000 is what a VM has that does not say")]
    [InlineData("count: 1", "count: 1, limit: 150", "6:29: vms[0].cpu.limit: \"150\" is no limit; write per cent of one processor, such as 150%")]
    [InlineData("count: 1", "count: 1, limit: 6500%", "6:29: vms[0].cpu.limit: its processor limit is more than 6,400 %; 100% is one processor; leave it out for no limit")]
    [InlineData("count: 1", "count: 1, pin: [ 64 ]", "6:27: vms[0].cpu.pin: \"64\" is no processor; list the numbers of the host's processors, from 0 on, as in [ 1 ]")]
    [InlineData("count: 1", "count: 1, tscFrequency: 2400", "6:36: vms[0].cpu.tscFrequency: \"2400\" is no frequency; write a whole number with its unit, such as 2400MHz")]
    [InlineData("count: 1", "count: 1, tscFrequency: 5000GHz", "6:36: vms[0].cpu.tscFrequency: \"5000GHz\" is no frequency; write a whole number with its unit, such as 2400MHz")]
    [InlineData("count: 1", "count: 1, tscFrequency: 1MHz", "6:36: vms[0].cpu.tscFrequency: its time-stamp counter's frequency is not 100 MHz to 16 GHz; leave it out for the host's")]
    [InlineData("name: web", "name: Web", "4:11: vms[0].name: its name has characters other than a-z, 0-9 and -; leave them out")]
    [InlineData("name: web", "name: \"\"", "4:11: vms[0].name: its name is not 1 to 32 characters long; choose another")]
    [InlineData("class: microvm", "class: pc", "5:12: vms[0].class: \"pc\" is unknown; write one of microvm")]
    [InlineData("\"console=ttyS0\"", "\"a\\nb\"", "8:59: vms[0].boot.cmdline: its command line has control characters; write it on one line")]
    [InlineData("console: host", "console: vga", "9:14: vms[0].console: \"vga\" is unknown; write one of none, host")]
    [InlineData("[ testExit ]", "[ testExit, gpu ]", "10:14: vms[0].devices: \"gpu\" is unknown; list any of testExit, rng, console, as in [ testExit ]")]
    [InlineData("[ testExit ]", "testExit", "10:14: vms[0].devices: not a list; list any of testExit, rng, console, as in [ testExit ]")]
    [InlineData("autostart: true", "autostart: yes", "11:16: vms[0].autostart: \"yes\" is unknown; write one of true, false")]
    [InlineData("restart: onFailure", "restart: sometimes", "12:14: vms[0].restart: \"sometimes\" is unknown; write one of never, onFailure, always")]
    [InlineData("restart: onFailure", "restart: onFailure\n    balloon: big", "13:14: vms[0].balloon: \"big\" is unknown; write one of true, false")]
    [InlineData("restart: onFailure", "restart: onFailure\n    shutdownTimeout: 60", "13:22: vms[0].shutdownTimeout: \"60\" is no time; write whole seconds, such as 60s")]
    [InlineData("restart: onFailure", "restart: onFailure\n    shutdownTimeout: 0s", "13:22: vms[0].shutdownTimeout: its time to shut down is not 1 s to 1 h; 60s is what a VM has that does not say")]
    [InlineData("onAllStopped: poweroff", "onAllStopped: off", "2:15: onAllStopped: \"off\" is unknown; write one of stay, poweroff, reboot")]
    [InlineData("version: 1", "version: 2", "1:10: version: this version is unknown; write 1")]
    [InlineData("version: 1\n", "", "1:1: version: missing; write 1")]
    [InlineData("kernel: vmlinuz", "kernel: initrd.img", "8:21: vms[0].boot.kernel: initrd.img cannot be started, it is no bzImage, PVH ELF or multiboot1 ELF; give a whole bzImage, PVH ELF or multiboot1 ELF")]
    [InlineData("kernel: vmlinuz, ", "", "8:11: vms[0].boot.kernel: missing; name the guest's kernel file")]
    public void What_is_wrong_is_named_with_its_place_and_remedy(string before, string after, string expected)
    {
        Assert.Contains(before, SampleFiles.FullVmFile);
        VmFile file = Read(SampleFiles.FullVmFile.Replace(before, after));
        Assert.Contains($"{PathOf()}:{expected}", file.Errors.Select(error => error.ToString()));
    }

    [Fact]
    public void A_kernel_that_the_host_would_refuse_is_refused_with_the_hosts_words()
    {
        _files.Add("cut", TestImages.BzImage()[..0x1000]);
        Assert.Equal(
            "cut cannot be started, it is truncated; give a whole bzImage, PVH ELF or multiboot1 ELF",
            Assert.Single(Read(SampleFiles.FullVmFile.Replace("vmlinuz", "cut")).Errors).Message);
        _files.Add("elf", TestImages.Elf(is64Bit: true, hasNote: false));
        Assert.Equal(
            "elf cannot be started, it has neither a PVH entry nor a multiboot1 header; give a whole bzImage, PVH ELF or multiboot1 ELF",
            Assert.Single(Read(SampleFiles.FullVmFile.Replace("vmlinuz", "elf")).Errors).Message);
    }

    [Theory]
    [InlineData("pvh")]
    [InlineData("multiboot")]
    public void ELF_kernels_are_known_by_their_content(string format)
    {
        _files.Add("elf", TestImages.Elf(is64Bit: format == "pvh", hasNote: format == "pvh", hasMultiboot: format == "multiboot"));
        VmFile file = Read(SampleFiles.FullVmFile.Replace("vmlinuz", "elf"));
        Assert.Empty(file.Errors);
        Assert.StartsWith($"elf ({(format == "pvh" ? "PVH" : "multiboot1")} ELF", file.Blobs[0].Describe());
    }

    [Fact]
    public void What_does_not_fit_into_the_guests_memory_is_refused()
    {
        Assert.Equal("7:13: vms[0].memory: vmlinuz cannot be started, it does not fit into the memory; write more", ErrorOf("memory: 8MiB"));
        _files.Add("initrd.img", new byte[40 << 20]);
        Assert.Equal("7:13: vms[0].memory: vmlinuz cannot be started, its initrd does not fit into the memory; write more", ErrorOf("memory: 48MiB"));

        string ErrorOf(string memory) =>
            Assert.Single(Read(SampleFiles.FullVmFile.Replace("memory: 256MiB", memory)).Errors).ToString()[(PathOf().Length + 1)..];
    }

    [Fact]
    public void A_missing_file_is_named_with_its_whole_path()
    {
        VmFile file = Read(SampleFiles.FullVmFile.Replace("vmlinuz", "../nowhere/bzImage"));
        SourceError error = Assert.Single(file.Errors);
        Assert.Equal("vms[0].boot.kernel", error.Key);
        Assert.EndsWith("/../nowhere/bzImage does not exist; paths are relative to the VM file", error.Message);
    }

    [Fact]
    public void Directories_and_empty_files_are_no_initrds()
    {
        Assert.Contains("is a directory", Assert.Single(Read(SampleFiles.FullVmFile.Replace("initrd.img", ".")).Errors).Message);
        _files.Add("empty", []);
        Assert.Contains("is 0 bytes long", Assert.Single(Read(SampleFiles.FullVmFile.Replace("initrd.img", "empty")).Errors).Message);
    }

    [Fact]
    public void The_second_VM_of_a_name_is_refused()
    {
        VmFile file = Read(SampleFiles.FullVmFile + "\n  - { name: web, memory: 64MiB, boot: { kernel: vmlinuz } }");
        Assert.Equal($"{PathOf()}:13:13: vms[1].name: an earlier VM has its name; choose another", Assert.Single(file.Errors).ToString());
    }

    [Fact]
    public void VMs_that_fit_alone_but_not_together_are_refused()
    {
        const string Vms = "version: 1\nvms:\n"
            + "  - { name: a, memory: 1GiB, boot: { kernel: vmlinuz } }\n  - { name: b, memory: 1GiB, boot: { kernel: vmlinuz }, autostart: true }";
        Assert.StartsWith("the VMs that start by themselves and the processes take 2 GiB", Assert.Single(Read(Vms).Errors).Message);
        Assert.Empty(Read(Vms, 3ul << 30).Errors);
        Assert.Empty(Read(Vms.Replace("true", "false")).Errors);
    }

    [Fact]
    public void All_errors_are_found_in_one_run()
    {
        VmFile file = Read("version: 3\nvms:\n  - { name: A, cpu: { count: 0 }, memory: lots, boot: { kernel: gone }, colour: red }\n  - 7");
        Assert.Equal(
            ["version", "vms[0].colour", "vms[0].memory", "vms[0].boot.kernel", "vms[0].name", "vms[0].cpu.count", "vms[1]"],
            file.Errors.Select(error => error.Key));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("version: 1\nvms: []\n---\nversion: 1\nvms: []\n")]
    [InlineData("version: 1\nversion: 1\n")]
    [InlineData("version: [1\n")]
    [InlineData("\t")]
    [InlineData("just words")]
    [InlineData("version: 1\nvms: *nowhere\n")]
    [InlineData("version: 1\nvms: &loop [ *loop ]\n")]
    [InlineData("{ ? { a: b } : c }")]
    [InlineData("version: 1\nvms: { }\n")]
    public void What_is_no_VM_file_is_refused_with_a_place(string yaml)
    {
        SourceError error = Read(yaml).Errors[0];
        Assert.True(error.Line >= 1 && error.Column >= 1, error.ToString());
    }

    [Fact]
    public void A_file_without_VMs_is_allowed() => Assert.Empty(Read("version: 1\nvms: []\n").Errors);

    [Fact]
    public void The_host_keeps_sixteen_MiB_and_a_thousandth()
    {
        Assert.Equal(2029ul << 20, VmFileReader.MemoryForVms(HostMemory));
        Assert.Equal(0ul, VmFileReader.MemoryForVms(1ul << 20));
    }

    private string PathOf() => Path.Combine(_files.Directory, "vms.yaml");

    private VmFile Read(string yaml, ulong hostMemory = HostMemory) => VmFileReader.Read(_files.AddVmFile(yaml), hostMemory);
}
