using HyperOS.Abi.State;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>Intel 8259A data sheet; the commands are named as there.</summary>
public class ProgrammableInterruptControllerTests
{
    private const ushort Primary = 0x20, PrimaryMask = 0x21, Secondary = 0xA0, SecondaryMask = 0xA1;
    private readonly ProgrammableInterruptController _pic = new(null);

    public ProgrammableInterruptControllerTests() => Initialize(0x01);

    /// <summary>As PCs do it: vectors 20H and 28H, cascade on IR2.</summary>
    private void Initialize(byte icw4, byte icw4Secondary = 0x01)
    {
        foreach ((ushort port, byte vectors, byte cascade, byte last) in
            new (ushort, byte, byte, byte)[] { (Primary, 0x20, 0x04, icw4), (Secondary, 0x28, 0x02, icw4Secondary) })
        {
            _pic.Write(port, 0x11);
            _pic.Write((ushort)(port + 1), vectors);
            _pic.Write((ushort)(port + 1), cascade);
            _pic.Write((ushort)(port + 1), last);
        }
    }

    private void Raise(params int[] inputs)
    {
        foreach (int input in inputs)
            _pic.SetInput(input, true);
    }

    private int Acknowledge() => _pic.TryAcknowledge(out int vector) ? vector : -1;

    private byte InService(ushort port = Primary)
    {
        _pic.Write(port, 0x0B);
        return _pic.Read(port);
    }

    private byte Requests(ushort port = Primary)
    {
        _pic.Write(port, 0x0A);
        return _pic.Read(port);
    }

    [Fact]
    public void Before_initialization_nothing_passes()
    {
        var pic = new ProgrammableInterruptController(null);
        pic.SetInput(0, true);
        Assert.False(pic.Intr);
        Assert.Equal(0xFF, pic.Read(PrimaryMask));
    }

    [Fact]
    public void The_output_drives_lint0_of_the_bootstrap_processor()
    {
        var machine = new ApicMachine();
        machine.Apic.EnterVirtualWireMode();
        machine.Pic.Write(Primary, 0x13);
        machine.Pic.Write(PrimaryMask, 0x08);
        machine.Pic.Write(PrimaryMask, 0x01);
        machine.Lines.Pulse(0);
        Assert.Equal(ApicEvents.ExternalInterrupt, machine.Apic.Poll(out _));
        Assert.True(machine.Pic.TryAcknowledge(out int vector));
        Assert.Equal(8, vector);
        Assert.True(machine.Apic.IsQuiet);
    }

    [Fact]
    public void Fully_nested_mode_lets_only_higher_priorities_interrupt()
    {
        Raise(4, 3);
        Assert.Equal(0x23, Acknowledge());
        Assert.Equal(-1, Acknowledge());
        Raise(1);
        Assert.Equal(0x21, Acknowledge());
        Assert.Equal(0x0A, InService());
        _pic.Write(Primary, 0x20);
        Assert.Equal(-1, Acknowledge());
        _pic.Write(Primary, 0x20);
        Assert.Equal(0x24, Acknowledge());
    }

    [Fact]
    public void Ocw1_masks_and_reads_back()
    {
        _pic.Write(PrimaryMask, 0x10);
        Raise(4);
        Assert.False(_pic.Intr);
        Assert.Equal(0x10, Requests());
        Assert.Equal(0x10, _pic.Read(PrimaryMask));
        _pic.Write(PrimaryMask, 0x00);
        Assert.Equal(0x24, Acknowledge());
    }

    [Fact]
    public void An_edge_counts_once_and_survives_its_fall()
    {
        _pic.SetInput(4, true);
        _pic.SetInput(4, false);
        Assert.Equal(0x24, Acknowledge());
        Assert.Equal(0, Requests());
        _pic.Write(Primary, 0x64);
        Assert.Equal(-1, Acknowledge());
    }

    [Fact]
    public void A_held_line_needs_a_new_edge_after_icw1()
    {
        Raise(4);
        Initialize(0x01);
        Assert.False(_pic.Intr);
        _pic.SetInput(4, false);
        Raise(4);
        Assert.Equal(0x24, Acknowledge());
    }

