using System.Threading;
using HyperOS.Core;

namespace HyperOS.Ethernet;

/// <summary>
/// A card's life as an uplink. <see cref="Serve"/> is what its thread does, again and again:
/// <code>
///   Down -- time has come, card starts --> Running -- hung, lied or gone --> Down
/// </code>
/// A card that fails again soon waits longer each time. While it is down its link is, and what is to be transmitted is refused.
/// </summary>
public sealed class NicService
{
    /// <summary>Frames taken from the card before others get their turn.</summary>
    private const int Budget = 4 * FrameBatch.MaxCount;

    /// <summary>How often a card is looked at when nothing happens, and how long it may sit on frames, in nanoseconds.</summary>
    private const ulong Interval = 1_000_000_000, Patience = 2_000_000_000;

    /// <summary>Between two attempts to start a card, in nanoseconds, and after how long all is well again.</summary>
    private const ulong ShortestRest = 1_000_000_000, LongestRest = 64_000_000_000, Health = 60_000_000_000;

    private readonly NicDevice _device;
    private readonly NicHost _host;
    private readonly NicBatch _batch;
    private readonly ulong _pollInterval;

    private FramePort? _port;
    private UplinkListener? _listener;
    private bool _isToldAnew;

    private bool _isRunning;
    private bool _isFailureKnown;
    private bool _isLinkUp;
    private ulong _startAt, _startedAt, _rest = ShortestRest;

    // What was out when, to see whether the card gets on.
    private uint _completed;
    private ulong _progressAt;

    private UplinkStatistics _statistics;

    /// <param name="device">The card.</param>
    /// <param name="host">What it runs on.</param>
    /// <param name="pollInterval">How often to look for frames although no interrupt came, in nanoseconds; 0: never.</param>
    public NicService(NicDevice device, NicHost host, ulong pollInterval)
    {
        _device = device;
        _host = host;
        _pollInterval = pollInterval == 0 ? Interval : pollInterval;
        _batch = new NicBatch(device.Memory);
        Receiver = new TransmitSide(this);
    }

    /// <summary>Frames can go out. Any thread.</summary>
    public bool IsLinkUp => Volatile.Read(ref _isLinkUp);

    public MacAddress Address => _device.Address;

    public FrameReceiver Receiver { get; }

    public UplinkStatistics Statistics
    {
        get
        {
            UplinkStatistics statistics = _statistics;
            statistics.ReceiveErrors = _device.ReceiveErrors;
            statistics.Lies = _device.Lies;
            return statistics;
        }
    }

    /// <summary>As <see cref="Uplink.Connect"/>.</summary>
    public void Connect(FramePort? port, UplinkListener? listener)
    {
        Volatile.Write(ref _port, port);
        Volatile.Write(ref _listener, listener);
        Volatile.Write(ref _isToldAnew, true);
        _host.Wake();
    }

    /// <summary>The card has interrupted. Any context.</summary>
    public void OnInterrupt()
    {
        if (!Volatile.Read(ref _isRunning))
            return;
        _device.MaskInterrupts();
        _host.Wake();
    }

    /// <summary>One turn.</summary>
    /// <returns>When the next one is due, in nanoseconds, unless it is woken before.</returns>
    public ulong Serve()
    {
        ulong now = _host.Now;
        if (!_isRunning && (now < _startAt || !TryStart(now)))
            return _startAt;
        bool isMore = Receive();
        if (!isMore)
        {
            _device.UnmaskInterrupts();
            isMore = _device.HasReceived;
        }
        // A change of the link interrupts as well, so every turn looks.
        _device.LookAtLink();
        // Where no card is, or a new one without addresses, some buses answer with zeros.
        if (!_device.IsLinkUp && !_host.IsAttached)
            _device.Blame(NicFault.Gone);
        Watch(now);
        if (_device.Fault != NicFault.None)
        {
            Fail(_device.Fault, now);
            return _startAt;
        }
        SetLink(_device.IsLinkUp);
        return isMore ? now : now + _pollInterval;
    }

