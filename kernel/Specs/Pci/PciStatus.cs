using System;

namespace HyperOS.Specs.Pci;

/// <summary>The status register. PCI Local Bus Specification 3.0, "Device Status", table "Status Register Bits".</summary>
[Flags]
public enum PciStatus : ushort
{
    /// <summary>The function wants to assert its INTx pin, whether it may or not.</summary>
    InterruptStatus = 1 << 3,

    /// <summary>There is a list of capabilities.</summary>
    CapabilitiesList = 1 << 4,
}
