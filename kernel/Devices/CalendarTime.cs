namespace HyperOS.Devices;

/// <summary>A date and time of day in the proleptic Gregorian calendar, and its conversion to and from seconds since 1970-01-01.</summary>
internal struct CalendarTime
{
    public int Year;
    public int Month;
    public int Day;
    public int Hour;
    public int Minute;
    public int Second;

    /// <summary>1 is Sunday, as the MC146818 counts.</summary>
    public int DayOfWeek;

    public const long SecondsPerDay = 86_400;

    /// <summary>The first second of year 0 and of year 10000: what two BCD bytes of a year can hold.</summary>
    public const long Earliest = -62_167_219_200, End = 253_402_300_800;

    private const long DaysPerEra = 146_097;

    /// <summary>Days from 0000-03-01, with which eras of 400 years begin, to 1970-01-01.</summary>
    private const long EpochDays = 719_468;

    /// <summary>The calendar's reading at <paramref name="seconds"/>, which lies between <see cref="Earliest"/> and <see cref="End"/>.</summary>
    public static CalendarTime FromSeconds(long seconds)
    {
        long days = FloorDivide(seconds, SecondsPerDay);
        int secondOfDay = (int)(seconds - days * SecondsPerDay);
        // Years that begin in March put the leap day last; 153 days are five months.
        long fromEra = days + EpochDays;
        long era = FloorDivide(fromEra, DaysPerEra);
        int dayOfEra = (int)(fromEra - era * DaysPerEra);
        int yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        int dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        int marchMonth = (5 * dayOfYear + 2) / 153;
        int month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
        CalendarTime time;
        time.Year = (int)(era * 400) + yearOfEra + (month <= 2 ? 1 : 0);
        time.Month = month;
        time.Day = dayOfYear - (153 * marchMonth + 2) / 5 + 1;
        time.Hour = secondOfDay / 3600;
        time.Minute = secondOfDay / 60 % 60;
        time.Second = secondOfDay % 60;
        // 1970-01-01 was a Thursday.
        time.DayOfWeek = (int)(days + 4 - FloorDivide(days + 4, 7) * 7) + 1;
        return time;
    }

    /// <summary>Seconds since 1970-01-01. Fields beyond their range count on into the next unit, as a 31st of February into March.</summary>
    public readonly long ToSeconds()
    {
        long months = Year * 12L + Month - 3;
        long year = FloorDivide(months, 12);
        long marchMonth = months - year * 12;
        long era = FloorDivide(year, 400);
        long yearOfEra = year - era * 400;
        long dayOfYear = (153 * marchMonth + 2) / 5 + Day - 1;
        long days = era * DaysPerEra + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - EpochDays;
        return days * SecondsPerDay + Hour * 3600L + Minute * 60L + Second;
    }

    private static long FloorDivide(long value, long divisor) => value >= 0 ? value / divisor : (value - divisor + 1) / divisor;
}
