using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>Intel SDM vol. 3A, "Determining IPI Destination", "Logical x2APIC ID" and "Message Signalled Interrupts".</summary>
public class ApicBusTests
{
    private static void SendX2(ApicMachine machine, uint destination, uint command, int sender = 0) =>
        machine.WriteMsr(ApicRegister.ICR, (ulong)destination << 32 | command, sender);

    private static void SendX(ApicMachine machine, uint destination, uint command, int sender = 0)
    {
        machine.Write(ApicRegister.ICRHigh, destination << 24, sender);
        machine.Write(ApicRegister.ICR, command, sender);
    }

    [Fact]
    public void A_physical_destination_names_one()
    {
        ApicMachine machine = ApicMachine.X2Apic(4);
        SendX2(machine, 2, 0x4050);
        Assert.Equal([2], machine.WhoHas(0x50));
        Assert.Equal([2], machine.Kicks);
        SendX2(machine, 9, 0x4060);
        Assert.Empty(machine.WhoHas(0x60));
    }

    [Fact]
    public void Broadcasts_reach_all()
    {
        ApicMachine x2 = ApicMachine.X2Apic(4);
        SendX2(x2, 0xFFFFFFFF, 0x4050);
        Assert.Equal([0, 1, 2, 3], x2.WhoHas(0x50));
        Assert.Equal([1, 2, 3], x2.Kicks);
        SendX2(x2, 0xFF, 0x4060);
        Assert.Empty(x2.WhoHas(0x60));
        x2.Bus.DeliverMsi(0xFEEFF000, 0x70);
        Assert.Equal([0, 1, 2, 3], x2.WhoHas(0x70));
        ApicMachine x = ApicMachine.XApic(4);
        SendX(x, 0xFF, 0x4050);
        Assert.Equal([0, 1, 2, 3], x.WhoHas(0x50));
        SendX(x, 0xFF, 0x4860);
        Assert.Equal([0, 1, 2, 3], x.WhoHas(0x60));
    }

    [Theory]
    [InlineData(0x44050, new[] { 1 })]
    [InlineData(0x84050, new[] { 0, 1, 2 })]
    [InlineData(0xC4050, new[] { 0, 2 })]
    public void Shorthands_ignore_the_destination(uint command, int[] expected)
    {
        ApicMachine machine = ApicMachine.X2Apic(3);
        SendX2(machine, 0, command, sender: 1);
        Assert.Equal(expected, machine.WhoHas(0x50));
        Assert.DoesNotContain(1, machine.Kicks);
    }

    // Linux, Documentation/virt/kvm/x86/hypercalls.rst, "KVM_HC_SEND_IPI"
    [Theory]
    [InlineData(0b1011ul, 0ul, 64, 1u, 0x4050u, new[] { 1, 2, 4 })]
    [InlineData(0b1ul, 0b1ul, 2, 0u, 0x4050u, new[] { 0, 2 })]
    [InlineData(ulong.MaxValue, ulong.MaxValue, 64, 4u, 0x4050u, new[] { 4 })]
    [InlineData(ulong.MaxValue, ulong.MaxValue, 64, 64u, 0x4050u, new int[0])]
    [InlineData(ulong.MaxValue, ulong.MaxValue, 64, uint.MaxValue, 0x4050u, new int[0])]
    [InlineData(ulong.MaxValue, 0ul, 64, 0u, 0x4150u, new[] { 0, 1, 2, 3, 4 })]
    [InlineData(ulong.MaxValue, 0ul, 64, 0u, 0x4005u, new int[0])]
    public void A_hypercall_sends_to_many(ulong low, ulong high, int width, uint lowest, uint command, int[] expected)
    {
        ApicMachine machine = ApicMachine.X2Apic(5);
        Assert.True(machine.Apics[2].TrySendToMany(low, high, width, lowest, command, out int accepted));
        Assert.Equal(expected.Length, accepted);
        Assert.Equal(expected, machine.WhoHas((int)command & 0xFF));
        Assert.Equal(expected.Where(vcpu => vcpu != 2), machine.Kicks);
    }

    [Theory]
    [InlineData(0x400u, ApicEvents.Nmi)]
    [InlineData(0x500u, ApicEvents.Init)]
    [InlineData(0x8500u, ApicEvents.None)]
    [InlineData(0x610u, ApicEvents.StartUp)]
    [InlineData(0x700u, ApicEvents.None)]
    public void A_hypercall_sends_what_an_interrupt_command_can(uint command, ApicEvents expected)
    {
        ApicMachine machine = ApicMachine.X2Apic(2);
        Assert.True(machine.Apic.TrySendToMany(2, 0, 64, 0, command, out int accepted));
        Assert.Equal(expected == ApicEvents.None ? 0 : 1, accepted);
        Assert.Equal(expected, machine.Apics[1].Poll(out _));
    }

