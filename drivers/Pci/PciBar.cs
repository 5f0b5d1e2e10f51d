using HyperOS.Core;

namespace HyperOS.Pci;

/// <summary>What a function's base address register asks for, and where firmware has placed it.</summary>
public readonly struct PciBar
{
    /// <summary>In bytes; 0 for a register that is not there, or is the upper half of the one before.</summary>
    public ulong Size { get; init; }

    /// <summary>0 where nothing was assigned.</summary>
    public ulong Address { get; init; }

    /// <summary>In I/O space.</summary>
    public bool IsIo { get; init; }

    /// <summary>A part of the memory behind the register.</summary>
    /// <returns>False if there is no memory there, or not so much: what asks for it may be the device's own claim.</returns>
    public bool TryGetMemory(ulong offset, ulong length, out HostPhysicalAddress address)
    {
        address = new HostPhysicalAddress(unchecked(Address + offset));
        return !IsIo && Address != 0 && length != 0 && offset <= Size && length <= Size - offset && unchecked(Address + Size) > Address;
    }
}
