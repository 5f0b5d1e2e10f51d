using System;
using System.Threading;
using System.Threading.Tasks;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// A TCP connection (RFC 9293): two streams of bytes between this host and a peer. One may read and one may write at a time, from any threads;
/// <see cref="TcpStream"/> makes a Stream of it, which System.IO.Pipelines' readers and writers wrap.
/// </summary>
public sealed class TcpConnection : IDisposable
{
    private const long Never = long.MaxValue;
    private const int KeepAliveProbes = 8;
    private const long KeepAliveInterval = 75_000_000;
    private const int ReadyIslands = 3;

    private readonly NetworkStack _stack;
    private readonly TcpLayer _layer;
    private readonly StackContext _context;
    private readonly TcpSettings _settings;
    private readonly FlowKey _key;
    private readonly StackTimer _timer;
    private readonly Signal _connected;
    private readonly Signal _input;
    private readonly Signal _output;
    private readonly Signal _ended;
    private readonly RateLimit _challenges = new(perSecond: 10);
    private readonly RoundTrip _roundTrip;
    private readonly uint _timestampOffset;

    private TcpOffer _offer;
    private TcpOffer _peerOffer;
    private TcpSender _sender;
    private TcpReceiver? _receiver;
    private long _initial;
    private long _startedAt;
    private uint _recentTimestamp;
    private long _recentTimestampAt;
    private long _lastAcknowledged;
    private long _windowSequence;
    private long _windowAcknowledgement;
    private bool _mustAcknowledge;
    private int _unacknowledgedBytes;
    private long _acknowledgeDue = Never;
    private long _questionDue = Never;
    private long _endDue = Never;
    private long _keepAliveDue = Never;
    private int _keepAlivesSent;
    private long _lastHeard;
    private bool _isAbandoned;
    private TimeSpan? _keepAlive;

    private TcpConnection(TcpLayer layer, FlowKey key, long initial, in TcpOffer offer)
    {
        _layer = layer;
        _stack = layer.Stack;
        _context = _stack.Context;
        _settings = layer.Settings;
        _key = key;
        _initial = initial;
        _offer = offer;
        _timer = new StackTimer(_context.Timers, OnTimer);
        _connected = new Signal(_stack);
        _input = new Signal(_stack);
        _output = new Signal(_stack);
        _ended = new Signal(_stack);
        _roundTrip = new RoundTrip(_settings.MinimumRetransmission.Ticks / TimeSpan.TicksPerMicrosecond);
        _timestampOffset = layer.TimestampOffset(key);
        _startedAt = _lastHeard = _context.Now;
        _peerOffer = new TcpOffer(536, null, false, false);
        _sender = NewSender();
    }

    /// <summary>This side's address and port.</summary>
    public IpEndpoint Local => _key.Local;

    /// <summary>The peer's address and port.</summary>
    public IpEndpoint Remote => _key.Remote;

    /// <summary>Where the connection is in its life.</summary>
    public TcpState State { get; private set; } = TcpState.SynSent;

    /// <summary>Why it ended before its time; what was not read then is lost.</summary>
    public TcpError Error { get; private set; }

    /// <summary>The peer has ended its stream and all of it has been read; or there is an error.</summary>
    public bool IsInputEnded
    {
        get
        {
            using NetworkStack.Scope scope = _stack.Enter();
            return State == TcpState.Closed ? _receiver is null or { Ready: 0 } : _receiver is { HasEnded: true, Ready: 0 };
        }
    }

    /// <summary>After so long a silence the peer is asked whether it is still there, eight times every 75 s; null, as at first: never (RFC 9293 section 3.8.4).</summary>
    public TimeSpan? KeepAlive
    {
        get => _keepAlive;
        set
        {
            using NetworkStack.Scope scope = _stack.Enter();
            _keepAlive = value;
            _keepAliveDue = value is { } idle ? _context.Now + (idle.Ticks / TimeSpan.TicksPerMicrosecond) : Never;
            SetTimer();
        }
    }

