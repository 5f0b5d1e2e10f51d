using HyperOS.Abi.State;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

public class Pit8254Tests
{
    private const int Control = 3;

    private readonly LineRecorder _recorder = new();
    private readonly Pit8254 _pit;
    private ulong _tick = 1000;

    public Pit8254Tests() => _pit = new Pit8254(_recorder.Lines, TickCatchUp.None);

    /// <summary>Guest time of the present tick.</summary>
    private ulong Now => GuestFrequency.Pit.TimeOf(_tick);

    private byte Read(int port) => _pit.Read(port, Now);

    private void Write(int port, byte value) => _pit.Write(port, value, Now);

    private int ReadWord(int port) => Read(port) | Read(port) << 8;

    private void Program(int channel, int mode, ushort count, bool bcd = false)
    {
        Write(Control, (byte)(channel << 6 | 0x30 | mode << 1 | (bcd ? 1 : 0)));
        Write(channel, (byte)count);
        Write(channel, (byte)(count >> 8));
        // The first clock loads the count.
        _tick++;
    }

    private void OpenGate() => _pit.WritePortB(1, Now);

    private bool Output2 => (_pit.ReadPortB(Now) & 0x20) != 0;

    [Fact]
    public void Ticks_and_time_agree()
    {
        Assert.Equal(1_193_181ul, GuestFrequency.Pit.TicksAt(1_000_000_000));
        Assert.Equal(3_579_545ul, GuestFrequency.PowerManagementTimer.TicksAt(1_000_000_000));
        Assert.Equal(32_768ul, GuestFrequency.RealTimeClock.TicksAt(1_000_000_000));
        foreach (ulong tick in new ulong[] { 0, 1, 2, 20, 21, 22, 1_193_181, 1ul << 40 })
        {
            ulong time = GuestFrequency.Pit.TimeOf(tick);
            Assert.Equal(tick, GuestFrequency.Pit.TicksAt(time));
            if (time != 0)
                Assert.Equal(tick - 1, GuestFrequency.Pit.TicksAt(time - 1));
        }
        Assert.Equal(ulong.MaxValue, GuestFrequency.Pit.TimeOf(ulong.MaxValue));
    }

    [Fact]
    public void Nothing_is_due_after_power_on() => Assert.Equal(ulong.MaxValue, _pit.NextEvent);

    [Fact]
    public void Mode_0_raises_its_output_once_at_terminal_count()
    {
        Program(0, 0, 100);
        Assert.False(_recorder.Lines.IsAsserted(0));
        Assert.Equal(GuestFrequency.Pit.TimeOf(_tick + 100), _pit.NextEvent);
        _tick += 99;
        _pit.Advance(Now);
        Assert.Equal(0, _recorder.Edges(0));
        _tick++;
        _pit.Advance(Now);
        Assert.Equal(1, _recorder.Edges(0));
        Assert.True(_recorder.Lines.IsAsserted(0));
        Assert.Equal(ulong.MaxValue, _pit.NextEvent);
    }

    [Fact]
    public void Mode_0_counts_on_below_zero()
    {
        Program(0, 0, 100);
        _tick += 40;
        Assert.Equal(60, ReadWord(0));
        _tick += 61;
        Assert.Equal(0xFFFF, ReadWord(0));
    }

    [Fact]
    public void Mode_0_stops_at_the_first_byte_of_a_new_count()
    {
        Program(0, 0, 100);
        Write(0, 0x10);
        _tick += 1000;
        _pit.Advance(Now);
        Assert.Equal(0, _recorder.Edges(0));
        Assert.Equal(ulong.MaxValue, _pit.NextEvent);
        Write(0, 0x00);
        Assert.Equal(GuestFrequency.Pit.TimeOf(_tick + 1 + 0x10), _pit.NextEvent);
    }

    [Fact]
    public void Mode_0_pauses_while_the_gate_is_low()
    {
        OpenGate();
        Program(2, 0, 100);
        _tick += 30;
        _pit.WritePortB(0, Now);
        _tick += 1000;
        Assert.Equal(70, ReadWord(2));
        Assert.False(Output2);
        OpenGate();
        _tick += 69;
        Assert.False(Output2);
        _tick++;
        Assert.True(Output2);
    }

