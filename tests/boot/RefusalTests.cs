using System.Buffers.Binary;
using HyperOS.Abi;

namespace HyperOS.Tests.Boot;

/// <summary>What the host cannot use it refuses by name, without a crash.</summary>
public class RefusalTests
{
    [Theory]
    [InlineData("EPYC,-svm", "does not offer SVM: an AMD processor with AMD-V is needed, and in a virtual machine nested virtualization")]
    [InlineData("EPYC,-npt", "SVM without nested paging")]
    public async Task A_processor_that_cannot_run_guests_is_named_and_the_host_stays_up(string cpu, string reason)
    {
        await using Machine machine = Machine.Start(VmTests.Hello with { Cpu = cpu, Processors = 2 });
        Assert.Contains("svm: no guests can run: ", await machine.WaitForLine(reason), StringComparison.Ordinal);
        await machine.WaitForAll("hyperos: ready", "vm hello: refused: this processor cannot run guests");
        Assert.True(machine.IsRunning);
    }

    [Fact]
    public async Task Too_little_memory_for_the_host_is_named()
    {
        await using Machine machine = Machine.Start(new MachineOptions { MemoryMiB = 3, Processors = 32, CommandLine = "panic=0" });
        await machine.WaitForLine("panic: too little memory");
    }

    [Fact]
    public async Task A_guest_for_which_there_is_too_little_memory_is_named_and_the_host_runs_without_it()
    {
        MachineOptions options = TestVms.Options(new TestVm("hello") { Memory = "1GiB" }, new TestVm("halt"));
        await using Machine machine = Machine.Start(options with { MemoryMiB = 256, PlannedMemoryMiB = 2048 });
        await HaltRunsAlone(machine, "its memory is more than this host has to give");
    }

    [Fact]
    public async Task Memory_that_other_guests_have_is_not_given_twice()
    {
        MachineOptions options = TestVms.Options(new TestVm("halt") { Memory = "160MiB" }, new TestVm("hello") { Memory = "160MiB" });
        await using Machine machine = Machine.Start(options with { MemoryMiB = 256, PlannedMemoryMiB = 2048 });
        await HaltRunsAlone(machine, "not enough free memory");
    }

    [Fact]
    public async Task Tampered_tables_are_named_and_the_host_runs_without_them()
    {
        await using Machine machine = Machine.Start(VmTests.Hello with { Tamper = bundle => bundle[BundleHeader.Size + 1] ^= 1 });
        await machine.WaitForAll("vms: the bundle's tables were tampered with: no machine starts", "hyperos: ready");
        Assert.DoesNotContain("vm hello", machine.Log, StringComparison.Ordinal);
        Assert.True(machine.IsRunning);
    }

    [Fact]
    public async Task Something_else_than_a_bundle_is_named()
    {
        await using Machine machine = Machine.Start(VmTests.Hello with { Tamper = bundle => Array.Clear(bundle) });
        await machine.WaitForAll("vms: the bundle is ", "hyperos: ready");
        Assert.True(machine.IsRunning);
    }

    [Fact]
    public async Task A_damaged_kernel_costs_only_the_guest_that_uses_it()
    {
        await using Machine machine = Machine.Start(VmTests.HelloAndHalt with { Tamper = bundle => BundleEditor.Blob(bundle, 0)[^1] ^= 1 });
        await HaltRunsAlone(machine, "its kernel, initrd or a disk's image was tampered with (SHA-256 differs)");
    }

    public static TheoryData<string, string> Definitions { get; } = new()
    {
        { "processors", "it has more processors than a VM can have" },
        { "kernel", "its kernel is missing" },
        { "memory", "its memory is no multiple of 4 KiB" },
        { "version", "its definition is not of this version" },
    };

    [Theory]
    [MemberData(nameof(Definitions))]
    public async Task A_bad_definition_with_a_good_hash_costs_only_its_guest(string what, string reason)
    {
        await using Machine machine = Machine.Start(VmTests.HelloAndHalt with
        {
            Tamper = bundle =>
            {
                BundleEditor.Change(bundle, 0, definition =>
                {
                    switch (what)
                    {
                        case "processors":
                            definition.CpuCount = 1000;
                            break;
                        case "kernel":
                            definition.Kernel = 77;
                            break;
                        case "memory":
                            definition.MemoryBytes += 17;
                            break;
                        default:
                            definition.Version++;
                            break;
                    }
                    return definition;
                });
                BundleEditor.Seal(bundle);
            },
        });
        await HaltRunsAlone(machine, reason);
    }

