using System.Globalization;
using HyperOS.Abi.State;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

public class CmosRtcTests
{
    private const ulong Second = 1_000_000_000;
    private const byte A = 0x0A, B = 0x0B, C = 0x0C, D = 0x0D;
    private const byte Set = 0x80, PeriodicEnable = 0x40, AlarmEnable = 0x20, UpdateEnable = 0x10, Binary = 0x04, Hours24 = 0x02;

    private readonly LineRecorder _recorder = new();
    private CmosRtc _rtc;
    private ulong _now;

    public CmosRtcTests() => _rtc = At("2024-02-29 23:59:58");

    private bool Line => _recorder.Lines.IsAsserted(8);

    private static long Unix(string time) =>
        DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeSeconds();

    private CmosRtc At(string time) => _rtc = new CmosRtc(_recorder.Lines, Unix(time), 0x1000_0000, 0);

    private byte Read(byte index)
    {
        _rtc.WriteIndex(index);
        return _rtc.ReadData(_now);
    }

    private void Write(byte index, byte value)
    {
        _rtc.WriteIndex(index);
        _rtc.WriteData(value, _now);
    }

    /// <summary>Century, year, month, day, hour, minute, second as the registers show them.</summary>
    private string Shown => string.Join(' ', new byte[] { 0x32, 9, 8, 7, 4, 2, 0 }.Select(i => Read(i).ToString("X2", CultureInfo.InvariantCulture)));

    [Fact]
    public void The_clock_reads_the_base_in_bcd_and_24_hours()
    {
        Assert.Equal("20 24 02 29 23 59 58", Shown);
        Assert.Equal(0x05, Read(6));
        Assert.Equal(0x26, Read(A));
        Assert.Equal(0x02, Read(B));
        Assert.Equal(0x80, Read(D));
    }

    [Fact]
    public void The_clock_goes_with_guest_time_over_a_leap_day()
    {
        _now = 2 * Second;
        Assert.Equal("20 24 03 01 00 00 00", Shown);
        Assert.Equal(0x06, Read(6));
    }

    [Fact]
    public void Binary_and_12_hour_modes_change_what_is_shown()
    {
        Write(B, Binary | Hours24);
        Assert.Equal("14 18 02 1D 17 3B 3A", Shown);
        Write(B, 0);
        Assert.Equal("20 24 02 29 91 59 58", Shown);
        At("2024-01-01 00:30:00");
        Write(B, 0);
        Assert.Equal("20 24 01 01 12 30 00", Shown);
        At("2024-01-01 12:30:00");
        Write(B, 0);
        Assert.Equal("20 24 01 01 92 30 00", Shown);
    }

    [Theory]
    [InlineData("1970-01-01 00:00:00")]
    [InlineData("1999-12-31 23:59:59")]
    [InlineData("2000-02-29 12:00:00")]
    [InlineData("2100-03-01 00:00:00")]
    [InlineData("9999-12-31 23:59:59")]
    [InlineData("0001-01-01 00:00:00")]
    public void Dates_are_those_of_the_calendar(string time)
    {
        At(time);
        DateTimeOffset expected = DateTimeOffset.FromUnixTimeSeconds(Unix(time));
        Assert.Equal(expected.ToString("yyyy MM dd HH mm ss", CultureInfo.InvariantCulture).Insert(2, " "), Shown);
        Assert.Equal((int)expected.DayOfWeek + 1, Read(6));
    }

    [Fact]
    public void Every_day_of_four_centuries_survives_the_way_through_the_registers()
    {
        for (DateTime day = new(1900, 1, 1); day.Year < 2301; day = day.AddDays(1))
        {
            Write(B, Set | Binary | Hours24);
            Write(0x32, (byte)(day.Year / 100));
            Write(9, (byte)(day.Year % 100));
            Write(8, (byte)day.Month);
            Write(7, (byte)day.Day);
            Write(4, 5);
            Write(B, Binary | Hours24);
            Assert.Equal((day.Year, day.Month, day.Day, 5), (Read(0x32) * 100 + Read(9), Read(8), Read(7), Read(4)));
            Assert.Equal((int)day.DayOfWeek + 1, Read(6));
        }
    }

    [Fact]
    public void Setting_stops_the_clock_and_it_goes_on_from_what_was_set()
    {
        Write(B, Set | Hours24);
        _now = 10 * Second;
        Assert.Equal("20 24 02 29 23 59 58", Shown);
        Write(0x32, 0x19);
        Write(9, 0x70);
        Write(8, 0x12);
        Write(7, 0x31);
        Write(4, 0x22);
        Write(2, 0x10);
        Write(0, 0x05);
        Write(B, Hours24);
        Assert.Equal("19 70 12 31 22 10 05", Shown);
        _now = 15 * Second;
        Assert.Equal("19 70 12 31 22 10 10", Shown);
    }