    internal bool IsDisposed => _isAbandoned;

    internal FlowKey Key => _key;

    /// <summary>SND.UNA, SND.NXT, cwnd: for tests to look at.</summary>
    internal TcpSender Sender => _sender;

    /// <summary>The most data that a segment may carry now (RFC 9293 section 3.7.1), as the path's MTU may change.</summary>
    internal int SegmentSize =>
        Math.Min(_peerOffer.MaximumSegmentSize, _layer.MaximumSegmentSize(_key.Remote.Address)) - (_peerOffer.HasTimestamps ? TcpSegment.TimestampsLength : 0);

    private bool CanSend => State is TcpState.Established or TcpState.CloseWait or TcpState.FinWait1 or TcpState.Closing or TcpState.LastAck;

    private uint Timestamp => _timestampOffset + (uint)(_context.Now / 1000);

    private int WindowShift => _peerOffer.WindowShift is null ? 0 : _offer.WindowShift ?? 0;

    /// <summary>Reads what is there.</summary>
    /// <returns>How many bytes; 0 if there are none now: see <see cref="WaitForInputAsync"/> and <see cref="IsInputEnded"/>.</returns>
    public int Read(Span<byte> into)
    {
        using NetworkStack.Scope scope = _stack.Enter();
        int count = _receiver?.Read(into) ?? 0;
        if (count != 0 && State is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2 && _receiver!.IsWorthTelling(SegmentSize))
        {
            SendAcknowledgement();
            SetTimer();
        }
        return count;
    }

    /// <summary>Takes bytes to be sent.</summary>
    /// <param name="bytes">What to send.</param>
    /// <param name="moreFollows">The rest of a segment that these do not fill comes with the next call: it waits for it.</param>
    /// <returns>How many there was room for; 0: see <see cref="WaitForOutputAsync"/> and <see cref="Error"/>.</returns>
    /// <exception cref="InvalidOperationException">The stream was ended.</exception>
    public int Write(ReadOnlySpan<byte> bytes, bool moreFollows = false)
    {
        using NetworkStack.Scope scope = _stack.Enter();
        if (_sender.IsEnding)
            throw new InvalidOperationException("The stream was ended.");
        if (!CanSend)
            return 0;
        int written = _sender.Write(bytes, moreFollows);
        Output();
        return written;
    }

    /// <summary>Completes when something can be read, the peer has ended its stream, or there is an error.</summary>
    public ValueTask WaitForInputAsync(CancellationToken cancellationToken = default)
    {
        using NetworkStack.Scope scope = _stack.Enter();
        return IsInputReady ? ValueTask.CompletedTask : _input.WaitAsync(cancellationToken);
    }

    /// <summary>Completes when something can be written, or there is an error.</summary>
    public ValueTask WaitForOutputAsync(CancellationToken cancellationToken = default)
    {
        using NetworkStack.Scope scope = _stack.Enter();
        return IsOutputReady ? ValueTask.CompletedTask : _output.WaitAsync(cancellationToken);
    }

    /// <summary>Completes when the connection is set up, or could not be: <see cref="Error"/>.</summary>
    public ValueTask WaitForConnectionAsync(CancellationToken cancellationToken = default)
    {
        using NetworkStack.Scope scope = _stack.Enter();
        return State is TcpState.SynSent or TcpState.SynReceived ? _connected.WaitAsync(cancellationToken) : ValueTask.CompletedTask;
    }

    /// <summary>Completes when the connection is over: both streams have ended, or there is an error.</summary>
    public ValueTask WaitForEndAsync()
    {
        using NetworkStack.Scope scope = _stack.Enter();
        return State is TcpState.Closed or TcpState.TimeWait ? ValueTask.CompletedTask : _ended.WaitAsync(CancellationToken.None);
    }

