namespace HyperOS.Switching;

/// <summary>How much may pass in one direction of a port.</summary>
public readonly struct RateLimit
{
    /// <summary>100 Gbit/s: with it, a second's worth in nanoseconds and bytes still is a 64-bit number.</summary>
    public const ulong MaxBytesPerSecond = 12_500_000_000;

    /// <summary>In bytes.</summary>
    public const uint MaxBurst = 1u << 30;

    /// <summary>On the average; 0: there is no limit.</summary>
    public readonly ulong BytesPerSecond;

    /// <summary>Bytes that may pass at once after a pause.</summary>
    public readonly uint Burst;

    /// <summary>Values beyond the most that there can be count as the most.</summary>
    public RateLimit(ulong bytesPerSecond, uint burst)
    {
        BytesPerSecond = bytesPerSecond < MaxBytesPerSecond ? bytesPerSecond : MaxBytesPerSecond;
        Burst = burst < MaxBurst ? burst : MaxBurst;
    }
}
