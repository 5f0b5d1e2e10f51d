using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Abi;
using HyperOS.Tests.Abi;

namespace HyperOS.Tests.Unit.Abi;

public class VmDefinitionTests
{
    [Fact]
    public void The_layout_is_fixed()
    {
        VmDefinition d = default;
        Assert.Equal(0x868, Unsafe.SizeOf<VmDefinition>());
        Assert.Equal(VmDefinition.Size, Unsafe.SizeOf<VmDefinition>());
        Assert.Equal(0x00, OffsetOf(ref d, ref d.Length));
        Assert.Equal(0x04, OffsetOf(ref d, ref d.Version));
        Assert.Equal(0x08, OffsetOf(ref d, ref d.MemoryBytes));
        Assert.Equal(0x10, OffsetOf(ref d, ref d.CpuCount));
        Assert.Equal(0x14, OffsetOf(ref d, ref d.Kernel));
        Assert.Equal(0x18, OffsetOf(ref d, ref d.Initrd));
        Assert.Equal(0x1C, OffsetOf(ref d, ref d.Class));
        Assert.Equal(0x1D, OffsetOf(ref d, ref d.Console));
        Assert.Equal(0x1E, OffsetOf(ref d, ref d.Restart));
        Assert.Equal(0x1F, OffsetOf(ref d, ref d.Options));
        Assert.Equal(0x20, OffsetOf(ref d, ref d.Devices));
        Assert.Equal(0x24, OffsetOf(ref d, ref d.Name));
        Assert.Equal(0x84C, OffsetOf(ref d, ref d.CpuShares));
        Assert.Equal(0x850, OffsetOf(ref d, ref d.CpuLimit));
        Assert.Equal(0x854, OffsetOf(ref d, ref d.TscKHz));
        Assert.Equal(0x858, OffsetOf(ref d, ref d.CpuPins));
        Assert.Equal(0x860, OffsetOf(ref d, ref d.ShutdownTimeout));
        d.Name.Set("n"u8);
        d.SetCommandLine("c"u8);
        ReadOnlySpan<byte> raw = MemoryMarshal.AsBytes(new ReadOnlySpan<VmDefinition>(in d));
        Assert.Equal(1, raw[0x24]);
        Assert.Equal((byte)'n', raw[0x28]);
        Assert.Equal((byte)'c', raw[0x48]);
        Assert.Equal(1, raw[0x848]);
    }

    [Fact]
    public void The_message_is_the_structure_byte_for_byte()
    {
        VmDefinition definition = SampleBundle.Definition("web"u8);
        byte[] message = new byte[VmDefinition.Size];
        Assert.True(definition.TryWrite(message));
        Assert.Equal(MemoryMarshal.AsBytes(new ReadOnlySpan<VmDefinition>(in definition)).ToArray(), message);
        Assert.True(VmDefinition.TryRead(message, out VmDefinition read));
        Assert.Equal(message, MemoryMarshal.AsBytes(new ReadOnlySpan<VmDefinition>(in read)).ToArray());
        Assert.Equal("web"u8, read.Name.Bytes);
        Assert.Equal("console=ttyS0"u8, read.CommandLine);
    }

    [Fact]
    public void A_cut_message_is_refused()
    {
        Assert.False(VmDefinition.TryRead(new byte[VmDefinition.Size - 1], out _));
        Assert.False(default(VmDefinition).TryWrite(new byte[VmDefinition.Size - 1]));
    }

    [Fact]
    public void A_shorter_name_leaves_nothing_of_the_longer_one()
    {
        VmDefinition definition = SampleBundle.Definition("a-long-name"u8);
        definition.Name.Set("web"u8);
        definition.SetCommandLine("a"u8);
        Assert.Equal(VmDefinitionErrors.None, Validate(definition));
    }

