using System;
using HyperOS.Core;

namespace HyperOS.Firmware;

/// <summary>
/// The parsers' view of physical memory, which the kernel provides. What they judge they have copied first, once, so that memory which
/// changes underneath cannot be one thing when checked and another when used.
/// </summary>
public abstract class PhysicalMemoryReader
{
    /// <summary>Copies <paramref name="destination"/>.Length bytes that start at <paramref name="address"/>.</summary>
    /// <returns>False, with the destination's contents undefined, when any of them is not there to be read.</returns>
    public abstract bool TryRead(HostPhysicalAddress address, Span<byte> destination);
}