    [Theory]
    [InlineData(0x4850u)]
    [InlineData(0x44050u)]
    [InlineData(0xC4050u)]
    public void A_hypercall_whose_command_names_destinations_is_refused(uint command)
    {
        ApicMachine machine = ApicMachine.X2Apic(2);
        Assert.False(machine.Apic.TrySendToMany(2, 0, 64, 0, command, out int accepted));
        Assert.Equal(0, accepted);
        Assert.True(machine.Apics[1].IsQuiet);
    }

    [Fact]
    public void The_flat_model_matches_bits()
    {
        ApicMachine machine = ApicMachine.XApic(4);
        for (int i = 0; i < 4; i++)
            machine.Write(ApicRegister.LDR, 0x01000000u << i, i);
        SendX(machine, 0x0A, 0x4850);
        Assert.Equal([1, 3], machine.WhoHas(0x50));
    }

    [Fact]
    public void The_cluster_model_matches_a_cluster_and_bits_in_it()
    {
        ApicMachine machine = ApicMachine.XApic(4);
        for (int i = 0; i < 4; i++)
        {
            machine.Write(ApicRegister.DFR, 0x0FFFFFFF, i);
            machine.Write(ApicRegister.LDR, (uint)(i / 2) << 28 | 0x01000000u << i % 2, i);
        }
        SendX(machine, 0x13, 0x4850);
        Assert.Equal([2, 3], machine.WhoHas(0x50));
        SendX(machine, 0x02, 0x4860);
        Assert.Equal([1], machine.WhoHas(0x60));
    }

    [Fact]
    public void An_x2apic_cluster_is_sixteen_ids()
    {
        ApicMachine machine = ApicMachine.X2Apic(40);
        SendX2(machine, 0x0001_8001, 0x4850);
        Assert.Equal([16, 31], machine.WhoHas(0x50));
        SendX2(machine, 0x0002_00FF, 0x4860);
        Assert.Equal([32, 33, 34, 35, 36, 37, 38, 39], machine.WhoHas(0x60));
        SendX2(machine, 0x0004_0001, 0x4870);
        Assert.Empty(machine.WhoHas(0x70));
        machine.Bus.DeliverMsi(0xFEE05004, 0x80);
        Assert.Equal([0, 2], machine.WhoHas(0x80));
    }

    [Fact]
    public void Lowest_priority_chooses_the_least_busy_and_takes_turns()
    {
        ApicMachine machine = ApicMachine.X2Apic(3);
        machine.WriteMsr(ApicRegister.TPR, 0x20, 0);
        var chosen = new List<int>();
        for (int vector = 0x50; vector < 0x54; vector++)
        {
            machine.Bus.DeliverMsi(0xFEEFF00C, (uint)(0x100 | vector));
            chosen.AddRange(machine.WhoHas(vector));
        }
        Assert.Equal([1, 2, 1, 2], chosen);
    }

    [Fact]
    public void Lowest_priority_passes_over_apics_that_software_has_disabled()
    {
        ApicMachine machine = ApicMachine.X2Apic(2);
        machine.WriteMsr(ApicRegister.SVR, 0xFF, 0);
        Assert.True(machine.Bus.DeliverMsi(0xFEEFF000, 0x150));
        Assert.Equal([1], machine.WhoHas(0x50));
        machine.WriteMsr(ApicRegister.SVR, 0xFF, 1);
        Assert.False(machine.Bus.DeliverMsi(0xFEEFF000, 0x160));
    }

    [Fact]
    public void Messages_outside_the_range_and_level_deassertions_are_not_delivered()
    {
        ApicMachine machine = ApicMachine.X2Apic();
        Assert.False(machine.Bus.DeliverMsi(0xFED00000, 0x50));
        Assert.False(machine.Bus.DeliverMsi(0x1_FEE00000, 0x50));
        Assert.False(machine.Bus.DeliverMsi(0xFEE00000, 0x8050));
        Assert.False(machine.Bus.DeliverMsi(0xFEE00000, 0x350));
        Assert.True(machine.Apic.IsQuiet);
    }

    [Fact]
    public void A_disabled_apic_hears_nothing()
    {
        ApicMachine machine = ApicMachine.XApic(2);
        machine.Apics[1].WriteApicBase(0xFEE00000);
        SendX(machine, 1, 0x4500);
        SendX(machine, 0xFF, 0x4400);
        Assert.True(machine.Apics[1].IsQuiet);
        Assert.False(machine.Apics[0].IsQuiet);
    }
}