    /// <summary>Ends this side's stream after what was written; the other one goes on (RFC 9293 section 3.6).</summary>
    public void CloseOutput()
    {
        using NetworkStack.Scope scope = _stack.Enter();
        if (_sender.IsEnding || State is TcpState.Closed or TcpState.TimeWait)
            return;
        if (State == TcpState.SynSent)
        {
            End(TcpError.Aborted);
            return;
        }
        _sender.Finish();
        if (State == TcpState.Established)
            State = TcpState.FinWait1;
        else if (State == TcpState.CloseWait)
            State = TcpState.LastAck;
        Output();
    }

    /// <summary>Ends the connection at once; what is under way either way is lost (RFC 9293 section 3.10.5).</summary>
    public void Abort()
    {
        using NetworkStack.Scope scope = _stack.Enter();
        if (State is not (TcpState.Closed or TcpState.SynSent or TcpState.TimeWait))
            _layer.SendReset(_key, _sender.Next, _receiver?.Next ?? 0);
        End(TcpError.Aborted);
    }

    /// <summary>
    /// The application is done with it: what was written is still delivered, but what comes is not taken any more. A peer whose data was not
    /// read, or that sends more, is reset, so that it does not believe it was (RFC 2525 section 2.17, RFC 9293 section 3.6.1).
    /// </summary>
    public void Dispose()
    {
        using NetworkStack.Scope scope = _stack.Enter();
        _isAbandoned = true;
        _input.Set();
        _output.Set();
        if (State == TcpState.Closed)
        {
            _receiver?.Clear();
            return;
        }
        if (_receiver is { Ready: > 0 })
        {
            Abort();
            return;
        }
        CloseOutput();
        if (State == TcpState.FinWait2)
            RestUntil(_settings.Rest);
        SetTimer();
    }

    /// <summary>Asks a peer for a connection.</summary>
    internal static TcpConnection Ask(TcpLayer layer, FlowKey key, long initial, in TcpOffer offer)
    {
        TcpConnection connection = new(layer, key, initial, offer);
        connection.SendQuestion();
        return connection;
    }

    /// <summary>Goes on from a peer's question that was answered and whose answer was acknowledged.</summary>
    internal static TcpConnection Accept(TcpLayer layer, HalfOpen halfOpen)
    {
        TcpConnection connection = new(layer, halfOpen.Key, halfOpen.Initial, layer.Offer);
        if (halfOpen.Tries > 1)
            connection._roundTrip.RestartCautiously();
        connection.Agree(halfOpen.PeerInitial, halfOpen.PeerOffer, halfOpen.PeerTimestamp);
        connection._receiver!.OpenWindow(0);
        connection.Establish();
        return connection;
    }

    /// <summary>A segment of this connection, whose checksum is right (RFC 9293 section 3.10.7).</summary>
    internal void Receive(in TcpSegment segment)
    {
        if (State == TcpState.SynSent)
            ReceiveAnswer(segment);
        else if (State != TcpState.Closed)
            ReceiveNext(segment);
        if (State != TcpState.Closed)
            Output();
    }

    /// <summary>A peer may begin anew on a connection at rest, with a number or a timestamp beyond the last (RFC 9293 section 3.10.7.4, RFC 6191).</summary>
    internal bool MayBeReplacedBy(in TcpSegment syn)
    {
        if (State != TcpState.TimeWait || (syn.Flags & (TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst)) != TcpFlags.Syn)
            return false;
        return syn.HasTimestamps && _peerOffer.HasTimestamps
            ? (int)(syn.Timestamp - _recentTimestamp) > 0
            : TcpSegment.Expand(syn.Sequence, _receiver!.Next) > _receiver.Next;
    }

    /// <summary>An ICMP error about a segment of this connection (RFC 5927 section 4: only if it was under way).</summary>
    internal void ReceiveError(uint sequence, IcmpError error, int mtu)
    {
        long position = TcpSegment.Expand(sequence, State == TcpState.SynSent ? _initial : _sender.Unacknowledged);
        if (State == TcpState.SynSent)
        {
            if (error == IcmpError.Refused && position == _initial)
                End(TcpError.Refused);
            return;
        }
        // An established connection is not given up for what anybody may say (RFC 5927 section 5.2), and a path's MTU only falls.
        if (error != IcmpError.TooLarge || position < _sender.Unacknowledged || position >= _sender.Next || mtu >= _layer.PathMtu(_key.Remote.Address))
            return;
        _layer.LowerPathMtu(_key.Remote.Address, mtu);
        _sender.ResendSmaller();
        SetTimer();
    }