    [Fact]
    public void A_level_requests_until_it_falls()
    {
        _pic.Write(0x4D0, 0x20);
        Raise(5);
        Assert.Equal(0x25, Acknowledge());
        _pic.Write(Primary, 0x20);
        Assert.Equal(0x25, Acknowledge());
        _pic.SetInput(5, false);
        _pic.Write(Primary, 0x20);
        Assert.Equal(-1, Acknowledge());
    }

    // PIIX3 data sheet, "ELCR1, ELCR2"
    [Fact]
    public void The_timer_keyboard_cascade_clock_and_coprocessor_are_edges_always()
    {
        _pic.Write(0x4D0, 0xFF);
        _pic.Write(0x4D1, 0xFF);
        Assert.Equal(0xF8, _pic.Read(0x4D0));
        Assert.Equal(0xDE, _pic.Read(0x4D1));
    }

    [Fact]
    public void The_secondary_interrupts_through_the_cascade()
    {
        Raise(12);
        Assert.Equal(0x2C, Acknowledge());
        Assert.Equal(0x04, InService());
        Assert.Equal(0x10, InService(Secondary));
        Raise(9);
        Assert.Equal(-1, Acknowledge());
        _pic.Write(Secondary, 0x20);
        _pic.Write(Primary, 0x20);
        Assert.Equal(0x29, Acknowledge());
    }

    // "Special Fully Nested Mode"
    [Fact]
    public void Special_fully_nested_mode_lets_the_secondary_nest_itself()
    {
        Initialize(0x11);
        Raise(12);
        Assert.Equal(0x2C, Acknowledge());
        Raise(9);
        Assert.Equal(0x29, Acknowledge());
        Assert.Equal(0x12, InService(Secondary));
    }

    [Fact]
    public void A_vanished_request_gives_the_default_ir7()
    {
        _pic.Write(0x4D0, 0x20);
        Raise(5);
        _pic.SetInput(5, false);
        Assert.Equal(-1, Acknowledge());
        Assert.Equal(0x27, _pic.Acknowledge());
        Assert.Equal(0, InService());
    }

    [Fact]
    public void Specific_eoi_ends_the_level_named()
    {
        Raise(3);
        Acknowledge();
        Raise(1);
        Acknowledge();
        _pic.Write(Primary, 0x63);
        Assert.Equal(0x02, InService());
    }

    // "Automatic End of Interrupt Mode"
    [Fact]
    public void Automatic_eoi_puts_nothing_in_service()
    {
        Initialize(0x03);
        Raise(3, 4);
        Assert.Equal(0x23, Acknowledge());
        Assert.Equal(0, InService());
        Assert.Equal(0x24, Acknowledge());
    }

    // "Automatic Rotation"
    [Fact]
    public void Rotation_makes_the_level_served_the_lowest()
    {
        Raise(4, 6);
        Acknowledge();
        _pic.Write(Primary, 0xA0);
        _pic.SetInput(4, false);
        Raise(4);
        Assert.Equal(0x26, Acknowledge());
        Assert.Equal(-1, Acknowledge());
        _pic.Write(Primary, 0xE6);
        Raise(7);
        Assert.Equal(0x27, Acknowledge());
    }

    [Fact]
    public void Automatic_eoi_can_rotate_too()
    {
        Initialize(0x03);
        _pic.Write(Primary, 0x80);
        Raise(0, 1);
        Assert.Equal(0x20, Acknowledge());
        _pic.SetInput(0, false);
        Raise(0);
        Assert.Equal(0x21, Acknowledge());
        _pic.Write(Primary, 0x00);
        Assert.Equal(0x20, Acknowledge());
        _pic.SetInput(1, false);
        Raise(1);
        _pic.SetInput(0, false);
        Raise(0);
        Assert.Equal(0x20, Acknowledge());
    }

