using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>Intel SDM vol. 3A, "Extended XAPIC (x2APIC)" and "Local APIC Status and Location".</summary>
public class LocalApicMsrTests
{
    private const ulong Base = 0xFEE00100, Enabled = 0x800, Extended = 0x400;

    // "x2APIC State Transitions"
    [Theory]
    [InlineData(0x000, 0x000, true)]
    [InlineData(0x000, 0x800, true)]
    [InlineData(0x000, 0xC00, false)]
    [InlineData(0x000, 0x400, false)]
    [InlineData(0x800, 0x000, true)]
    [InlineData(0x800, 0x800, true)]
    [InlineData(0x800, 0xC00, true)]
    [InlineData(0x800, 0x400, false)]
    [InlineData(0xC00, 0x000, true)]
    [InlineData(0xC00, 0x800, false)]
    [InlineData(0xC00, 0xC00, true)]
    [InlineData(0xC00, 0x400, false)]
    public void Modes_change_only_as_the_manual_draws_them(ulong from, ulong to, bool isAllowed)
    {
        LocalApic apic = new ApicMachine().Apic;
        if (from != Enabled)
            Assert.Equal(MsrAccess.Done, apic.WriteApicBase(Base | from));
        Assert.Equal(isAllowed ? MsrAccess.Done : MsrAccess.GeneralProtection, apic.WriteApicBase(Base | to));
        Assert.Equal(Base | (isAllowed ? to : from), apic.ApicBase);
    }

    [Theory]
    [InlineData(0xFEE00901)]
    [InlineData(0xFEE00A00)]
    [InlineData(0xFED00900)]
    [InlineData(0x80000000FEE00900)]
    public void Reserved_bits_and_other_addresses_of_the_base_register_fault(ulong value) =>
        Assert.Equal(MsrAccess.GeneralProtection, new ApicMachine().Apic.WriteApicBase(value));

    [Fact]
    public void The_bsp_bit_keeps_its_value()
    {
        var machine = new ApicMachine(2);
        Assert.Equal(MsrAccess.Done, machine.Apics[1].WriteApicBase(Base | Enabled));
        Assert.Equal(0xFEE00800ul, machine.Apics[1].ApicBase);
    }

    [Fact]
    public void Disabling_loses_the_registers_and_hides_them()
    {
        ApicMachine machine = ApicMachine.XApic();
        machine.Write(ApicRegister.TPR, 0x50);
        machine.SendFixed(0x66);
        machine.Apic.WriteApicBase(Base);
        Assert.Equal(0xFFFFFFFFu, machine.Read(ApicRegister.TPR));
        machine.SendFixed(0x66);
        Assert.True(machine.Apic.IsQuiet);
        machine.Apic.WriteApicBase(Base | Enabled);
        Assert.Equal(0u, machine.Read(ApicRegister.TPR));
        Assert.Equal(0xFFu, machine.Read(ApicRegister.SVR));
    }

    [Fact]
    public void Entering_x2apic_mode_keeps_what_is_pending_and_derives_the_logical_id()
    {
        ApicMachine machine = ApicMachine.XApic(20);
        machine.SendFixed(0x66, 19);
        machine.Apics[19].WriteApicBase(0xFEE00C00);
        Assert.Equal(19ul, machine.ReadMsr(ApicRegister.ID, 19));
        Assert.Equal(0x10008ul, machine.ReadMsr(ApicRegister.LDR, 19));
        Assert.Equal(0x66, machine.Pending(19));
        Assert.Equal(0xFFFFFFFFu, machine.Read(ApicRegister.ID, 19));
    }

    [Fact]
    public void The_msrs_fault_outside_x2apic_mode()
    {
        ApicMachine machine = ApicMachine.XApic();
        Assert.Equal(MsrAccess.GeneralProtection, machine.TryReadMsr(ApicRegister.ID));
        Assert.Equal(MsrAccess.GeneralProtection, machine.TryWriteMsr(ApicRegister.EOI, 0));
    }

    // "x2APIC Register Address Space"
    [Fact]
    public void Exactly_the_registers_of_the_manual_can_be_read_and_written()
    {
        var readable = new HashSet<uint> { 0x02, 0x03, 0x08, 0x0A, 0x0D, 0x0F, 0x28, 0x30, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3E };
        for (uint i = 0x10; i < 0x28; i++)
            readable.Add(i);
        var writable = new HashSet<uint> { 0x08, 0x0B, 0x0F, 0x28, 0x30, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x3E, 0x3F };
        LocalApic apic = ApicMachine.X2Apic().Apic;
        for (uint i = 0; i <= 0x100; i++)
        {
            Assert.Equal(readable.Contains(i), apic.ReadMsr(0x800 + i, 0, 0, out _) == MsrAccess.Done);
            Assert.Equal(writable.Contains(i), apic.WriteMsr(0x800 + i, 0, 0, 0) == MsrAccess.Done);
        }
        Assert.Equal(MsrAccess.GeneralProtection, apic.ReadMsr(0x7FF, 0, 0, out _));
    }

    // "Reserved Bit Checking"
    [Theory]
    [InlineData(ApicRegister.TPR, 0x100)]
    [InlineData(ApicRegister.EOI, 1)]
    [InlineData(ApicRegister.SVR, 0x400)]
    [InlineData(ApicRegister.ESR, 1)]
    [InlineData(ApicRegister.ICR, 0x2000)]
    [InlineData(ApicRegister.ICR, 0x10000)]
    [InlineData(ApicRegister.ICR, 0x100000)]
    [InlineData(ApicRegister.LVTTimer, 0x80000)]
    [InlineData(ApicRegister.LVTTimer, 0x100)]
    [InlineData(ApicRegister.LVTThermal, 0x2000)]
    [InlineData(ApicRegister.LVTPerformance, 0x8000)]
    [InlineData(ApicRegister.LVTLint0, 0x20000)]
    [InlineData(ApicRegister.LVTLint1, 0x800)]
    [InlineData(ApicRegister.LVTError, 0x400)]
    [InlineData(ApicRegister.DivideConfiguration, 0x4)]
    [InlineData(ApicRegister.SelfIPI, 0x100)]
    [InlineData(ApicRegister.TPR, 0x100000000)]
    [InlineData(ApicRegister.InitialCount, 0x100000000)]
    public void Reserved_bits_fault_and_change_nothing(ApicRegister register, ulong value)
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.SendFixed(0x44);
        machine.Take();
        Assert.Equal(MsrAccess.GeneralProtection, machine.TryWriteMsr(register, value));
        Assert.Equal(0x40ul, machine.ReadMsr(ApicRegister.PPR));
    }

    [Fact]
    public void Read_only_bits_are_ignored()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.WriteMsr(ApicRegister.LVTLint0, 0xD0FF);
        Assert.Equal(0x80FFul, machine.ReadMsr(ApicRegister.LVTLint0));
    }

    [Fact]
    public void The_interrupt_command_register_is_one_of_64_bits()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        machine.WriteMsr(ApicRegister.ICR, 0x12345678_000040F0);
        Assert.Equal(0x12345678_000040F0ul, machine.ReadMsr(ApicRegister.ICR));
    }
}