    /// <summary>Ends it without a word to the peer.</summary>
    internal void End(TcpError error)
    {
        if (State == TcpState.Closed)
            return;
        if (State != TcpState.TimeWait && error != TcpError.None)
            Error = error;
        State = TcpState.Closed;
        _timer.Stop();
        _sender.Clear();
        // What came in good order before an orderly end can still be read.
        if (Error != TcpError.None || _isAbandoned)
        {
            _receiver?.Clear();
            _receiver = null;
        }
        _layer.Remove(this);
        SetSignals();
    }

    /// <summary>Sends a segment with data of the stream (called by the sender).</summary>
    internal void Transmit(long position, int length, bool isEnd, bool isLast)
    {
        TcpFlags flags = TcpFlags.Ack | (isEnd ? TcpFlags.Fin : TcpFlags.None) | (isLast && length > 0 ? TcpFlags.Psh : TcpFlags.None);
        TransmitSegment(position, length, flags);
    }

    private bool IsInputReady => _isAbandoned || Error != TcpError.None || State == TcpState.Closed || _receiver is { Ready: > 0 } or { HasEnded: true };

    private bool IsOutputReady => _isAbandoned || Error != TcpError.None || State == TcpState.Closed || _sender.IsEnding || (CanSend && _sender.HasRoom);

    private TcpSender NewSender() => new(this, _context, _layer.Pool, _settings, _initial + 1, _peerOffer.IsSackPermitted, _roundTrip);

    private void Agree(long peerInitial, in TcpOffer peerOffer, uint timestamp)
    {
        _offer = _offer.AnswerTo(peerOffer);
        _peerOffer = peerOffer with { IsSackPermitted = _offer.IsSackPermitted, HasTimestamps = _offer.HasTimestamps };
        _receiver = new TcpReceiver(_layer.Pool, _settings.ReceiveBuffer, peerInitial + 1);
        _recentTimestamp = timestamp;
        _recentTimestampAt = _context.Now;
        _lastAcknowledged = peerInitial + 1;
        _sender = NewSender();
    }

    private void Establish()
    {
        State = TcpState.Established;
        _questionDue = Never;
        _context.Counters.Connections++;
        _connected.Set();
        _output.Set();
    }

    // RFC 9293 section 3.10.7.3.
    private void ReceiveAnswer(in TcpSegment segment)
    {
        long acknowledged = TcpSegment.Expand(segment.Acknowledgement, _initial);
        if (segment.IsAck && acknowledged != _initial + 1)
        {
            if (!segment.IsRst)
                _layer.SendReset(_key, acknowledged, 0, withAcknowledgement: false);
            return;
        }
        if (segment.IsRst)
        {
            if (segment.IsAck)
                End(TcpError.Refused);
            return;
        }
        if (!segment.IsSyn)
            return;
        bool isRepeated = _context.Now - _startedAt >= 1_000_000;
        long roundTrip = _context.Now - _startedAt;
        Agree(segment.Sequence, TcpOffer.Of(segment), segment.Timestamp);
        if (isRepeated)
            _roundTrip.RestartCautiously();
        else
            _roundTrip.Sample(roundTrip);
        _lastHeard = _context.Now;
        _windowSequence = segment.Sequence;
        if (!segment.IsAck)
        {
            State = TcpState.SynReceived;
            SendQuestion();
            return;
        }
        _windowAcknowledgement = acknowledged;
        _sender.SetWindow(segment.Window);
        Establish();
        _mustAcknowledge = true;
        ReceiveData(segment, segment.Sequence + 1L);
    }

