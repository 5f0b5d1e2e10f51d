namespace HyperOS.Devices;

/// <summary>
/// The guest's interrupt lines. Lines 0-15 are the ISA IRQs and reach the 8259A pair and the I/O APIC; 16-23 reach the I/O APIC alone.
/// Pins equal lines, but for ISA IRQ 0, the timer's, which is wired to I/O APIC pin 2 (the MADT says so by an interrupt source override:
/// ACPI Specification, "Interrupt Source Override Structure"). Line 2 is the 8259A pair's cascade, which no device drives.
/// </summary>
/// <remarks>
/// Legacy devices of a VM share one lock, which every caller here holds. A line has one driver: who joins several devices on one line
/// (the PCI host bridge with its INTx pins) forms their logical OR. A line out of range is a host bug and fails the bounds check.
/// </remarks>
public sealed class InterruptLines
{
    /// <summary>Number of lines, and of global system interrupts: the pins of the one I/O APIC.</summary>
    public const int Count = 24;

    private const int IsaCount = 16;
    private const int TimerLine = 0;
    private const int TimerIoApicPin = 2;
    private const int CascadeLine = 2;

    // Wiring.
    private readonly InterruptController? _pic;
    private readonly InterruptController? _ioApic;

    // State: kept so that a level reported twice costs nothing; who drives a line reports it anew after a restore.
    private readonly bool[] _asserted = new bool[Count];

    /// <summary>Wires the lines to the controllers that the VM has: a machine without 8259As gives null for them.</summary>
    public InterruptLines(InterruptController? pic, InterruptController? ioApic)
    {
        _pic = pic;
        _ioApic = ioApic;
    }

    /// <summary>The level that the line's driver last reported.</summary>
    public bool IsAsserted(int gsi) => _asserted[gsi];

    /// <summary>Drives a line to the level <paramref name="asserted"/>: what it means, edge or level, is the controllers' configuration.</summary>
    public void Set(int gsi, bool asserted)
    {
        if (_asserted[gsi] == asserted || gsi == CascadeLine)
            return;
        _asserted[gsi] = asserted;
        if (gsi < IsaCount)
            _pic?.SetInput(gsi, asserted);
        _ioApic?.SetInput(gsi == TimerLine ? TimerIoApicPin : gsi, asserted);
    }

    /// <summary>One rising edge: asserts the line and releases it, for devices that signal moments. Leaves the line low.</summary>
    public void Pulse(int gsi)
    {
        Set(gsi, false);
        Set(gsi, true);
        Set(gsi, false);
    }
}
