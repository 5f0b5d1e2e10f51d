using System.Runtime.CompilerServices;

namespace HyperOS.Platform;

/// <summary>The host's one clock: nanoseconds since the kernel's first instruction, from the time-stamp counter.</summary>
public static class Clock
{
    private static ulong s_start;
    private static ulong s_nanosecondsPerTick; // 32.32 fixed point
    private static ulong s_ticksPerNanosecond; // 32.32 fixed point

    /// <summary>Time-stamp counter frequency, in Hz; 0 until <see cref="Calibrated"/>.</summary>
    public static ulong Frequency { get; private set; }

    /// <summary>Takes the counter's present value as zero.</summary>
    public static void Start() => s_start = Cpu.ReadTimestamp();

    public static void Calibrated(ulong frequency)
    {
        Frequency = frequency;
        s_nanosecondsPerTick = (1_000_000_000ul << 32) / frequency;
        s_ticksPerNanosecond = Divide(frequency, 1_000_000_000);
    }

    /// <summary>Nanoseconds since the start; 0 before calibration.</summary>
    public static ulong Now => ToNanoseconds(Cpu.ReadTimestamp() - s_start);

    public static ulong ToNanoseconds(ulong ticks) => Scale(ticks, s_nanosecondsPerTick);

    public static ulong ToTicks(ulong nanoseconds) => Scale(nanoseconds, s_ticksPerNanosecond);

    /// <summary>Spins for so long, for hardware that demands it; not at all before calibration.</summary>
    public static void Delay(ulong nanoseconds)
    {
        if (Frequency == 0)
            return;
        ulong end = Cpu.ReadTimestamp() + ToTicks(nanoseconds);
        while (Cpu.ReadTimestamp() < end)
            System.Threading.Thread.SpinWait(1);
    }

    // value * factor / 2^32 in two multiplications: the lower half loses the factor's last four bits, so that it cannot overflow while a
    // factor is below 2^36 (62.5 MHz to 16 GHz; Bochs' processors have 100 MHz). The few nanoseconds come back, forwards, each time the upper half counts.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Scale(ulong value, ulong factor) => (value >> 32) * factor + ((value & uint.MaxValue) * (factor >> 4) >> 28);

    // (value << 32) / divisor without losing the upper bits of a value that needs more than 32.
    private static ulong Divide(ulong value, ulong divisor) => (value / divisor << 32) + (value % divisor << 32) / divisor;
}
