namespace HyperOS.Management.TcpIp;

/// <summary>What a side offers in its SYN; the connection uses what both offer (RFC 7323 sections 2.2 and 3.2, RFC 2018 section 2).</summary>
/// <param name="MaximumSegmentSize">The most data of a segment that the peer takes, 536 if it does not tell (RFC 9293 section 3.7.1).</param>
/// <param name="WindowShift">By how much its windows are to be shifted; null: not at all.</param>
/// <param name="IsSackPermitted">It understands SACK.</param>
/// <param name="HasTimestamps">Its segments carry timestamps.</param>
internal readonly record struct TcpOffer(int MaximumSegmentSize, int? WindowShift, bool IsSackPermitted, bool HasTimestamps)
{
    private const int DefaultSegmentSize = 536;

    // A peer that asks for tiny segments would cost a packet for every few bytes.
    private const int SmallestSegmentSize = 88;

    public static TcpOffer Of(in TcpSegment syn) => new(
        syn.MaximumSegmentSize == 0 ? DefaultSegmentSize : int.Max(SmallestSegmentSize, syn.MaximumSegmentSize), syn.WindowShift, syn.IsSackPermitted, syn.HasTimestamps);

    /// <summary>This side's answer to a peer's offer.</summary>
    public TcpOffer AnswerTo(in TcpOffer peer) => this with
    {
        WindowShift = peer.WindowShift is null ? null : WindowShift,
        IsSackPermitted = IsSackPermitted && peer.IsSackPermitted,
        HasTimestamps = HasTimestamps && peer.HasTimestamps,
    };
}
