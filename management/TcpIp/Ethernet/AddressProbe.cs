using System;

namespace HyperOS.Management.TcpIp;

/// <summary>A question, put several times, whether somebody has an address already (RFC 5227 section 2.1).</summary>
/// <param name="timers">The stack's timers.</param>
/// <param name="address">The address asked for.</param>
/// <param name="count">How often it is asked.</param>
/// <param name="ask">Asks, and tells until when to wait for an answer.</param>
/// <param name="done">Told once: whether the address is taken.</param>
internal sealed class AddressProbe(TimerQueue timers, IpAddress address, int count, Func<long> ask, Action<bool> done)
{
    private StackTimer? _timer;
    private int _asked;
    private bool _isOver;

    public IpAddress Address { get; } = address;

    public void Start(long now)
    {
        _timer = new StackTimer(timers, Next);
        _timer.Start(now);
    }

    public void Stop()
    {
        _isOver = true;
        _timer?.Stop();
    }

    public void End(bool isTaken)
    {
        if (_isOver)
            return;
        Stop();
        done(isTaken);
    }

    private void Next()
    {
        if (_asked++ == count)
            End(isTaken: false);
        else
            _timer!.Start(ask());
    }
}