    public static TheoryData<string, string> Elfs { get; } = new()
    {
        { "empty", "it is no bzImage, PVH ELF or multiboot1 ELF" },
        { "truncated", "it is truncated" },
        { "program headers", "its program headers are of a wrong size or too many" },
        { "segment", "it does not fit into the memory" },
        { "entry", "its entry does not lie in it" },
    };

    [Theory]
    [MemberData(nameof(Elfs))]
    public async Task A_hostile_ELF_is_refused_with_the_reason(string what, string reason)
    {
        const int Entry = 24, ProgramHeaderSize = 42, SegmentAddress = 52 + 12;
        await using Machine machine = Machine.Start(VmTests.HelloAndHalt with
        {
            Tamper = bundle =>
            {
                Span<byte> elf = BundleEditor.Blob(bundle, 0);
                switch (what)
                {
                    case "empty":
                        elf.Clear();
                        break;
                    case "truncated":
                        BundleEditor.Truncate(bundle, 0, 300);
                        break;
                    case "program headers":
                        BinaryPrimitives.WriteUInt16LittleEndian(elf[ProgramHeaderSize..], 7);
                        break;
                    case "segment":
                        BinaryPrimitives.WriteUInt32LittleEndian(elf[SegmentAddress..], 0xFFFF_F000);
                        break;
                    default:
                        BinaryPrimitives.WriteUInt32LittleEndian(elf[Entry..], 0xDEAD_BEEF);
                        break;
                }
                BundleEditor.Seal(bundle);
            },
        });
        await HaltRunsAlone(machine, reason);
    }

    public static TheoryData<string, string> BzImages { get; } = new()
    {
        { "truncated", "it is truncated" },
        { "alignment", "its alignment is no power of two from 4 KiB to 1 GiB" },
        { "size", "it does not fit into the memory" },
        { "protocol", "its boot protocol is older than 2.12" },
        { "payload", "its payload does not lie in its code" },
    };

    [Theory]
    [MemberData(nameof(BzImages))]
    public async Task A_hostile_bzImage_is_refused_with_the_reason(string what, string reason)
    {
        const int Version = 0x206, KernelAlignment = 0x230, PayloadLength = 0x24C, InitSize = 0x260;
        await using Machine machine = Machine.Start(TestVms.Options(TestVms.Linux with { Name = "hello" }, new TestVm("halt")) with
        {
            Tamper = bundle =>
            {
                Span<byte> image = BundleEditor.Blob(bundle, 0);
                switch (what)
                {
                    case "truncated":
                        BundleEditor.Truncate(bundle, 0, image.Length / 2);
                        break;
                    case "alignment":
                        BinaryPrimitives.WriteUInt32LittleEndian(image[KernelAlignment..], 3);
                        break;
                    case "size":
                        BinaryPrimitives.WriteUInt32LittleEndian(image[InitSize..], 0xF000_0000);
                        break;
                    case "protocol":
                        BinaryPrimitives.WriteUInt16LittleEndian(image[Version..], 0x0200);
                        break;
                    default:
                        BinaryPrimitives.WriteUInt32LittleEndian(image[PayloadLength..], uint.MaxValue);
                        break;
                }
                BundleEditor.Seal(bundle);
            },
        });
        await HaltRunsAlone(machine, reason);
    }

    [Fact]
    public async Task A_kernel_too_large_for_its_memory_is_refused()
    {
        MachineOptions options = TestVms.Options(TestVms.Linux with { Name = "hello" }, new TestVm("halt"));
        await using Machine machine = Machine.Start(options with
        {
            Tamper = bundle =>
            {
                BundleEditor.Change(bundle, 0, definition =>
                {
                    definition.MemoryBytes = 16 << 20;
                    return definition;
                });
                BundleEditor.Seal(bundle);
            },
        });
        await HaltRunsAlone(machine, "it does not fit into the memory");
    }

    /// <summary>QEMU's processor scales no time-stamp counters.</summary>
    [Fact]
    public async Task A_frequency_that_the_processor_cannot_scale_to_is_refused()
    {
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("hello") { Share = "tscFrequency: 16GHz" }, new TestVm("halt")));
        await HaltRunsAlone(machine, "its tscFrequency is not the host's, and this processor cannot scale so far");
    }

    private static async Task HaltRunsAlone(Machine machine, string reason)
    {
        await machine.WaitForAll($"vm hello: refused: {reason}", "halt| halted", "hyperos: ready");
        Assert.DoesNotContain("vm hello: running", machine.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("vm halt: stopped", machine.Log, StringComparison.Ordinal);
        Assert.True(machine.IsRunning);
    }
}
