using System;

namespace HyperOS.Management.TcpIp;

/// <summary>What went through the stack since it was made.</summary>
public sealed class StackCounters
{
    private readonly long[] _drops = new long[Enum.GetValues<DropReason>().Length];

    /// <summary>Frames taken from the link.</summary>
    public long FramesReceived { get; internal set; }

    /// <summary>Frames given to the link.</summary>
    public long FramesSent { get; internal set; }

    /// <summary>TCP segments that were sent a second time.</summary>
    public long Retransmissions { get; internal set; }

    /// <summary>Times that TCP's retransmission timer ran out.</summary>
    public long Timeouts { get; internal set; }

    /// <summary>TCP connections that were set up.</summary>
    public long Connections { get; internal set; }

    /// <summary>Half-open TCP connections that a flood pushed out.</summary>
    public long HalfOpenEvictions { get; internal set; }

    /// <summary>Challenge acknowledgements sent (RFC 5961).</summary>
    public long Challenges { get; internal set; }

    /// <summary>Other stations that claimed our address (RFC 5227 section 2.4).</summary>
    public long AddressConflicts { get; internal set; }

    /// <summary>Packets that went no further, by reason.</summary>
    public long Drops(DropReason reason) => _drops[(int)reason];

    internal void Drop(DropReason reason) => _drops[(int)reason]++;
}
