using HyperOS.Platform;

namespace HyperOS.Rtc;

/// <summary>The host's MC146818 real-time clock, read once at start-up. Motorola MC146818 data sheet, "Time, Calendar and Alarm Locations".</summary>
public static class RealTimeClock
{
    private const ushort Index = 0x70, Data = 0x71;
    private const byte Seconds = 0x00, Minutes = 0x02, Hours = 0x04, Day = 0x07, Month = 0x08, Year = 0x09, StatusA = 0x0A, StatusB = 0x0B;
    private const byte UpdateInProgress = 0x80, Binary = 0x04, Hours24 = 0x02, Afternoon = 0x80;
    private const int MaximumPolls = 100_000;
    private const ulong SecondsPerDay = 86_400;

    /// <summary>Seconds since 1970-01-01, the clock taken for UTC.</summary>
    public static ulong ReadUnixSeconds()
    {
        ulong seconds = ReadOnce();
        for (ulong again = ReadOnce(); again != seconds; again = ReadOnce())
            seconds = again; // the clock ticked while it was read
        return seconds;
    }

    private static ulong ReadOnce()
    {
        for (int i = 0; i < MaximumPolls && (Read(StatusA) & UpdateInProgress) != 0; i++)
        {
        }
        byte status = Read(StatusB);
        byte hour = Read(Hours);
        ulong hours = Decode((byte)(hour & ~Afternoon & 0xFF), status);
        if ((status & Hours24) == 0)
            hours = hours % 12 + ((hour & Afternoon) != 0 ? 12u : 0);
        ulong days = DaysSince1970(2000 + Decode(Read(Year), status), Decode(Read(Month), status), Decode(Read(Day), status));
        return days * SecondsPerDay + hours * 3600 + Decode(Read(Minutes), status) * 60 + Decode(Read(Seconds), status);
    }

    private static ulong Decode(byte value, byte status) => (status & Binary) != 0 ? value : (ulong)((value >> 4) * 10 + (value & 0xF));

    // Years are counted from March, so that the leap day is the last of its year.
    private static ulong DaysSince1970(ulong year, ulong month, ulong day)
    {
        const ulong DaysFromYear0To1970 = 719_468;
        ulong shifted = month <= 2 ? year - 1 : year;
        ulong monthFromMarch = (month + 9) % 12;
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (153 * monthFromMarch + 2) / 5 + day - 1 - DaysFromYear0To1970;
    }

    private static byte Read(byte register)
    {
        Port.Write8(Index, register);
        return Port.Read8(Data);
    }
}
