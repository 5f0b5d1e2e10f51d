using System.Threading;
using HyperOS.Core;

namespace HyperOS.Block;

/// <summary>
/// The life of a controller's disks. <see cref="Serve"/> is what its thread does, again and again:
/// <code>
///   Down -- time has come, it starts --> Running -- hung or lied --> Down
///     |                                    |
///     +-- does not start, again and again -+-- gone, replaced, or resets do not help --> Failed
/// </code>
/// While it is down requests wait. One that is not answered for <see cref="Patience"/> has the controller reset, and is tried again; one that is not answered
/// <see cref="MaximumAttempts"/> times ends it. A disk that was unplugged has failed for good: what it had not written down yet is lost, so that no later
/// flush could be answered with the truth.
/// </summary>
public sealed class DiskService
{
    /// <summary>How long a request may take, in nanoseconds: a disk may spin up, or repeat a read for long.</summary>
    public const ulong Patience = 20_000_000_000;

    /// <summary>How often a request is given to the disk, and how often a disk is started in vain, before it has failed.</summary>
    public const int MaximumAttempts = 3;

    /// <summary>Requests done before others get their turn.</summary>
    private const int Budget = 64;

    /// <summary>How often a disk is looked at when nothing happens, and between two attempts to start one, in nanoseconds.</summary>
    private const ulong Interval = 1_000_000_000, Rest = 1_000_000_000;

    private readonly DiskDevice _device;
    private readonly DiskHost _host;
    private readonly ulong _pollInterval;
    private readonly DiskUnit[] _units = new DiskUnit[DiskDevice.MaximumUnits];

    // What the disks were when they first started.
    private readonly DiskIdentity[] _identities = new DiskIdentity[DiskDevice.MaximumUnits];

    // Requests that wait, in order. With the lock held, as all that follows.
    private BlockRequest? _first, _last;
    private bool _isRunning, _hasFailed;

    // The thread's.
    private ulong _startAt;
    private int _starts, _resetsInVain, _unitCount = -1;

    /// <param name="device">The controller.</param>
    /// <param name="host">What it runs on.</param>
    /// <param name="pollInterval">How often to look for what is done although no interrupt came, in nanoseconds; 0: never.</param>
    public DiskService(DiskDevice device, DiskHost host, ulong pollInterval)
    {
        _device = device;
        _host = host;
        _pollInterval = pollInterval == 0 ? Interval : pollInterval;
        for (int i = 0; i < _units.Length; i++)
        {
            _identities[i] = new DiskIdentity();
            _units[i] = new DiskUnit(this, _identities[i], i);
        }
    }

    /// <summary>Its disks are known, or never will be. Any thread.</summary>
    public bool IsSettled => Volatile.Read(ref _unitCount) >= 0;

    /// <summary>Disks, once <see cref="IsSettled"/>.</summary>
    public int UnitCount => Volatile.Read(ref _unitCount) is > 0 and var count ? count : 0;

    /// <summary>It is of no more use. Any thread.</summary>
    public bool HasFailed => Volatile.Read(ref _hasFailed);

    /// <summary>Controller resets since the first start.</summary>
    public ulong Resets { get; private set; }

    /// <param name="unit">Below <see cref="UnitCount"/>.</param>
    public DiskUnit Unit(int unit) => _units[unit];

    /// <summary>The controller has interrupted. Any context.</summary>
    public void OnInterrupt()
    {
        if (!Volatile.Read(ref _isRunning))
            return;
        _device.MaskInterrupts();
        _host.Wake();
    }

    /// <summary>Begins a valid request for one of the disks.</summary>
    internal void Submit(BlockRequest request)
    {
        request.Next = null;
        request.Attempts = 0;
        bool state = _host.Enter();
        bool isLost = _hasFailed;
        if (!isLost)
        {
            if (_last is null)
                _first = request;
            else
                _last.Next = request;
            _last = request;
            if (_isRunning && _first == request)
                BeginWaiting();
        }
        _host.Exit(state);
        if (isLost)
            End(request, BlockStatus.Failed);
        else if (_pollInterval != Interval)
            _host.Wake();
    }

    /// <summary>One turn.</summary>
    /// <returns>When the next one is due, in nanoseconds, unless it is woken before.</returns>
    public ulong Serve()
    {
        ulong now = _host.Now;
        if (_hasFailed)
            return ulong.MaxValue;
        if (!_isRunning && (now < _startAt || !TryStart()))
            return _hasFailed ? ulong.MaxValue : _startAt;
        bool isMore = Reap();
        if (!isMore && _device.Fault == DiskFault.None && !_device.NeedsRecovery)
        {
            _device.UnmaskInterrupts();
            isMore = _device.HasDone;
        }
        ulong due = Watch();
        if (_device.Fault == DiskFault.None && _device.NeedsRecovery)
            Recover();
        if (_device.Fault != DiskFault.None)
        {
            Stop(_device.Fault);
            return _hasFailed ? ulong.MaxValue : _startAt;
        }
        return isMore ? now : due;
    }

