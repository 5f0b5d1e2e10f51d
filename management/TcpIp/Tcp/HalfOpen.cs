namespace HyperOS.Management.TcpIp;

/// <summary>A question for a connection that was answered, as little of it as goes on needs: SYN-RECEIVED of RFC 9293 section 3.3.2.</summary>
/// <param name="Key">The two ends.</param>
/// <param name="Listener">Who is to get it.</param>
/// <param name="Initial">This side's first number.</param>
/// <param name="PeerInitial">The peer's.</param>
/// <param name="PeerOffer">What its SYN offered.</param>
/// <param name="PeerTimestamp">Its timestamp, to be echoed.</param>
internal sealed record HalfOpen(FlowKey Key, TcpListener Listener, long Initial, long PeerInitial, TcpOffer PeerOffer, uint PeerTimestamp)
{
    /// <summary>How often it was answered.</summary>
    public int Tries { get; set; }

    /// <summary>When it is answered again, or given up; microseconds.</summary>
    public long Due { get; set; }
}
