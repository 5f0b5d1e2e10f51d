namespace HyperOS.Emulation;

/// <summary>How a processor takes the ratio by which it scales guests' time-stamp counters.</summary>
public readonly struct TscRatioFormat
{
    /// <summary>Bits behind the point; 0 where the processor cannot scale.</summary>
    public readonly int FractionBits;

    /// <summary>Bits of the whole ratio.</summary>
    public readonly int Bits;

    public TscRatioFormat(int fractionBits, int bits)
    {
        FractionBits = fractionBits;
        Bits = bits;
    }
}

/// <summary>
/// How fast a guest's time-stamp counter runs, and by which ratio it does so from the host's: the very multiplication that the processor does, so that host
/// and guest read the same. AMD APM vol. 2, "TSC Ratio MSR"; Intel SDM vol. 3, "Controls for TSC scaling and offsetting".
/// </summary>
public readonly struct TscScale
{
    /// <summary>Counters that differ by less may pass for the same, in parts per million: more than two calibrations of one processor do.</summary>
    public const ulong Tolerance = 250;

    private readonly int _fractionBits;

    /// <summary>The guest's frequency, in Hz: below 2^34.</summary>
    public readonly ulong Frequency;

    /// <summary>The ratio as the processor takes it; 0 where the guest's counter is the host's.</summary>
    public readonly ulong Multiplier;

    private TscScale(ulong frequency, ulong multiplier, int fractionBits)
    {
        Frequency = frequency;
        Multiplier = multiplier;
        _fractionBits = fractionBits;
    }

    /// <summary>The guest's counter runs as the host's.</summary>
    public bool IsOne => Multiplier == 0;

    /// <summary>Finds the ratio of two frequencies.</summary>
    /// <param name="host">The host's, in Hz; below 2^34.</param>
    /// <param name="guest">What the guest is to have, in Hz; below 2^34; 0 for the host's.</param>
    /// <param name="format">The processor's.</param>
    /// <param name="scale">The guest's scale.</param>
    /// <returns>False where the processor cannot scale so, and the frequencies differ by more than <see cref="Tolerance"/>.</returns>
    public static bool TryCreate(ulong host, ulong guest, TscRatioFormat format, out TscScale scale)
    {
        scale = new TscScale(host, 0, 0);
        if (guest == 0 || guest == host)
            return true;
        if (format.FractionBits == 0)
        {
            ulong difference = guest > host ? guest - host : host - guest;
            return difference * (1_000_000 / Tolerance) <= host;
        }
        ulong multiplier = guest / host, rest = guest % host;
        for (int i = 0; i < format.FractionBits; i++)
        {
            if (multiplier >> 63 != 0)
                return false;
            rest <<= 1;
            bool bit = rest >= host;
            rest -= bit ? host : 0;
            multiplier = multiplier << 1 | (bit ? 1ul : 0);
        }
        if (multiplier == 0 || format.Bits < 64 && multiplier >> format.Bits != 0)
            return false;
        scale = new TscScale(guest, multiplier, format.FractionBits);
        return true;
    }

    /// <summary>What the processor makes of a value of the host's counter, modulo 2^64; not where <see cref="IsOne"/>.</summary>
    public ulong Apply(ulong counter)
    {
        unchecked
        {
            ulong lowByLow = (counter & uint.MaxValue) * (Multiplier & uint.MaxValue), lowByHigh = (counter & uint.MaxValue) * (Multiplier >> 32);
            ulong highByLow = (counter >> 32) * (Multiplier & uint.MaxValue), highByHigh = (counter >> 32) * (Multiplier >> 32);
            ulong middle = (lowByLow >> 32) + (lowByHigh & uint.MaxValue) + (highByLow & uint.MaxValue);
            ulong low = middle << 32 | lowByLow & uint.MaxValue;
            ulong high = highByHigh + (lowByHigh >> 32) + (highByLow >> 32) + (middle >> 32);
            return high << 64 - _fractionBits | low >> _fractionBits;
        }
    }

    /// <summary>In how many nanoseconds the guest's counter has gone so far, rounded up.</summary>
    /// <param name="ticks">Of the guest's; less than 2^25 seconds'.</param>
    public ulong ToNanoseconds(ulong ticks)
    {
        const ulong Second = 1_000_000_000;
        return ticks / Frequency * Second + (ticks % Frequency * Second + (Frequency - 1)) / Frequency;
    }
}
