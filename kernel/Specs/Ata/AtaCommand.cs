namespace HyperOS.Specs.Ata;

/// <summary>Commands of ATA devices. ATA Command Set 4 (ACS-4), "Command descriptions".</summary>
public enum AtaCommand : byte
{
    DataSetManagement = 0x06,
    ReadDmaExt = 0x25,
    WriteDmaExt = 0x35,
    ReadFpdmaQueued = 0x60,
    WriteFpdmaQueued = 0x61,
    FlushCacheExt = 0xEA,
    IdentifyDevice = 0xEC,
}

/// <summary>
/// The FIS that carries a command to the device. Serial ATA 3.5, "Register Host to Device FIS".
/// <code>
///   type 0, flags 1, command 2, features 3, LBA 4 (3), device 7, LBA 8 (3), features 11, count 12 (2), ICC 14, control 15, auxiliary 16 (4)
/// </code>
/// </summary>
public static class AtaFis
{
    public const byte RegisterHostToDevice = 0x27;

    /// <summary>It is a command, in the flags.</summary>
    public const byte Command = 0x80;

    /// <summary>In the device byte.</summary>
    public const byte Lba = 0x40;

    /// <summary>Where a queued command has its tag, in the count.</summary>
    public const int TagShift = 3;

    /// <summary>In the features of Data Set Management.</summary>
    public const byte Trim = 1;

    /// <summary>A range of it: the first block (48 bits), and how many (16 bits).</summary>
    public const int RangeBytes = 8, RangeCountShift = 48, RangeMost = ushort.MaxValue, RangesBytes = 512;
}

/// <summary>Words of what a device tells of itself. ACS-4, "IDENTIFY DEVICE data".</summary>
public static class AtaIdentify
{
    public const int Bytes = 512;

    public const int Serial = 10, SerialWords = 10, Model = 27, ModelWords = 20, QueueDepth = 75, SataCapabilities = 76, CommandSets = 83, EnabledSets = 85,
        Sectors48 = 100, SectorSize = 106, WordsPerSector = 117, DataSetManagement = 169, Integrity = 255;

    public const ushort QueueDepthMask = 0x1F, Ncq = 1 << 8, Lba48 = 1 << 10, FlushExt = 1 << 13, WriteCache = 1 << 5, TrimSupported = 1;

    /// <summary>Words that are void: of command sets and of the sector's size, unless their upper bits are 01.</summary>
    public const ushort ValidMask = 0xC000, Valid = 0x4000;

    /// <summary>In the sector's size: larger than 256 words; several to a physical sector, as a power of two.</summary>
    public const ushort LongSectors = 1 << 12, SeveralSectors = 1 << 13, ExponentMask = 0xF;

    /// <summary>In the lower byte of the last word: the bytes' sum is 0.</summary>
    public const byte IntegrityMark = 0xA5;
}
