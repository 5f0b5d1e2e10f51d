using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>The register page of a processor that serves the APIC itself.</summary>
public class LocalApicHardwareTests
{
    private readonly ApicMachine _machine = new(2);
    private readonly uint[] _page = new uint[LocalApic.PageLength];

    public LocalApicHardwareTests() => Apic.WriteMmio((uint)ApicRegister.SVR << 4, 4, 0x1FF, 0, 0);

    private LocalApic Apic => _machine.Apics[0];

    private uint this[ApicRegister register, int word = 0]
    {
        get => _page[(int)register + word << 2];
        set => _page[(int)register + word << 2] = value;
    }

    private void Send(int vector, bool isLevel = false) =>
        _machine.Bus.Deliver(new InterruptMessage(0, false, DeliveryMode.Fixed, (byte)vector, isLevel));

    [Fact]
    public void The_page_shows_the_registers_and_takes_what_waits()
    {
        Array.Fill(_page, 0xFFFF_FFFF);
        Send(0x41);
        Send(0xE1, isLevel: true);
        Apic.CopyTo(_page);
        Assert.Equal(0x1FFu, this[ApicRegister.SVR]);
        Assert.Equal(0x0105_0014u, this[ApicRegister.Version]);
        Assert.Equal(0x41 - 0x40, System.Numerics.BitOperations.TrailingZeroCount(this[ApicRegister.IRR, 2]));
        Assert.Equal(2u, this[ApicRegister.IRR, 7]);
        Assert.Equal(2u, this[ApicRegister.TMR, 7]);
        Assert.Equal(0xE1, LocalApic.Highest(_page, ApicRegister.IRR));
        Assert.Equal(0, LocalApic.Highest(_page, ApicRegister.ISR));
        Assert.False(Apic.HasRequests);
        Assert.True(Apic.IsQuiet);
    }

    [Fact]
    public void What_comes_meanwhile_is_news_and_joins_what_waits_in_the_page()
    {
        Send(0x41);
        Apic.CopyTo(_page);
        _machine.Kicks.Clear();
        Send(0x52);
        Assert.Equal([0], _machine.Kicks);
        Assert.True(Apic.HasRequests);
        Apic.MoveRequests(_page);
        Assert.Equal(0x0004_0002u, this[ApicRegister.IRR, 2]);
        Assert.False(Apic.HasRequests);
    }

    [Fact]
    public void The_registers_follow_what_the_processor_did_to_the_page()
    {
        Send(0x41);
        Send(0x52);
        Apic.CopyTo(_page);
        this[ApicRegister.IRR, 2] = 1u << 1;
        this[ApicRegister.ISR, 2] = 1u << 0x12;
        this[ApicRegister.TPR] = 0x23;
        this[ApicRegister.ICRHigh] = 0x0100_0000;
        Apic.CopyFrom(_page);
        Assert.Equal(0u, this[ApicRegister.IRR, 2]);
        Assert.Equal(0x50u, Apic.ReadMmio((uint)ApicRegister.PPR << 4, 0, 0));
        Assert.Equal(0x23u, Apic.ReadMmio((uint)ApicRegister.TPR << 4, 0, 0));
        Assert.Equal(ApicEvents.None, Apic.Poll(out _));
        Apic.EndOfInterrupt();
        Assert.Equal(ApicEvents.Interrupt, Apic.Poll(out int vector));
        Assert.Equal(0x41, vector);
        _machine.Kicks.Clear();
        Apic.WriteMmio((uint)ApicRegister.ICR << 4, 4, (uint)DeliveryMode.INIT << 8, 0, 0);
        Assert.Equal([1], _machine.Kicks);
    }

    [Fact]
    public void The_rest_of_an_EOI_reaches_the_IO_APIC()
    {
        Apic.CompleteEndOfInterrupt(0x61);
        Assert.Equal([0x61], _machine.BroadcastVectors);
    }

    [Theory]
    [InlineData(ApicRegister.ID, true)]
    [InlineData(ApicRegister.TPR, true)]
    [InlineData(ApicRegister.IRR, true)]
    [InlineData(ApicRegister.EOI, false)]
    [InlineData(ApicRegister.ICR, false)]
    [InlineData(ApicRegister.CurrentCount, false)]
    [InlineData(ApicRegister.SelfIPI, false)]
    public void Most_registers_read_as_the_page_has_them(ApicRegister register, bool isPlain) =>
        Assert.Equal(isPlain, LocalApic.IsPlain(LocalApic.FirstMsr + (uint)register));
}