    [Fact]
    public void Mode_1_is_a_one_shot_that_the_gate_starts_and_restarts()
    {
        Program(2, 1, 100);
        Assert.True(Output2);
        OpenGate();
        _tick++;
        Assert.False(Output2);
        _tick += 60;
        _pit.WritePortB(0, Now);
        OpenGate();
        _tick += 1 + 99;
        Assert.False(Output2);
        _tick++;
        Assert.True(Output2);
    }

    [Fact]
    public void Mode_2_interrupts_once_a_period()
    {
        // The control word raises the output of a counter that was in mode 0.
        Program(0, 2, 1000);
        int before = _recorder.Edges(0);
        for (int i = 1; i <= 5; i++)
        {
            _tick += 1000;
            Assert.Equal(Now, _pit.NextEvent);
            _pit.Advance(Now);
            Assert.Equal(before + i, _recorder.Edges(0));
        }
    }

    [Fact]
    public void Mode_2_counts_from_the_count_down_to_one()
    {
        Program(0, 2, 10);
        Assert.Equal(10, ReadWord(0));
        _tick += 9;
        Assert.Equal(1, ReadWord(0));
        _tick++;
        Assert.Equal(10, ReadWord(0));
    }

    [Fact]
    public void Mode_2_output_is_low_for_the_last_tick()
    {
        OpenGate();
        Program(2, 2, 10);
        Assert.True(Output2);
        _tick += 9;
        Assert.False(Output2);
        _tick++;
        Assert.True(Output2);
    }

    [Fact]
    public void Mode_2_takes_a_new_count_at_the_end_of_the_cycle()
    {
        Program(0, 2, 1000);
        int before = _recorder.Edges(0);
        _tick += 300;
        Write(0, 50);
        Write(0, 0);
        Assert.Equal(700, ReadWord(0));
        _tick += 700;
        _pit.Advance(Now);
        Assert.Equal(before + 1, _recorder.Edges(0));
        _tick += 50;
        Assert.Equal(Now, _pit.NextEvent);
        _pit.Advance(Now);
        Assert.Equal(before + 2, _recorder.Edges(0));
    }

    [Fact]
    public void Mode_2_starts_anew_with_the_gate()
    {
        OpenGate();
        Program(2, 2, 100);
        _tick += 30;
        _pit.WritePortB(0, Now);
        _tick += 500;
        Assert.True(Output2);
        Assert.Equal(70, ReadWord(2));
        OpenGate();
        _tick += 1;
        Assert.Equal(100, ReadWord(2));
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(9, 5)]
    public void Mode_3_is_high_for_the_larger_half(ushort count, int high)
    {
        OpenGate();
        Program(2, 3, count);
        for (int i = 0; i < 3 * count; i++, _tick++)
            Assert.Equal(i % count < high, Output2);
    }

    [Fact]
    public void Mode_3_counts_down_by_two_in_each_half()
    {
        Program(0, 3, 10);
        int[] expected = [10, 8, 6, 4, 2, 10, 8, 6, 4, 2, 10];
        foreach (int value in expected)
        {
            Assert.Equal(value, ReadWord(0));
            _tick++;
        }
    }

    [Fact]
    public void Mode_3_takes_a_new_count_at_the_end_of_the_half()
    {
        OpenGate();
        Program(2, 3, 100);
        _tick += 10;
        Write(2, 20);
        Write(2, 0);
        _tick += 39;
        Assert.True(Output2);
        _tick++;
        Assert.False(Output2);
        _tick += 9;
        Assert.False(Output2);
        _tick++;
        Assert.True(Output2);
    }

    [Fact]
    public void Mode_4_strobes_for_one_tick_after_the_count()
    {
        OpenGate();
        Program(2, 4, 10);
        _tick += 9;
        Assert.True(Output2);
        _tick++;
        Assert.False(Output2);
        _tick++;
        Assert.True(Output2);
    }

