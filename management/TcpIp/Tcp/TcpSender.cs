using System;
using System.Buffers.Binary;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// The sending half of a connection: keeps the stream until it is acknowledged, and decides what goes when.
/// <code>
///   acknowledged | under way, with islands that the peer has | written, not sent | room
///        Unacknowledged                                     Next               End
/// </code>
/// Loss is found and mended by the conservative recovery of RFC 6675. A peer without SACK is treated alike: each duplicate acknowledgement
/// tells that one segment has left the network, not which, and only the first one missing counts as lost (RFC 6582).
/// </summary>
internal sealed class TcpSender
{
    private const int MaximumIslands = 64;
    private const int DuplicateThreshold = 3;
    private const int CautiousSegmentSize = 536;
    private const int TimeOutsToCaution = 3;
    private const long Never = long.MaxValue;

    private readonly TcpConnection _connection;
    private readonly StackContext _context;
    private readonly TcpSettings _settings;
    private readonly ByteQueue _queue;
    private readonly RangeSet _islands = new(MaximumIslands);
    private readonly CongestionWindow _congestion;
    private readonly bool _hasSack;
    private readonly long _first;

    private RecoveryKind _recovery;
    private long _recoveryPoint;
    private long _resent;
    private long _departed;
    private bool _mustResend;
    private bool _moreFollows;
    private bool _isProbing;
    private long _probedWindow;
    private int _timeOuts;
    private long _largestWindow;
    private long _timed = Never;
    private long _timedAt;
    private long _lastSent;
    private long _progressAt;
    private long _highest;

    public TcpSender(TcpConnection connection, StackContext context, BufferPool pool, TcpSettings settings, long first, bool hasSack, RoundTrip roundTrip)
    {
        _connection = connection;
        _context = context;
        _settings = settings;
        _hasSack = hasSack;
        _first = first;
        _queue = new ByteQueue(pool, settings.SendBuffer, first);
        Unacknowledged = Next = End = _resent = _recoveryPoint = _highest = first;
        RoundTrip = roundTrip;
        _congestion = new CongestionWindow(SegmentSize);
    }

    private enum RecoveryKind
    {
        None,
        Fast,
        TimeOut,
    }

    /// <summary>SND.UNA.</summary>
    public long Unacknowledged { get; private set; }

    /// <summary>SND.NXT.</summary>
    public long Next { get; private set; }

    /// <summary>Behind the last byte that was written.</summary>
    public long End { get; private set; }

    /// <summary>Nothing more is written: a FIN follows the last byte.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>The peer has the FIN.</summary>
    public bool IsEndAcknowledged => IsEnding && Unacknowledged > End;

    /// <summary>SND.WND, in bytes.</summary>
    public long Window { get; private set; }

    /// <summary>All that was written has been acknowledged.</summary>
    public bool IsDone => Unacknowledged == StreamEnd;

    /// <summary>When the retransmission or persist timer runs out.</summary>
    public long Due { get; private set; } = Never;

    public RoundTrip RoundTrip { get; }

    /// <summary>cwnd, in bytes.</summary>
    public long CongestionWindowSize => _congestion.Size;

    /// <summary>The application may write with profit.</summary>
    public bool HasRoom => !IsEnding && ((_settings.SendBuffer - (End - Unacknowledged) >= _settings.SendBuffer / 4 && _queue.HasRoomAt(End)) || Unacknowledged >= End);

    /// <summary>The highest position that was ever sent: what the peer may acknowledge.</summary>
    public long Highest => Math.Max(_highest, Next);

    private long StreamEnd => IsEnding ? End + 1 : End;

    private long UnderWay => Next - Unacknowledged;

    // Where a narrow link swallows packets without a word, smaller segments may get through (RFC 2923 section 2.1).
    private int SegmentSize => _timeOuts < TimeOutsToCaution ? _connection.SegmentSize : Math.Min(CautiousSegmentSize, _connection.SegmentSize);

