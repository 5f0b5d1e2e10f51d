using System;

namespace HyperOS.Core;

/// <summary>A disk that works by itself: it takes requests and says when they are done, in whatever order.</summary>
public abstract class BlockDevice
{
    /// <summary>For the log and the host's prompt: "disk0".</summary>
    public abstract ReadOnlySpan<byte> Name { get; }

    /// <summary>In bytes, whole blocks.</summary>
    public abstract ulong Length { get; }

    /// <summary>The unit in which it is addressed: a power of two, from <see cref="BlockStore.SectorBytes"/> to a page.</summary>
    public abstract int BlockBytes { get; }

    /// <summary>The unit that it writes without reading first.</summary>
    public abstract int PhysicalBlockBytes { get; }

    /// <summary>Whether it refuses all changes.</summary>
    public abstract bool IsReadOnly { get; }

    /// <summary>Most bytes of a request to read or write: whole pages.</summary>
    public abstract int MaximumBytes { get; }

    /// <summary>Most bytes to discard at once; 0 where it cannot.</summary>
    public abstract ulong MaximumDiscard { get; }

    /// <summary>Most bytes to write zeroes to at once; 0 where it cannot by itself.</summary>
    public abstract ulong MaximumZeroes { get; }

    /// <summary>It has failed: all requests fail.</summary>
    public abstract bool HasFailed { get; }

    /// <summary>Begins a request. Any thread, without a lock.</summary>
    public abstract void Submit(BlockRequest request);
}