    // "Specific Rotation"
    [Fact]
    public void Set_priority_names_the_lowest()
    {
        _pic.Write(Primary, 0xC5);
        Raise(0, 5, 6);
        Assert.Equal(0x26, Acknowledge());
        _pic.Write(Primary, 0x20);
        Assert.Equal(0x20, Acknowledge());
    }

    // "Special Mask Mode"
    [Fact]
    public void Special_mask_mode_lets_all_unmasked_levels_interrupt()
    {
        Raise(3);
        Acknowledge();
        Raise(5);
        Assert.Equal(-1, Acknowledge());
        _pic.Write(PrimaryMask, 0x08);
        Assert.Equal(-1, Acknowledge());
        _pic.Write(Primary, 0x68);
        Assert.Equal(0x25, Acknowledge());
        _pic.Write(Primary, 0x20);
        Assert.Equal(0x08, InService());
        _pic.Write(Primary, 0x20);
        Assert.Equal(0x08, InService());
        _pic.Write(Primary, 0x48);
        _pic.Write(Primary, 0x20);
        Assert.Equal(0x00, InService());
    }

    // "Poll Command"
    [Fact]
    public void A_poll_acknowledges_once()
    {
        _pic.Write(Primary, 0x0C);
        Assert.Equal(0x00, _pic.Read(Primary));
        Raise(3);
        _pic.Write(Primary, 0x0C);
        Assert.Equal(0x83, _pic.Read(Primary));
        Assert.False(_pic.Intr);
        Assert.Equal(0x08, InService());
        Raise(11);
        _pic.Write(Secondary, 0x0C);
        Assert.Equal(0x83, _pic.Read(SecondaryMask));
        Assert.Equal(0x08, InService(Secondary));
        Assert.Equal(0x08, InService());
    }

    [Fact]
    public void A_single_chip_takes_no_icw3_and_may_do_without_icw4()
    {
        _pic.Write(Primary, 0x12);
        _pic.Write(PrimaryMask, 0x47);
        _pic.Write(PrimaryMask, 0xFE);
        Assert.Equal(0xFE, _pic.Read(PrimaryMask));
        Raise(0);
        Assert.Equal(0x40, Acknowledge());
    }

    [Fact]
    public void Other_ports_float() => Assert.Equal(0xFF, _pic.Read(0x22));

    [Fact]
    public void A_saved_pair_is_restored_and_drives_its_output()
    {
        _pic.Write(0x4D1, 0x08);
        _pic.Write(PrimaryMask, 0xE0);
        Raise(3, 11);
        Acknowledge();
        Raise(1);
        _pic.Save(out ProgrammableInterruptControllerState state);
        var other = new ProgrammableInterruptController(null);
        Assert.Equal(RestoreStatus.Restored, other.Restore(in state));
        other.Save(out ProgrammableInterruptControllerState again);
        Assert.Equal(ApicMachine.Bytes(in state), ApicMachine.Bytes(in again));
        Assert.Equal(_pic.Intr, other.Intr);
        Assert.Equal(Acknowledge(), other.TryAcknowledge(out int vector) ? vector : -1);
    }

    [Fact]
    public void A_record_that_is_no_state_is_refused()
    {
        _pic.Save(out ProgrammableInterruptControllerState good);
        ProgrammableInterruptControllerState state = good;
        state.Version = 9;
        Assert.Equal(RestoreStatus.UnknownVersion, _pic.Restore(in state));
        state = good;
        state.Primary.LowestPriority = 8;
        Assert.Equal(RestoreStatus.InvalidValue, _pic.Restore(in state));
        state = good;
        state.Secondary.ExpectedIcw = 1;
        Assert.Equal(RestoreStatus.InvalidValue, _pic.Restore(in state));
        state = good;
        state.Secondary.VectorBase = 1;
        Assert.Equal(RestoreStatus.InvalidValue, _pic.Restore(in state));
        state = good;
        state.Primary.LevelTriggered = 1;
        Assert.Equal(RestoreStatus.InvalidValue, _pic.Restore(in state));
    }
}