    /// <summary>Keeps bytes to be sent.</summary>
    /// <param name="bytes">What to send.</param>
    /// <param name="moreFollows">What does not fill a segment waits for the next call.</param>
    /// <returns>How many there was room for.</returns>
    public int Write(ReadOnlySpan<byte> bytes, bool moreFollows)
    {
        _moreFollows = moreFollows;
        int room = (int)Math.Min(bytes.Length, _settings.SendBuffer - (End - Unacknowledged));
        if (IsEnding || room <= 0)
            return 0;
        int written = _queue.Write(End, bytes[..room], isEssential: _queue.Held == 0);
        End += written;
        return written;
    }

    /// <summary>A FIN is to follow what was written.</summary>
    public void Finish()
    {
        IsEnding = true;
        _moreFollows = false;
    }

    public void Clear()
    {
        _queue.Clear();
        Due = Never;
    }

    /// <summary>The peer's window (RFC 9293 section 3.10.7.4).</summary>
    public void SetWindow(long window)
    {
        Window = window;
        _largestWindow = Math.Max(_largestWindow, window);
    }

    /// <summary>What an acknowledgement tells: how far the peer has come, its islands, or that one more segment left the network.</summary>
    /// <param name="acknowledged">The position before which all has come, between <see cref="Unacknowledged"/> and <see cref="Highest"/>.</param>
    /// <param name="sackBlocks">As in the segment.</param>
    /// <param name="isDuplicate">It carries nothing else (RFC 5681 section 2).</param>
    /// <param name="roundTrip">Measured by its timestamps, in microseconds; negative if it was not.</param>
    public void Acknowledge(long acknowledged, ReadOnlySpan<byte> sackBlocks, bool isDuplicate, long roundTrip)
    {
        if (_hasSack)
            AddIslands(sackBlocks);
        if (acknowledged > Unacknowledged)
            Advance(acknowledged, roundTrip);
        else if (isDuplicate && !_hasSack && UnderWay > 0)
            _departed = Math.Min(_departed + SegmentSize, UnderWay);
        if (_recovery == RecoveryKind.None && Unacknowledged >= _recoveryPoint && LostBelow() > Unacknowledged && UnderWay > 0)
            EnterFastRecovery();
    }

    /// <summary>Sends all that may go now, and sets the timer.</summary>
    public void Send()
    {
        if (UnderWay == 0 && _context.Now - _lastSent > RoundTrip.TimeOut)
            _congestion.RestartAfterIdle(SegmentSize);
        if (_isProbing && Window > _probedWindow)
            EndProbing();
        while (TrySend())
        {
        }
        if (UnderWay == 0 && Next < StreamEnd && !_isProbing)
            StartProbing();
        if (Due == Never && UnderWay > 0)
            Due = _context.Now + RoundTrip.TimeOut;
    }

    /// <summary>The timer has run out (RFC 6298 section 5, RFC 9293 section 3.8.6.1).</summary>
    /// <returns>False if the peer did not answer for so long that the connection is given up.</returns>
    public bool TryTimeOut(long giveUp, long lastHeard)
    {
        // A peer whose window is closed lives as long as it answers (RFC 9293 section 3.8.6.1, MUST-37), and as long as somebody here wants it.
        if (_context.Now - (_isProbing ? Math.Max(lastHeard, _progressAt) : _progressAt) >= giveUp)
            return false;
        RoundTrip.BackOff();
        if (_isProbing)
        {
            Probe();
            Due = _context.Now + RoundTrip.TimeOut;
            return true;
        }
        _context.Counters.Timeouts++;
        _congestion.Collapse(UnderWay, SegmentSize, isFirst: _timeOuts++ == 0);
        // A peer that has thrown away what it had reported will have to get it again (RFC 2018 section 8).
        if (_islands.Count != 0 && _islands[0].Start <= Unacknowledged)
            _islands.Clear();
        ResendAll();
        Due = _context.Now + RoundTrip.TimeOut;
        Send();
        return true;
    }

