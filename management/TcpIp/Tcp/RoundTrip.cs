using System;

namespace HyperOS.Management.TcpIp;

/// <summary>Measures the round trip and computes the retransmission time-out (RFC 6298). Microseconds.</summary>
internal sealed class RoundTrip(long minimum)
{
    private const long Initial = 1_000_000;
    private const long Maximum = 60_000_000;
    private const long Granularity = 1_000;

    private long _smoothed;
    private long _variation;
    private long _base = Initial;
    private int _backOff;

    /// <summary>The time-out with its back-off (RFC 6298 sections 2.5 and 5.5).</summary>
    public long TimeOut => Math.Min(Maximum, _base << Math.Min(_backOff, 10));

    /// <summary>A measured round trip of a segment that was sent once (RFC 6298 sections 2.2, 2.3 and 3).</summary>
    public void Sample(long time)
    {
        time = Math.Clamp(time, 0, Maximum);
        if (_smoothed == 0)
        {
            _smoothed = Math.Max(time, 1);
            _variation = time / 2;
        }
        else
        {
            _variation += (Math.Abs(_smoothed - time) - _variation) / 4;
            _smoothed = Math.Max(1, _smoothed + ((time - _smoothed) / 8));
        }
        _base = Math.Clamp(_smoothed + Math.Max(Granularity, 4 * _variation), minimum, Maximum);
        _backOff = 0;
    }

    /// <summary>The timer has run out.</summary>
    public void BackOff() => _backOff++;

    /// <summary>Something got through.</summary>
    public void EndBackOff() => _backOff = 0;

    /// <summary>The question for the connection was lost before it was answered (RFC 6298 section 5.7).</summary>
    public void RestartCautiously()
    {
        _backOff = 0;
        _base = 3_000_000;
    }
}
