using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Firmware;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Specs.Acpi;

namespace HyperOS.Power;

/// <summary>
/// Switches the machine off or restarts it, by ACPI where the tables say how, then by the ways that PCs have had for longer. ACPI 6.5,
/// "PM1 Control Grouping", "Reset Register".
/// </summary>
public static class PowerControl
{
    private const ushort ResetControl = 0xCF9, KeyboardCommand = 0x64;
    private const byte FullReset = 0x0E, PulseReset = 0xFE;
    private const int SleepTypeShift = 10;
    private const ushort SleepEnable = 1 << 13;
    private const ulong Patience = 50_000_000;

    private static PowerInterface? s_interface;

    // Mapped at start-up: nothing may be mapped in a panic.
    private static DeviceMemory? s_resetRegister;

    public static void Initialize(PowerInterface powerInterface)
    {
        s_interface = powerInterface;
        if (powerInterface.CanReset && powerInterface.ResetRegister.AddressSpaceID == AcpiAddressSpace.SystemMemory)
            DeviceMemory.TryMap(new HostPhysicalAddress(powerInterface.ResetRegister.Address), 4, out s_resetRegister);
    }

    /// <summary>Restarts the machine; does not return.</summary>
    public static void Reboot()
    {
        Cpu.DisableInterrupts();
        if (s_interface is { CanReset: true } acpi)
        {
            if (s_resetRegister is not null)
                s_resetRegister.Write32(0, acpi.ResetValue);
            else if (acpi.ResetRegister.AddressSpaceID == AcpiAddressSpace.SystemIo)
                Port.Write8(unchecked((ushort)acpi.ResetRegister.Address), acpi.ResetValue);
            Clock.Delay(Patience);
        }
        Port.Write8(ResetControl, FullReset);
        Clock.Delay(Patience);
        Port.Write8(KeyboardCommand, PulseReset);
        Clock.Delay(Patience);
        Cpu.Stop();
    }

    /// <summary>Switches the machine off (S5). Returns if it cannot.</summary>
    public static void PowerOff()
    {
        if (s_interface is not { CanPowerOff: true } acpi)
            return;
        Sleep(acpi.Pm1aControl, acpi.SleepTypeA);
        Sleep(acpi.Pm1bControl, acpi.SleepTypeB);
        Clock.Delay(Patience);
    }

    private static void Sleep(GenericAddress control, byte sleepType)
    {
        if (control.Address != 0 && control.AddressSpaceID == AcpiAddressSpace.SystemIo)
            Port.Write16(unchecked((ushort)control.Address), (ushort)(sleepType << SleepTypeShift | SleepEnable));
    }
}
