namespace HyperOS.Devices;

/// <summary>What a base address register holds.</summary>
public enum PciBarKind : byte
{
    /// <summary>Nothing, or the upper half of the register before it.</summary>
    None,

    Io,
    Memory32,

    /// <summary>This register and the next.</summary>
    Memory64,
}
