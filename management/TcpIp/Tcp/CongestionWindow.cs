using System;

namespace HyperOS.Management.TcpIp;

/// <summary>How much may be under way: slow start, congestion avoidance and their reaction to loss (RFC 5681, RFC 6928). Bytes.</summary>
internal sealed class CongestionWindow
{
    private long _acknowledged;

    public CongestionWindow(int segmentSize) => Size = Initial(segmentSize);

    /// <summary>cwnd.</summary>
    public long Size { get; private set; }

    /// <summary>ssthresh.</summary>
    public long Threshold { get; private set; } = long.MaxValue;

    /// <summary>Ten segments (RFC 6928 section 2).</summary>
    public static long Initial(int segmentSize) => Math.Min(10L * segmentSize, Math.Max(2L * segmentSize, 14600));

    /// <summary>New data was acknowledged (RFC 5681 section 3.1, counting bytes).</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="segmentSize">SMSS.</param>
    /// <param name="wasFull">The window, not the sender, limited what was under way; else it does not grow.</param>
    public void Grow(long bytes, int segmentSize, bool wasFull)
    {
        if (!wasFull)
            return;
        if (Size < Threshold)
        {
            Size += Math.Min(bytes, segmentSize);
            return;
        }
        _acknowledged += bytes;
        if (_acknowledged < Size)
            return;
        _acknowledged -= Size;
        Size += segmentSize;
    }

    /// <summary>A segment was lost and others came through (RFC 5681 section 3.2, RFC 6675 section 5).</summary>
    public void Halve(long underWay, int segmentSize)
    {
        Threshold = Math.Max(underWay / 2, 2L * segmentSize);
        Size = Threshold;
        _acknowledged = 0;
    }

    /// <summary>The timer ran out (RFC 5681 section 3.1, equation 4 and what follows it).</summary>
    /// <param name="underWay">What was under way.</param>
    /// <param name="segmentSize">SMSS.</param>
    /// <param name="isFirst">Not again for the same segment, which leaves the threshold as it is.</param>
    public void Collapse(long underWay, int segmentSize, bool isFirst)
    {
        if (isFirst)
            Threshold = Math.Max(underWay / 2, 2L * segmentSize);
        Size = segmentSize;
        _acknowledged = 0;
    }

    /// <summary>Recovery is over: no burst follows (RFC 6582 section 3.2, step 3).</summary>
    public void EndRecovery(long underWay, int segmentSize) => Size = Math.Max(segmentSize, Math.Min(Threshold, Math.Max(underWay, segmentSize) + segmentSize));

    /// <summary>Nothing was sent for longer than a time-out (RFC 5681 section 4.1).</summary>
    public void RestartAfterIdle(int segmentSize) => Size = Math.Min(Size, Initial(segmentSize));
}