    private bool TryStart(ulong now)
    {
        NicStart status = _host.TryAttach() ? _device.Start(_host) : NicStart.Gone;
        if (status != NicStart.Ok)
        {
            if (!_isFailureKnown)
                _host.Report(NicEvent.NotStarted);
            _isFailureKnown = true;
            _host.Detach();
            Rest(now);
            return false;
        }
        _isFailureKnown = false;
        _completed = 0;
        _progressAt = _startedAt = now;
        Volatile.Write(ref _isRunning, true);
        _host.Report(NicEvent.Started);
        return true;
    }

    private void Fail(NicFault fault, ulong now)
    {
        // Senders see a card that does not run before it stops.
        SetLink(false);
        bool state = _host.Enter();
        Volatile.Write(ref _isRunning, false);
        _host.Exit(state);
        _host.Report(fault switch { NicFault.Hung => NicEvent.Hung, NicFault.Lied => NicEvent.Lied, _ => NicEvent.Gone });
        if (fault != NicFault.Gone)
            _device.Stop(_host);
        _host.Detach();
        _statistics.Resets++;
        if (now - _startedAt >= Health)
            _rest = ShortestRest;
        Rest(now);
    }

    private void Rest(ulong now)
    {
        _startAt = now + _rest;
        _rest = _rest < LongestRest ? 2 * _rest : LongestRest;
    }

    // Whether there may be more.
    private bool Receive()
    {
        for (int taken = 0; taken < Budget; taken += FrameBatch.MaxCount)
        {
            _batch.Clear();
            _device.Receive(_batch);
            if (_device.Fault != NicFault.None)
                return false;
            int count = _batch.Count;
            for (int i = 0; i < count; i++)
                _statistics.ReceivedBytes += (uint)_batch.Length(i);
            _statistics.ReceivedFrames += (uint)count;
            int accepted = count == 0 ? 0 : Volatile.Read(ref _port)?.Transmit(_batch) ?? 0;
            _statistics.ReceiveDrops += (uint)(count - accepted);
            _device.Recycle();
            if (!_batch.IsFull)
                return _device.HasReceived;
        }
        return true;
    }

    private void Watch(ulong now)
    {
        bool state = _host.Enter();
        _device.Reap();
        int pending = _device.Pending;
        uint completed = _device.Completed;
        _host.Exit(state);
        // Without a link the card need not get on.
        if (pending == 0 || completed != _completed || !_device.IsLinkUp)
        {
            _completed = completed;
            _progressAt = now;
        }
        else if (now - _progressAt >= Patience)
        {
            _device.Blame(NicFault.Hung);
        }
    }

    private void SetLink(bool isUp)
    {
        bool isChanged = _isLinkUp != isUp;
        Volatile.Write(ref _isLinkUp, isUp);
        if (isChanged)
            _host.Report(isUp ? NicEvent.LinkUp : NicEvent.LinkDown);
        bool isToldAnew = Volatile.Read(ref _isToldAnew);
        Volatile.Write(ref _isToldAnew, false);
        if (isChanged || isToldAnew)
            Volatile.Read(ref _listener)?.LinkChanged(isUp);
    }

    /// <summary>The card's side of the uplink's port: senders' threads, one at a time by the host's lock.</summary>
    private sealed class TransmitSide : FrameReceiver
    {
        private readonly NicService _service;

        public TransmitSide(NicService service) => _service = service;

        public override FrameOffloads Accepts => FrameOffloads.None;

        public override void Deliver(FrameRun run)
        {
            while (run.TryNext(out Frame frame))
                run.Settle(Transmit(in frame));
            bool state = _service._host.Enter();
            if (_service._isRunning)
                _service._device.Flush();
            _service._host.Exit(state);
        }

        private DeliveryStatus Transmit(in Frame frame)
        {
            bool state = _service._host.Enter();
            DeliveryStatus status = _service._isRunning && _service._isLinkUp ? _service._device.TryTransmit(in frame) : DeliveryStatus.NotReady;
            if (status == DeliveryStatus.Delivered)
            {
                _service._statistics.TransmittedFrames++;
                _service._statistics.TransmittedBytes += (uint)frame.Length;
            }
            else
            {
                _service._statistics.TransmitDrops++;
            }
            _service._host.Exit(state);
            return status;
        }
    }
}
