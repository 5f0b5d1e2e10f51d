using System.Text;
using HyperOS.Abi.State;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

public class Uart16550Tests
{
    private const int Gsi = 4;
    private const int Data = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7;

    private readonly LineRecorder _recorder = new();
    private readonly Uart16550 _uart;
    private ulong _now = 1_000_000;

    public Uart16550Tests() => _uart = new Uart16550(_recorder.Lines, Gsi);

    private bool Line => _recorder.Lines.IsAsserted(Gsi);

    private byte Read(int register) => _uart.Read(register, _now);

    private void Write(int register, byte value) => _uart.Write(register, value, _now);

    private int Receive(string text) => _uart.EnqueueInput(Encoding.ASCII.GetBytes(text), _now);

    private string Output()
    {
        byte[] buffer = new byte[Uart16550.OutputCapacity];
        return Encoding.ASCII.GetString(buffer, 0, _uart.DequeueOutput(buffer, _now));
    }

    [Fact]
    public void After_reset_the_transmitter_is_empty_and_no_interrupt_is_pending()
    {
        Assert.Equal(0x60, Read(LSR));
        Assert.Equal(0x01, Read(IIR));
        Assert.Equal(0xB0, Read(MSR));
        Assert.Equal(0, Read(IER));
        Assert.False(Line);
        Assert.Equal(ulong.MaxValue, _uart.NextEvent);
    }

    [Fact]
    public void Transmitted_bytes_come_out_in_order_and_the_transmitter_is_empty_at_once()
    {
        foreach (byte character in "hello"u8)
        {
            Write(Data, character);
            Assert.Equal(0x60, Read(LSR));
        }
        Assert.Equal("hello", Output());
        Assert.Equal("", Output());
    }

    [Fact]
    public void A_full_transmitter_holds_the_guest_up_until_half_of_what_waits_is_drained()
    {
        Write(MCR, 0x08);
        Write(IER, 0x02);
        while ((Read(LSR) & 0x20) != 0)
            Write(Data, (byte)'x');
        Assert.Equal(0x00, Read(LSR) & 0x60);
        Assert.False(Line);
        Assert.True(_uart.OutputCount <= Uart16550.OutputCapacity);
        Assert.Equal(0ul, _uart.DroppedOutput);
        _uart.DequeueOutput(new byte[1000], _now);
        Assert.False(Line);
        _uart.DequeueOutput(new byte[Uart16550.OutputCapacity / 2], _now);
        Assert.Equal(0x60, Read(LSR));
        Assert.True(Line);
        Assert.Equal(0x02, Read(IIR) & 0x0F);
    }

    [Fact]
    public void Discarded_output_leaves_the_transmitter_empty()
    {
        while ((Read(LSR) & 0x20) != 0)
            Write(Data, (byte)'x');
        _uart.DiscardOutput(_now);
        Assert.Equal(0x60, Read(LSR));
        Assert.Equal(0, _uart.OutputCount);
    }

    [Fact]
    public void Output_beyond_a_full_transmitter_gives_way_oldest_first_and_is_counted()
    {
        for (int i = 0; i < Uart16550.OutputCapacity + 3; i++)
            Write(Data, (byte)('a' + i % 26));
        Assert.Equal(3ul, _uart.DroppedOutput);
        Assert.Equal(0x00, Read(LSR));
        string output = Output();
        Assert.Equal(Uart16550.OutputCapacity, output.Length);
        Assert.Equal('d', output[0]);
    }

    [Fact]
    public void The_divisor_latch_hides_behind_dlab()
    {
        Write(LCR, 0x80);
        Write(Data, 0x34);
        Write(IER, 0x12);
        Assert.Equal(0x34, Read(Data));
        Assert.Equal(0x12, Read(IER));
        Write(LCR, 0x03);
        Assert.Equal(0, Read(IER));
        Assert.Equal("", Output());
    }

    [Fact]
    public void The_scratch_register_keeps_what_is_written()
    {
        Write(SCR, 0xA5);
        Assert.Equal(0xA5, Read(SCR));
    }

    [Fact]
    public void Only_the_four_enables_of_ier_exist()
    {
        Write(IER, 0xFF);
        Assert.Equal(0x0F, Read(IER));
    }

    [Fact]
    public void Enabling_the_transmitter_interrupt_raises_it_and_reading_iir_clears_it()
    {
        Write(MCR, 0x08);
        Write(IER, 0x02);
        Assert.True(Line);
        Assert.Equal(0x02, Read(IIR));
        Assert.False(Line);
        Assert.Equal(0x01, Read(IIR));
    }

