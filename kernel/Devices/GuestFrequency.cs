namespace HyperOS.Devices;

/// <summary>
/// A clock of the guest's board that runs since power-on, as a whole ratio of ticks to nanoseconds: converts guest time to ticks and back
/// without error and without overflow.
/// </summary>
public readonly struct GuestFrequency
{
    private readonly ulong _ticks;
    private readonly ulong _nanoseconds;

    private GuestFrequency(ulong ticks, ulong nanoseconds)
    {
        _ticks = ticks;
        _nanoseconds = nanoseconds;
    }

    /// <summary>The 8254's clock: a twelfth of the 14.31818 MHz (315/22 MHz) crystal.</summary>
    public static GuestFrequency Pit => new(21, 17_600);

    /// <summary>The ACPI power management timer's clock: a quarter of the same crystal, 3.579545 MHz.</summary>
    public static GuestFrequency PowerManagementTimer => new(63, 17_600);

    /// <summary>The real-time clock's crystal: 32.768 kHz.</summary>
    public static GuestFrequency RealTimeClock => new(64, 1_953_125);

    /// <summary>Whole ticks since power-on at guest time <paramref name="now"/>, in nanoseconds.</summary>
    public ulong TicksAt(ulong now) => now / _nanoseconds * _ticks + now % _nanoseconds * _ticks / _nanoseconds;

    /// <summary>The first nanosecond at which <see cref="TicksAt"/> gives <paramref name="tick"/>; ulong.MaxValue when time ends before it.</summary>
    public ulong TimeOf(ulong tick)
    {
        ulong whole = tick / _ticks;
        return whole >= ulong.MaxValue / _nanoseconds
            ? ulong.MaxValue
            : whole * _nanoseconds + (tick % _ticks * _nanoseconds + _ticks - 1) / _ticks;
    }
}
