using HyperOS.Firmware;

namespace HyperOS.Tests.Unit.Firmware;

public class Multiboot2ParserTests
{
    private static readonly byte[] EndTag = Tag(0, []);

    [Fact]
    public void Everything_that_the_loader_says_is_found()
    {
        BootInfo info = new();
        Assert.Equal(BootInfoStatus.Ok, Multiboot2Parser.Parse(Valid(), info));
        Assert.Equal("vga=off maxcpus=2"u8, info.CommandLine);
        Assert.Equal("GRUB 2.06"u8, info.LoaderName);
        Assert.Equal([MemoryRegionType.Usable, MemoryRegionType.Reserved, MemoryRegionType.AcpiReclaimable], info.MemoryMap.Regions.ToArray().Select(region => region.Type));
        Assert.Equal(1, info.Modules.Length);
        Assert.Equal(0x200000ul, info.Modules[0].Address.Value);
        Assert.Equal(0x1234ul, info.Modules[0].Length);
        Assert.Equal("management"u8, info.ModuleName(0));
        Assert.Equal(36, info.Rsdp.Length);
        Assert.Equal(2, info.Rsdp[0]);
        Assert.Equal(FramebufferType.DirectColor, info.Framebuffer.Type);
        Assert.Equal((0xFD000000ul, 4096u, 1024u, 768u, 32), (info.Framebuffer.Address.Value, info.Framebuffer.Pitch, info.Framebuffer.Width, info.Framebuffer.Height, info.Framebuffer.BitsPerPixel));
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
        Assert.Equal(BootInfoStatus.CommandLineTooLong, Multiboot2Parser.Parse(Information(map, Tag(1, Enumerable.Repeat((byte)'a', 2000).ToArray()), EndTag), info));
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

    internal static byte[] Valid() => Information(
        Tag(1, "vga=off maxcpus=2\0"u8), Tag(2, "GRUB 2.06\0"u8), Tag(6, MemoryMap(24)),
        Tag(3, new ByteWriter().U32(0x200000).U32(0x201234).Ascii("management\0").ToArray()),
        Tag(8, new ByteWriter().U64(0xFD000000).U32(4096).U32(1024).U32(768).U8(32, 1, 0, 0).U8(16, 8, 8, 8, 0, 8).ToArray()),
        Tag(14, Enumerable.Repeat((byte)1, 20).ToArray()), Tag(15, Enumerable.Repeat((byte)2, 36).ToArray()), Tag(77, new byte[5]), EndTag);

    private static byte[] MemoryMap(int entrySize)
    {
        ByteWriter map = new ByteWriter().U32((uint)entrySize).U32(0);
        foreach ((ulong start, ulong length, uint type) in new[] { (0x100000ul, 0x1000ul, 1u), (0x101000ul, 0x1000ul, 99u), (0x102000ul, 0x1000ul, 3u) })
            map.Append(new ByteWriter().U64(start).U64(length).U32(type).U32(0).Zeros(8).ToArray().AsSpan(0, entrySize));
        return map.ToArray();
    }

    internal static byte[] Tag(uint type, ReadOnlySpan<byte> body) => new ByteWriter().U32(type).U32((uint)body.Length + 8).Append(body).AlignTo(8).ToArray();

    internal static byte[] Information(params byte[][] tags)
    {
        ByteWriter information = new ByteWriter().U32((uint)tags.Sum(tag => tag.Length) + 8).U32(0);
        foreach (byte[] tag in tags)
            information.Append(tag);
        return information.ToArray();
    }
}
