using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

public class MicrovmBoardTests
{
    private readonly ApicMachine _machine = ApicMachine.XApic();
    private readonly MicrovmBoard _board;

    public MicrovmBoardTests() => _board = NewBoard(_machine);

    private static MicrovmBoard NewBoard(ApicMachine machine, bool hasTestExit = true)
    {
        MicrovmBoardConfiguration configuration = new()
        {
            Vcpus = 2,
            LowRamBytes = 0x1000_0000,
            RtcBaseSeconds = 1_700_000_000,
            HasTestExit = hasTestExit,
        };
        return new MicrovmBoard(configuration, machine.Bus, machine.Apic);
    }

    private uint Read(ushort port, int width = 1, PortAccess expected = PortAccess.Claimed)
    {
        Assert.Equal(expected, _board.ReadPort(port, width, 0, out uint value));
        return value;
    }

    private void Write(ushort port, uint value, int width = 1, PortAccess expected = PortAccess.Claimed) =>
        Assert.Equal(expected, _board.WritePort(port, width, value, 0));

    [Theory]
    [InlineData(1, 0xFFu)]
    [InlineData(2, 0xFFFFu)]
    [InlineData(4, 0xFFFF_FFFFu)]
    public void Unclaimed_ports_read_all_ones_and_drop_writes(int width, uint ones)
    {
        foreach (ushort port in new ushort[] { 0x0000, 0x62, 0xE9, 0x2F8, 0xCF8, 0xCFC, 0x5658, 0xFFFF })
        {
            Assert.Equal(ones, Read(port, width, PortAccess.Unclaimed));
            Write(port, 0x12, width, PortAccess.Unclaimed);
        }
        Assert.Equal(BoardEvent.None, _board.Events.Pending);
    }

    [Fact]
    public void Only_the_documented_ports_are_claimed()
    {
        List<(int First, int Last)> claimed = [];
        for (int port = 0; port <= ushort.MaxValue; port++)
        {
            if (_board.WritePort((ushort)port, 1, 0, 0) == PortAccess.Unclaimed)
                continue;
            if (claimed.Count != 0 && claimed[^1].Last == port - 1)
                claimed[^1] = (claimed[^1].First, port);
            else
                claimed.Add((port, port));
        }
        Assert.Equal(
        [
            (0x20, 0x21), (0x40, 0x43), (0x61, 0x61), (0x70, 0x71), (0x80, 0x80), (0xA0, 0xA1), (0xF4, 0xF4), (0x3F8, 0x3FF), (0x4D0, 0x4D1),
            (0x600, 0x60F), (0xCF9, 0xCF9),
        ], claimed);
    }

    [Fact]
    public void The_uart_transmits_and_tells_its_status()
    {
        Assert.Equal(0x60u, Read(0x3FD));
        Write(0x3F8, 'k');
        byte[] output = new byte[2];
        Assert.Equal(1, _board.Com1.DequeueOutput(output, 0));
        Assert.Equal((byte)'k', output[0]);
    }

    [Fact]
    public void A_wide_access_is_split_into_consecutive_ports()
    {
        // LCR and MCR in one word; then LSR, MSR and SCR as part of a double word from MCR on.
        Write(0x3FB, 0x0B03, 2);
        Assert.Equal(0x03u, Read(0x3FB));
        Assert.Equal(0x0Bu, Read(0x3FC));
        Write(0x3FF, 0x5A);
        Assert.Equal(0x5AB0_600Bu, Read(0x3FC, 4));
        // Half of it is nobody's.
        Assert.Equal(0xFF5Au, Read(0x3FF, 2));
        Assert.Equal(0xFFFFu, Read(0xFFFF, 2, PortAccess.Unclaimed));
    }

    [Fact]
    public void The_timer_and_port_61_answer()
    {
        Write(0x43, 0x34);
        Write(0x40, 0xE8);
        Write(0x40, 0x03);
        Assert.NotEqual(ulong.MaxValue, _board.NextEvent);
        _board.Lines.Set(0, false);
        _board.Advance(_board.NextEvent);
        Assert.True(_board.Lines.IsAsserted(0));
        Write(0x61, 0x03);
        Assert.Equal(0x03u, Read(0x61) & 0x0F);
    }

