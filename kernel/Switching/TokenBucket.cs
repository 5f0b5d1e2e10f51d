using System;
using System.Runtime.CompilerServices;

namespace HyperOS.Switching;

/// <summary>
/// A token bucket of bytes. It fills with time and is exact: the fraction of a byte that a span of time leaves is kept for the next one, so that
/// after any number of calls just burst + rate × time bytes have come in. A frame longer than the burst passes when the bucket is full
/// and is paid off later.
/// </summary>
public struct TokenBucket
{
    private const ulong NanosecondsPerSecond = 1_000_000_000;

    private readonly ulong _rate;
    private readonly long _burst;
    private long _level;

    // Billionths of a byte.
    private ulong _fraction;
    private ulong _filledAt;

    /// <summary>A full bucket.</summary>
    /// <param name="limit">Rate and size.</param>
    /// <param name="now">In nanoseconds.</param>
    public TokenBucket(in RateLimit limit, ulong now)
    {
        _rate = limit.BytesPerSecond;
        _burst = Math.Max(limit.Burst, 1u);
        _level = _burst;
        _fraction = 0;
        _filledAt = now;
    }

    /// <summary>All frames pass.</summary>
    public readonly bool IsUnlimited => _rate == 0;

    /// <summary>Takes the bytes of a frame.</summary>
    /// <param name="bytes">Not negative.</param>
    /// <param name="now">In nanoseconds; a time before an earlier call's counts as that.</param>
    /// <param name="wait">Nanoseconds until the frame could pass; 0 if it does.</param>
    /// <returns>False if there are too few, and none was taken.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(int bytes, ulong now, out ulong wait)
    {
        wait = 0;
        return IsUnlimited || TryTakeLimited(bytes, now, out wait);
    }

    private bool TryTakeLimited(int bytes, ulong now, out ulong wait)
    {
        wait = 0;
        Fill(now);
        long needed = Math.Min(bytes, _burst);
        if (_level < needed)
        {
            wait = ((ulong)(needed - _level) * NanosecondsPerSecond - _fraction + _rate - 1) / _rate;
            return false;
        }
        _level -= bytes;
        return true;
    }

    private void Fill(ulong now)
    {
        if (now <= _filledAt)
            return;
        ulong time = now - _filledAt;
        _filledAt = now;
        ulong seconds = time / NanosecondsPerSecond;
        ulong missing = (ulong)(_burst - _level);
        if (seconds <= missing / _rate)
        {
            ulong part = time % NanosecondsPerSecond * _rate + _fraction;
            ulong bytes = seconds * _rate + part / NanosecondsPerSecond;
            if (bytes < missing)
            {
                _level += (long)bytes;
                _fraction = part % NanosecondsPerSecond;
                return;
            }
        }
        _level = _burst;
        _fraction = 0;
    }
}