    [Theory]
    [InlineData(VmDefinitionErrors.None, "web")]
    [InlineData(VmDefinitionErrors.None, "a")]
    [InlineData(VmDefinitionErrors.None, "01234567890123456789012345678901")]
    [InlineData(VmDefinitionErrors.NameLength, "")]
    [InlineData(VmDefinitionErrors.NameLength, "012345678901234567890123456789012")]
    [InlineData(VmDefinitionErrors.NameCharacter, "Web")]
    [InlineData(VmDefinitionErrors.NameCharacter, "we b")]
    [InlineData(VmDefinitionErrors.NameCharacter, "web\n")]
    public void Names_are_short_and_plain(VmDefinitionErrors expected, string name)
    {
        VmDefinition definition = SampleBundle.Definition(System.Text.Encoding.ASCII.GetBytes(name));
        Assert.Equal(expected, Validate(definition));
    }

    [Theory]
    [InlineData(VmDefinitionErrors.None, 1, 2 << 20)]
    [InlineData(VmDefinitionErrors.None, 4, 1 << 30)]
    [InlineData(VmDefinitionErrors.NoCpu, 0, 1 << 30)]
    [InlineData(VmDefinitionErrors.TooManyCpus, 5, 1 << 30)]
    [InlineData(VmDefinitionErrors.MemoryTooSmall, 1, (2 << 20) - 4096)]
    [InlineData(VmDefinitionErrors.MemoryTooSmall, 1, 0)]
    [InlineData(VmDefinitionErrors.MemoryNotInPages, 1, (2 << 20) + 1)]
    [InlineData(VmDefinitionErrors.MemoryTooLarge, 1, (1 << 30) + 4096)]
    [InlineData(VmDefinitionErrors.TooManyCpus | VmDefinitionErrors.MemoryTooLarge | VmDefinitionErrors.MemoryNotInPages, 1000, long.MaxValue)]
    public void Resources_keep_to_the_limits(VmDefinitionErrors expected, uint cpus, long memory)
    {
        VmDefinition definition = SampleBundle.Definition("web"u8);
        definition.CpuCount = cpus;
        definition.MemoryBytes = (ulong)memory;
        Assert.Equal(expected, Validate(definition));
    }

    [Theory]
    [InlineData(VmDefinitionErrors.None, VmOptions.HugePages, 1 << 30)]
    [InlineData(VmDefinitionErrors.HugePages, VmOptions.HugePages, (1 << 30) - 4096)]
    [InlineData(VmDefinitionErrors.HugePagesWithBalloon, VmOptions.HugePages | VmOptions.Balloon, 1 << 30)]
    [InlineData(VmDefinitionErrors.HugePages | VmDefinitionErrors.HugePagesWithBalloon, VmOptions.HugePages | VmOptions.Balloon, 2 << 20)]
    public void Pages_of_a_GiB_need_one_and_no_balloon(VmDefinitionErrors expected, VmOptions options, long memory)
    {
        VmDefinition definition = SampleBundle.Definition("web"u8);
        definition.Options = options;
        definition.MemoryBytes = (ulong)memory;
        Assert.Equal(expected, Validate(definition));
    }

    [Theory]
    [InlineData(VmDefinitionErrors.None, 1, 0)]
    [InlineData(VmDefinitionErrors.None, 1_000_000, 6400)]
    [InlineData(VmDefinitionErrors.CpuShares, 0, 1)]
    [InlineData(VmDefinitionErrors.CpuShares, 1_000_001, 1)]
    [InlineData(VmDefinitionErrors.CpuLimit, 1, 6401)]
    public void Shares_and_limits_keep_to_theirs(VmDefinitionErrors expected, uint shares, uint limit)
    {
        VmDefinition definition = SampleBundle.Definition("web"u8);
        definition.CpuShares = shares;
        definition.CpuLimit = limit;
        Assert.Equal(expected, Validate(definition));
    }

    [Fact]
    public void References_lead_to_blobs()
    {
        VmDefinition definition = SampleBundle.Definition("web"u8);
        definition.Kernel = 2;
        definition.Initrd = 2;
        Assert.Equal(VmDefinitionErrors.Kernel | VmDefinitionErrors.Initrd, Validate(definition));
        definition.Kernel = VmDefinition.NoBlob;
        definition.Initrd = VmDefinition.NoBlob;
        Assert.Equal(VmDefinitionErrors.Kernel, Validate(definition));
    }

