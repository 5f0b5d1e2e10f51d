using HyperOS.Abi.State;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>Intel 82093AA data sheet, "Register Description" and "Functional Description".</summary>
public class IoApicTests
{
    private const ulong Level = 0x8000, Masked = 0x10000, RemoteIrr = 0x4000, Logical = 0x800;
    private readonly ApicMachine _machine = ApicMachine.X2Apic(2);

    private void EndOfInterrupt(int vcpu = 0) => _machine.WriteMsr(ApicRegister.EOI, 0, vcpu);

    [Fact]
    public void Version_tells_24_pins_and_an_eoi_register() => Assert.Equal(0x00170020u, _machine.ReadIoApic(1));

    [Fact]
    public void All_pins_are_masked_at_reset()
    {
        for (int pin = 0; pin < IoApic.PinCount; pin++)
            Assert.Equal(Masked, _machine.ReadRedirection(pin));
    }

    [Fact]
    public void The_id_has_four_bits_and_shows_as_arbitration_id_too()
    {
        _machine.WriteIoApic(0, 0xFFFFFFFF);
        Assert.Equal(0x0F000000u, _machine.ReadIoApic(0));
        Assert.Equal(0x0F000000u, _machine.ReadIoApic(2));
    }

    [Fact]
    public void Reserved_and_read_only_bits_of_an_entry_stay_zero()
    {
        _machine.WriteRedirection(5, ulong.MaxValue & ~0x700ul);
        Assert.Equal(0xFF000000_0001A8FFul, _machine.ReadRedirection(5));
    }

    [Theory]
    [InlineData(0x03)]
    [InlineData(0x0F)]
    [InlineData(0x40)]
    [InlineData(0xFF)]
    public void Other_registers_read_zero_and_ignore_writes(int index)
    {
        _machine.WriteIoApic(index, 0xFFFFFFFF);
        Assert.Equal(0u, _machine.ReadIoApic(index));
        Assert.Equal((uint)index, _machine.IoApic.Read(0));
        Assert.Equal(0u, _machine.IoApic.Read(0x20));
    }

    [Fact]
    public void An_edge_is_sent_once_per_rise()
    {
        _machine.WriteRedirection(4, 1ul << 56 | 0x34);
        _machine.Lines.Set(4, true);
        Assert.Equal([1], _machine.Kicks);
        Assert.Equal(0x34, _machine.Take(1));
        EndOfInterrupt(1);
        Assert.Equal(-1, _machine.Pending(1));
        _machine.Lines.Set(4, false);
        _machine.Lines.Pulse(4);
        Assert.Equal(0x34, _machine.Take(1));
        Assert.Empty(_machine.BroadcastVectors);
    }

    [Fact]
    public void An_edge_on_a_masked_pin_is_lost()
    {
        _machine.WriteRedirection(4, Masked | 0x34);
        _machine.Lines.Set(4, true);
        _machine.WriteRedirection(4, 0x34);
        Assert.Equal(-1, _machine.Pending());
    }

    [Fact]
    public void A_level_is_sent_again_at_its_eoi_until_it_falls()
    {
        _machine.WriteRedirection(9, Level | 0x39);
        _machine.Lines.Set(9, true);
        Assert.Equal(Level | RemoteIrr | 0x39, _machine.ReadRedirection(9));
        Assert.Equal(0x39, _machine.Take());
        Assert.Equal(-1, _machine.Pending());
        EndOfInterrupt();
        Assert.Equal([0x39], _machine.BroadcastVectors);
        Assert.Equal(0x39, _machine.Take());
        _machine.Lines.Set(9, false);
        EndOfInterrupt();
        Assert.Equal(Level | 0x39, _machine.ReadRedirection(9));
        Assert.Equal(-1, _machine.Pending());
    }

    [Fact]
    public void A_level_on_a_masked_pin_is_sent_when_it_is_unmasked()
    {
        _machine.WriteRedirection(9, Masked | Level | 0x39);
        _machine.Lines.Set(9, true);
        Assert.Equal(-1, _machine.Pending());
        _machine.WriteRedirection(9, Level | 0x39);
        Assert.Equal(0x39, _machine.Pending());
    }

    [Fact]
    public void A_level_masked_before_its_eoi_is_not_sent_again()
    {
        _machine.WriteRedirection(9, Level | 0x39);
        _machine.Lines.Set(9, true);
        _machine.Take();
        _machine.WriteRedirection(9, Masked | Level | 0x39);
        EndOfInterrupt();
        Assert.Equal(Masked | Level | 0x39, _machine.ReadRedirection(9));
        Assert.Equal(-1, _machine.Pending());
    }