    [Fact]
    public void Mode_4_interrupts_at_the_end_of_the_strobe()
    {
        Program(0, 4, 10);
        int before = _recorder.Edges(0);
        Assert.Equal(GuestFrequency.Pit.TimeOf(_tick + 11), _pit.NextEvent);
        _tick += 11;
        _pit.Advance(Now);
        Assert.Equal(before + 1, _recorder.Edges(0));
        Assert.Equal(ulong.MaxValue, _pit.NextEvent);
    }

    [Fact]
    public void Mode_5_waits_for_the_gate()
    {
        Program(2, 5, 10);
        _tick += 100;
        Assert.True(Output2);
        OpenGate();
        _tick += 1 + 10;
        Assert.False(Output2);
        _tick++;
        Assert.True(Output2);
    }

    [Theory]
    [InlineData(6, 2)]
    [InlineData(7, 3)]
    public void Modes_6_and_7_are_modes_2_and_3(int written, int mode)
    {
        Program(0, written, 100);
        Write(Control, 0xE2);
        Assert.Equal(mode, Read(0) >> 1 & 7);
    }

    [Fact]
    public void A_count_of_zero_is_the_longest()
    {
        Program(0, 0, 0);
        Assert.Equal(GuestFrequency.Pit.TimeOf(_tick + 0x10000), _pit.NextEvent);
        Program(0, 0, 0, bcd: true);
        Assert.Equal(GuestFrequency.Pit.TimeOf(_tick + 10000), _pit.NextEvent);
    }

    [Fact]
    public void Bcd_counts_in_decimal()
    {
        Program(0, 0, 0x1234, bcd: true);
        Assert.Equal(0x1234, ReadWord(0));
        _tick += 235;
        Assert.Equal(0x0999, ReadWord(0));
        _tick += 1000;
        Assert.Equal(0x9999, ReadWord(0));
    }

    [Fact]
    public void A_latched_count_stays_until_it_is_read()
    {
        Program(0, 2, 1000);
        _tick += 10;
        Write(Control, 0x00);
        _tick += 10;
        Write(Control, 0x00);
        Assert.Equal(990, ReadWord(0));
        Assert.Equal(980, ReadWord(0));
    }

    [Fact]
    public void Access_modes_take_and_give_one_byte()
    {
        Write(Control, 0x14);
        Write(0, 200);
        _tick++;
        _tick += 50;
        Assert.Equal(150, Read(0));
        Assert.Equal(150, Read(0));
        Write(Control, 0x24);
        Write(0, 2);
        _tick++;
        Assert.Equal(2, Read(0));
        _tick++;
        Assert.Equal(1, Read(0));
    }

    [Fact]
    public void Read_back_latches_status_and_count_and_gives_the_status_first()
    {
        Program(0, 2, 1000);
        _tick += 10;
        Write(Control, 0xC2);
        _tick += 10;
        Assert.Equal(0xB4, Read(0));
        Assert.Equal(990, ReadWord(0));
    }

    [Fact]
    public void Null_count_is_set_until_the_count_is_loaded()
    {
        Write(Control, 0x34);
        Write(Control, 0xE2);
        Assert.Equal(0x40, Read(0) & 0x40);
        Write(0, 100);
        Write(0, 0);
        Write(Control, 0xE2);
        Assert.Equal(0x40, Read(0) & 0x40);
        _tick++;
        Write(Control, 0xE2);
        Assert.Equal(0, Read(0) & 0x40);
        Write(0, 50);
        Write(0, 0);
        Write(Control, 0xE2);
        Assert.Equal(0x40, Read(0) & 0x40);
    }

    [Fact]
    public void Read_back_reaches_several_counters()
    {
        Program(1, 2, 18);
        Program(2, 3, 1000);
        Write(Control, 0xEC);
        Assert.Equal(2, Read(1) >> 1 & 7);
        Assert.Equal(3, Read(2) >> 1 & 7);
    }

    [Fact]
    public void The_control_word_cannot_be_read() => Assert.Equal(0xFF, Read(Control));