    // RFC 9293 section 3.10.7.4, with the tests of RFC 7323 section 5.3 and RFC 5961 before it.
    private void ReceiveNext(in TcpSegment segment)
    {
        TcpReceiver receiver = _receiver!;
        long position = TcpSegment.Expand(segment.Sequence, receiver.Next);
        if (_peerOffer.HasTimestamps && !segment.IsRst && !PassesTimestampTest(segment, position))
            return;
        if (!IsAcceptable(segment, position))
        {
            if (segment.IsRst)
                return;
            if (State == TcpState.TimeWait && segment.IsFin)
                RestUntil(_settings.Rest);
            if (segment.Payload.IsEmpty && !segment.IsFin)
                Challenge();
            else
                _mustAcknowledge = true;
            // A closed window still lets acknowledgements through (RFC 9293 section 3.10.7.4).
            if (!segment.IsAck || receiver.Edge > receiver.Next || position != receiver.Next)
                return;
        }
        if (segment.IsRst)
        {
            // Only the very next number is believed (RFC 5961 section 3.2).
            if (position != receiver.Next)
                Challenge();
            else
                End(State == TcpState.SynReceived ? TcpError.Refused : TcpError.Reset);
            return;
        }
        // RFC 5961 section 4.2.
        if (segment.IsSyn)
        {
            Challenge();
            return;
        }
        if (!segment.IsAck)
            return;
        _lastHeard = _context.Now;
        _keepAlivesSent = 0;
        if (_keepAlive is { } idle)
            _keepAliveDue = _context.Now + (idle.Ticks / TimeSpan.TicksPerMicrosecond);
        if (ReceiveAcknowledgement(segment, position))
            ReceiveData(segment, position);
    }

    private bool PassesTimestampTest(in TcpSegment segment, long position)
    {
        // Once agreed upon, every segment has them (RFC 7323 section 3.2); an old one is of an old segment (section 5.3), but for peers that were
        // silent for so long that their clock may have turned round (section 5.5).
        if (!segment.HasTimestamps)
            return false;
        int age = (int)(segment.Timestamp - _recentTimestamp);
        if (age < 0 && _context.Now - _recentTimestampAt < TimeSpan.FromDays(24).Ticks / TimeSpan.TicksPerMicrosecond)
        {
            _mustAcknowledge = !segment.Payload.IsEmpty;
            if (!_mustAcknowledge)
                Challenge();
            return false;
        }
        if (position <= _lastAcknowledged)
        {
            _recentTimestamp = segment.Timestamp;
            _recentTimestampAt = _context.Now;
        }
        return true;
    }

    // RFC 9293 section 3.10.7.4, first check: some of it lies in the window; of a segment without data, which may follow a full window, its number alone.
    private bool IsAcceptable(in TcpSegment segment, long position)
    {
        long next = _receiver!.Next, edge = Math.Max(_receiver.Edge, next);
        if (segment.Length == 0)
            return position >= next && position <= edge;
        return position < edge && position + segment.Length > next;
    }

    /// <returns>False if the segment is not to be looked at further.</returns>
    private bool ReceiveAcknowledgement(in TcpSegment segment, long position)
    {
        long acknowledged = TcpSegment.Expand(segment.Acknowledgement, _sender.Unacknowledged);
        if (State == TcpState.SynReceived)
        {
            if (acknowledged != _initial + 1)
            {
                _layer.SendReset(_key, acknowledged, 0, withAcknowledgement: false);
                return false;
            }
            Establish();
            if (_sender.IsEnding)
                State = TcpState.FinWait1;
            _windowSequence = position - 1;
        }
        // RFC 5961 section 5.2: what was never sent cannot be acknowledged, nor what is older than any window.
        if (acknowledged > _sender.Highest || acknowledged < _sender.Unacknowledged - Math.Max(_sender.Window, 65535))
        {
            Challenge();
            return false;
        }
        long window = (long)segment.Window << (_offer.WindowShift is null ? 0 : _peerOffer.WindowShift ?? 0);
        bool isDuplicate = acknowledged == _sender.Unacknowledged && segment.Length == 0 && window == _sender.Window;
        long roundTrip = _peerOffer.HasTimestamps && segment.TimestampEcho != 0 ? (long)(int)(Timestamp - segment.TimestampEcho) * 1000 : -1;
        bool isNew = _windowSequence < position || (_windowSequence == position && _windowAcknowledgement <= acknowledged);
        if (isNew && acknowledged >= _sender.Unacknowledged)
        {
            _sender.SetWindow(window);
            _windowSequence = position;
            _windowAcknowledgement = acknowledged;
        }
        _sender.Acknowledge(acknowledged, segment.SackBlocks, isDuplicate, roundTrip);
        if (_sender.IsEndAcknowledged)
            PassFin();
        if (IsOutputReady)
            _output.Set();
        return State != TcpState.Closed;
    }