    [Fact]
    public void The_transmitter_interrupt_comes_back_when_it_is_enabled_anew()
    {
        // Linux tests for exactly this and else polls with a timer.
        Write(IER, 0x02);
        Assert.Equal(0x02, Read(IIR));
        Write(IER, 0);
        Write(IER, 0x02);
        Assert.Equal(0x02, Read(IIR));
    }

    [Fact]
    public void Writing_ier_again_with_the_bit_set_does_not_raise_the_transmitter_interrupt()
    {
        Write(IER, 0x02);
        Read(IIR);
        Write(IER, 0x03);
        Assert.Equal(0x01, Read(IIR));
    }

    [Fact]
    public void Each_transmitted_byte_raises_the_transmitter_interrupt()
    {
        Write(IER, 0x02);
        Read(IIR);
        Write(Data, (byte)'x');
        Assert.Equal(0x02, Read(IIR));
    }

    [Fact]
    public void Without_out2_the_interrupt_does_not_reach_the_line()
    {
        Write(IER, 0x02);
        Assert.False(Line);
        Write(MCR, 0x08);
        Assert.True(Line);
    }

    [Fact]
    public void Without_the_fifo_one_received_byte_is_held_and_the_rest_waits()
    {
        Assert.Equal(3, Receive("abc"));
        Assert.Equal(0x61, Read(LSR));
        Assert.Equal((byte)'a', Read(Data));
        Assert.Equal((byte)'b', Read(Data));
        Assert.Equal((byte)'c', Read(Data));
        Assert.Equal(0x60, Read(LSR));
        Assert.Equal(0, Read(Data));
    }

    [Fact]
    public void Received_data_raises_its_interrupt_until_it_is_read()
    {
        Write(MCR, 0x08);
        Write(IER, 0x01);
        Receive("a");
        Assert.True(Line);
        Assert.Equal(0x04, Read(IIR));
        Assert.Equal(0x04, Read(IIR));
        Read(Data);
        Assert.False(Line);
    }

    [Theory]
    [InlineData(0x01, 1)]
    [InlineData(0x41, 4)]
    [InlineData(0x81, 8)]
    [InlineData(0xC1, 14)]
    public void The_trigger_level_decides_when_received_data_interrupts(byte fcr, int level)
    {
        Write(FCR, fcr);
        Write(IER, 0x01);
        Receive(new string('x', level - 1));
        Assert.Equal(0xC1, Read(IIR));
        Receive("y");
        Assert.Equal(0xC4, Read(IIR));
        Read(Data);
        Assert.Equal(0xC1, Read(IIR));
    }

    [Fact]
    public void Fewer_bytes_than_the_trigger_level_time_out_after_four_characters()
    {
        Write(LCR, 0x80);
        Write(Data, 1);
        Write(IER, 0);
        Write(LCR, 0x03);
        Write(MCR, 0x08);
        Write(FCR, 0x81);
        Write(IER, 0x01);
        Receive("a");
        // Ten bits at 115200 bit/s, four times.
        ulong due = _now + 4 * 10 * 8681;
        Assert.Equal(due, _uart.NextEvent);
        _uart.Advance(due - 1);
        Assert.False(Line);
        _uart.Advance(due);
        Assert.True(Line);
        Assert.Equal(ulong.MaxValue, _uart.NextEvent);
        _now = due;
        Assert.Equal(0xCC, Read(IIR));
        Read(Data);
        Assert.False(Line);
        Assert.Equal(0xC1, Read(IIR));
    }

    [Fact]
    public void Without_its_enable_a_timeout_needs_no_event()
    {
        Write(FCR, 0x81);
        Receive("a");
        Assert.Equal(ulong.MaxValue, _uart.NextEvent);
    }

    [Fact]
    public void Line_status_comes_before_data_before_transmitter_before_modem()
    {
        Write(LCR, 0x03);
        Write(MCR, 0x10);
        Write(IER, 0x0F);
        Write(Data, 1);
        Write(Data, 2);
        Assert.Equal(0x06, Read(IIR));
        Assert.Equal(0x63, Read(LSR));
        Assert.Equal(0x04, Read(IIR));
        Assert.Equal(2, Read(Data));
        Assert.Equal(0x02, Read(IIR));
        Assert.Equal(0x00, Read(IIR));
        Read(MSR);
        Assert.Equal(0x01, Read(IIR));
    }

