using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Firmware;
using HyperOS.Interrupts;
using HyperOS.Platform;
using HyperOS.Specs.Acpi;

namespace HyperOS.Power;

/// <summary>Hears of the machine's power button; in interrupt context.</summary>
public abstract class PowerButtonListener
{
    public abstract void Pressed();
}

/// <summary>
/// The machine's power button, where it is one of the fixed hardware: ACPI 6.5, "PM1 Event Grouping", "Power Button", "Legacy/ACPI Select and the
/// SCI Interrupt". A button that only the firmware's AML knows of has no effect here.
/// </summary>
public sealed class PowerButton : InterruptHandler
{
    private const ushort PWRBTN = 1 << 8, AllEvents = ushort.MaxValue, SCI_EN = 1 << 0;
    private const ushort PolarityMask = 0x3, ActiveHigh = 0x1, TriggerMask = 0xC, EdgeTriggered = 0x4; // MPS INTI flags
    private const ulong AcpiModePatience = 3_000_000_000, AcpiModePoll = 1_000_000;

    private readonly PowerButtonListener _listener;

    // Ports of the status registers; 0 for one that is not there.
    private readonly ushort _statusA, _statusB;

    private PowerButton(PowerButtonListener listener, ushort statusA, ushort statusB)
    {
        _listener = listener;
        _statusA = statusA;
        _statusB = statusB;
    }

    /// <summary>Switches the machine to ACPI mode and listens; during start-up. A machine where that cannot be goes on without.</summary>
    public static void Start(AcpiTables acpi, PowerButtonListener listener)
    {
        PowerInterface power = acpi.Power;
        ushort statusA = PortOf(power.Pm1aEvent), statusB = PortOf(power.Pm1bEvent), control = PortOf(power.Pm1aControl);
        int enable = power.Pm1aEvent.RegisterBitWidth / 16; // the second half of a block, in bytes
        uint pin = acpi.Interrupts.GlobalSystemInterruptOf(unchecked((byte)power.SciInterrupt), out ushort flags);
        if ((power.Flags & (FadtFlags.PWR_BUTTON | FadtFlags.HW_REDUCED_ACPI)) != 0 || statusA == 0 || control == 0 || enable < 2 || pin >= Vectors.Pins)
        {
            Log.Write("power"u8, $"the power button cannot be used: it is not of ACPI's fixed hardware");
            return;
        }
        if (!TryEnterAcpiMode(power, control))
        {
            Log.Write("power"u8, $"the power button cannot be used: the firmware does not switch to ACPI mode");
            return;
        }
        // Nothing else may hold the interrupt, which is level-triggered: general-purpose events are off until somebody wants them.
        Enable(statusA, enable);
        if (statusB != 0)
            Enable(statusB, enable);
        InterruptTable.AddHandler(Vectors.FirstPin + (int)pin, new PowerButton(listener, statusA, statusB));
        Interrupts.IoApic.Route((int)pin, LocalApic.CurrentId, level: (flags & TriggerMask) != EdgeTriggered, activeLow: (flags & PolarityMask) != ActiveHigh);
    }

    public override void Handle()
    {
        if (Take(_statusA) | Take(_statusB))
            _listener.Pressed();
    }

    // Events are cleared by writing ones.
    private static bool Take(ushort status)
    {
        if (status == 0 || (Port.Read16(status) & PWRBTN) == 0)
            return false;
        Port.Write16(status, PWRBTN);
        return true;
    }

    private static void Enable(ushort status, int enable)
    {
        Port.Write16((ushort)(status + enable), 0);
        Port.Write16(status, AllEvents);
        Port.Write16((ushort)(status + enable), PWRBTN);
    }

    private static bool TryEnterAcpiMode(PowerInterface power, ushort control)
    {
        if ((Port.Read16(control) & SCI_EN) != 0 || power.SmiCommandPort == 0)
            return true;
        Port.Write8(unchecked((ushort)power.SmiCommandPort), power.AcpiEnable);
        for (ulong waited = 0; waited < AcpiModePatience && (Port.Read16(control) & SCI_EN) == 0; waited += AcpiModePoll)
            Clock.Delay(AcpiModePoll);
        return (Port.Read16(control) & SCI_EN) != 0;
    }

    private static ushort PortOf(in GenericAddress register) =>
        register.AddressSpaceID == AcpiAddressSpace.SystemIo && register.Address is > 0 and <= ushort.MaxValue - 8 ? (ushort)register.Address : (ushort)0;
}
