using System;

namespace HyperOS.Management.TcpIp;

/// <summary>Lets through so many a second, and as many at once after a quiet second.</summary>
internal sealed class RateLimit(int perSecond)
{
    private const long Second = 1_000_000;

    private long _credit = perSecond * Second;
    private long _last;

    /// <param name="now">Microseconds of the stack's clock.</param>
    public bool TryTake(long now)
    {
        _credit = Math.Min(perSecond * Second, _credit + (Math.Min(now - _last, Second) * perSecond));
        _last = now;
        if (_credit < Second)
            return false;
        _credit -= Second;
        return true;
    }
}