    [Fact]
    public void A_running_clock_can_be_set_too()
    {
        Write(2, 0x30);
        Assert.Equal("20 24 02 29 23 30 58", Shown);
        _now = 2 * Second;
        Assert.Equal("20 24 02 29 23 31 00", Shown);
    }

    [Fact]
    public void Nonsense_in_the_registers_becomes_some_time()
    {
        Write(B, Set | Hours24);
        foreach (byte index in new byte[] { 0, 2, 4, 6, 7, 8, 9, 0x32 })
            Write(index, 0xFF);
        Write(B, Hours24);
        Assert.Equal("99 99 12 31 23 59 59", Shown);
        _now = Second;
        Assert.Equal("00 00 01 01 00 00 00", Shown);
    }

    [Fact]
    public void Update_in_progress_shows_before_each_second()
    {
        _now = Second - 244_001;
        Assert.Equal(0x26, Read(A));
        _now = Second - 244_000;
        Assert.Equal(0xA6, Read(A));
        _now = Second - 1;
        Assert.Equal(0xA6, Read(A));
        _now = Second;
        Assert.Equal(0x26, Read(A));
        Write(B, Set | Hours24);
        _now = 2 * Second - 1;
        Assert.Equal(0x26, Read(A));
    }

    [Fact]
    public void The_divider_reset_holds_the_clock_and_its_release_updates_after_half_a_second()
    {
        Write(A, 0x66);
        _now = 10 * Second;
        Assert.Equal("20 24 02 29 23 59 58", Shown);
        Write(A, 0x26);
        _now += Second / 2 - 1;
        Assert.Equal("20 24 02 29 23 59 58", Shown);
        _now += 1;
        Assert.Equal("20 24 02 29 23 59 59", Shown);
    }

    [Fact]
    public void Update_ended_interrupts_each_second_until_register_c_is_read()
    {
        Write(B, UpdateEnable | Hours24);
        Assert.Equal(Second, _rtc.NextEvent);
        _now = Second;
        _rtc.Advance(_now);
        Assert.True(Line);
        Assert.Equal(ulong.MaxValue, _rtc.NextEvent);
        // The periodic flag is set at its rate, enabled or not.
        Assert.Equal(0xD0, Read(C));
        Assert.False(Line);
        Assert.Equal(0x00, Read(C));
        Assert.Equal(2 * Second, _rtc.NextEvent);
    }

    [Fact]
    public void Flags_are_set_without_their_enables_too()
    {
        _now = Second;
        Assert.Equal(0x50, Read(C));
        Assert.False(Line);
    }

    [Fact]
    public void Set_clears_the_update_ended_enable()
    {
        Write(B, Set | UpdateEnable | Hours24);
        Assert.Equal(Set | Hours24, Read(B));
    }

    [Theory]
    [InlineData(6, 1024)]
    [InlineData(15, 2)]
    [InlineData(3, 8192)]
    [InlineData(1, 256)]
    [InlineData(2, 128)]
    public void The_periodic_interrupt_comes_at_its_rate(byte rate, uint hertz)
    {
        Write(A, (byte)(0x20 | rate));
        Write(B, PeriodicEnable | Hours24);
        int count = 0;
        while (_rtc.NextEvent <= Second)
        {
            _now = _rtc.NextEvent;
            _rtc.Advance(_now);
            Assert.True(Line);
            Assert.Equal(0xC0, Read(C) & 0xC0);
            count++;
        }
        Assert.Equal((int)hertz, count);
    }

    [Fact]
    public void Rate_zero_gives_no_periodic_interrupt()
    {
        Write(A, 0x20);
        Write(B, PeriodicEnable | Hours24);
        Assert.Equal(ulong.MaxValue, _rtc.NextEvent);
    }

    [Fact]
    public void The_alarm_comes_at_its_time()
    {
        At("2024-01-01 10:00:00");
        Write(5, 0x09);
        Write(3, 0x30);
        Write(1, 0x15);
        Write(B, AlarmEnable | Hours24);
        ulong due = (23 * 3600 + 30 * 60 + 15) * Second;
        Assert.Equal(due, _rtc.NextEvent);
        _now = due - 1;
        _rtc.Advance(_now);
        Assert.False(Line);
        _now = due;
        _rtc.Advance(_now);
        Assert.True(Line);
        Assert.Equal(0xF0, Read(C));
    }

