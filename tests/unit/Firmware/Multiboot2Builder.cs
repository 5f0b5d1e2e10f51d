namespace HyperOS.Tests.Unit.Firmware;

/// <summary>Boot information as a multiboot2 loader makes it.</summary>
internal static class Multiboot2Builder
{
    public static readonly byte[] EndTag = Tag(0, []);

    /// <summary>Information with a tag of every kind.</summary>
    public static byte[] Valid() => Information(
        Tag(1, "vga=off maxcpus=2\0"u8), Tag(2, "GRUB 2.06\0"u8), Tag(6, MemoryMap(24)),
        Tag(3, new ByteWriter().U32(0x200000).U32(0x201234).Ascii("management\0").ToArray()),
        Tag(8, new ByteWriter().U64(0xFD000000).U32(4096).U32(1024).U32(768).U8(32, 1, 0, 0).U8(16, 8, 8, 8, 0, 8).ToArray()),
        Tag(14, Enumerable.Repeat((byte)1, 20).ToArray()), Tag(15, Enumerable.Repeat((byte)2, 36).ToArray()), Tag(77, new byte[5]), EndTag);

    public static byte[] MemoryMap(int entrySize)
    {
        ByteWriter map = new ByteWriter().U32((uint)entrySize).U32(0);
        foreach ((ulong start, ulong length, uint type) in new[] { (0x100000ul, 0x1000ul, 1u), (0x101000ul, 0x1000ul, 99u), (0x102000ul, 0x1000ul, 3u) })
            map.Append(new ByteWriter().U64(start).U64(length).U32(type).U32(0).Zeros(8).ToArray().AsSpan(0, entrySize));
        return map.ToArray();
    }

    public static byte[] Tag(uint type, ReadOnlySpan<byte> body) => new ByteWriter().U32(type).U32((uint)body.Length + 8).Append(body).AlignTo(8).ToArray();

    public static byte[] Information(params byte[][] tags)
    {
        ByteWriter information = new ByteWriter().U32((uint)tags.Sum(tag => tag.Length) + 8).U32(0);
        foreach (byte[] tag in tags)
            information.Append(tag);
        return information.ToArray();
    }
}