    // The peer has this side's FIN.
    private void PassFin()
    {
        switch (State)
        {
            case TcpState.FinWait1:
                State = TcpState.FinWait2;
                if (_isAbandoned)
                    RestUntil(_settings.Rest);
                break;
            case TcpState.Closing:
                Rest();
                break;
            case TcpState.LastAck:
                End(TcpError.None);
                break;
        }
    }

    private void ReceiveData(in TcpSegment segment, long position)
    {
        if (segment.Payload.IsEmpty && !segment.IsFin)
            return;
        if (State is not (TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2))
        {
            _mustAcknowledge = true;
            return;
        }
        TcpReceiver receiver = _receiver!;
        if (_isAbandoned && position + segment.Payload.Length > receiver.Next)
        {
            Abort();
            return;
        }
        bool isSmooth = receiver.Receive(position, segment.Payload, segment.IsFin, out bool isOutOfMemory);
        if (isOutOfMemory)
            _context.Counters.Drop(DropReason.NoMemory);
        // Every second full segment is acknowledged at once (RFC 9293 section 3.8.6.3), and all that mends or opens a gap (RFC 5681 section 4.2).
        _unacknowledgedBytes += segment.Payload.Length;
        if (!isSmooth || receiver.HasEnded || _unacknowledgedBytes >= 2 * SegmentSize)
            _mustAcknowledge = true;
        else if (_acknowledgeDue == Never)
            _acknowledgeDue = _context.Now + (_settings.AcknowledgementDelay.Ticks / TimeSpan.TicksPerMicrosecond);
        if (receiver.HasEnded)
            ReceiveFin();
        if (IsInputReady)
            _input.Set();
    }

    private void ReceiveFin()
    {
        switch (State)
        {
            case TcpState.Established:
                State = TcpState.CloseWait;
                break;
            case TcpState.FinWait1:
                State = TcpState.Closing;
                break;
            case TcpState.FinWait2:
                Rest();
                break;
        }
    }

    private void Rest()
    {
        State = TcpState.TimeWait;
        _sender.Clear();
        RestUntil(_settings.Rest);
        _keepAliveDue = Never;
        _layer.AddAtRest(this);
        SetSignals();
    }

    private void RestUntil(TimeSpan time) => _endDue = _context.Now + (time.Ticks / TimeSpan.TicksPerMicrosecond);

    private void SetSignals()
    {
        _connected.Set();
        _input.Set();
        _output.Set();
        _ended.Set();
    }

    /// <summary>Sends what may go, and an acknowledgement if it did not go with it.</summary>
    private void Output()
    {
        if (CanSend)
            _sender.Send();
        if (_mustAcknowledge && _receiver is not null && State is not (TcpState.Closed or TcpState.SynSent))
            SendAcknowledgement();
        SetTimer();
    }

    // RFC 5961 section 7: few in a second, and of each connection by itself, so that one tells nothing of another.
    private void Challenge()
    {
        if (!_challenges.TryTake(_context.Now))
            return;
        _context.Counters.Challenges++;
        _mustAcknowledge = true;
    }

    private void SendAcknowledgement() => TransmitSegment(_sender.Next, 0, TcpFlags.Ack);

