using System.Buffers.Binary;
using HyperOS.Tests.Unit.Firmware;

namespace HyperOS.Tests.Unit.Loaders;

/// <summary>Guest images built byte by byte from the specifications, each valid until a test breaks it.</summary>
internal static class TestImages
{
    public const ulong BzImageAddress = 0x1000000;
    public const int BzImageSetup = 5 * 512;
    public const int BzImageCode = 0x3000;

    public static byte[] BzImage()
    {
        byte[] image = new byte[BzImageSetup + BzImageCode];
        for (int i = BzImageSetup; i < image.Length; i++)
            image[i] = (byte)(i * 7);
        image[0x1F1] = 4;
        Set32(image, 0x1F4, BzImageCode / 16);
        Set16(image, 0x1FE, 0xAA55);
        image[0x200] = 0xEB;
        image[0x201] = 0x6A;
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        Set16(image, 0x206, 0x020F);
        image[0x211] = 0x41;
        Set32(image, 0x22C, 0x7FFFFFFF);
        Set32(image, 0x230, 0x200000);
        image[0x234] = 1;
        Set16(image, 0x236, 0x7F);
        Set32(image, 0x238, 2047);
        Set32(image, 0x23C, 5);
        Set32(image, 0x248, 0x100);
        Set32(image, 0x24C, 0x2000);
        Set64(image, 0x250, 0x1234567890);
        Set64(image, 0x258, BzImageAddress);
        Set32(image, 0x260, 0x800000);
        return image;
    }

    /// <summary>An ELF file with code at 1 MiB, data with a bss at 2 MiB and, where asked for, a PVH note and a multiboot header.</summary>
    public static byte[] Elf(bool is64Bit, bool hasNote = true, bool hasMultiboot = false, uint multibootFlags = 3)
    {
        ByteWriter notes = Notes(is64Bit);
        ByteWriter elf = new ByteWriter().U8(0x7F, 'E', 'L', 'F', is64Bit ? 2 : 1, 1, 1, 0).Zeros(8).U16(2).U16(is64Bit ? 62 : 3).U32(1);
        int headerSize = is64Bit ? 64 : 52, entrySize = is64Bit ? 56 : 32;
        if (is64Bit)
            elf.U64(0xFFFFFFFF80100010).U64((ulong)headerSize).U64(0);
        else
            elf.U32(0x80100010).U32((uint)headerSize).U32(0);
        elf.U32(0).U16(headerSize).U16(entrySize).U16(3).U16(0).U16(0).U16(0);
        Segment(elf, is64Bit, 1, 0x1000, 0x100000, 0x800, 0x800, 0x1000);
        Segment(elf, is64Bit, 1, 0x2000, 0x200000, 0x400, 0x9000, 0x1000);
        Segment(elf, is64Bit, hasNote ? 4u : 0u, 0x3000, 0x300000, (uint)notes.Length, 0, 4);
        if (hasMultiboot)
            elf.PadTo(0x400).U32(0x1BADB002).U32(multibootFlags).U32(unchecked(0u - 0x1BADB002 - multibootFlags));
        elf.PadTo(0x1000).Append(Enumerable.Repeat((byte)0xC0, 0x800).ToArray());
        elf.PadTo(0x2000).Append(Enumerable.Repeat((byte)0xDA, 0x400).ToArray());
        return elf.PadTo(0x3000).Append(notes.ToArray()).ToArray();
    }

    /// <summary>Where in an ELF image the fields of one of its program headers lie.</summary>
    public static int ProgramHeader(bool is64Bit, int index) => is64Bit ? 64 + 56 * index : 52 + 32 * index;

    /// <summary>An image of 0x1000 bytes with a header at 0x200 whose address fields put its start at 1 MiB.</summary>
    public static byte[] MultibootByAddress()
    {
        const uint Flags = 0x10003;
        return new ByteWriter().PadTo(0x200).U32(0x1BADB002).U32(Flags).U32(unchecked(0u - 0x1BADB002 - Flags))
            .U32(0x100100).U32(0x100000).U32(0x100E00).U32(0x104000).U32(0x100120).PadTo(0x1000).ToArray();
    }

    public static void Set16(byte[] image, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), value);

    public static void Set32(byte[] image, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(offset), value);

    public static void Set64(byte[] image, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(offset), value);

    private static ByteWriter Notes(bool is64Bit)
    {
        ByteWriter notes = new ByteWriter().U32(5).U32(3).U32(18).Ascii("Test\0").AlignTo(4).U8(1, 2, 3).AlignTo(4);
        notes.U32(4).U32(is64Bit ? 8u : 4u).U32(18).Ascii("Xen\0");
        return is64Bit ? notes.U64(0x100040) : notes.U32(0x100040);
    }

    private static void Segment(ByteWriter elf, bool is64Bit, uint type, uint offset, uint address, uint fileSize, uint memorySize, uint align)
    {
        if (is64Bit)
            elf.U32(type).U32(5).U64(offset).U64(0xFFFFFFFF80000000 + address).U64(address).U64(fileSize).U64(memorySize).U64(align);
        else
            elf.U32(type).U32(offset).U32(0x80000000 + address).U32(address).U32(fileSize).U32(memorySize).U32(5).U32(align);
    }
}
