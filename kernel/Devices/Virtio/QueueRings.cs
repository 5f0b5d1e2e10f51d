using System;

namespace HyperOS.Devices;

/// <summary>
/// The parts of a split virtqueue where they lie, for the time of a batch: its owner looks them up once, and lets them go before its thread yields, for so
/// long the guest's RAM stays where it is. A part that does not lie together is empty, and found element by element.
/// </summary>
public ref struct QueueRings
{
    /// <summary>Two words a descriptor: its address; length, flags and next.</summary>
    internal ReadOnlySpan<ulong> Descriptors;

    /// <summary>The available ring's elements.</summary>
    internal ReadOnlySpan<ushort> Available;

    /// <summary>The used ring's elements.</summary>
    internal Span<ulong> Used;
}

/// <summary>A chain of a single buffer, wherever that is.</summary>
public struct SingleBuffer
{
    /// <summary>By which the driver knows the chain.</summary>
    public ushort Head;

    /// <summary>For the device to write, else to read.</summary>
    public bool IsWritable;

    /// <summary>In bytes, not 0.</summary>
    public uint Length;

    /// <summary>In the guest's memory, unchecked.</summary>
    public ulong Address;
}
