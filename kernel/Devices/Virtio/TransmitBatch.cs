using System;
using System.Runtime.CompilerServices;
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

    private readonly GuestRam _ram;
    private readonly int _longestChain;
    private readonly Entry[] _entries = new Entry[MaxCount];
    private int _count;

    // Where the last look was, if there was one: a buffer of that frame, and the frame's offset at that buffer's first byte that is the frame's.
    private int _lastFrame;
    private int _lastBuffer;
    private int _lastStart;

    // A frame: by which the driver knows its chain, the buffer and the offset in it where it begins, its bytes; where it lies, if in one buffer, else 0.
    private struct Entry
    {
        public ulong Address;
        public ushort Head;
        public int Buffer;
        public uint Offset;
        public int Length;
        public FrameOffload Offload;
    }

    /// <param name="longestChain">The queue's largest size.</param>
    public TransmitBatch(GuestRam ram, int longestChain)
    {
        _ram = ram;
        _longestChain = longestChain;
        Chain = new DescriptorChain(ram, longestChain + SpareBuffers, 0);
    }

    /// <summary>Takes the chains; its position is behind the last frame's header when that is added.</summary>
    public DescriptorChain Chain { get; }

    /// <summary>Whether one more chain fits, whatever it is.</summary>
    public bool HasRoom
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _count < MaxCount && Chain.Readable.Room >= _longestChain;
    }

    /// <inheritdoc/>
    public override int Count => _count;

    /// <inheritdoc/>
    public override int Length(int frame) => _entries[frame].Length;

    /// <inheritdoc/>
    public override FrameOffload Offload(int frame) => _entries[frame].Offload;

    /// <summary>By which the driver knows a frame's chain.</summary>
    public ushort Head(int frame) => _entries[frame].Head;

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
        GuestBuffers buffers = Chain.Readable;
        ref Entry entry = ref _entries[_count];
        entry.Address = 0;
        entry.Head = Chain.Head;
        entry.Buffer = buffers.Buffer;
        entry.Offset = buffers.Offset;
        entry.Length = length;
        entry.Offload = offload;
        _count = unchecked(_count + 1);
        buffers.SkipAll();
    }

    /// <summary>Adds a frame that lies in one buffer, which the chain does not hold.</summary>
    /// <param name="address">Where, in RAM; not 0.</param>
    /// <param name="length">At most <see cref="Frame.MaxLength"/> bytes.</param>
    public void Add(ushort head, ulong address, int length, in FrameOffload offload)
    {
        ref Entry entry = ref _entries[_count];
        entry.Address = address;
        entry.Head = head;
        entry.Length = length;
        entry.Offload = offload;
        _count = unchecked(_count + 1);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> FromPlain(int frame, out int length)
    {
        ref Entry entry = ref _entries[frame];
        length = entry.Length;
        if (!entry.Offload.IsNone)
            return default;
        if (entry.Address == 0)
            return From(frame, 0);
        return _ram.TryGetReadable(new GuestPhysicalAddress(entry.Address), unchecked((uint)length), out ReadOnlySpan<byte> bytes) ? bytes : default;
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> From(int frame, int offset)
    {
        if (unchecked((uint)frame >= (uint)_count))
            return default;
        ref Entry entry = ref _entries[frame];
        uint rest = unchecked((uint)(entry.Length - offset));
        if (unchecked((uint)offset >= (uint)entry.Length))
            return default;
        if (entry.Address == 0)
            return FromBuffers(frame, offset, in entry);
        return _ram.TryGetReadable(new GuestPhysicalAddress(unchecked(entry.Address + (uint)offset)), rest, out ReadOnlySpan<byte> bytes) ? bytes : default;
    }

    private ReadOnlySpan<byte> FromBuffers(int frame, int offset, ref readonly Entry entry)
    {
        if (frame != _lastFrame || offset < _lastStart)
            SetLast(frame, entry.Buffer);
        GuestBuffers buffers = Chain.Readable;
        for (; ;)
        {
            uint before = _lastBuffer == entry.Buffer ? entry.Offset : 0;
            uint here = buffers.LengthOf(_lastBuffer) - before;
            uint within = unchecked((uint)(offset - _lastStart));
            if (within < here)
                return buffers.From(_lastBuffer, before + within, unchecked((uint)(entry.Length - offset)));
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
