using System;
using HyperOS.Core;
using HyperOS.Firmware;
using HyperOS.Pci;

namespace HyperOS.Nics;

/// <summary>The machine's network cards, in the order of their PCI addresses.</summary>
public static class NicList
{
    private const int Maximum = 8;

    private static readonly Uplink?[] s_nics = new Uplink?[Maximum];

    public static int Count { get; private set; }

    /// <param name="index">Below <see cref="Count"/>.</param>
    public static Uplink Get(int index) => s_nics[index]!;

    /// <summary>All of them, nic0 first.</summary>
    public static ReadOnlySpan<Uplink> All => new ReadOnlySpan<Uplink?>(s_nics, 0, Count)!;

    /// <summary>Starts a driver for each card that there is one for; during start-up, when threads can be made.</summary>
    public static void Start(PciScan functions, AcpiTables acpi)
    {
        for (int i = 0; i < functions.Count && Count < Maximum; i++)
        {
            NicModel model = NicModels.Recognize(functions[i]);
            if (model == NicModel.Unknown)
                continue;
            byte[] name = [(byte)'n', (byte)'i', (byte)'c', (byte)('0' + Count)];
            if (PhysicalNic.Start(name, model, functions[i], acpi.Interrupts) is { } nic)
                s_nics[Count++] = nic;
        }
    }
}
