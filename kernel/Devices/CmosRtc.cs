using System;
using HyperOS.Abi.State;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// Real-time clock and CMOS memory behind ports 70h and 71h: Motorola MC146818A data sheet, "Address Map" and "Registers"; the century
/// byte at 32h and the memory sizes are the PC AT's. Its interrupt is line 8.
/// </summary>
/// <remarks>
/// Nothing ticks: the clock is derived from guest time whenever it is read. The day of the week follows from the date; what a guest
/// writes there is not kept. The caller holds the lock of the VM's legacy devices.
/// </remarks>
public sealed class CmosRtc
{
    /// <summary>Index of the century byte, as the FADT tells.</summary>
    public const byte CenturyIndex = 0x32;

    private const int Gsi = 8;
    private const int MemorySize = Bytes128.Length;

    private const byte NmiMask = 0x80, IndexMask = 0x7F;
    private const int Seconds = 0x00, SecondsAlarm = 0x01, Minutes = 0x02, MinutesAlarm = 0x03, Hours = 0x04, HoursAlarm = 0x05, DayOfWeek = 0x06,
        DayOfMonth = 0x07, Month = 0x08, Year = 0x09, RegisterA = 0x0A, RegisterB = 0x0B, RegisterC = 0x0C, RegisterD = 0x0D;

    private const byte A_UIP = 0x80, A_DividerMask = 0x70, A_DividerReset = 0x60, A_RateMask = 0x0F, A_Divider32768 = 0x20, A_Rate1024 = 0x06;
    private const byte B_SET = 0x80, B_PIE = 0x40, B_AIE = 0x20, B_UIE = 0x10, B_SQWE = 0x08, B_DM = 0x04, B_24Hours = 0x02;
    private const byte C_IRQF = 0x80, C_PF = 0x40, C_AF = 0x20, C_UF = 0x10;
    private const byte D_VRT = 0x80;
    private const byte HourPm = 0x80, AlarmDoNotCare = 0xC0;

    private const ulong NanosecondsPerSecond = 1_000_000_000;

    /// <summary>UIP rises this long before an update ("Update Cycle": t BUC).</summary>
    private const uint UpdateNoticeNanoseconds = 244_000;

    /// <summary>The first update comes half a second after the divider chain is released.</summary>
    private const uint DividerReleasePhase = 500_000_000;

    // CMOS memory that firmware of the PC AT fills.
    private const int EquipmentByte = 0x14, BaseMemory = 0x15, ExtendedMemory = 0x17, ExtendedMemoryCopy = 0x30, ChecksumFirst = 0x10,
        ChecksumLast = 0x2D, Checksum = 0x2E, MemoryAbove16MiB = 0x34, MemoryAbove4GiB = 0x5B;
    private const byte EquipmentCoprocessor = 0x02;
    private const ulong KiB = 1024, MiB = 1024 * KiB, SizeUnit = 64 * KiB, BaseMemoryKiB = 640;

    // Configuration.
    private readonly long _baseSeconds;

    // Wiring.
    private readonly InterruptLines _lines;

    // Guest-visible state.
    private readonly byte[] _registers = new byte[MemorySize];
    private byte _index;
    private long _seconds;
    private uint _phase;
    private ulong _setAt;
    private ulong _checkedTo;

    /// <summary>
    /// A clock that reads <paramref name="baseSeconds"/> (seconds since 1970-01-01 in the calendar the guest keeps, UTC or local; clamped to
    /// the years 0 to 9999) at power-on, and CMOS memory that tells of RAM below and from 4 GiB, in bytes.
    /// </summary>
    public CmosRtc(InterruptLines lines, long baseSeconds, ulong lowRamBytes, ulong highRamBytes)
    {
        _lines = lines;
        _baseSeconds = Math.Min(Math.Max(baseSeconds, CalendarTime.Earliest), CalendarTime.End - 1);
        _seconds = _baseSeconds;
        _registers[RegisterA] = A_Divider32768 | A_Rate1024;
        _registers[RegisterB] = B_24Hours;
        _registers[RegisterD] = D_VRT;
        FillMemorySizes(lowRamBytes, highRamBytes);
        NextEvent = ulong.MaxValue;
    }

