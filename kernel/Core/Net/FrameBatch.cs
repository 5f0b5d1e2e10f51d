using System;

namespace HyperOS.Core;

/// <summary>
/// Frames that a sender offers together, where they lie: in a guest's buffers, in a ring. Frames have no FCS. The sender has checked all descriptors
/// before it offers the batch: the members here only look up, and cannot fail, because they are also called in the work of receivers.
/// </summary>
public abstract class FrameBatch
{
    /// <summary>Frames that a port looks at in one call.</summary>
    public const int MaxCount = 32;

    public abstract int Count { get; }

    /// <summary>Bytes of a frame, from the destination address on.</summary>
    public abstract int Length(int frame);

    /// <summary>What the sender claims to be left to do, unchecked.</summary>
    public abstract FrameOffload Offload(int frame);

    /// <summary>A frame's first bytes, as <see cref="From"/> has them, if nothing is claimed to be left to do to it; else empty.</summary>
    /// <param name="frame">Which one.</param>
    /// <param name="length">As <see cref="Length"/>.</param>
    public virtual ReadOnlySpan<byte> FromPlain(int frame, out int length)
    {
        length = Length(frame);
        return Offload(frame).IsNone ? From(frame, 0) : default;
    }

    /// <summary>
    /// A frame's bytes that lie together from an offset on; empty from its end on, never before. A guest may change them at any time: whoever decides
    /// by what they say copies them first. Usually asked for in ascending order.
    /// </summary>
    public abstract ReadOnlySpan<byte> From(int frame, int offset);
}
