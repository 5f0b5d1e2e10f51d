namespace HyperOS.Platform;

/// <summary>Unix time, from what the machine's real-time clock said at start-up.</summary>
public static class WallClock
{
    private static ulong s_atZero;

    /// <param name="unixSeconds">Now.</param>
    public static void Set(ulong unixSeconds) => s_atZero = unixSeconds * 1_000_000_000 - Clock.Now;

    /// <summary>Nanoseconds since 1970-01-01, UTC.</summary>
    public static ulong Now => s_atZero + Clock.Now;
}
