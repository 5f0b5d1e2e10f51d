using System;
using System.Buffers.Binary;

namespace HyperOS.ImageTool;

/// <summary>The kinds of kernel that a microvm starts.</summary>
internal enum KernelFormat
{
    Unknown,
    BzImage,
    PvhElf,
    Multiboot1Elf,
}

/// <summary>Tells kernels by their content, as far as needed to refuse early what cannot start; the host's loaders check everything.</summary>
internal static class KernelImage
{
    private const uint MultibootMagic = 0x1BADB002;
    private const int MultibootSearchLength = 8192;
    private const int ProgramHeaderLength = 56;
    private const uint PtNote = 4;
    private const uint XenElfNotePhys32Entry = 18;

    public static string NameOf(KernelFormat format) => format switch
    {
        KernelFormat.BzImage => "bzImage",
        KernelFormat.PvhElf => "PVH ELF",
        KernelFormat.Multiboot1Elf => "multiboot1 ELF",
        _ => "unknown format",
    };

    public static KernelFormat Detect(ReadOnlySpan<byte> image)
    {
        if (IsBzImage(image))
            return KernelFormat.BzImage;
        if (!image.StartsWith("\u007FELF"u8))
            return KernelFormat.Unknown;
        if (HasPvhNote(image))
            return KernelFormat.PvhElf;
        return HasMultibootHeader(image) ? KernelFormat.Multiboot1Elf : KernelFormat.Unknown;
    }

    /// <summary>Linux, "The Linux/x86 Boot Protocol": protocol 2.12 or later, loaded high, with a 64-bit entry point.</summary>
    private static bool IsBzImage(ReadOnlySpan<byte> image)
    {
        const int HeaderMagic = 0x202, Version = 0x206, LoadFlags = 0x211, XLoadFlags = 0x236, HeaderEnd = 0x268;
        return image.Length >= HeaderEnd
            && image.Slice(HeaderMagic, 4).SequenceEqual("HdrS"u8)
            && BinaryPrimitives.ReadUInt16LittleEndian(image[Version..]) >= 0x020C
            && (image[LoadFlags] & 1) != 0
            && (image[XLoadFlags] & 1) != 0;
    }

    /// <summary>Xen, "x86/HVM direct boot ABI": an ELF note XEN_ELFNOTE_PHYS32_ENTRY of owner "Xen".</summary>
    private static bool HasPvhNote(ReadOnlySpan<byte> image)
    {
        if (image.Length < 64 || image[4] != 2)
            return false;
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(image[0x20..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(image[0x38..]);
        for (int i = 0; i < count; i++)
        {
            if (!TrySlice(image, table + (ulong)(i * ProgramHeaderLength), ProgramHeaderLength, out ReadOnlySpan<byte> header))
                return false;
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) == PtNote
                && TrySlice(image, BinaryPrimitives.ReadUInt64LittleEndian(header[8..]), BinaryPrimitives.ReadUInt64LittleEndian(header[32..]), out ReadOnlySpan<byte> notes)
                && HoldsPvhNote(notes))
            {
                return true;
            }
        }
        return false;
    }

    private static bool HoldsPvhNote(ReadOnlySpan<byte> notes)
    {
        const int HeaderLength = 12;
        while (notes.Length >= HeaderLength)
        {
            uint nameLength = BinaryPrimitives.ReadUInt32LittleEndian(notes);
            uint contentLength = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            ulong next = HeaderLength + Padded(nameLength) + Padded(contentLength);
            if (next > (ulong)notes.Length)
                return false;
            if (type == XenElfNotePhys32Entry && nameLength == 4 && notes.Slice(HeaderLength, 4).SequenceEqual("Xen\0"u8))
                return true;
            notes = notes[(int)next..];
        }
        return false;

        static ulong Padded(uint length) => ((ulong)length + 3) & ~3ul;
    }

    /// <summary>"Multiboot Specification version 0.6.96", section "The layout of Multiboot header": in the first 8,192 bytes, at a multiple of 4.</summary>
    private static bool HasMultibootHeader(ReadOnlySpan<byte> image)
    {
        for (int at = 0; at + 12 <= Math.Min(image.Length, MultibootSearchLength); at += 4)
        {
            uint magic = BinaryPrimitives.ReadUInt32LittleEndian(image[at..]);
            uint flags = BinaryPrimitives.ReadUInt32LittleEndian(image[(at + 4)..]);
            uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(image[(at + 8)..]);
            if (magic == MultibootMagic && unchecked(magic + flags + checksum) == 0)
                return true;
        }
        return false;
    }

    private static bool TrySlice(ReadOnlySpan<byte> image, ulong offset, ulong length, out ReadOnlySpan<byte> slice)
    {
        slice = default;
        if (offset > (ulong)image.Length || length > (ulong)image.Length - offset)
            return false;
        slice = image.Slice((int)offset, (int)length);
        return true;
    }
}
