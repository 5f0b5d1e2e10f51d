namespace HyperOS.Specs.Virtio;

/// <summary>What a number in the guest's statistics counts. Virtio 1.2, section "Memory Statistics Tags".</summary>
public enum VirtioBalloonStatistic : ushort
{
    VIRTIO_BALLOON_S_SWAP_IN = 0,
    VIRTIO_BALLOON_S_SWAP_OUT = 1,
    VIRTIO_BALLOON_S_MAJFLT = 2,
    VIRTIO_BALLOON_S_MINFLT = 3,
    VIRTIO_BALLOON_S_MEMFREE = 4,
    VIRTIO_BALLOON_S_MEMTOT = 5,
    VIRTIO_BALLOON_S_AVAIL = 6,
    VIRTIO_BALLOON_S_CACHES = 7,
    VIRTIO_BALLOON_S_HTLB_PGALLOC = 8,
    VIRTIO_BALLOON_S_HTLB_PGFAIL = 9,
}

/// <summary>Feature bits, configuration and queues of the memory balloon, offsets in bytes. Virtio 1.2, section "Traditional Memory Balloon Device".</summary>
public static class VirtioBalloon
{
    public const ulong VIRTIO_BALLOON_F_STATS_VQ = 1ul << 1;
    public const ulong VIRTIO_BALLOON_F_DEFLATE_ON_OOM = 1ul << 2;
    public const ulong VIRTIO_BALLOON_F_PAGE_REPORTING = 1ul << 5;

    /// <summary>Configuration: num_pages (4), actual (4).</summary>
    public const int NumPages = 0, Actual = 4, ConfigurationBytes = 8;

    /// <summary>Queues that are always there.</summary>
    public const int InflateQueue = 0, DeflateQueue = 1;

    /// <summary>Where the queues of the agreed features begin.</summary>
    public const int FirstOptionalQueue = 2;

    /// <summary>A page's number in a buffer.</summary>
    public const int PageNumberBytes = 4;

    /// <summary>A number of the statistics: tag (2), value (8).</summary>
    public const int StatisticBytes = 10, StatisticValue = 2;

    /// <summary>Kinds of statistics.</summary>
    public const int StatisticCount = 10;

    /// <summary>In which the balloon counts, whatever the guest's pages, in bytes.</summary>
    public const int PageBytes = 4096;
}