    private bool TryStart()
    {
        DiskStart status = _host.TryAttach() ? _device.Start(_host) : DiskStart.Gone;
        if (status == DiskStart.Ok && _unitCount >= 0 && !IsSame)
        {
            _host.Report(DiskEvent.Replaced);
            Fail();
            return false;
        }
        if (status == DiskStart.Ok)
        {
            if (_unitCount < 0)
                Settle(_device.UnitCount);
            _starts = 0;
            SetRunning(true);
            _host.Report(DiskEvent.Started);
            return true;
        }
        bool isFinal = status is DiskStart.Unusable or DiskStart.NoDisk || ++_starts >= MaximumAttempts;
        if (status != DiskStart.NoDisk || _unitCount >= 0)
        {
            if (_starts == 1)
                _host.Report(DiskEvent.NotStarted);
            if (isFinal)
                _host.Report(DiskEvent.Failed);
        }
        if (isFinal)
            Fail();
        else
            _startAt = _host.Now + Rest;
        return false;
    }

    private bool IsSame
    {
        get
        {
            bool isSame = _device.UnitCount == _unitCount;
            for (int i = 0; i < _unitCount && isSame; i++)
                isSame = _device.Unit(i).IsSame(_identities[i]);
            return isSame;
        }
    }

    private void Settle(int units)
    {
        for (int i = 0; i < units; i++)
            _identities[i].CopyFrom(_device.Unit(i));
        Volatile.Write(ref _unitCount, units);
    }

    private void SetRunning(bool isRunning)
    {
        bool state = _host.Enter();
        Volatile.Write(ref _isRunning, isRunning);
        if (isRunning)
            BeginWaiting();
        _host.Exit(state);
    }

    // With the lock held: as many as the controller takes.
    private void BeginWaiting()
    {
        bool isAny = false;
        while (_first is { } request && !_device.NeedsRecovery && _device.Fault == DiskFault.None && _device.TryBegin(request))
        {
            request.StartedAt = _host.Now;
            _first = request.Next;
            request.Next = null;
            if (_first is null)
                _last = null;
            isAny = true;
        }
        if (isAny)
            _device.Ring();
    }

    // Ends what is done, and begins what waits. Whether there may be more.
    private bool Reap()
    {
        for (int i = 0; i < Budget; i++)
        {
            BlockRequest? request = null;
            bool state = _host.Enter();
            bool isDone = _device.Fault == DiskFault.None && !_device.NeedsRecovery && _device.TryReap(out request);
            if (!isDone)
                BeginWaiting();
            _host.Exit(state);
            if (!isDone)
                return false;
            _resetsInVain = 0;
            if (request!.Status == BlockStatus.MediumError)
                _host.ReportError(request);
            request.Done();
        }
        return true;
    }

    // Finds out whether the controller gets on. Returns when to look again.
    private ulong Watch()
    {
        switch (_device.Look())
        {
            case DiskHealth.Gone:
                _device.Blame(DiskFault.Gone);
                break;
            case DiskHealth.Odd:
                _device.Blame(_host.IsAttached ? DiskFault.Hung : DiskFault.Gone);
                break;
            case DiskHealth.Broken:
                _device.Blame(DiskFault.Hung);
                break;
        }
        bool state = _host.Enter();
        ulong oldest = _device.Oldest;
        _host.Exit(state);
        ulong now = _host.Now;
        if (oldest == ulong.MaxValue)
            return now + Interval;
        if (now >= oldest + Patience && !_device.HasDone)
            _device.Blame(DiskFault.Hung);
        return Earlier(now + _pollInterval, oldest + Patience);
    }

    private static ulong Earlier(ulong one, ulong other) => one < other ? one : other;

    // After an error the controller has forgotten what it had, or is made to.
    private void Recover()
    {
        SetRunning(false);
        bool isRecovered = _device.TryRecover(_host);
        if (!isRecovered)
        {
            _device.Blame(DiskFault.Hung);
            return;
        }
        TakeBack(isFailure: false);
        SetRunning(true);
    }

    private void Stop(DiskFault fault)
    {
        SetRunning(false);
        _host.Report(fault switch { DiskFault.Hung => DiskEvent.Hung, DiskFault.Lied => DiskEvent.Lied, _ => DiskEvent.Gone });
        if (fault == DiskFault.Gone)
        {
            Fail();
            return;
        }
        Resets++;
        if (!_device.TryStop(_host))
            _host.Detach();
        bool isHopeless = TakeBack(isFailure: true) || ++_resetsInVain >= MaximumAttempts;
        _startAt = _host.Now;
        if (!isHopeless)
            return;
        _host.Report(DiskEvent.Failed);
        Fail();
    }

    // What a stopped controller had waits again, before all others. Whether one of the requests was tried too often.
    private bool TakeBack(bool isFailure)
    {
        bool isHopeless = false;
        bool state = _host.Enter();
        while (_device.TakeBack() is { } request)
        {
            if (isFailure && ++request.Attempts >= MaximumAttempts)
                isHopeless = true;
            request.Next = _first;
            _first = request;
            _last ??= request;
        }
        _host.Exit(state);
        return isHopeless;
    }

    // Ends everything, once the controller cannot reach the requests' pages any more.
    private void Fail()
    {
        if (!_device.TryStop(_host))
            _host.Detach();
        TakeBack(isFailure: false);
        bool state = _host.Enter();
        Volatile.Write(ref _hasFailed, true);
        BlockRequest? lost = _first;
        _first = _last = null;
        _host.Exit(state);
        if (_unitCount < 0)
            Settle(0);
        while (lost is not null)
        {
            BlockRequest request = lost;
            lost = request.Next;
            request.Next = null;
            End(request, BlockStatus.Failed);
        }
    }

    private static void End(BlockRequest request, BlockStatus status)
    {
        request.Status = status;
        request.Done();
    }
}
