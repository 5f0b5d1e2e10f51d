using System;
using HyperOS.Core;

namespace HyperOS.Ethernet;

/// <summary>Frames where the card has put them. Lengths are checked before they are added; the bytes the card may change at any time.</summary>
public sealed class NicBatch : FrameBatch
{
    private readonly DmaMemory _memory;
    private readonly int[] _starts = new int[MaxCount];
    private readonly int[] _lengths = new int[MaxCount];
    private int _count;

    public NicBatch(DmaMemory memory) => _memory = memory;

    public override int Count => _count;

    public bool IsFull => _count == MaxCount;

    public override int Length(int frame) => _lengths[frame];

    public override FrameOffload Offload(int frame) => default;

    public override ReadOnlySpan<byte> From(int frame, int offset) =>
        (uint)offset < (uint)_lengths[frame] ? _memory.Bytes(_starts[frame] + offset, _lengths[frame] - offset) : default;

    public void Clear() => _count = 0;

    /// <param name="start">Offset in the card's memory.</param>
    /// <param name="length">In bytes; the frame lies in one buffer.</param>
    public void Add(int start, int length)
    {
        _starts[_count] = start;
        _lengths[_count++] = length;
    }
}
