using HyperOS.Core;

namespace HyperOS.Storage;

/// <summary>
/// Where everything is on a disk of HyperOS's, in bytes:
/// <code>
///   0        superblock                      end - 2 MiB   the records' second place
///   1 MiB    the records' first place        end - 4 KiB   the superblock's double
///   2 MiB    volumes, up to end - 2 MiB      end           the disk's length, whole units
/// </code>
/// What is in the first and last MiB decides whose a disk is; it is written last when a disk is set up, so that a cut leaves it as it was: blank.
/// </summary>
public static class VolumeLayout
{
    /// <summary>In which space is given out.</summary>
    public const ulong UnitBytes = Size.MiB;

    /// <summary>The least disk that can be used.</summary>
    public const ulong LeastBytes = 8 * UnitBytes;

    /// <summary>Looked at on both ends to see whether a disk is blank.</summary>
    public const ulong MarginBytes = UnitBytes;

    public const ulong Superblock = 0, FirstRecords = 1 * UnitBytes, FirstData = 2 * UnitBytes;

    /// <summary>Of the table of volumes.</summary>
    public const int SlotBytes = 64 * 1024;

    /// <summary>Whole units of a disk.</summary>
    public static ulong End(ulong diskBytes) => Alignment.Down(diskBytes, UnitBytes);

    public static ulong LastSuperblock(ulong end) => end - Size.Page;

    public static ulong SecondRecords(ulong end) => end - 2 * UnitBytes;

    /// <summary>The first unit behind the volumes.</summary>
    public static uint EndOfData(ulong end) => (uint)(SecondRecords(end) / UnitBytes);
}