    [Fact]
    public void Port_61_keeps_its_low_bits_and_toggles_the_refresh_bit()
    {
        _pit.WritePortB(0xFF, 0);
        Assert.Equal(0x0F, _pit.ReadPortB(0) & 0xCF);
        Assert.Equal(0x00, _pit.ReadPortB(15_084) & 0x10);
        Assert.Equal(0x10, _pit.ReadPortB(15_085) & 0x10);
        Assert.Equal(0x00, _pit.ReadPortB(30_170) & 0x10);
    }

    [Fact]
    public void Linux_calibration_sees_the_output_rise_after_the_count()
    {
        // Gate open, speaker off, mode 0 with 11931: 10 ms.
        _pit.WritePortB(0x01, 0);
        _pit.Write(Control, 0xB0, 0);
        _pit.Write(2, 11931 & 0xFF, 0);
        _pit.Write(2, 11931 >> 8, 0);
        Assert.Equal(0, _pit.ReadPortB(9_990_000) & 0x20);
        Assert.Equal(0x20, _pit.ReadPortB(10_010_000) & 0x20);
    }

    [Fact]
    public void Without_catch_up_lost_ticks_are_lost()
    {
        Program(0, 2, 1000);
        int before = _recorder.Edges(0);
        _tick += 10_500;
        _pit.Advance(Now);
        Assert.Equal(before + 1, _recorder.Edges(0));
        Assert.Equal(GuestFrequency.Pit.TimeOf(_tick + 500), _pit.NextEvent);
    }

    [Fact]
    public void Delayed_catch_up_delivers_every_tick()
    {
        Pit8254 pit = new(_recorder.Lines, TickCatchUp.Delayed);
        pit.Write(Control, 0x34, 0);
        pit.Write(0, 0xE8, 0);
        pit.Write(0, 0x03, 0);
        int before = _recorder.Edges(0);
        ulong now = GuestFrequency.Pit.TimeOf(1 + 10 * 1000);
        pit.Advance(now);
        Assert.Equal(9ul, pit.OwedTicks);
        ulong period = GuestFrequency.Pit.TimeOf(1000);
        while (pit.OwedTicks != 0)
        {
            Assert.True(pit.NextEvent > now && pit.NextEvent - now <= period / 2);
            now = pit.NextEvent;
            pit.Advance(now);
        }
        ulong ticks = (GuestFrequency.Pit.TicksAt(now) - 1) / 1000;
        Assert.Equal(ticks, (ulong)(_recorder.Edges(0) - before));
        Assert.True(now < 3 * 10 * period);
    }

    [Fact]
    public void A_saved_timer_goes_on_where_it_was()
    {
        OpenGate();
        Program(0, 2, 1000);
        Program(2, 3, 500);
        Write(Control, 0x00);
        _tick += 123;
        Write(0, 50);
        Write(0, 0);
        _pit.Save(out Pit8254State state);

        LineRecorder recorder = new();
        Pit8254 restored = new(recorder.Lines, TickCatchUp.None);
        Assert.Equal(RestoreStatus.Restored, restored.Restore(state, Now));
        Assert.Equal(_pit.NextEvent, restored.NextEvent);
        restored.Save(out Pit8254State again);
        Assert.Equal(ApicMachine.Bytes(state), ApicMachine.Bytes(again));
        _tick += 2000;
        Assert.Equal(_pit.ReadPortB(Now), restored.ReadPortB(Now));
        for (int i = 0; i < 4; i++)
            Assert.Equal(Read(0), restored.Read(0, Now));
    }

    [Fact]
    public void A_record_out_of_range_is_refused()
    {
        Program(0, 2, 1000);
        _pit.Save(out Pit8254State good);
        Pit8254State state = good;
        state.Version = 0;
        Assert.Equal(RestoreStatus.UnknownVersion, _pit.Restore(state, Now));
        state = good;
        state.Channel0.Count = 0;
        Assert.Equal(RestoreStatus.InvalidValue, _pit.Restore(state, Now));
        state = good;
        state.Channel1.Mode = 6;
        Assert.Equal(RestoreStatus.InvalidValue, _pit.Restore(state, Now));
        state = good;
        state.AdvancedTo = _tick + 100;
        Assert.Equal(RestoreStatus.InvalidValue, _pit.Restore(state, Now));
    }
}
