using HyperOS.Abi.State;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>Intel SDM vol. 3A, chapter "Advanced Programmable Interrupt Controller (APIC)"; sections are named at the tests.</summary>
public class LocalApicTests
{
    // "Local APIC State After Power-Up or Reset"
    [Fact]
    public void Reset_state_is_that_of_the_manual()
    {
        var machine = new ApicMachine(2);
        Assert.Equal(0xFEE00900ul, machine.Apics[0].ApicBase);
        Assert.Equal(0xFEE00800ul, machine.Apics[1].ApicBase);
        Assert.Equal(0x01000000u, machine.Read(ApicRegister.ID, 1));
        Assert.Equal(0xFFu, machine.Read(ApicRegister.SVR));
        Assert.Equal(0xFFFFFFFFu, machine.Read(ApicRegister.DFR));
        Assert.Equal(0u, machine.Read(ApicRegister.LDR));
        for (ApicRegister entry = ApicRegister.LVTTimer; entry <= ApicRegister.LVTError; entry++)
            Assert.Equal(0x10000u, machine.Read(entry));
        Assert.True(machine.Apic.IsQuiet);
    }

    // "Local APIC Version Register"
    [Fact]
    public void Version_tells_an_integrated_apic_of_six_entries_that_can_suppress_eoi_broadcasts() =>
        Assert.Equal(0x01050014u, new ApicMachine().Read(ApicRegister.Version));