    [Fact]
    public void A_device_interrupts_through_the_io_apic()
    {
        WriteRedirection(4, 0x34);
        Write(0x3FC, 0x08);
        Write(0x3F9, 0x02);
        Assert.Equal(0x34, _machine.Take());
    }

    [Fact]
    public void The_timer_interrupts_through_io_apic_pin_2_and_through_the_8259As()
    {
        WriteRedirection(2, 0x30);
        // ICW1 to ICW4 and OCW1 of the primary: vectors from 20h, all but IRQ 0 masked.
        Write(0x20, 0x11);
        Write(0x21, 0x20);
        Write(0x21, 0x04);
        Write(0x21, 0x01);
        Write(0x21, 0xFE);
        Assert.Equal(0xFEu, Read(0x21));
        Write(0x43, 0x30);
        Write(0x40, 0x10);
        Write(0x40, 0x00);
        _board.Advance(_board.NextEvent);
        Assert.Equal(0x30, _machine.Take());
        Assert.True(_board.Pic.TryAcknowledge(out int vector));
        Assert.Equal(0x20, vector);
    }

    [Fact]
    public void The_sci_is_sent_again_after_its_eoi_while_it_is_asserted()
    {
        WriteRedirection(9, 0x39 | 1 << 15);
        Write(0x602, 0x0100, 2);
        _board.PowerManagement.PressPowerButton(0);
        Assert.Equal(0x39, _machine.Take());
        _machine.Apic.EndOfInterrupt();
        _board.IoApic.EndOfInterrupt(0x39);
        Assert.Equal(0x39, _machine.Take());
    }

    [Fact]
    public void Memory_mapped_registers_are_the_io_apics_page()
    {
        GuestPhysicalAddress window = new(IoApic.BaseAddress + 0x10);
        Assert.True(_board.TryWriteMmio(new GuestPhysicalAddress(IoApic.BaseAddress), 4, 1));
        Assert.True(_board.TryReadMmio(window, 4, out ulong version));
        Assert.Equal(0x0017_0020ul, version);
        Assert.True(_board.TryReadMmio(window, 1, out version));
        Assert.Equal(0x20ul, version);
        foreach (ulong address in new ulong[] { 0, IoApic.BaseAddress - 1, IoApic.BaseAddress + 0x1000, LocalApic.BaseAddress, ulong.MaxValue })
        {
            Assert.False(_board.TryReadMmio(new GuestPhysicalAddress(address), 4, out ulong ones));
            Assert.Equal(uint.MaxValue, ones);
            Assert.False(_board.TryWriteMmio(new GuestPhysicalAddress(address), 4, 0));
        }
    }

    private void WriteRedirection(int pin, uint entry)
    {
        _board.TryWriteMmio(new GuestPhysicalAddress(IoApic.BaseAddress), 4, (uint)(0x10 + 2 * pin));
        _board.TryWriteMmio(new GuestPhysicalAddress(IoApic.BaseAddress + 0x10), 4, entry);
    }

    [Fact]
    public void The_clock_is_reached_by_index_and_data()
    {
        Write(0x70, 0x8A);
        Assert.Equal(0x26u, Read(0x71));
        Assert.True(_board.Rtc.NmiMasked);
        Assert.Equal(0xFFu, Read(0x70));
        // One word writes the index and the data.
        Write(0x70, 0x420F, 2);
        Assert.Equal(0x42u, Read(0x71));
    }

    [Fact]
    public void Fw_cfg_is_selected_by_a_word_and_read_by_bytes()
    {
        Write(0x510, 0x0000, 2);
        Assert.Equal("QEMU", string.Concat(Enumerable.Range(0, 4).Select(_ => (char)Read(0x511))));
        Write(0x510, 0x0005, 2);
        Assert.Equal(2u, Read(0x511));
        Read(0x514, 1, PortAccess.Unclaimed);
    }

    [Fact]
    public void Poweroff_is_a_sleep_of_type_s5()
    {
        Write(0x604, 0x2001, 2);
        Assert.Equal(BoardEvent.PowerOff, _board.Events.Take(out _));
    }