    /// <summary>Guest time in nanoseconds of the next interrupt; ulong.MaxValue when none comes.</summary>
    public ulong NextEvent { get; private set; }

    /// <summary>Bit 7 of port 70h: the board keeps NMIs from the processors.</summary>
    public bool NmiMasked => (_index & NmiMask) != 0;

    /// <summary>The RESET pin: interrupts off, flags clear. The clock, the calendar and the memory go on.</summary>
    public void Reset(ulong now)
    {
        Check(now);
        _index = 0;
        _registers[RegisterB] &= unchecked((byte)~(B_PIE | B_AIE | B_UIE | B_SQWE));
        _registers[RegisterC] = 0;
        UpdateLine();
        Schedule();
    }

    /// <summary>Reads port 71h: the register that the index selects. Port 70h cannot be read.</summary>
    public byte ReadData(ulong now)
    {
        FaultPoint.Hit(FaultPlace.Rtc);
        int index = _index & IndexMask;
        switch (index)
        {
            case Seconds or Minutes or Hours or DayOfWeek or DayOfMonth or Month or Year or CenturyIndex:
                ShowTime(now);
                return _registers[index];
            case RegisterA:
                return (byte)(_registers[RegisterA] | (UpdateInProgress(now) ? A_UIP : 0));
            case RegisterC:
                Check(now);
                byte flags = _registers[RegisterC];
                _registers[RegisterC] = 0;
                UpdateLine();
                Schedule();
                return flags;
            default:
                return _registers[index];
        }
    }

    /// <summary>Writes port 70h: the index, and the NMI mask in bit 7.</summary>
    public void WriteIndex(byte value) => _index = value;

    /// <summary>Writes port 71h: the register that the index selects.</summary>
    public void WriteData(byte value, ulong now)
    {
        int index = _index & IndexMask;
        if (index > RegisterD && index != CenturyIndex)
        {
            _registers[index] = value;
            return;
        }
        Check(now);
        ShowTime(now);
        switch (index)
        {
            case RegisterA:
                WriteRegisterA(value, now);
                break;
            case RegisterB:
                WriteRegisterB(value, now);
                break;
            case RegisterC or RegisterD:
                return;
            case SecondsAlarm or MinutesAlarm or HoursAlarm:
                _registers[index] = value;
                break;
            default:
                _registers[index] = value;
                if (Runs)
                    SetClock(ReadRegisters(), Phase(now), now);
                break;
        }
        UpdateLine();
        Schedule();
    }

    /// <summary>Raises what is due at <paramref name="now"/>.</summary>
    public void Advance(ulong now)
    {
        if (now < NextEvent)
            return;
        Check(now);
        UpdateLine();
        Schedule();
    }

    /// <summary>Saves the clock, its registers and the memory.</summary>
    public void Save(out CmosRtcState state)
    {
        state = default;
        state.Version = CmosRtcState.CurrentVersion;
        state.Index = _index;
        for (int i = 0; i < MemorySize; i++)
            state.Registers[i] = _registers[i];
        state.Seconds = _seconds;
        state.Phase = _phase;
        state.SetAt = _setAt;
        state.CheckedTo = _checkedTo;
    }

