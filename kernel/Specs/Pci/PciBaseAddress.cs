namespace HyperOS.Specs.Pci;

/// <summary>Fields of a base address register. PCI Local Bus Specification 3.0, "Base Addresses", "Address Maps".</summary>
public static class PciBaseAddress
{
    /// <summary>Bit 0: an address in I/O space.</summary>
    public const uint IoSpace = 1 << 0;

    /// <summary>Type of a memory address: the next register holds its upper 32 bits.</summary>
    public const uint Memory64 = 2 << 1;

    /// <summary>Reads of the memory have no side effects.</summary>
    public const uint Prefetchable = 1 << 3;

    /// <summary>What of the register is address.</summary>
    public const uint MemoryAddressMask = ~0xFu, IoAddressMask = ~0x3u;

    /// <summary>Least sizes that a register can ask for, in bytes.</summary>
    public const ulong SmallestMemory = 16, SmallestIo = 4;

    /// <summary>Most I/O ports that one register may ask for.</summary>
    public const ulong LargestIo = 256;
}