    [Theory]
    [InlineData(0xFF, 0xFF, 0xFF, 1)]
    [InlineData(0xFF, 0xFF, 0x05, 5)]
    [InlineData(0xFF, 0x01, 0x05, 65)]
    [InlineData(0xC0, 0xFF, 0x00, 60)]
    [InlineData(0x10, 0x00, 0x00, 86_400)]
    public void Alarm_bytes_from_C0_match_always(byte hour, byte minute, byte second, uint due)
    {
        At("2024-01-01 10:00:00");
        Write(5, hour);
        Write(3, minute);
        Write(1, second);
        Write(B, AlarmEnable | Hours24);
        Assert.Equal(due * Second, _rtc.NextEvent);
    }

    [Fact]
    public void An_impossible_alarm_never_comes()
    {
        Write(5, 0xFF);
        Write(3, 0xFF);
        Write(1, 0x77);
        Write(B, AlarmEnable | Hours24);
        Assert.Equal(ulong.MaxValue, _rtc.NextEvent);
    }

    [Fact]
    public void An_alarm_in_a_long_pause_is_not_missed()
    {
        At("2024-01-01 10:00:00");
        Write(5, 0x11);
        Write(3, 0x00);
        Write(1, 0x00);
        Write(B, AlarmEnable | Hours24);
        _now = 7200 * Second;
        _rtc.Advance(_now);
        Assert.True(Line);
    }

    [Fact]
    public void The_index_port_keeps_the_nmi_mask()
    {
        Assert.False(_rtc.NmiMasked);
        _rtc.WriteIndex(0x8D);
        Assert.True(_rtc.NmiMasked);
        Assert.Equal(0x80, _rtc.ReadData(0));
    }

    [Fact]
    public void Memory_sizes_stand_in_cmos()
    {
        _rtc = new CmosRtc(_recorder.Lines, 0, 0xC000_0000, 0x1_4000_0000);
        Assert.Equal(640, Read(0x15) | Read(0x16) << 8);
        Assert.Equal(0xFFFF, Read(0x17) | Read(0x18) << 8);
        Assert.Equal(0xFFFF, Read(0x30) | Read(0x31) << 8);
        Assert.Equal((int)((0xC000_0000 - 0x100_0000) >> 16), Read(0x34) | Read(0x35) << 8);
        Assert.Equal((int)(0x1_4000_0000 >> 16), Read(0x5B) | Read(0x5C) << 8 | Read(0x5D) << 16);
        int sum = 0;
        for (byte i = 0x10; i <= 0x2D; i++)
            sum += Read(i);
        Assert.Equal(sum, Read(0x2E) << 8 | Read(0x2F));
    }

    [Fact]
    public void Memory_is_memory_and_c_and_d_are_read_only()
    {
        Write(0x0F, 0x42);
        Write(0x7F, 0x43);
        Write(C, 0xFF);
        Write(D, 0x00);
        Assert.Equal(0x42, Read(0x0F));
        Assert.Equal(0x43, Read(0x7F));
        Assert.Equal(0x00, Read(C));
        Assert.Equal(0x80, Read(D));
    }

    [Fact]
    public void Reset_disables_interrupts_and_the_clock_goes_on()
    {
        Write(B, UpdateEnable | Hours24);
        _now = Second;
        _rtc.Advance(_now);
        _rtc.Reset(_now);
        Assert.False(Line);
        Assert.Equal(Hours24, Read(B));
        Assert.Equal("20 24 02 29 23 59 59", Shown);
    }

    [Fact]
    public void A_saved_clock_goes_on_where_it_was()
    {
        Write(B, AlarmEnable | UpdateEnable | Hours24);
        Write(0x40, 0x55);
        _now = 5 * Second / 2;
        _rtc.Advance(_now);
        _rtc.Save(out CmosRtcState state);
        LineRecorder recorder = new();
        CmosRtc restored = new(recorder.Lines, 0, 0, 0);
        Assert.Equal(RestoreStatus.Restored, restored.Restore(state, _now));
        Assert.True(recorder.Lines.IsAsserted(8));
        restored.Save(out CmosRtcState again);
        Assert.Equal(ApicMachine.Bytes(state), ApicMachine.Bytes(again));
        _rtc = restored;
        Assert.Equal("20 24 03 01 00 00 00", Shown);
        Assert.Equal(0x55, Read(0x40));
    }

    [Fact]
    public void A_record_out_of_range_is_refused()
    {
        _rtc.Save(out CmosRtcState good);
        CmosRtcState state = good;
        state.Version = 7;
        Assert.Equal(RestoreStatus.UnknownVersion, _rtc.Restore(state, 0));
        state = good;
        state.Phase = 1_000_000_000;
        Assert.Equal(RestoreStatus.InvalidValue, _rtc.Restore(state, 0));
        state = good;
        state.Seconds = long.MaxValue;
        Assert.Equal(RestoreStatus.InvalidValue, _rtc.Restore(state, 0));
        state = good;
        state.SetAt = 1;
        Assert.Equal(RestoreStatus.InvalidValue, _rtc.Restore(state, 0));
    }
}
