using System;

namespace HyperOS.Core;

/// <summary>
/// Memory that a driver shares with its device. The driver knows offsets, the device addresses. The device may change any of it at any time: whoever
/// decides by what it says reads it once, and checks. What is read or written here is so in this order, for the device too.
/// </summary>
public abstract class DmaMemory
{
    /// <summary>Bytes that lie together for the device: what must be in one piece must not cross a multiple of this.</summary>
    public const int PageBytes = 4096;

    /// <summary>In bytes, whole pages.</summary>
    public abstract int Length { get; }

    /// <summary>Where the device finds an offset.</summary>
    public abstract ulong DeviceAddress(int offset);

    /// <summary>Bytes of one page.</summary>
    public abstract Span<byte> Bytes(int offset, int length);

    /// <param name="offset">Even.</param>
    public abstract ushort Read16(int offset);

    /// <param name="offset">A multiple of 8.</param>
    public abstract ulong Read64(int offset);

    /// <param name="offset">Even.</param>
    /// <param name="value">What the device is to find there.</param>
    public abstract void Write16(int offset, ushort value);

    /// <param name="offset">A multiple of 8.</param>
    /// <param name="value">What the device is to find there.</param>
    public abstract void Write64(int offset, ulong value);
}
