using System;
using HyperOS.Core;

namespace HyperOS.Storage;

/// <summary>What lies on a disk that is not HyperOS's, as far as its first bytes tell: for the log, so that nobody gives away the wrong disk.</summary>
public static class ForeignContent
{
    /// <summary>Bytes from the disk's start that are looked at.</summary>
    public const int Bytes = 128 * 1024;

    /// <summary>In words.</summary>
    /// <param name="start">At least <see cref="Bytes"/> from the disk's start.</param>
    public static ReadOnlySpan<byte> Describe(ReadOnlySpan<byte> start)
    {
        const int Sector = BlockStore.SectorBytes, Sector4K = 4096;
        if (Has(start, 32769, "CD001"u8))
            return "an ISO 9660 image"u8;
        if (Has(start, Sector, "EFI PART"u8) || Has(start, Sector4K, "EFI PART"u8))
            return "a GPT partition table"u8;
        if (Has(start, 0, "LUKS"u8))
            return "a LUKS volume"u8;
        if (Has(start, Sector, "LABELONE"u8) || Has(start, Sector + 24, "LVM2"u8))
            return "an LVM volume"u8;
        if (Has(start, 1080, [0x53, 0xEF]))
            return "an ext2, ext3 or ext4 file system"u8;
        if (Has(start, 0, "XFSB"u8))
            return "an XFS file system"u8;
        if (Has(start, 65600, "_BHRfS_M"u8))
            return "a btrfs file system"u8;
        if (Has(start, 3, "NTFS    "u8))
            return "an NTFS file system"u8;
        if (Has(start, 54, "FAT"u8) || Has(start, 82, "FAT32"u8))
            return "a FAT file system"u8;
        return Has(start, 510, [0x55, 0xAA]) ? "an MBR partition table or boot sector"u8 : "data of no known kind"u8;
    }

    private static bool Has(ReadOnlySpan<byte> start, int at, ReadOnlySpan<byte> mark) => start.Slice(at, mark.Length).SequenceEqual(mark);
}
