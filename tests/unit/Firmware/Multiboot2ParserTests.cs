using HyperOS.Firmware;
using static HyperOS.Tests.Unit.Firmware.Multiboot2Builder;

namespace HyperOS.Tests.Unit.Firmware;

public class Multiboot2ParserTests
{
    [Fact]
    public void Everything_that_the_loader_says_is_found()
    {
        BootInfo info = new();
        Assert.Equal(BootInfoStatus.Ok, Multiboot2Parser.Parse(Valid(), info));
        Assert.Equal("vga=off maxcpus=2"u8, info.CommandLine);
        Assert.Equal("GRUB 2.06"u8, info.LoaderName);
        Assert.Equal([MemoryRegionType.Usable, MemoryRegionType.Reserved, MemoryRegionType.AcpiReclaimable],
            info.MemoryMap.Regions.ToArray().Select(region => region.Type));
        Assert.Equal(1, info.Modules.Length);
        Assert.Equal(0x200000ul, info.Modules[0].Address.Value);
        Assert.Equal(0x1234ul, info.Modules[0].Length);
        Assert.Equal("management"u8, info.ModuleName(0));
        Assert.Equal(36, info.Rsdp.Length);
        Assert.Equal(2, info.Rsdp[0]);
        Assert.Equal(FramebufferType.DirectColor, info.Framebuffer.Type);
        Assert.Equal((0xFD000000ul, 4096u, 1024u, 768u, 32),
            (info.Framebuffer.Address.Value, info.Framebuffer.Pitch, info.Framebuffer.Width, info.Framebuffer.Height, info.Framebuffer.BitsPerPixel));
        Assert.Equal((16, 8), (info.Framebuffer.RedPosition, info.Framebuffer.RedSize));
        Assert.True(info.PreservedMemory.IsEmpty);
    }

    [Fact]
    public void Every_truncation_is_refused_and_none_faults()
    {
        byte[] valid = Valid();
        for (int length = 0; length < valid.Length; length++)
        {
            Assert.Equal(BootInfoStatus.Truncated, Multiboot2Parser.Parse(valid.AsSpan(0, length), new BootInfo()));
            byte[] cut = valid[..length];
            if (length < 8)
                continue;
            ByteWriter.Patch32(cut, 0, (uint)length);
            Assert.NotEqual(BootInfoStatus.Ok, Multiboot2Parser.Parse(cut, new BootInfo()));
        }
    }

    [Fact]
    public void What_is_wrong_is_named()
    {
        BootInfo info = new();
        byte[] map = Tag(6, MemoryMap(24));
        Assert.Equal(BootInfoStatus.NoMemoryMap, Multiboot2Parser.Parse(Information(EndTag), info));
        Assert.Equal(BootInfoStatus.NoEndTag, Multiboot2Parser.Parse(Information(map), info));
        Assert.Equal(BootInfoStatus.BadTag, Multiboot2Parser.Parse(Information(map, new ByteWriter().U32(1).U32(7).ToArray()), info));
        Assert.Equal(BootInfoStatus.BadTag, Multiboot2Parser.Parse(Information(map, new ByteWriter().U32(1).U32(uint.MaxValue).ToArray(), EndTag), info));
        Assert.Equal(BootInfoStatus.BadTag, Multiboot2Parser.Parse(Information(map, Tag(8, new byte[20]), EndTag), info));
        Assert.Equal(BootInfoStatus.BadMemoryMapEntrySize, Multiboot2Parser.Parse(Information(Tag(6, MemoryMap(16)), EndTag), info));
        Assert.Equal(BootInfoStatus.BadModule, Multiboot2Parser.Parse(Information(map, Tag(3, new ByteWriter().U32(2).U32(1).U8(0).ToArray()), EndTag), info));
        Assert.Equal(BootInfoStatus.CommandLineTooLong,
            Multiboot2Parser.Parse(Information(map, Tag(1, Enumerable.Repeat((byte)'a', 2000).ToArray()), EndTag), info));
        Assert.Equal(BootInfo.CommandLineCapacity, info.CommandLine.Length);

        byte[] module = Tag(3, new ByteWriter().U32(0).U32(0).U8('m', 0).ToArray());
        byte[][] modules = Enumerable.Repeat(module, BootInfo.ModuleCapacity + 1).ToArray();
        Assert.Equal(BootInfoStatus.TooManyModules, Multiboot2Parser.Parse(Information([map, .. modules, EndTag]), info));

        ByteWriter manyRegions = new ByteWriter().U32(24).U32(0);
        for (uint i = 0; i <= HyperOS.Firmware.MemoryMap.Capacity; i++)
            manyRegions.U64(i * 8192).U64(4096).U32(1).U32(0);
        Assert.Equal(BootInfoStatus.TooManyMemoryRegions, Multiboot2Parser.Parse(Information(Tag(6, manyRegions.ToArray()), EndTag), info));
    }

    [Fact]
    public void Larger_memory_map_entries_of_later_versions_are_stepped_over()
    {
        BootInfo info = new();
        Assert.Equal(BootInfoStatus.Ok, Multiboot2Parser.Parse(Information(Tag(6, MemoryMap(32)), EndTag), info));
        Assert.Equal(3, info.MemoryMap.Regions.Length);
    }
}