    // ICH data sheets, "EOIR"
    [Fact]
    public void The_eoi_register_ends_a_level_without_a_broadcast()
    {
        _machine.WriteMsr(ApicRegister.SVR, 0x11FF);
        _machine.WriteRedirection(9, Level | 0x39);
        _machine.Lines.Set(9, true);
        _machine.Take();
        EndOfInterrupt();
        Assert.Equal(Level | RemoteIrr | 0x39, _machine.ReadRedirection(9));
        _machine.Lines.Set(9, false);
        _machine.IoApic.Write(0x40, 0x38);
        Assert.Equal(Level | RemoteIrr | 0x39, _machine.ReadRedirection(9));
        _machine.IoApic.Write(0x40, 0x39);
        Assert.Equal(Level | 0x39, _machine.ReadRedirection(9));
    }

    [Fact]
    public void Switching_a_pin_to_edges_forgets_its_remote_irr()
    {
        _machine.WriteRedirection(9, Level | 0x39);
        _machine.Lines.Set(9, true);
        _machine.WriteIoApic(0x10 + 18, (uint)Masked | 0x39);
        _machine.WriteIoApic(0x10 + 18, (uint)(Masked | Level) | 0x39);
        Assert.Equal(Masked | Level | 0x39, _machine.ReadRedirection(9));
    }

    [Fact]
    public void A_level_that_nobody_accepts_leaves_no_remote_irr()
    {
        _machine.WriteRedirection(9, 7ul << 56 | Level | 0x39);
        _machine.Lines.Set(9, true);
        Assert.Equal(7ul << 56 | Level | 0x39, _machine.ReadRedirection(9));
        _machine.WriteIoApic(0x11 + 18, 0);
        Assert.Equal(0x39, _machine.Pending());
    }

    [Theory]
    [InlineData(0x400, ApicEvents.Nmi)]
    [InlineData(0x500, ApicEvents.Init)]
    [InlineData(0x700, ApicEvents.ExternalInterrupt)]
    [InlineData(0x200, ApicEvents.None)]
    public void Special_delivery_modes_are_edges(uint mode, ApicEvents expected)
    {
        _machine.WriteRedirection(9, Level | mode);
        _machine.Lines.Set(9, true);
        Assert.Equal(expected, _machine.Apic.Poll(out _));
        Assert.Equal(Level | mode, _machine.ReadRedirection(9));
        _machine.Apic.AcknowledgeExternalInterrupt();
        Assert.Equal(expected & ~ApicEvents.ExternalInterrupt, _machine.Apic.Poll(out _));
    }

    [Fact]
    public void The_logical_destination_reaches_a_set()
    {
        _machine.WriteRedirection(9, 3ul << 56 | Logical | 0x39);
        _machine.Lines.Set(9, true);
        Assert.Equal([0, 1], _machine.WhoHas(0x39));
    }

    [Fact]
    public void A_saved_io_apic_is_restored_and_sends_nothing_meanwhile()
    {
        _machine.WriteRedirection(9, Level | 0x39);
        _machine.WriteRedirection(23, 1ul << 56 | Masked | 0x55);
        _machine.WriteIoApic(0, 0x03000000);
        _machine.Lines.Set(9, true);
        _machine.IoApic.Save(out IoApicState state);
        ApicMachine other = ApicMachine.X2Apic(2);
        Assert.Equal(RestoreStatus.Restored, other.IoApic.Restore(in state));
        Assert.True(other.Apic.IsQuiet);
        other.IoApic.Save(out IoApicState again);
        Assert.Equal(ApicMachine.Bytes(in state), ApicMachine.Bytes(in again));
        other.IoApic.EndOfInterrupt(0x39);
        Assert.Equal(0x39, other.Pending());
    }

    [Fact]
    public void A_record_that_is_no_state_is_refused()
    {
        _machine.IoApic.Save(out IoApicState good);
        IoApicState state = good;
        state.Version = 0;
        Assert.Equal(RestoreStatus.UnknownVersion, _machine.IoApic.Restore(in state));
        state = good;
        state.Id = 0x10;
        Assert.Equal(RestoreStatus.InvalidValue, _machine.IoApic.Restore(in state));
        state = good;
        state.Inputs = 1u << 24;
        Assert.Equal(RestoreStatus.InvalidValue, _machine.IoApic.Restore(in state));
        state = good;
        state.Redirections[3] = RemoteIrr;
        Assert.Equal(RestoreStatus.InvalidValue, _machine.IoApic.Restore(in state));
        state.Redirections[3] = 1ul << 20;
        Assert.Equal(RestoreStatus.InvalidValue, _machine.IoApic.Restore(in state));
    }
}
