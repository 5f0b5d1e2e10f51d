namespace HyperOS.Specs.Pci;

/// <summary>
/// The MSI-X capability, its table and its pending bits: offsets in bytes. PCI Local Bus Specification 3.0, "MSI-X Capability and Table
/// Structures".
/// </summary>
public static class MsixCapability
{
    /// <summary>Registers, from the capability's first byte.</summary>
    public const int MessageControl = 2, Table = 4, PendingBits = 8;

    /// <summary>The capability's length.</summary>
    public const int Length = 12;

    /// <summary>Message control: table size less one; all vectors masked; MSI-X in use.</summary>
    public const ushort TableSizeMask = 0x7FF, FunctionMask = 1 << 14, Enable = 1 << 15;

    /// <summary>In Table and PendingBits: which base address register; the rest is the offset from it.</summary>
    public const uint BarIndicatorMask = 7;

    /// <summary>Double words of a table entry.</summary>
    public const int MessageAddress = 0, MessageUpperAddress = 1, MessageData = 2, VectorControl = 3;

    /// <summary>Length of a table entry in bytes.</summary>
    public const int EntryLength = 16;

    /// <summary>Vector control: the vector is masked.</summary>
    public const uint Masked = 1;
}