    [Fact]
    public void Command_lines_end_before_Linux_would_cut_them()
    {
        VmDefinition definition = SampleBundle.Definition("web"u8);
        byte[] line = new byte[2048];
        line.AsSpan().Fill((byte)'x');
        definition.SetCommandLine(line.AsSpan(0, 2047));
        Assert.Equal(VmDefinitionErrors.None, Validate(definition));
        definition.SetCommandLine(line);
        Assert.Equal(VmDefinitionErrors.CommandLineLength, Validate(definition));
        definition.SetCommandLine("a\0b"u8);
        Assert.Equal(VmDefinitionErrors.CommandLineCharacter, Validate(definition));
    }

    [Theory]
    [InlineData(0, VmDefinitionErrors.None)]
    [InlineData(1, VmDefinitionErrors.TscFrequency)]
    [InlineData(99_999, VmDefinitionErrors.TscFrequency)]
    [InlineData(100_000, VmDefinitionErrors.None)]
    [InlineData(16_000_000, VmDefinitionErrors.None)]
    [InlineData(16_000_001, VmDefinitionErrors.TscFrequency)]
    public void Time_stamp_counters_keep_to_their_frequencies(uint kilohertz, VmDefinitionErrors expected)
    {
        VmDefinition definition = SampleBundle.Definition("web"u8);
        definition.TscKHz = kilohertz;
        Assert.Equal(expected, Validate(definition));
    }

    [Theory]
    [InlineData(1_000_000_000, VmDefinitionErrors.None)]
    [InlineData(3_600_000_000_000, VmDefinitionErrors.None)]
    [InlineData(999_999_999, VmDefinitionErrors.ShutdownTimeout)]
    [InlineData(3_600_000_000_001, VmDefinitionErrors.ShutdownTimeout)]
    public void The_time_to_shut_down_has_limits(ulong nanoseconds, VmDefinitionErrors expected)
    {
        VmDefinition definition = SampleBundle.Definition("web"u8);
        definition.ShutdownTimeout = nanoseconds;
        Assert.Equal(expected, Validate(definition));
    }

    [Fact]
    public void Unknown_choices_are_refused()
    {
        VmDefinition definition = SampleBundle.Definition("web"u8);
        definition.Class = 0;
        definition.Console = (VmConsole)2;
        definition.Restart = (VmRestart)3;
        definition.Options = (VmOptions)8;
        definition.Devices = (VmDevices)8;
        Assert.Equal(
            VmDefinitionErrors.Class | VmDefinitionErrors.Console | VmDefinitionErrors.Restart | VmDefinitionErrors.Options | VmDefinitionErrors.Devices,
            Validate(definition));
    }

    [Theory]
    [InlineData(0x00, VmDefinitionErrors.Format)]
    [InlineData(0x04, VmDefinitionErrors.Format)]
    [InlineData(0x28 + 3, VmDefinitionErrors.Padding)]
    [InlineData(0x847, VmDefinitionErrors.Padding)]
    public void A_message_of_another_version_or_with_bytes_in_its_padding_is_refused(int offset, VmDefinitionErrors expected)
    {
        byte[] message = new byte[VmDefinition.Size];
        SampleBundle.Definition("web"u8).TryWrite(message);
        message[offset] ^= 1;
        Assert.True(VmDefinition.TryRead(message, out VmDefinition read));
        Assert.Equal(expected, Validate(read));
    }

    [Fact]
    public void Every_error_has_words_of_its_own()
    {
        HashSet<string> seen = [];
        foreach (VmDefinitionErrors error in Enum.GetValues<VmDefinitionErrors>())
            Assert.True(seen.Add(System.Text.Encoding.ASCII.GetString(VmDefinitionValidator.Describe(error))), error.ToString());
        Assert.DoesNotContain("its definition breaks an unknown rule", seen);
        Assert.Equal("it has no processor"u8, VmDefinitionValidator.Describe(VmDefinitionErrors.NoCpu | VmDefinitionErrors.Padding));
    }

    private static VmDefinitionErrors Validate(in VmDefinition definition) => VmDefinitionValidator.Validate(in definition, SampleBundle.Limits);

    private static int OffsetOf<TField>(ref VmDefinition definition, ref TField field) =>
        (int)Unsafe.ByteOffset(ref Unsafe.As<VmDefinition, byte>(ref definition), ref Unsafe.As<TField, byte>(ref field));
}
