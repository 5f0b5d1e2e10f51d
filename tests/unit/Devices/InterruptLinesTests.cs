using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

public class InterruptLinesTests
{
    private sealed class Recorder : InterruptController
    {
        public List<(int Input, bool Asserted)> Changes { get; } = [];

        public override void SetInput(int input, bool asserted) => Changes.Add((input, asserted));
    }

    private readonly Recorder _pic = new();
    private readonly Recorder _ioApic = new();
    private readonly InterruptLines _lines;

    public InterruptLinesTests() => _lines = new InterruptLines(_pic, _ioApic);

    [Fact]
    public void An_isa_line_reaches_both_controllers()
    {
        _lines.Set(4, true);
        Assert.Equal([(4, true)], _pic.Changes);
        Assert.Equal([(4, true)], _ioApic.Changes);
        Assert.True(_lines.IsAsserted(4));
    }

    [Fact]
    public void The_timer_line_reaches_io_apic_pin_2()
    {
        _lines.Set(0, true);
        Assert.Equal([(0, true)], _pic.Changes);
        Assert.Equal([(2, true)], _ioApic.Changes);
    }

    [Fact]
    public void Lines_from_16_reach_the_io_apic_alone()
    {
        _lines.Set(23, true);
        Assert.Empty(_pic.Changes);
        Assert.Equal([(23, true)], _ioApic.Changes);
    }

    [Fact]
    public void The_cascade_line_reaches_nothing()
    {
        _lines.Set(2, true);
        Assert.Empty(_pic.Changes);
        Assert.Empty(_ioApic.Changes);
    }

    [Fact]
    public void A_level_reported_twice_is_one_change()
    {
        _lines.Set(5, true);
        _lines.Set(5, true);
        Assert.Single(_pic.Changes);
    }

    [Fact]
    public void A_pulse_is_a_rising_edge_even_on_an_asserted_line()
    {
        _lines.Set(8, true);
        _pic.Changes.Clear();
        _lines.Pulse(8);
        Assert.Equal([(8, false), (8, true), (8, false)], _pic.Changes);
    }

    [Fact]
    public void A_machine_without_8259As_has_only_the_io_apic()
    {
        new InterruptLines(null, _ioApic).Set(4, true);
        Assert.Equal([(4, true)], _ioApic.Changes);
    }
}
