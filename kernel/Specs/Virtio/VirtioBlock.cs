namespace HyperOS.Specs.Virtio;

/// <summary>Kinds of requests. Virtio 1.2, section "Block Device", "Device Operation".</summary>
public enum VirtioBlockType : uint
{
    VIRTIO_BLK_T_IN = 0,
    VIRTIO_BLK_T_OUT = 1,
    VIRTIO_BLK_T_FLUSH = 4,
    VIRTIO_BLK_T_GET_ID = 8,
    VIRTIO_BLK_T_DISCARD = 11,
    VIRTIO_BLK_T_WRITE_ZEROES = 13,
}

/// <summary>A request's last byte. Virtio 1.2, section "Block Device", "Device Operation".</summary>
public enum VirtioBlockStatus : byte
{
    VIRTIO_BLK_S_OK = 0,
    VIRTIO_BLK_S_IOERR = 1,
    VIRTIO_BLK_S_UNSUPP = 2,
}

/// <summary>Feature bits, configuration and request layout of the block device, in bytes. Virtio 1.2, section "Block Device".</summary>
public static class VirtioBlock
{
    public const ulong VIRTIO_BLK_F_SIZE_MAX = 1ul << 1;
    public const ulong VIRTIO_BLK_F_SEG_MAX = 1ul << 2;
    public const ulong VIRTIO_BLK_F_RO = 1ul << 5;
    public const ulong VIRTIO_BLK_F_BLK_SIZE = 1ul << 6;
    public const ulong VIRTIO_BLK_F_FLUSH = 1ul << 9;
    public const ulong VIRTIO_BLK_F_TOPOLOGY = 1ul << 10;
    public const ulong VIRTIO_BLK_F_CONFIG_WCE = 1ul << 11;
    public const ulong VIRTIO_BLK_F_MQ = 1ul << 12;
    public const ulong VIRTIO_BLK_F_DISCARD = 1ul << 13;
    public const ulong VIRTIO_BLK_F_WRITE_ZEROES = 1ul << 14;

    /// <summary>In sectors, 8 bytes.</summary>
    public const int Capacity = 0;

    public const int SizeMax = 8, SegMax = 12, BlkSize = 20;

    /// <summary>Exponent (1 byte), alignment offset (1), min_io_size (2) and opt_io_size (4), the last two in blocks.</summary>
    public const int PhysicalBlockExp = 24, AlignmentOffset = 25, MinIoSize = 26, OptIoSize = 28;

    /// <summary>1: the cache is written back. 1 byte.</summary>
    public const int Writeback = 32;

    /// <summary>2 bytes.</summary>
    public const int NumQueues = 34;

    public const int MaxDiscardSectors = 36, MaxDiscardSeg = 40, DiscardSectorAlignment = 44;
    public const int MaxWriteZeroesSectors = 48, MaxWriteZeroesSeg = 52;

    /// <summary>1 byte.</summary>
    public const int WriteZeroesMayUnmap = 56;

    public const int ConfigurationBytes = 60;

    /// <summary>A request's head: type (4), reserved (4), sector (8).</summary>
    public const int HeaderBytes = 16, HeaderSector = 8;

    /// <summary>What GET_ID reads.</summary>
    public const int IdBytes = 20;

    /// <summary>A range to discard or to write zeroes to: sector (8), number of sectors (4), flags (4).</summary>
    public const int RangeBytes = 16, RangeSectors = 8, RangeFlags = 12;

    /// <summary>In a range's flags: the space may be given back.</summary>
    public const uint Unmap = 1;
}