    [Fact]
    public void Reset_comes_from_the_reset_register_and_the_keyboard_controller()
    {
        Write(0xCF9, 0x06);
        Assert.Equal(BoardEvent.Reset, _board.Events.Take(out _));
        Write(0x64, 0xFE);
        Assert.Equal(BoardEvent.Reset, _board.Events.Take(out _));
        Write(0x64, 0xD1, 1, PortAccess.Unclaimed);
        Assert.Equal(BoardEvent.None, _board.Events.Pending);
    }

    [Fact]
    public void A_pci_configuration_address_is_no_reset()
    {
        Write(0xCF8, 0x8000_0600, 4, PortAccess.Unclaimed);
        Assert.Equal(0xFFFF_FFFFu, Read(0xCFC, 4, PortAccess.Unclaimed));
        Assert.Equal(BoardEvent.None, _board.Events.Pending);
    }

    [Theory]
    [InlineData(1, 0x78u)]
    [InlineData(2, 0x5678u)]
    [InlineData(4, 0x1234_5678u)]
    public void Test_exit_takes_any_width(int width, uint code)
    {
        Write(0xF4, 0x1234_5678, width);
        Assert.Equal(BoardEvent.Exit, _board.Events.Take(out uint taken));
        Assert.Equal(code, taken);
    }

    [Fact]
    public void Without_test_exit_its_port_is_nobodys()
    {
        MicrovmBoard board = NewBoard(_machine, hasTestExit: false);
        Assert.Equal(PortAccess.Unclaimed, board.WritePort(0xF4, 4, 1, 0));
        Assert.Equal(PortAccess.Unclaimed, board.ReadPort(0xF4, 4, 0, out _));
        Assert.Equal(BoardEvent.None, board.Events.Pending);
    }

    [Fact]
    public void The_pm_timer_is_read_whole()
    {
        Assert.Equal(PortAccess.Claimed, _board.ReadPort(0x608, 4, 1_000_000_000, out uint value));
        Assert.Equal(3_579_545u, value);
    }

    [Fact]
    public void Nothing_is_due_on_an_idle_board() => Assert.Equal(ulong.MaxValue, _board.NextEvent);

    [Fact]
    public void The_power_button_reaches_the_sci()
    {
        Write(0x602, 0x0100, 2);
        _board.PowerManagement.PressPowerButton(0);
        Assert.True(_board.Lines.IsAsserted(9));
    }

    [Fact]
    public void Reset_brings_the_devices_back_and_lowers_their_lines()
    {
        Write(0x3FC, 0x08);
        Write(0x3F9, 0x02);
        Write(0x602, 0x0100, 2);
        _board.PowerManagement.PressPowerButton(0);
        _board.Reset(1000);
        for (int gsi = 0; gsi < InterruptLines.Count; gsi++)
            Assert.False(_board.Lines.IsAsserted(gsi));
        Assert.Equal(0u, Read(0x3F9));
        Assert.Equal(0u, Read(0x600, 4));
    }

    [Fact]
    public void A_saved_board_goes_on_where_it_was()
    {
        Write(0x3F9, 0x02);
        Write(0x3FC, 0x08);
        Write(0x43, 0x34);
        Write(0x40, 0xE8);
        Write(0x40, 0x03);
        Write(0x510, 0x0000, 2);
        Read(0x511);
        Write(0x602, 0x0100, 2);
        _board.Save(out MicrovmBoardState state);
        MicrovmBoard restored = NewBoard(ApicMachine.XApic());
        Assert.Equal(RestoreStatus.Restored, restored.Restore(state, 0));
        restored.Save(out MicrovmBoardState again);
        Assert.Equal(ApicMachine.Bytes(state), ApicMachine.Bytes(again));
        Assert.Equal(_board.NextEvent, restored.NextEvent);
        Assert.True(restored.Lines.IsAsserted(4));
        state.Rtc.Version = 99;
        Assert.Equal(RestoreStatus.UnknownVersion, restored.Restore(state, 0));
    }
}
