using System.Buffers.Binary;
using HyperOS.ImageTool;

namespace HyperOS.Tests.ImageTool;

public class KernelImageTests
{
    [Fact]
    public void Kernels_are_known_by_their_content()
    {
        Assert.Equal(KernelFormat.BzImage, KernelImage.Detect(SampleFiles.BzImage()));
        Assert.Equal(KernelFormat.PvhElf, KernelImage.Detect(ElfWithNote()));
        Assert.Equal(KernelFormat.Multiboot1Elf, KernelImage.Detect(ElfWithMultibootHeader()));
    }

    [Theory]
    [InlineData(0x202, 0)]
    [InlineData(0x207, 1)]
    [InlineData(0x211, 0)]
    [InlineData(0x236, 0)]
    public void A_bzImage_without_what_the_64_bit_protocol_needs_is_refused(int offset, byte value)
    {
        byte[] image = SampleFiles.BzImage();
        image[offset] = value;
        Assert.Equal(KernelFormat.Unknown, KernelImage.Detect(image));
    }

    [Fact]
    public void An_ELF_without_any_entry_that_is_known_is_refused()
    {
        byte[] image = ElfWithNote();
        image[0x200 + 8] = 17;
        Assert.Equal(KernelFormat.Unknown, KernelImage.Detect(image));
        byte[] wrongChecksum = ElfWithMultibootHeader();
        wrongChecksum[0x108] ^= 1;
        Assert.Equal(KernelFormat.Unknown, KernelImage.Detect(wrongChecksum));
    }

    [Fact]
    public void Cut_and_hostile_images_are_only_unknown()
    {
        foreach (byte[] image in (byte[][])[SampleFiles.BzImage(), ElfWithNote(), ElfWithMultibootHeader()])
        {
            for (int length = 0; length < 0x108; length++)
                Assert.Equal(KernelFormat.Unknown, KernelImage.Detect(image.AsSpan(0, length)));
        }
        byte[] elf = ElfWithNote();
        foreach (int field in (int[])[0x20, 0x40 + 8, 0x40 + 32, 0x200, 0x204])
        {
            byte[] hostile = (byte[])elf.Clone();
            hostile.AsSpan(field, 4).Fill(0xFF);
            Assert.Equal(KernelFormat.Unknown, KernelImage.Detect(hostile));
        }
    }

    private static byte[] Elf()
    {
        byte[] image = new byte[0x400];
        "\u007FELF"u8.CopyTo(image);
        image[4] = 2;
        return image;
    }

    private static byte[] ElfWithNote()
    {
        byte[] image = Elf();
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x20), 0x40);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x38), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x40), 4);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x40 + 8), 0x200);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x40 + 32), 20);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x200), 4);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x204), 4);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x208), 18);
        "Xen\0"u8.CopyTo(image.AsSpan(0x20C));
        return image;
    }

    private static byte[] ElfWithMultibootHeader()
    {
        byte[] image = Elf();
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x100), 0x1BADB002);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x104), 3);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(0x108), unchecked(0u - 0x1BADB002 - 3));
        return image;
    }
}
