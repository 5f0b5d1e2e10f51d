using HyperOS.Core;
using HyperOS.Firmware;

namespace HyperOS.Tests.Unit.Firmware;

public class PvhParserTests
{
    private const uint Magic = 0x336EC578;
    private readonly FakeMemory _memory = new();
    private readonly BootInfo _info = new();

    public PvhParserTests()
    {
        _memory.Put(0x2000, new ByteWriter().U64(0x4000000).U64(0x300).U64(0x3100).U64(0).ToArray());
        _memory.Put(0x3000, "console=uart\0"u8.ToArray());
        _memory.Put(0x3100, "initrd\0"u8.ToArray());
        _memory.Put(0x4000, new ByteWriter().U64(0).U64(0x9FC00).U32(1).U32(0).U64(0x100000).U64(0x1000).U32(5).U32(0).ToArray());
    }

    [Fact]
    public void Everything_in_the_start_info_is_found()
    {
        Assert.Equal(BootInfoStatus.Ok, Parse(StartInfo(modules: 1, regions: 2)));
        Assert.Equal("console=uart"u8, _info.CommandLine);
        Assert.Equal(0xF5000ul, _info.RsdpAddress.Value);
        Assert.Equal("initrd"u8, _info.ModuleName(0));
        Assert.Equal((0x4000000ul, 0x300ul), (_info.Modules[0].Address.Value, _info.Modules[0].Length));
        Assert.Equal([MemoryRegionType.Usable, MemoryRegionType.Defective], _info.MemoryMap.Regions.ToArray().Select(region => region.Type));
        Assert.Equal(FramebufferType.None, _info.Framebuffer.Type);
    }

    [Fact]
    public void What_is_wrong_is_named()
    {
        Assert.Equal(BootInfoStatus.BadMagic, Parse(StartInfo(magic: 1)));
        Assert.Equal(BootInfoStatus.Unreadable, Parse([]));
        Assert.Equal(BootInfoStatus.NoMemoryMap, Parse(StartInfo(regions: 0)));
        Assert.Equal(BootInfoStatus.NoMemoryMap, Parse(StartInfo(version: 0)[..40]));
        Assert.Equal(BootInfoStatus.Unreadable, Parse(StartInfo()[..40]));
        Assert.Equal(BootInfoStatus.Unreadable, Parse(StartInfo(modules: 3)));
        Assert.Equal(BootInfoStatus.Unreadable, Parse(StartInfo(regions: uint.MaxValue)));
        Assert.Equal(BootInfoStatus.Unreadable, Parse(StartInfo(commandLine: 0xDEAD0000)));
    }

    [Fact]
    public void A_command_line_without_end_is_cut_and_reported()
    {
        _memory.Put(0x900000, Enumerable.Repeat((byte)'x', 5000).ToArray());
        Assert.Equal(BootInfoStatus.CommandLineTooLong, Parse(StartInfo(commandLine: 0x900000)));
        Assert.Equal(BootInfo.CommandLineCapacity, _info.CommandLine.Length);
    }

    private BootInfoStatus Parse(byte[] startInfo)
    {
        _memory.Put(0x1000, startInfo);
        return new PvhParser(_memory).Parse(new HostPhysicalAddress(0x1000), _info);
    }

    private static byte[] StartInfo(uint magic = Magic, uint version = 1, uint modules = 1, uint regions = 2, ulong commandLine = 0x3000) =>
        new ByteWriter().U32(magic).U32(version).U32(0).U32(modules).U64(0x2000).U64(commandLine).U64(0xF5000).U64(0x4000).U32(regions).U32(0).ToArray();
}
