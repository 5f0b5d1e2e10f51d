using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Firmware;
using HyperOS.Pci;
using HyperOS.Specs.Acpi;
using HyperOS.Specs.Pci;

namespace HyperOS.PciHost;

/// <summary>The machine's PCI functions.</summary>
public static class PciBus
{
    private const int MaximumFunctions = 256;
    private const int BaseClassShift = 16;

    /// <summary>
    /// Finds all functions, and takes from each the right to access memory and to interrupt until a driver owns it; from bridges and what firmware and
    /// the screen live by not. During start-up, before anything else uses a function.
    /// </summary>
    public static PciScan Scan(AcpiTables acpi)
    {
        HostConfigurationSpace space = new(acpi.PciSegments);
        PciScan scan = new(space, MaximumFunctions);
        if (acpi.PciSegments.Count == 0)
            scan.Add(0, 0);
        foreach (ref readonly McfgAllocation segment in acpi.PciSegments.AsSpan())
            scan.Add(segment.PCISegmentGroupNumber, segment.StartBusNumber);
        space.Seal();
        for (int i = 0; i < scan.Count; i++)
        {
            PciFunction function = scan[i];
            if ((function.HeaderType & ~PciConfiguration.Multifunction) == 0 && IsForDrivers(function.ClassCode >> BaseClassShift))
                function.Disable();
        }
        Log.Write("pci"u8, $"{scan.Count} functions, by {(acpi.PciSegments.Count == 0 ? "ports"u8 : "MCFG"u8)}");
        if (scan.Refused != 0)
            Log.Write("pci"u8, $"{scan.Refused} more functions: ignored");
        return scan;
    }

    private static bool IsForDrivers(uint baseClass) => baseClass is not (0x00 or 0x03 or 0x06 or 0x08);
}
