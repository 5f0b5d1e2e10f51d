using HyperOS.Abi.State;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

public class AcpiPowerManagementTests
{
    private const int Status = 0, Enable = 2, Control = 4, Timer = 8, Gpe0Status = 12, Gpe0Enable = 13;

    private readonly LineRecorder _recorder = new();
    private readonly BoardEvents _events = new();
    private readonly AcpiPowerManagement _device;

    public AcpiPowerManagementTests() => _device = new AcpiPowerManagement(_recorder.Lines, _events);

    private bool Sci => _recorder.Lines.IsAsserted(9);

    private uint Read(int offset, int width = 2, ulong now = 0) => _device.Read(offset, width, now);

    private void Write(int offset, uint value, int width = 2) => _device.Write(offset, width, value, 0);

    [Fact]
    public void The_system_is_in_acpi_mode_from_the_start()
    {
        Assert.Equal(0x0001u, Read(Control));
        Write(Control, 0);
        Assert.Equal(0x0001u, Read(Control));
    }

    [Fact]
    public void The_power_button_raises_the_sci_until_its_status_is_cleared()
    {
        Write(Enable, 0x0100);
        _device.PressPowerButton(0);
        Assert.True(Sci);
        Assert.Equal(0x0100u, Read(Status));
        Write(Status, 0x0001);
        Assert.True(Sci);
        Write(Status, 0x0100);
        Assert.False(Sci);
        Assert.Equal(0u, Read(Status));
    }

    [Fact]
    public void A_button_pressed_before_it_is_enabled_waits()
    {
        _device.PressPowerButton(0);
        Assert.False(Sci);
        Write(Enable, 0x0100);
        Assert.True(Sci);
    }

    [Fact]
    public void Sleep_enable_with_the_type_of_s5_powers_off_and_reads_as_zero()
    {
        Write(Control, 0x2001);
        Assert.Equal(BoardEvent.PowerOff, _events.Take(out _));
        Assert.Equal(0x0001u, Read(Control));
    }

    [Fact]
    public void A_byte_write_of_the_upper_half_sleeps_too()
    {
        Write(Control + 1, 0x20, 1);
        Assert.Equal(BoardEvent.PowerOff, _events.Pending);
    }

    [Theory]
    [InlineData(0x3C01)]
    [InlineData(0x2401)]
    [InlineData(0x0001)]
    public void Other_types_and_no_enable_do_nothing(uint value)
    {
        Write(Control, value);
        Assert.Equal(BoardEvent.None, _events.Pending);
    }

    [Fact]
    public void The_timer_counts_at_its_rate_and_is_read_in_any_width()
    {
        Assert.Equal(3_579_545u, Read(Timer, 4, 1_000_000_000));
        Assert.Equal(3_579_545u & 0xFFFF, Read(Timer, 2, 1_000_000_000));
        Assert.Equal(3_579_545u >> 16, Read(Timer + 2, 2, 1_000_000_000));
        Assert.Equal(3_579_545u >> 8 & 0xFF, Read(Timer + 1, 1, 1_000_000_000));
    }

    [Fact]
    public void Status_and_enable_read_as_one_double_word()
    {
        Write(Enable, 0x0521);
        _device.PressPowerButton(0);
        Assert.Equal(0x0521_0100u, Read(Status, 4));
    }

    [Fact]
    public void The_carry_of_the_timer_interrupts_when_enabled()
    {
        Assert.Equal(ulong.MaxValue, _device.NextEvent);
        Write(Enable, 0x0001);
        ulong due = GuestFrequency.PowerManagementTimer.TimeOf(0x8000_0000);
        Assert.Equal(due, _device.NextEvent);
        _device.Advance(due - 1);
        Assert.False(Sci);
        _device.Advance(due);
        Assert.True(Sci);
        _device.Write(Status, 2, 0x0001, due);
        Assert.False(Sci);
        Assert.Equal(GuestFrequency.PowerManagementTimer.TimeOf(0x1_0000_0000), _device.NextEvent);
    }

    [Fact]
    public void The_reset_register_resets_on_its_cpu_bit()
    {
        _device.WriteResetControl(0x02);
        Assert.Equal(BoardEvent.None, _events.Pending);
        Assert.Equal(0x02, _device.ReadResetControl());
        _device.WriteResetControl(AcpiPowerManagement.ResetValue);
        Assert.Equal(BoardEvent.Reset, _events.Take(out _));
    }

    [Fact]
    public void The_general_purpose_block_has_enables_and_no_events()
    {
        Write(Gpe0Enable, 0xFF, 1);
        Assert.Equal(0xFFu, Read(Gpe0Enable, 1));
        Assert.Equal(0u, Read(Gpe0Status, 1));
        Assert.False(Sci);
    }

    [Fact]
    public void The_first_event_stands_until_it_is_taken()
    {
        _events.Raise(BoardEvent.Exit, 3);
        _events.Raise(BoardEvent.Reset);
        Assert.Equal(BoardEvent.Exit, _events.Take(out uint code));
        Assert.Equal(3u, code);
        Assert.Equal(BoardEvent.None, _events.Take(out _));
    }

    [Fact]
    public void Saved_registers_go_on_where_they_were_and_bad_ones_are_refused()
    {
        Write(Enable, 0x0101);
        _device.PressPowerButton(0);
        _device.Save(out AcpiPowerManagementState state);
        LineRecorder recorder = new();
        AcpiPowerManagement restored = new(recorder.Lines, _events);
        Assert.Equal(RestoreStatus.Restored, restored.Restore(state, 5));
        Assert.True(recorder.Lines.IsAsserted(9));
        Assert.Equal(_device.NextEvent, restored.NextEvent);
        state.Pm1Status = 0x0002;
        Assert.Equal(RestoreStatus.InvalidValue, restored.Restore(state, 5));
        state.Version = 0;
        Assert.Equal(RestoreStatus.UnknownVersion, restored.Restore(state, 5));
    }
}