    /// <summary>Restores a saved clock at guest time <paramref name="now"/> and drives its line anew.</summary>
    public RestoreStatus Restore(in CmosRtcState state, ulong now)
    {
        if (state.Version != CmosRtcState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        bool valid = state.Seconds is >= CalendarTime.Earliest and < CalendarTime.End && state.Phase < NanosecondsPerSecond &&
            state.SetAt <= now && state.CheckedTo <= now && state.CheckedTo >= state.SetAt &&
            (state.Registers[RegisterA] & A_UIP) == 0 && (state.Registers[RegisterC] & ~(C_IRQF | C_PF | C_AF | C_UF)) == 0 &&
            state.Registers[RegisterD] == D_VRT;
        if (!valid)
            return RestoreStatus.InvalidValue;
        _index = state.Index;
        for (int i = 0; i < MemorySize; i++)
            _registers[i] = state.Registers[i];
        _seconds = state.Seconds;
        _phase = state.Phase;
        _setAt = state.SetAt;
        _checkedTo = state.CheckedTo;
        Check(now);
        UpdateLine();
        Schedule();
        return RestoreStatus.Restored;
    }

    private bool DividerHeld => (_registers[RegisterA] & A_DividerReset) == A_DividerReset;

    /// <summary>Whether the clock updates: not while the guest sets it or holds the divider chain in reset.</summary>
    private bool Runs => (_registers[RegisterB] & B_SET) == 0 && !DividerHeld;

    private bool Is24Hours => (_registers[RegisterB] & B_24Hours) != 0;

    private bool IsBinary => (_registers[RegisterB] & B_DM) != 0;

    /// <summary>Ticks of the 32.768 kHz crystal between periodic interrupts; 0 when none. Rates 1 and 2 are those of 8 and 9.</summary>
    private ulong PeriodicTicks
    {
        get
        {
            int rate = _registers[RegisterA] & A_RateMask;
            if (rate == 0 || DividerHeld)
                return 0;
            return 1ul << (rate <= 2 ? rate + 6 : rate - 1);
        }
    }

    private ulong SinceSecond(ulong now) => (now > _setAt ? now - _setAt : 0) + _phase;

    private long SecondsAt(ulong now) => _seconds + (long)(SinceSecond(now) / NanosecondsPerSecond);

    private uint Phase(ulong now) => (uint)(SinceSecond(now) % NanosecondsPerSecond);

    private bool UpdateInProgress(ulong now) => Runs && Phase(now) >= NanosecondsPerSecond - UpdateNoticeNanoseconds;

    /// <summary>The guest time at which the clock comes to <paramref name="second"/>, which is later than the one it was set to.</summary>
    private ulong TimeOfSecond(long second) => _setAt + (ulong)(second - _seconds) * NanosecondsPerSecond - _phase;

    /// <summary>The clock's bytes as they read now; while it stands, they are what they are.</summary>
    private void ShowTime(ulong now)
    {
        if (Runs)
            WriteRegisters(CalendarTime.FromSeconds(Wrap(SecondsAt(now))));
    }

    /// <summary>Year 9999 is followed by year 0.</summary>
    private static long Wrap(long seconds)
    {
        const long Range = CalendarTime.End - CalendarTime.Earliest;
        return (seconds - CalendarTime.Earliest) % Range + CalendarTime.Earliest;
    }

    private void WriteRegisters(in CalendarTime time)
    {
        int hour = time.Hour;
        byte pm = 0;
        if (!Is24Hours)
        {
            pm = hour >= 12 ? HourPm : (byte)0;
            hour = hour % 12 == 0 ? 12 : hour % 12;
        }
        _registers[Seconds] = Encode(time.Second);
        _registers[Minutes] = Encode(time.Minute);
        _registers[Hours] = (byte)(Encode(hour) | pm);
        _registers[DayOfWeek] = Encode(time.DayOfWeek);
        _registers[DayOfMonth] = Encode(time.Day);
        _registers[Month] = Encode(time.Month);
        _registers[Year] = Encode(time.Year % 100);
        _registers[CenturyIndex] = Encode(time.Year / 100);
    }

    /// <summary>What the clock's bytes say, each within what it can mean.</summary>
    private CalendarTime ReadRegisters()
    {
        CalendarTime time = default;
        time.Second = Math.Min(Decode(_registers[Seconds]), 59);
        time.Minute = Math.Min(Decode(_registers[Minutes]), 59);
        time.Hour = Math.Min(DecodeHour(_registers[Hours]), 23);
        time.Day = Math.Min(Math.Max(Decode(_registers[DayOfMonth]), 1), 31);
        time.Month = Math.Min(Math.Max(Decode(_registers[Month]), 1), 12);
        time.Year = Math.Min(Decode(_registers[CenturyIndex]), 99) * 100 + Math.Min(Decode(_registers[Year]), 99);
        return time;
    }

    private void SetClock(in CalendarTime time, uint phase, ulong now)
    {
        _seconds = Math.Min(time.ToSeconds(), CalendarTime.End - 1);
        _phase = phase;
        _setAt = now;
        _checkedTo = now;
    }

    private byte Encode(int value) => (byte)(IsBinary ? value : value / 10 << 4 | value % 10);

    private int Decode(byte value) => IsBinary ? value : (value >> 4) * 10 + (value & 0x0F);

    private int DecodeHour(byte value)
    {
        if (Is24Hours)
            return Decode(value);
        int hour = Decode((byte)(value & ~HourPm)) % 12;
        return (value & HourPm) != 0 ? hour + 12 : hour;
    }

    private void WriteRegisterA(byte value, ulong now)
    {
        bool wasHeld = DividerHeld;
        bool ran = Runs;
        _registers[RegisterA] = (byte)(value & ~A_UIP);
        if (wasHeld && !DividerHeld)
            Release(DividerReleasePhase, now);
        else if (ran && DividerHeld)
            _checkedTo = now;
    }

    private void WriteRegisterB(byte value, ulong now)
    {
        bool wasSet = (_registers[RegisterB] & B_SET) != 0;
        bool isSet = (value & B_SET) != 0;
        // SET clears UIE ("Register B").
        byte kept = isSet ? (byte)(value & ~B_UIE) : value;
        uint phase = Phase(now);
        _registers[RegisterB] = kept;
        if (wasSet && !isSet)
            Release(phase, now);
    }

    /// <summary>The clock begins to run from what its bytes say, unless something else holds it.</summary>
    private void Release(uint phase, ulong now)
    {
        if (Runs)
            SetClock(ReadRegisters(), phase, now);
        else
        {
            _phase = phase;
            _setAt = now;
            _checkedTo = now;
        }
    }

    /// <summary>Raises the flags of all that has happened since the last check.</summary>
    private void Check(ulong now)
    {
        if (now <= _checkedTo)
            return;
        ulong period = PeriodicTicks;
        byte flags = 0;
        if (period != 0 && DividerTick(now) / period != DividerTick(_checkedTo) / period)
            flags |= C_PF;
        if (Runs)
        {
            long before = SecondsAt(_checkedTo), after = SecondsAt(now);
            if (before != after)
            {
                flags |= C_UF;
                if (NextAlarm(before) <= after)
                    flags |= C_AF;
            }
        }
        _registers[RegisterC] |= flags;
        _checkedTo = now;
    }

    /// <summary>Ticks of the crystal since the second in which the clock was set began: the divider chain's count.</summary>
    private ulong DividerTick(ulong now) => GuestFrequency.RealTimeClock.TicksAt(SinceSecond(now));

    /// <summary>The first second after <paramref name="second"/> that the alarm bytes match; long.MaxValue when none does.</summary>
    private long NextAlarm(long second)
    {
        if (!IsPossible(HoursAlarm, 24) || !IsPossible(MinutesAlarm, 60) || !IsPossible(SecondsAlarm, 60))
            return long.MaxValue;
        long start = Wrap(second + 1) - CalendarTime.Earliest;
        int timeOfDay = (int)(start % CalendarTime.SecondsPerDay);
        int waited = 0;
        while (waited < CalendarTime.SecondsPerDay)
        {
            int at = (int)((timeOfDay + waited) % CalendarTime.SecondsPerDay);
            if (!Matches(HoursAlarm, at / 3600))
                waited += 3600 - at % 3600;
            else if (!Matches(MinutesAlarm, at / 60 % 60))
                waited += 60 - at % 60;
            else if (!Matches(SecondsAlarm, at % 60))
                waited++;
            else
                return second + 1 + waited;
        }
        return long.MaxValue;
    }

    /// <summary>Whether an alarm byte can match at all, so that the search for the next match is short.</summary>
    private bool IsPossible(int alarm, int limit) => IsWildcard(alarm) || AlarmValue(alarm) < limit;

    private bool Matches(int alarm, int value) => IsWildcard(alarm) || AlarmValue(alarm) == value;

    private bool IsWildcard(int alarm) => (_registers[alarm] & AlarmDoNotCare) == AlarmDoNotCare;

    private int AlarmValue(int alarm) => alarm == HoursAlarm ? DecodeHour(_registers[alarm]) : Decode(_registers[alarm]);

    private void UpdateLine()
    {
        // The enables and the flags have the same places in registers B and C.
        bool asserted = (_registers[RegisterB] & _registers[RegisterC] & (C_PF | C_AF | C_UF)) != 0;
        _registers[RegisterC] = (byte)(asserted ? _registers[RegisterC] | C_IRQF : _registers[RegisterC] & ~C_IRQF);
        _lines.Set(Gsi, asserted);
    }

    /// <summary>Finds the next flag that would raise the line; while it is raised already, nothing more happens until register C is read.</summary>
    private void Schedule()
    {
        NextEvent = ulong.MaxValue;
        byte enables = _registers[RegisterB];
        if ((_registers[RegisterC] & C_IRQF) != 0)
            return;
        ulong period = PeriodicTicks;
        if ((enables & B_PIE) != 0 && period != 0)
            NextEvent = _setAt + GuestFrequency.RealTimeClock.TimeOf((DividerTick(_checkedTo) / period + 1) * period) - _phase;
        if (!Runs)
            return;
        long second = SecondsAt(_checkedTo);
        if ((enables & B_UIE) != 0)
            NextEvent = Math.Min(NextEvent, TimeOfSecond(second + 1));
        else if ((enables & B_AIE) != 0)
        {
            long alarm = NextAlarm(second);
            if (alarm != long.MaxValue)
                NextEvent = Math.Min(NextEvent, TimeOfSecond(alarm));
        }
    }

    private void FillMemorySizes(ulong lowRamBytes, ulong highRamBytes)
    {
        ulong aboveOneMiB = lowRamBytes > MiB ? Math.Min((lowRamBytes - MiB) / KiB, ushort.MaxValue) : 0;
        ulong above16MiB = lowRamBytes > 16 * MiB ? Math.Min((lowRamBytes - 16 * MiB) / SizeUnit, ushort.MaxValue) : 0;
        _registers[EquipmentByte] = EquipmentCoprocessor;
        WriteSize(BaseMemory, 2, BaseMemoryKiB);
        WriteSize(ExtendedMemory, 2, aboveOneMiB);
        WriteSize(ExtendedMemoryCopy, 2, aboveOneMiB);
        WriteSize(MemoryAbove16MiB, 2, above16MiB);
        WriteSize(MemoryAbove4GiB, 3, highRamBytes / SizeUnit);
        int sum = 0;
        for (int i = ChecksumFirst; i <= ChecksumLast; i++)
            sum += _registers[i];
        _registers[Checksum] = (byte)(sum >> 8);
        _registers[Checksum + 1] = (byte)(sum & 0xFF);
    }

    private void WriteSize(int index, int bytes, ulong value)
    {
        for (int i = 0; i < bytes; i++)
            _registers[index + i] = (byte)(value >> (8 * i) & 0xFF);
    }
}
