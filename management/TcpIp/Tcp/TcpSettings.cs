using System;

namespace HyperOS.Management.TcpIp;

/// <summary>Limits and times of a stack's TCP.</summary>
public sealed record TcpSettings
{
    /// <summary>The most connections, those at rest after their end included.</summary>
    public int MaximumConnections { get; init; } = 4096;

    /// <summary>The most half-open connections; the oldest makes room for a new one.</summary>
    public int MaximumHalfOpen { get; init; } = 1024;

    /// <summary>The most connections that rest in TIME-WAIT; the oldest makes room for a new one.</summary>
    public int MaximumAtRest { get; init; } = 1024;

    /// <summary>What one connection may keep of received data, in bytes: its largest window.</summary>
    public int ReceiveBuffer { get; init; } = 256 * 1024;

    /// <summary>What one connection may keep of data to be sent or acknowledged, in bytes.</summary>
    public int SendBuffer { get; init; } = 256 * 1024;

    /// <summary>What all connections may keep together, in bytes; beyond it each has the right to a page of 4 KiB a direction.</summary>
    public int Memory { get; init; } = 8 * 1024 * 1024;

    /// <summary>How long data or a question stays unanswered until a connection is given up: R2 of RFC 9293 section 3.8.3, at least 100 s.</summary>
    public TimeSpan GiveUp { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>The same for the question for a connection, at least three minutes (RFC 9293 section 3.8.3).</summary>
    public TimeSpan GiveUpConnecting { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long a connection rests in TIME-WAIT: twice the longest time that a segment may be under way, here taken as 30 s.</summary>
    public TimeSpan Rest { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The shortest retransmission time-out. RFC 6298 section 2.4 asks for 1 s where clocks are coarse; RFC 8961 section 4 allows less once measured.</summary>
    public TimeSpan MinimumRetransmission { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long an acknowledgement waits for data to go with it, below 500 ms (RFC 9293 section 3.8.6.3).</summary>
    public TimeSpan AcknowledgementDelay { get; init; } = TimeSpan.FromMilliseconds(40);
}