    // "Interrupt, Task, and Processor Priority"
    [Fact]
    public void The_highest_vector_is_offered_first_and_lower_classes_wait_for_its_eoi()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.SendFixed(0x31);
        machine.SendFixed(0x95);
        machine.SendFixed(0x90);
        Assert.Equal(0x95, machine.Take());
        Assert.Equal(0x90ul, machine.ReadMsr(ApicRegister.PPR));
        Assert.Equal(-1, machine.Pending());
        machine.SendFixed(0xA0);
        Assert.Equal(0xA0, machine.Take());
        machine.WriteMsr(ApicRegister.EOI, 0);
        Assert.Equal(-1, machine.Pending());
        machine.WriteMsr(ApicRegister.EOI, 0);
        Assert.Equal(0x90, machine.Take());
        machine.WriteMsr(ApicRegister.EOI, 0);
        Assert.Equal(0x31, machine.Take());
        machine.WriteMsr(ApicRegister.EOI, 0);
        Assert.Equal(0ul, machine.ReadMsr(ApicRegister.PPR));
        Assert.True(machine.Apic.IsQuiet);
    }

    [Theory]
    [InlineData(0x25, 0x30, 0x30)]
    [InlineData(0x35, 0x30, 0x35)]
    [InlineData(0x45, 0x30, 0x45)]
    public void Processor_priority_is_the_higher_of_task_and_service(uint task, int inService, uint expected)
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.SendFixed(inService);
        machine.Take();
        machine.WriteMsr(ApicRegister.TPR, task);
        Assert.Equal(expected, machine.ReadMsr(ApicRegister.PPR));
    }

    // "Interaction of Task Priorities between CR8 and APIC"
    [Fact]
    public void Cr8_is_the_class_of_the_task_priority()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.WriteMsr(ApicRegister.TPR, 0x5A);
        Assert.Equal(5u, machine.Apic.Cr8);
        machine.Apic.Cr8 = 9;
        Assert.Equal(0x90ul, machine.ReadMsr(ApicRegister.TPR));
        machine.SendFixed(0x9F);
        Assert.Equal(-1, machine.Pending());
        machine.Apic.Cr8 = 8;
        Assert.Equal(0x9F, machine.Pending());
    }

    [Fact]
    public void Registers_show_a_vector_moving_from_request_to_service()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.SendFixed(0x45);
        Assert.Equal(1ul << 5, machine.ReadMsr(ApicRegister.IRR + 2));
        machine.Take();
        Assert.Equal(0ul, machine.ReadMsr(ApicRegister.IRR + 2));
        Assert.Equal(1ul << 5, machine.ReadMsr(ApicRegister.ISR + 2));
        machine.WriteMsr(ApicRegister.EOI, 0);
        Assert.Equal(0ul, machine.ReadMsr(ApicRegister.ISR + 2));
    }

    [Fact]
    public void An_eoi_without_a_vector_in_service_does_nothing()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.WriteMsr(ApicRegister.EOI, 0);
        Assert.Empty(machine.BroadcastVectors);
    }

    [Fact]
    public void A_vector_is_kicked_for_once_while_it_waits()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.SendFixed(0x45);
        machine.SendFixed(0x45);
        Assert.Equal([0], machine.Kicks);
        machine.Take();
        machine.SendFixed(0x45);
        Assert.Equal([0, 0], machine.Kicks);
    }

    // "Spurious-Interrupt Vector Register", "Local APIC State After It Has Been Software Disabled"
    [Fact]
    public void Software_disabling_masks_the_local_vectors_and_refuses_fixed_messages()
    {
        ApicMachine machine = ApicMachine.XApic();
        machine.Write(ApicRegister.LVTTimer, 0x40);
        machine.SendFixed(0x50);
        machine.Write(ApicRegister.SVR, 0xFF);
        machine.Write(ApicRegister.LVTError, 0x41);
        machine.SendFixed(0x60);
        machine.Bus.DeliverMsi(LocalApic.BaseAddress, 0x400);
        Assert.Equal(0x10040u, machine.Read(ApicRegister.LVTTimer));
        Assert.Equal(0x10041u, machine.Read(ApicRegister.LVTError));
        Assert.Equal(0x50, machine.Pending());
        Assert.Equal(ApicEvents.Nmi | ApicEvents.Interrupt, machine.Apic.Poll(out _));
        Assert.Equal(0u, machine.Read(ApicRegister.IRR + 3));
    }

    // "Error Handling"
    [Fact]
    public void Errors_show_after_esr_is_written_and_raise_one_interrupt_until_then()
    {
        ApicMachine machine = ApicMachine.XApic();
        machine.Write(ApicRegister.LVTError, 0xFE);
        machine.Write(ApicRegister.ICR, 0x05);
        machine.SendFixed(0x0F);
        Assert.Equal(0u, machine.Read(ApicRegister.ESR));
        Assert.Equal(0xFE, machine.Take());
        Assert.Equal(-1, machine.Pending());
        machine.Read((ApicRegister)0x2F);
        machine.Write(ApicRegister.ESR, 0);
        Assert.Equal(0xE0u, machine.Read(ApicRegister.ESR));
        machine.Write(ApicRegister.ESR, 0);
        Assert.Equal(0u, machine.Read(ApicRegister.ESR));
    }

    [Fact]
    public void An_error_vector_that_is_illegal_itself_ends_there()
    {
        ApicMachine machine = ApicMachine.XApic();
        machine.Write(ApicRegister.LVTError, 0x03);
        machine.SendFixed(0x0F);
        machine.Write(ApicRegister.ESR, 0);
        Assert.Equal(0x40u, machine.Read(ApicRegister.ESR));
        Assert.Equal(-1, machine.Pending());
    }

    [Fact]
    public void Only_aligned_stores_of_32_bits_reach_the_page()
    {
        ApicMachine machine = ApicMachine.XApic();
        machine.Apic.WriteMmio(0x80, 1, 0x20, 0, 0);
        machine.Apic.WriteMmio(0x84, 4, 0x30, 0, 0);
        Assert.Equal(0u, machine.Read(ApicRegister.TPR));
        machine.Write(ApicRegister.LDR, 0xA5FFFFFF);
        Assert.Equal(0xA5u, machine.Apic.ReadMmio(0xD3, 0, 0));
        Assert.Equal(0u, machine.Apic.ReadMmio(0xD4, 0, 0));
    }

    [Fact]
    public void Read_only_registers_keep_their_values()
    {
        ApicMachine machine = ApicMachine.XApic();
        foreach (ApicRegister register in new[] { ApicRegister.ID, ApicRegister.Version, ApicRegister.PPR, ApicRegister.APR, ApicRegister.RRD,
            ApicRegister.CurrentCount, ApicRegister.ISR, ApicRegister.TMR + 7, ApicRegister.IRR + 3 })
        {
            uint before = machine.Read(register);
            machine.Write(register, 0xFFFFFFFF);
            Assert.Equal(before, machine.Read(register));
        }
        Assert.Equal(0u, machine.Read(ApicRegister.APR));
        Assert.Equal(0u, machine.Read(ApicRegister.RRD));
    }

    [Theory]
    [InlineData(ApicRegister.TPR, 0xFF)]
    [InlineData(ApicRegister.LDR, 0xFF000000)]
    [InlineData(ApicRegister.LVTTimer, 0x700FF)]
    [InlineData(ApicRegister.LVTThermal, 0x107FF)]
    [InlineData(ApicRegister.LVTPerformance, 0x107FF)]
    [InlineData(ApicRegister.LVTLint0, 0x1A7FF)]
    [InlineData(ApicRegister.LVTLint1, 0x1A7FF)]
    [InlineData(ApicRegister.LVTError, 0x100FF)]
    [InlineData(ApicRegister.DivideConfiguration, 0xB)]
    [InlineData(ApicRegister.InitialCount, 0xFFFFFFFF)]
    [InlineData(ApicRegister.ICRHigh, 0xFF000000)]
    public void Reserved_bits_read_as_zero_in_the_page(ApicRegister register, uint expected)
    {
        ApicMachine machine = ApicMachine.XApic();
        if (register == ApicRegister.LVTTimer)
            machine.Write(register, 0x30000);
        machine.Write(register, 0xFFFFFFFF);
        Assert.Equal(expected, machine.Read(register));
    }

    // "Interrupt Command Register (ICR)"
    [Fact]
    public void An_icr_reads_back_idle()
    {
        ApicMachine machine = ApicMachine.XApic(2);
        machine.Write(ApicRegister.ICRHigh, 0x01000000);
        machine.Write(ApicRegister.ICR, 0xFFFFFFFF & ~0xC0000u & ~0x700u);
        Assert.Equal(0xC8FFu, machine.Read(ApicRegister.ICR));
    }

    [Fact]
    public void Init_resets_all_but_mode_and_id_and_drops_what_waited()
    {
        ApicMachine machine = ApicMachine.X2Apic(2);
        machine.SendFixed(0x70, 1);
        machine.WriteMsr(ApicRegister.TPR, 0x20, 1);
        machine.WriteMsr(ApicRegister.ICR, 1ul << 32 | 0x4500);
        Assert.True((machine.Apics[1].Poll(out _) & ApicEvents.Init) != 0);
        machine.WriteMsr(ApicRegister.ICR, 1ul << 32 | 0x4699);
        machine.WriteMsr(ApicRegister.ICR, 1ul << 32 | 0x469A);
        Assert.True(machine.Apics[1].TakeInit());
        Assert.False(machine.Apics[1].TakeInit());
        Assert.Equal(ApicMode.X2Apic, machine.Apics[1].Mode);
        Assert.Equal(0xFFul, machine.ReadMsr(ApicRegister.SVR, 1));
        Assert.Equal(0ul, machine.ReadMsr(ApicRegister.TPR, 1));
        Assert.Equal(1ul, machine.ReadMsr(ApicRegister.ID, 1));
        Assert.Equal(2ul, machine.ReadMsr(ApicRegister.LDR, 1));
        Assert.Equal(ApicEvents.StartUp, machine.Apics[1].Poll(out _));
        Assert.True(machine.Apics[1].TakeStartUp(out int vector));
        Assert.Equal(0x99, vector);
        Assert.False(machine.Apics[1].TakeStartUp(out _));
        Assert.True(machine.Apics[1].IsQuiet);
    }

    [Fact]
    public void An_init_drops_an_earlier_startup()
    {
        ApicMachine machine = ApicMachine.X2Apic(2);
        machine.WriteMsr(ApicRegister.ICR, 1ul << 32 | 0x4699);
        machine.WriteMsr(ApicRegister.ICR, 1ul << 32 | 0x4500);
        Assert.Equal(ApicEvents.Init, machine.Apics[1].Poll(out _));
    }

    [Fact]
    public void Init_level_deassert_and_smi_do_nothing()
    {
        ApicMachine machine = ApicMachine.X2Apic(2);
        machine.WriteMsr(ApicRegister.ICR, 1ul << 32 | 0x8500);
        machine.WriteMsr(ApicRegister.ICR, 1ul << 32 | 0x4200);
        Assert.True(machine.Apics[1].IsQuiet);
        Assert.Empty(machine.Kicks);
    }

    [Fact]
    public void An_nmi_is_taken_once()
    {
        ApicMachine machine = ApicMachine.X2Apic(2);
        machine.WriteMsr(ApicRegister.ICR, 1ul << 32 | 0x4400);
        machine.WriteMsr(ApicRegister.ICR, 1ul << 32 | 0x4400);
        Assert.Equal([1], machine.Kicks);
        Assert.Equal(ApicEvents.Nmi, machine.Apics[1].Poll(out _));
        Assert.True(machine.Apics[1].TakeNmi());
        Assert.False(machine.Apics[1].TakeNmi());
    }

    // "SELF IPI Register"
    [Fact]
    public void A_self_ipi_is_delivered_without_a_kick()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.WriteMsr(ApicRegister.SelfIPI, 0xF7);
        Assert.Equal(0xF7, machine.Take());
        Assert.Empty(machine.Kicks);
        machine.WriteMsr(ApicRegister.SelfIPI, 0x07);
        machine.WriteMsr(ApicRegister.ESR, 0);
        Assert.Equal(0x20ul, machine.ReadMsr(ApicRegister.ESR));
    }

    // "Local Vector Table": LINT0 as the 8259A's INTR, LINT1 as NMI.
    [Fact]
    public void Virtual_wire_mode_passes_the_8259As_and_the_nmi_pin()
    {
        var machine = new ApicMachine();
        machine.Apic.SetLint0(true);
        machine.Apic.SetLint1(true);
        Assert.Equal(ApicEvents.None, machine.Apic.Poll(out _));
        machine.Apic.SetLint0(false);
        machine.Apic.SetLint1(false);
        Assert.Empty(machine.Kicks);
        machine.Apic.EnterVirtualWireMode();
        machine.Apic.SetLint0(true);
        Assert.Equal(ApicEvents.ExternalInterrupt, machine.Apic.Poll(out _));
        machine.Apic.SetLint0(false);
        machine.Apic.SetLint1(true);
        machine.Apic.SetLint1(false);
        Assert.Equal(ApicEvents.Nmi, machine.Apic.Poll(out _));
        Assert.Equal([0, 0], machine.Kicks);
    }

    [Fact]
    public void A_disabled_apic_leaves_the_pins_to_the_processor()
    {
        var machine = new ApicMachine();
        Assert.Equal(MsrAccess.Done, machine.Apic.WriteApicBase(0xFEE00100));
        machine.Apic.SetLint0(true);
        machine.Apic.SetLint1(true);
        Assert.Equal(ApicEvents.ExternalInterrupt | ApicEvents.Nmi, machine.Apic.Poll(out _));
    }

    [Fact]
    public void A_level_triggered_pin_repeats_until_it_falls()
    {
        ApicMachine machine = ApicMachine.XApic();
        machine.Write(ApicRegister.LVTLint0, 0x8055);
        machine.Apic.SetLint0(true);
        Assert.Equal(0x55, machine.Take());
        Assert.Equal(0xC055u, machine.Read(ApicRegister.LVTLint0));
        Assert.Equal(-1, machine.Pending());
        machine.Write(ApicRegister.EOI, 0);
        Assert.Equal(0x55, machine.Take());
        machine.Apic.SetLint0(false);
        machine.Write(ApicRegister.EOI, 0);
        Assert.Equal(-1, machine.Pending());
    }

    [Fact]
    public void An_edge_on_a_fixed_pin_is_one_interrupt()
    {
        ApicMachine machine = ApicMachine.XApic();
        machine.Write(ApicRegister.LVTLint1, 0x55);
        machine.Apic.SetLint1(true);
        Assert.Equal(0x55, machine.Take());
        machine.Write(ApicRegister.EOI, 0);
        Assert.Equal(-1, machine.Pending());
    }

    // KVM's paravirtual EOI
    [Fact]
    public void An_eoi_can_be_skipped_only_for_a_lone_edge_triggered_vector()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        Assert.False(machine.Apic.CanSkipEndOfInterrupt);
        machine.SendFixed(0x60);
        machine.Take();
        Assert.True(machine.Apic.CanSkipEndOfInterrupt);
        machine.SendFixed(0x40);
        Assert.False(machine.Apic.CanSkipEndOfInterrupt);
        machine.Apic.EndOfInterrupt();
        machine.Take();
        Assert.True(machine.Apic.CanSkipEndOfInterrupt);
        machine.Apic.EndOfInterrupt();
        machine.Bus.DeliverMsi(LocalApic.BaseAddress, 0xC070);
        machine.Take();
        Assert.False(machine.Apic.CanSkipEndOfInterrupt);
    }

    // "Signaling Interrupt Servicing Completion", "Spurious-Interrupt Vector Register"
    [Theory]
    [InlineData(0x1FF, true)]
    [InlineData(0x11FF, false)]
    public void A_level_triggered_eoi_is_broadcast_unless_suppressed(uint spurious, bool isBroadcast)
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.WriteMsr(ApicRegister.SVR, spurious);
        machine.Bus.DeliverMsi(LocalApic.BaseAddress, 0xC070);
        Assert.Equal(1ul << 16, machine.ReadMsr(ApicRegister.TMR + 3));
        machine.Take();
        machine.WriteMsr(ApicRegister.EOI, 0);
        Assert.Equal(isBroadcast ? [0x70] : [], machine.BroadcastVectors);
        machine.SendFixed(0x70);
        Assert.Equal(0ul, machine.ReadMsr(ApicRegister.TMR + 3));
    }

    [Fact]
    public void A_saved_apic_is_restored_with_all_it_held()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.WriteMsr(ApicRegister.LVTTimer, 0x200EC);
        machine.WriteMsr(ApicRegister.InitialCount, 1000, now: 500);
        machine.SendFixed(0x60);
        machine.Take();
        machine.SendFixed(0x80);
        machine.SendFixed(0x21);
        machine.Bus.DeliverMsi(LocalApic.BaseAddress, 0x400);
        machine.Apic.Save(out LocalApicState state);
        var other = new ApicMachine();
        Assert.Equal(RestoreStatus.Restored, other.Apic.Restore(in state));
        other.Apic.Save(out LocalApicState again);
        Assert.Equal(ApicMachine.Bytes(in state), ApicMachine.Bytes(in again));
        Assert.Equal(ApicEvents.Nmi | ApicEvents.Interrupt, other.Apic.Poll(out int vector));
        Assert.Equal(0x80, vector);
        Assert.True(other.Apic.TryGetDeadline(out ulong deadline, out bool isTsc));
        Assert.Equal((2500ul, false), (deadline, isTsc));
        other.Apic.Advance(2500, 0);
        Assert.True(other.Apic.TryGetDeadline(out deadline, out _));
        Assert.Equal(4500ul, deadline);
    }

    [Fact]
    public void A_record_that_is_no_state_is_refused_and_changes_nothing()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.Apic.Save(out LocalApicState good);
        LocalApicState state = good;
        state.Version++;
        Assert.Equal(RestoreStatus.UnknownVersion, machine.Apic.Restore(in state));
        foreach ((int register, uint value) in new[] { (0x02, 7u), (0x03, 0u), (0x08, 0x100u), (0x0D, 2u), (0x0E, 0u), (0x0F, 0x2000u),
            (0x10, 0x1u), (0x11, 0x3u), (0x20, 0x8000u), (0x28, 0x1u), (0x30, 0x10000u), (0x32, 0x100u), (0x3E, 0x4u) })
        {
            state = good;
            state.Registers[register] = value;
            Assert.Equal(RestoreStatus.InvalidValue, machine.Apic.Restore(in state));
        }
        state = good;
        state.ApicBase = 0xFEE00400;
        Assert.Equal(RestoreStatus.InvalidValue, machine.Apic.Restore(in state));
        state = good;
        state.Errors = 1;
        Assert.Equal(RestoreStatus.InvalidValue, machine.Apic.Restore(in state));
        state = good;
        state.Pending = (LocalApicPending)0x100;
        Assert.Equal(RestoreStatus.InvalidValue, machine.Apic.Restore(in state));
        machine.Apic.Save(out LocalApicState after);
        Assert.Equal(ApicMachine.Bytes(in good), ApicMachine.Bytes(in after));
    }
}