    /// <summary>What is under way was too large for the path: it goes again at once, in smaller segments, and not for congestion (RFC 1191 section 6.4).</summary>
    public void ResendSmaller()
    {
        ResendAll();
        Send();
    }

    private void ResendAll()
    {
        _recovery = RecoveryKind.TimeOut;
        _recoveryPoint = Next;
        _resent = Unacknowledged;
        _departed = 0;
        _mustResend = true;
        _timed = Never;
    }

    private void Advance(long acknowledged, long roundTrip)
    {
        long bytes = acknowledged - Unacknowledged;
        bool wasFull = UnderWay + SegmentSize > _congestion.Size;
        if (roundTrip < 0 && _timed < acknowledged)
            roundTrip = _context.Now - _timedAt;
        if (_timed < acknowledged)
            _timed = Never;
        if (roundTrip >= 0)
            RoundTrip.Sample(roundTrip);
        RoundTrip.EndBackOff();
        Unacknowledged = acknowledged;
        Next = Math.Max(Next, acknowledged);
        _resent = Math.Max(_resent, acknowledged);
        _islands.RemoveBelow(acknowledged);
        _queue.RemoveBelow(Math.Min(acknowledged, End));
        if (acknowledged >= End)
            _queue.Clear();
        _departed = _recovery == RecoveryKind.Fast ? Math.Clamp(_departed - bytes + SegmentSize, 0, UnderWay) : 0;
        _timeOuts = 0;
        _progressAt = _context.Now;
        if (_recovery != RecoveryKind.Fast)
            _congestion.Grow(bytes, SegmentSize, wasFull);
        if (_recovery != RecoveryKind.None && acknowledged >= _recoveryPoint)
            EndRecovery();
        if (_recovery == RecoveryKind.Fast && !_hasSack)
            _mustResend = true;
        Due = UnderWay > 0 ? _context.Now + RoundTrip.TimeOut : Never;
        _isProbing = false;
    }

    private void EndRecovery()
    {
        if (_recovery == RecoveryKind.Fast)
            _congestion.EndRecovery(UnderWay, SegmentSize);
        _recovery = RecoveryKind.None;
        _departed = 0;
        _mustResend = false;
    }

    // RFC 6675 section 5, step 4.
    private void EnterFastRecovery()
    {
        _recovery = RecoveryKind.Fast;
        _recoveryPoint = Next;
        _resent = Unacknowledged;
        _mustResend = true;
        _congestion.Halve(UnderWay, SegmentSize);
        Due = _context.Now + RoundTrip.TimeOut;
    }

    // Only what lies between the acknowledged and the sent can be true.
    private void AddIslands(ReadOnlySpan<byte> blocks)
    {
        for (; blocks.Length >= 8; blocks = blocks[8..])
        {
            long start = TcpSegment.Expand(BinaryPrimitives.ReadUInt32BigEndian(blocks), Unacknowledged);
            long end = TcpSegment.Expand(BinaryPrimitives.ReadUInt32BigEndian(blocks[4..]), Unacknowledged);
            if (start < end && start > Unacknowledged && end <= Next)
                _islands.TryAdd(start, end);
        }
    }

    private bool TrySend()
    {
        int size = SegmentSize;
        long lostBelow = LostBelow(), room = _congestion.Size - Pipe(lostBelow);
        if (_recovery != RecoveryKind.None && TryFindHole(lostBelow, out long hole, out long holeEnd))
        {
            int length = (int)Math.Min(size, holeEnd - hole);
            if (length > room && !_mustResend)
                return false;
            _mustResend = false;
            _resent = hole + length;
            _context.Counters.Retransmissions++;
            if (_timed >= hole)
                _timed = Never;
            Transmit(hole, length);
            return true;
        }
        return TrySendNew(size, room);
    }

