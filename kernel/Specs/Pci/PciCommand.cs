using System;

namespace HyperOS.Specs.Pci;

/// <summary>The command register. PCI Local Bus Specification 3.0, "Device Control", table "Command Register Bits".</summary>
[Flags]
public enum PciCommand : ushort
{
    /// <summary>Answers accesses to its I/O base addresses.</summary>
    IoSpace = 1 << 0,

    /// <summary>Answers accesses to its memory base addresses.</summary>
    MemorySpace = 1 << 1,

    /// <summary>May access memory and send messages.</summary>
    BusMaster = 1 << 2,

    SpecialCycles = 1 << 3,
    MemoryWriteAndInvalidate = 1 << 4,
    VgaPaletteSnoop = 1 << 5,
    ParityErrorResponse = 1 << 6,
    SerrEnable = 1 << 8,
    FastBackToBackEnable = 1 << 9,

    /// <summary>Does not assert its INTx pin.</summary>
    InterruptDisable = 1 << 10,
}