    [Fact]
    public void Reading_the_line_status_clears_an_overrun()
    {
        Write(LCR, 0x03);
        Write(MCR, 0x10);
        Write(Data, 1);
        Write(Data, 2);
        Assert.Equal(0x63, Read(LSR));
        Assert.Equal(0x61, Read(LSR));
    }

    [Fact]
    public void An_overrun_of_the_fifo_loses_the_new_byte()
    {
        Write(FCR, 0x01);
        Write(LCR, 0x03);
        Write(MCR, 0x10);
        for (byte i = 0; i < 17; i++)
            Write(Data, i);
        Assert.Equal(0x63, Read(LSR));
        for (byte i = 0; i < 16; i++)
            Assert.Equal(i, Read(Data));
        Assert.Equal(0x60, Read(LSR));
    }

    [Fact]
    public void Loopback_turns_the_outputs_into_inputs()
    {
        // The presence test of Linux: 1Ah must show RTS as CTS and OUT2 as DCD.
        Write(MCR, 0x1A);
        Assert.Equal(0x90, Read(MSR) & 0xF0);
        Write(MCR, 0x15);
        Assert.Equal(0x60, Read(MSR) & 0xF0);
    }

    [Fact]
    public void Loopback_cuts_to_the_word_length_and_sends_nothing_out()
    {
        Write(LCR, 0x00);
        Write(MCR, 0x10);
        Write(Data, 0xFF);
        Assert.Equal(0x1F, Read(Data));
        Assert.Equal("", Output());
    }

    [Fact]
    public void Input_does_not_arrive_in_loopback_and_is_not_lost()
    {
        Write(MCR, 0x10);
        Receive("a");
        Assert.Equal(0x60, Read(LSR));
        Write(MCR, 0x00);
        Assert.Equal((byte)'a', Read(Data));
    }

    [Fact]
    public void Modem_status_deltas_are_set_by_change_and_cleared_by_reading()
    {
        Write(MCR, 0x10);
        Assert.Equal(0x0B, Read(MSR));
        Assert.Equal(0x00, Read(MSR));
        Write(MCR, 0x14);
        Assert.Equal(0x40, Read(MSR));
        Write(MCR, 0x10);
        Assert.Equal(0x04, Read(MSR));
    }

    [Fact]
    public void Fcr_resets_and_enables_the_receiver_fifo()
    {
        Write(FCR, 0x01);
        Assert.Equal(0xC1, Read(IIR));
        Receive("ab");
        Write(FCR, 0x03);
        Assert.Equal(0x60, Read(LSR));
        Write(FCR, 0x00);
        Assert.Equal(0x01, Read(IIR));
    }

    [Fact]
    public void Input_beyond_the_ring_is_left_to_the_caller()
    {
        Write(FCR, 0x01);
        Assert.Equal(Uart16550.InputCapacity, Receive(new string('x', 1000)));
        Assert.Equal(16, Receive(new string('y', 1000)));
        Assert.Equal(0, Receive("z"));
    }

    [Fact]
    public void A_saved_port_goes_on_where_it_was()
    {
        Write(FCR, 0x81);
        Write(IER, 0x03);
        Write(MCR, 0x0B);
        Write(LCR, 0x03);
        Receive("a message that is longer than the FIFO");
        _uart.Save(out Uart16550State state);

        LineRecorder recorder = new();
        Uart16550 restored = new(recorder.Lines, Gsi);
        Assert.Equal(RestoreStatus.Restored, restored.Restore(state, _now));
        Assert.True(recorder.Lines.IsAsserted(Gsi));
        restored.Save(out Uart16550State again);
        Assert.Equal(ApicMachine.Bytes(state), ApicMachine.Bytes(again));
        StringBuilder text = new();
        while ((restored.Read(LSR, _now) & 1) != 0)
            text.Append((char)restored.Read(Data, _now));
        Assert.Equal("a message that is longer than the FIFO", text.ToString());
    }

    [Fact]
    public void A_record_out_of_range_is_refused()
    {
        _uart.Save(out Uart16550State good);
        Uart16550State state = good;
        state.Version = 2;
        Assert.Equal(RestoreStatus.UnknownVersion, _uart.Restore(state, _now));
        state = good;
        state.ReceivedCount = 2;
        Assert.Equal(RestoreStatus.InvalidValue, _uart.Restore(state, _now));
        state = good;
        state.InputCount = Uart16550.InputCapacity + 1;
        Assert.Equal(RestoreStatus.InvalidValue, _uart.Restore(state, _now));
        state = good;
        state.LineStatus = 0;
        Assert.Equal(RestoreStatus.InvalidValue, _uart.Restore(state, _now));
    }
}