    private bool TrySendNew(int size, long room)
    {
        long usable = Unacknowledged + Window - Next;
        int data = (int)Math.Min(Math.Min(size, End - Next), usable);
        bool isLast = Next + data == End, endsNow = isLast && IsEnding && Next <= End && data < usable;
        if (data < 0 || (data == 0 && !endsNow) || data > room)
            return false;
        // Silly windows are not filled (RFC 9293 section 3.8.6.2.1).
        if (data < size && (!isLast || _moreFollows) && data < _largestWindow / 2)
            return false;
        if (UnderWay == 0)
            _progressAt = _context.Now;
        if (_timed == Never)
            (_timed, _timedAt) = (Next, _context.Now);
        long position = Next;
        int length = data + (endsNow ? 1 : 0);
        Next += length;
        _highest = Math.Max(_highest, Next);
        Transmit(position, length);
        return true;
    }

    private void Transmit(long position, int length)
    {
        _lastSent = _context.Now;
        int data = (int)Math.Min(length, End - position);
        _connection.Transmit(position, data, isEnd: length > data, isLast: position + data == End);
    }

    /// <summary>Copies out what a segment is to carry.</summary>
    public void Read(long position, Span<byte> into) => _queue.Read(position, into);

    // The window is too small to send into: it is filled all the same after a while, and a closed one asked for again and again with one byte more
    // than it allows (RFC 9293 sections 3.8.6.1 and 3.8.6.2.1).
    private void StartProbing()
    {
        _isProbing = true;
        _probedWindow = Window;
        _progressAt = _context.Now;
        Due = _context.Now + RoundTrip.TimeOut;
    }

    private void Probe()
    {
        int length = (int)Math.Clamp(Math.Min(Window, End - Unacknowledged), 1, SegmentSize);
        Next = Math.Max(Next, Unacknowledged + length);
        _highest = Math.Max(_highest, Next);
        _timed = Never;
        Transmit(Unacknowledged, length);
    }

    // What was sent into the closed window was not taken: it goes again with the rest.
    private void EndProbing()
    {
        _isProbing = false;
        Next = Unacknowledged;
        Due = Never;
        RoundTrip.EndBackOff();
    }

    // RFC 6675 section 4, IsLost: all before a position from which on three islands, or the bytes of more than two segments, have come.
    private long LostBelow()
    {
        if (_recovery == RecoveryKind.TimeOut)
            return _recoveryPoint;
        if (!_hasSack)
        {
            bool isLost = _recovery == RecoveryKind.Fast || _departed >= DuplicateThreshold * SegmentSize;
            return isLost ? Math.Min(Unacknowledged + SegmentSize, Next) : Unacknowledged;
        }
        long bytes = 0;
        for (int i = _islands.Count - 1; i >= 0; i--)
        {
            bytes += _islands[i].End - _islands[i].Start;
            if (_islands.Count - i >= DuplicateThreshold || bytes > (DuplicateThreshold - 1) * SegmentSize)
                return _islands[i].Start;
        }
        return Unacknowledged;
    }

    // RFC 6675 section 4, SetPipe: what is taken to be in the network, that is neither arrived nor lost, or sent again.
    private long Pipe(long lostBelow)
    {
        long pipe = -_departed, position = Unacknowledged;
        for (int i = 0; i <= _islands.Count; i++)
        {
            long end = i < _islands.Count ? _islands[i].Start : Next;
            pipe += Math.Max(0, end - Math.Max(position, lostBelow));
            if (_recovery != RecoveryKind.None)
                pipe += Math.Max(0, Math.Min(end, _resent) - position);
            position = i < _islands.Count ? _islands[i].End : end;
        }
        return Math.Max(0, pipe);
    }

    // RFC 6675 section 4, NextSeg, rule 1: the first lost range that was not sent again in this recovery.
    private bool TryFindHole(long lostBelow, out long hole, out long end)
    {
        hole = Math.Max(Unacknowledged, _resent);
        end = Math.Min(lostBelow, Next);
        for (int i = 0; i < _islands.Count && _islands[i].Start < end; i++)
        {
            if (hole < _islands[i].Start)
            {
                end = _islands[i].Start;
                break;
            }
            hole = Math.Max(hole, _islands[i].End);
        }
        return hole < end;
    }
}
