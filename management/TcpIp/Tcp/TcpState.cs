namespace HyperOS.Management.TcpIp;

/// <summary>
/// States of a connection (RFC 9293 section 3.3.2). LISTEN is the listener's, and the half-open state of those that it accepts is kept in
/// <see cref="HalfOpenQueue"/>.
/// <code>
///   SynSent -----------------------------> Established --FIN in--> CloseWait --close--> LastAck --> Closed
///      | SYN                                ^      | close                                            ^
///      +-----> SynReceived -----------------+      v                                                  |
///                                              FinWait1 ---ACK---> FinWait2 ---FIN in---> TimeWait ---+
///                                                  +--FIN in--> Closing ---ACK---------------^
/// </code>
/// </summary>
public enum TcpState
{
    /// <summary>No connection any more.</summary>
    Closed,

    /// <summary>Asked for, not answered yet.</summary>
    SynSent,

    /// <summary>Both sides asked at once.</summary>
    SynReceived,

    /// <summary>Data goes both ways.</summary>
    Established,

    /// <summary>This side has ended its stream.</summary>
    FinWait1,

    /// <summary>The peer knows that.</summary>
    FinWait2,

    /// <summary>The peer has ended its stream.</summary>
    CloseWait,

    /// <summary>Both have, and neither knows that the other knows.</summary>
    Closing,

    /// <summary>Both have; the peer still has to say that it knows.</summary>
    LastAck,

    /// <summary>Over; the pair of ends rests until no old segment is under way (RFC 9293 section 3.4.1).</summary>
    TimeWait,
}