    private void TransmitSegment(long position, int length, TcpFlags flags)
    {
        TcpReceiver receiver = _receiver!;
        int islands = 0;
        Span<(long Start, long End)> blocks = stackalloc (long, long)[ReadyIslands];
        if (_offer.IsSackPermitted && receiver.HasIslands && length == 0)
            islands = receiver.Islands(blocks);
        int options = (_offer.HasTimestamps ? TcpSegment.TimestampsLength : 0) + (islands == 0 ? 0 : 4 + (8 * islands));
        Span<byte> bytes = _context.Packet.Payload(TcpSegment.HeaderLength + options + length);
        Span<byte> behind = bytes[TcpSegment.HeaderLength..];
        if (_offer.HasTimestamps)
            behind = behind[TcpSegment.WriteTimestamps(behind, Timestamp, _recentTimestamp)..];
        behind = behind[TcpSegment.WriteSack(behind, blocks[..islands])..];
        _sender.Read(position, behind);
        int window = Math.Min(receiver.OpenWindow(SegmentSize) >> WindowShift, ushort.MaxValue);
        TcpSegment.WriteHeader(bytes, _key.Local.Port, _key.Remote.Port, position, receiver.Next, flags, window, options);
        _lastAcknowledged = receiver.Next;
        _mustAcknowledge = false;
        _unacknowledgedBytes = 0;
        _acknowledgeDue = Never;
        _layer.Send(_key, bytes);
    }

    // The SYN, or in answer to one that crossed it the SYN with its acknowledgement (RFC 9293 section 3.5).
    private void SendQuestion()
    {
        bool isAnswer = State == TcpState.SynReceived;
        _layer.SendSyn(_key, _initial, isAnswer ? _receiver!.Next : null, _offer, Timestamp, isAnswer ? _recentTimestamp : 0, _settings.ReceiveBuffer);
        if (isAnswer)
            _receiver!.OpenWindow(0);
        _questionDue = _context.Now + _roundTrip.TimeOut;
        SetTimer();
    }

    private void SetTimer()
    {
        if (State == TcpState.Closed)
            return;
        long due = Math.Min(Math.Min(_sender.Due, _acknowledgeDue), Math.Min(Math.Min(_questionDue, _endDue), _keepAliveDue));
        if (due != Never)
            _timer.StartNoLater(due);
    }

    private void OnTimer()
    {
        long now = _context.Now;
        if (_endDue <= now)
            End(TcpError.None);
        else if (_questionDue <= now)
            RepeatQuestion(now);
        if (State is TcpState.Closed)
            return;
        if (_sender.Due <= now && !_sender.TryTimeOut(_settings.GiveUp.Ticks / TimeSpan.TicksPerMicrosecond, _isAbandoned ? 0 : _lastHeard))
        {
            End(TcpError.TimedOut);
            return;
        }
        if (_acknowledgeDue <= now)
            _mustAcknowledge = true;
        if (_keepAliveDue <= now && !TryKeepAlive(now))
            return;
        Output();
    }

    private void RepeatQuestion(long now)
    {
        if (now - _startedAt >= _settings.GiveUpConnecting.Ticks / TimeSpan.TicksPerMicrosecond)
        {
            End(TcpError.TimedOut);
            return;
        }
        _roundTrip.BackOff();
        SendQuestion();
    }

    // RFC 9293 section 3.8.4: a segment below the window, without data, to which the peer has to answer.
    private bool TryKeepAlive(long now)
    {
        if (_keepAlivesSent == KeepAliveProbes)
        {
            End(TcpError.TimedOut);
            return false;
        }
        if (State is TcpState.SynSent or TcpState.SynReceived || _keepAlive is not { } idle)
        {
            _keepAliveDue = Never;
            return true;
        }
        if (_sender.Due == Never)
        {
            _keepAlivesSent++;
            TransmitSegment(_sender.Next - 1, 0, TcpFlags.Ack);
        }
        _keepAliveDue = now + Math.Min(KeepAliveInterval, idle.Ticks / TimeSpan.TicksPerMicrosecond);
        return true;
    }
}
