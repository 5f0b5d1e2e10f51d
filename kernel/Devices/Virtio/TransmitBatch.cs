using System;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// Frames that wait in a transmit queue, where they lie in the guest's RAM. One for each queue, owned by the queue's owner; on the way
/// through the switch the frames are read by one thread at a time.
/// </summary>
internal sealed class TransmitBatch : FrameBatch
{
    /// <summary>Buffers that fit beside the longest chain.</summary>
    private const int SpareBuffers = 128;

    private readonly int _longestChain;
    private readonly ushort[] _heads = new ushort[MaxCount];
    private readonly int[] _buffers = new int[MaxCount];
    private readonly uint[] _offsets = new uint[MaxCount];
    private readonly int[] _lengths = new int[MaxCount];
    private readonly FrameOffload[] _offloads = new FrameOffload[MaxCount];
    private int _count;

    // Where the last look was, if there was one: a buffer of that frame, and the frame's offset at that buffer's first byte that is the frame's.
    private int _lastFrame;
    private int _lastBuffer;
    private int _lastStart;

    /// <param name="longestChain">The queue's largest size.</param>
    public TransmitBatch(GuestRam ram, int longestChain)
    {
        _longestChain = longestChain;
        Chain = new DescriptorChain(ram, longestChain + SpareBuffers, 0);
    }

    /// <summary>Takes the chains; its position is behind the last frame's header when that is added.</summary>
    public DescriptorChain Chain { get; }

    /// <summary>Whether one more chain fits, whatever it is.</summary>
    public bool HasRoom => _count < MaxCount && Chain.Readable.Room >= _longestChain;

    /// <inheritdoc/>
    public override int Count => _count;

    /// <inheritdoc/>
    public override int Length(int frame) => _lengths[frame];

    /// <inheritdoc/>
    public override FrameOffload Offload(int frame) => _offloads[frame];

    /// <summary>By which the driver knows a frame's chain.</summary>
    public ushort Head(int frame) => _heads[frame];

    /// <summary>Makes it empty.</summary>
    public void Clear()
    {
        _count = 0;
        Chain.Clear();
        SetLast(-1, 0);
    }

    /// <summary>Adds the frame that reaches from the chain's position to its end.</summary>
    /// <param name="length">What remains, at most <see cref="Frame.MaxLength"/> bytes.</param>
    public void Add(int length, in FrameOffload offload)
    {
        _heads[_count] = Chain.Head;
        _buffers[_count] = Chain.Readable.Buffer;
        _offsets[_count] = Chain.Readable.Offset;
        _lengths[_count] = length;
        _offloads[_count] = offload;
        _count++;
        Chain.Readable.Skip(Chain.Readable.Remaining);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> From(int frame, int offset)
    {
        if ((uint)frame >= (uint)_count || (uint)offset >= (uint)_lengths[frame])
            return default;
        if (frame != _lastFrame || offset < _lastStart)
            SetLast(frame, _buffers[frame]);
        GuestBuffers buffers = Chain.Readable;
        for (; ;)
        {
            uint before = _lastBuffer == _buffers[frame] ? _offsets[frame] : 0;
            uint here = buffers.LengthOf(_lastBuffer) - before;
            uint within = (uint)(offset - _lastStart);
            if (within < here)
            {
                ReadOnlySpan<byte> bytes = buffers.From(_lastBuffer, before + within);
                int rest = _lengths[frame] - offset;
                return bytes.Length <= rest ? bytes : bytes.Slice(0, rest);
            }
            _lastStart += (int)here;
            _lastBuffer++;
        }
    }

    private void SetLast(int frame, int buffer)
    {
        _lastFrame = frame;
        _lastBuffer = buffer;
        _lastStart = 0;
    }
}
