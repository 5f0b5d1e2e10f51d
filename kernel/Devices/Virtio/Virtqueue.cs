using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.Virtio;

namespace HyperOS.Devices;

/// <summary>
/// The device's side of a split virtqueue: virtio 1.2, section "Split Virtqueues". The driver puts chains of descriptors into the available ring,
/// the device takes them in order, and gives them back by the used ring.
/// <code>
///   TryTake -> work -> Use, Use, … -> Publish: interrupt? -> TryTake is Empty -> AskForNotification: is it still? -> wait
/// </code>
/// </summary>
/// <remarks>
/// Rings and descriptors lie in the guest's RAM and may change at any time: each is read once, then checked. The queue has one owner at a time and
/// no lock. While it is being served the driver need not notify.
/// </remarks>
public sealed class Virtqueue
{
    // Configuration.
    private readonly GuestRam _ram;

    // Guest-visible state.
    private ushort _size;
    private ulong _descriptors;
    private ulong _available;
    private ulong _used;
    private bool _isEnabled;

    // State. Indices count up and wrap around; the ring's element is the index modulo the size.
    private bool _hasEventIndex;
    private bool _hasIndirect;
    private ushort _nextAvailable;
    private ushort _seenAvailable;
    private ushort _nextUsed;
    private ushort _publishedUsed;

    /// <param name="maximumSize">The largest size, which the driver may reduce; a power of two up to 32,768.</param>
    public Virtqueue(GuestRam ram, ushort maximumSize)
    {
        _ram = ram;
        MaximumSize = maximumSize;
        Reset();
    }

    /// <summary>Descriptors at most, in the table and in one chain.</summary>
    public ushort MaximumSize { get; }

    /// <summary>Descriptors in the table; may be set until the queue is enabled, to what it may not be too: then it cannot be enabled.</summary>
    public ushort Size
    {
        get => _size;
        set => _size = _isEnabled ? _size : value;
    }

    /// <summary>Where the descriptor table lies; may be set until the queue is enabled.</summary>
    public GuestPhysicalAddress DescriptorArea
    {
        get => new(_descriptors);
        set => _descriptors = _isEnabled ? _descriptors : value.Value;
    }

    /// <summary>Where the available ring lies; may be set until the queue is enabled.</summary>
    public GuestPhysicalAddress DriverArea
    {
        get => new(_available);
        set => _available = _isEnabled ? _available : value.Value;
    }

    /// <summary>Where the used ring lies; may be set until the queue is enabled.</summary>
    public GuestPhysicalAddress DeviceArea
    {
        get => new(_used);
        set => _used = _isEnabled ? _used : value.Value;
    }

    /// <summary>Whether the driver has set it up.</summary>
    public bool IsEnabled => _isEnabled;

    /// <summary>Chains that were taken and not yet given back.</summary>
    public ushort InFlight => unchecked((ushort)(_nextAvailable - _nextUsed));

    /// <summary>The queue as it is before a driver sets it up.</summary>
    public void Reset()
    {
        _size = MaximumSize;
        _descriptors = 0;
        _available = 0;
        _used = 0;
        _isEnabled = false;
        _hasEventIndex = false;
        _hasIndirect = false;
        _nextAvailable = 0;
        _seenAvailable = 0;
        _nextUsed = 0;
        _publishedUsed = 0;
    }

    /// <summary>Enables the queue, if its size and its three parts can be: sized by a power of two, aligned, in RAM, without overlaps.</summary>
    public bool TryEnable()
    {
        _isEnabled = _isEnabled || IsLayoutValid;
        return _isEnabled;
    }

    /// <summary>The features that driver and device have agreed on, before the first chain is taken.</summary>
    public void Negotiate(ulong features)
    {
        _hasEventIndex = (features & VirtioFeatures.VIRTIO_F_EVENT_IDX) != 0;
        _hasIndirect = (features & VirtioFeatures.VIRTIO_F_INDIRECT_DESC) != 0;
    }

    /// <summary>Takes the next chain and appends its buffers to what <paramref name="chain"/> holds already.</summary>
    /// <returns>Whether there was one. After an error the queue is of no more use until it is reset.</returns>
    public VirtqueueStatus TryTake(DescriptorChain chain)
    {
        if (_nextAvailable == _seenAvailable)
        {
            VirtqueueStatus found = Look();
            if (found != VirtqueueStatus.Taken)
                return found;
        }
        uint element = unchecked(_nextAvailable & (_size - 1u));
        if (!TryLoad(unchecked(_available + SplitRing.Ring + element * SplitRing.AvailableElementBytes), out ushort head))
            return VirtqueueStatus.BadLayout;
        VirtqueueStatus status = Walk(head, chain);
        if (status != VirtqueueStatus.Taken)
            return status;
        chain.Head = head;
        FaultPoint.Hit(FaultPlace.Virtqueue);
        _nextAvailable = unchecked((ushort)(_nextAvailable + 1));
        return VirtqueueStatus.Taken;
    }

    /// <summary>Looks up where the enabled queue's parts lie.</summary>
    public void Open(out QueueRings rings)
    {
        rings.Descriptors = _ram.Words(new GuestPhysicalAddress(_descriptors), 2 * _size);
        rings.Available = _ram.HalfWords(new GuestPhysicalAddress(_available + SplitRing.Ring), _size);
        rings.Used = _ram.Words(new GuestPhysicalAddress(_used + SplitRing.Ring), _size);
    }

    /// <summary>Takes the next chain if it is a single buffer, which the caller finds in RAM or puts back: <see cref="TryTake"/> judges it then.</summary>
    /// <returns>False if there is none, or it is of another form.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTakeSingle(ref readonly QueueRings rings, out SingleBuffer buffer)
    {
        unchecked
        {
            buffer = default;
            if (_nextAvailable == _seenAvailable && Look() != VirtqueueStatus.Taken)
                return false;
            uint element = _nextAvailable & (_size - 1u);
            ReadOnlySpan<ushort> available = rings.Available;
            if (element >= (uint)available.Length)
                return false;
            uint head = available[(int)element];
            ReadOnlySpan<ulong> words = rings.Descriptors;
            if (2 * head + 1 >= (uint)words.Length)
                return false;
            ulong rest = words[(int)(2 * head + 1)], address = words[(int)(2 * head)];
            uint length = (uint)rest;
            ushort flags = (ushort)(rest >> 32);
            if (length == 0 || (flags & ~(uint)VirtqDescriptorFlags.VIRTQ_DESC_F_WRITE) != 0)
                return false;
            FaultPoint.Hit(FaultPlace.Virtqueue);
            buffer.Head = (ushort)head;
            buffer.IsWritable = flags != 0;
            buffer.Length = length;
            buffer.Address = address;
            _nextAvailable++;
            return true;
        }
    }

    /// <summary>Leaves the last chains that were taken in the available ring after all. None of them has been given back.</summary>
    public void PutBack(int chains) => _nextAvailable = unchecked((ushort)(_nextAvailable - chains));

    /// <summary>Gives a chain back. The driver sees it after <see cref="Publish"/>.</summary>
    /// <param name="head">By which the driver knows it.</param>
    /// <param name="written">Bytes that the device has written, from the first writable one on.</param>
    /// <returns>False when the ring is not in RAM any more.</returns>
    public bool Use(ushort head, uint written)
    {
        uint element = unchecked(_nextUsed & (_size - 1u));
        GuestPhysicalAddress address = new(unchecked(_used + SplitRing.Ring + element * SplitRing.UsedElementBytes));
        ulong value = head | (ulong)written << 32;
        if (!IsInPage(address.Value, SplitRing.UsedElementBytes))
        {
            if (!TryWriteSplit(address, value))
                return false;
        }
        else if (_ram.TryGetWritableInPage(address, SplitRing.UsedElementBytes, out Span<byte> bytes))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        }
        else
        {
            return false;
        }
        _nextUsed = unchecked((ushort)(_nextUsed + 1));
        return true;
    }

    /// <inheritdoc cref="Use(ushort, uint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Use(ref QueueRings rings, ushort head, uint written)
    {
        unchecked
        {
            uint element = _nextUsed & (_size - 1u);
            Span<ulong> used = rings.Used;
            if (element >= (uint)used.Length)
                return Use(head, written);
            used[(int)element] = head | (ulong)written << 32;
            _nextUsed++;
            return true;
        }
    }

    /// <summary>Lets the driver see all chains that were given back.</summary>
    /// <param name="interrupt">Whether it wants to be interrupted for them.</param>
    /// <returns>False when the rings are not in RAM any more.</returns>
    public bool Publish(out bool interrupt)
    {
        interrupt = false;
        ushort old = _publishedUsed;
        if (_nextUsed == old)
            return true;
        FaultPoint.Hit(FaultPlace.VirtqueueUse);
        Volatile.WriteBarrier(); // elements before the index that covers them
        if (!TryStore(_used + SplitRing.Index, _nextUsed))
            return false;
        _publishedUsed = _nextUsed;
        Interlocked.MemoryBarrier(); // the index before a look at what the driver wants, who does both the other way round
        if (!_hasEventIndex)
        {
            bool read = TryLoad(_available + SplitRing.Flags, out ushort flags);
            interrupt = (flags & SplitRing.VIRTQ_AVAIL_F_NO_INTERRUPT) == 0;
            return read;
        }
        if (!TryLoad(_available + SplitRing.Ring + (uint)(_size * SplitRing.AvailableElementBytes), out ushort usedEvent))
            return false;
        interrupt = Passes(usedEvent, old, _publishedUsed);
        return true;
    }

    /// <summary>Tells the driver that it need not notify, where it does not know by itself.</summary>
    /// <returns>False when the ring is not in RAM any more.</returns>
    public bool SuppressNotifications() => _hasEventIndex || TryStore(_used + SplitRing.Flags, SplitRing.VIRTQ_USED_F_NO_NOTIFY);

    /// <summary>Asks the driver to notify when it makes the next chain available.</summary>
    /// <param name="isEmpty">Whether nothing is available: else the caller goes on, for nobody may notify of that.</param>
    /// <returns>False when the rings are not in RAM any more.</returns>
    public bool AskForNotification(out bool isEmpty)
    {
        isEmpty = true;
        ushort next = _nextAvailable;
        bool asked = _hasEventIndex
            ? TryStore(_used + SplitRing.Ring + (uint)(_size * SplitRing.UsedElementBytes), next)
            : TryStore(_used + SplitRing.Flags, 0);
        if (!asked)
            return false;
        Interlocked.MemoryBarrier(); // the wish before the look, which the driver does the other way round
        if (!TryLoad(_available + SplitRing.Index, out ushort index))
            return false;
        isEmpty = index == next;
        return true;
    }

    /// <summary>Saves the queue. No chain is in flight and all that were used are published.</summary>
    public void Save(out VirtqueueState state)
    {
        state = default;
        state.DescriptorArea = _descriptors;
        state.DriverArea = _available;
        state.DeviceArea = _used;
        state.Size = _size;
        state.Enabled = _isEnabled ? (byte)1 : (byte)0;
        state.NextAvailable = _nextAvailable;
        state.NextUsed = _nextUsed;
    }

    /// <summary>Whether <see cref="Restore"/> takes a record.</summary>
    public bool CanRestore(in VirtqueueState state) =>
        state.Enabled <= 1 && (state.Enabled == 0 || IsValid(state.Size, state.DescriptorArea, state.DriverArea, state.DeviceArea));

    /// <summary>Restores a saved queue, which <see cref="CanRestore"/>, of a device that has agreed on these features.</summary>
    public void Restore(in VirtqueueState state, ulong features)
    {
        Reset();
        _descriptors = state.DescriptorArea;
        _available = state.DriverArea;
        _used = state.DeviceArea;
        _size = state.Size;
        _isEnabled = state.Enabled != 0;
        _nextAvailable = state.NextAvailable;
        _seenAvailable = state.NextAvailable;
        _nextUsed = state.NextUsed;
        _publishedUsed = state.NextUsed;
        Negotiate(features);
    }

    private bool IsLayoutValid => IsValid(_size, _descriptors, _available, _used);

    private bool IsValid(ushort size, ulong descriptors, ulong available, ulong used)
    {
        if (!BitOperations.IsPow2(size) || size > MaximumSize)
            return false;
        ulong descriptorBytes = (ulong)size * SplitRing.DescriptorBytes;
        ulong availableBytes = SplitRing.Ring + (ulong)size * SplitRing.AvailableElementBytes + SplitRing.EventBytes;
        ulong usedBytes = SplitRing.Ring + (ulong)size * SplitRing.UsedElementBytes + SplitRing.EventBytes;
        return Alignment.IsAligned(descriptors, SplitRing.DescriptorAlignment) && Alignment.IsAligned(available, SplitRing.AvailableAlignment)
            && Alignment.IsAligned(used, SplitRing.UsedAlignment) && _ram.Contains(new GuestPhysicalAddress(descriptors), descriptorBytes)
            && _ram.Contains(new GuestPhysicalAddress(available), availableBytes) && _ram.Contains(new GuestPhysicalAddress(used), usedBytes)
            && !Overlap(descriptors, descriptorBytes, available, availableBytes) && !Overlap(descriptors, descriptorBytes, used, usedBytes)
            && !Overlap(available, availableBytes, used, usedBytes);
    }

    // Ranges in RAM, which do not wrap around.
    private static bool Overlap(ulong one, ulong oneBytes, ulong other, ulong otherBytes) => one < other + otherBytes && other < one + oneBytes;

    // How far the driver has come.
    private VirtqueueStatus Look()
    {
        if (!TryLoad(_available + SplitRing.Index, out ushort index))
            return VirtqueueStatus.BadLayout;
        ushort count = unchecked((ushort)(index - _nextAvailable));
        if (count == 0)
            return VirtqueueStatus.Empty;
        if (count > _size)
            return VirtqueueStatus.BadIndex;
        _seenAvailable = index;
        Volatile.ReadBarrier(); // the index before the elements that it covers
        return VirtqueueStatus.Taken;
    }

    private VirtqueueStatus Walk(ushort head, DescriptorChain chain)
    {
        ulong table = _descriptors;
        uint tableSize = _size;
        uint index = head;
        bool isIndirect = false, hasWritable = false;
        int firstReadable = chain.Readable.Count;
        for (int left = MaximumSize; ;)
        {
            if (index >= tableSize)
                return VirtqueueStatus.BadDescriptor;
            if (!TryReadDescriptor(unchecked(table + index * SplitRing.DescriptorBytes), out ulong address, out ulong rest))
                return VirtqueueStatus.OutsideRam;
            uint length = unchecked((uint)rest);
            VirtqDescriptorFlags flags = (VirtqDescriptorFlags)unchecked((ushort)(rest >> 32));
            if (length == 0)
                return VirtqueueStatus.EmptyBuffer;
            if (!_ram.Contains(new GuestPhysicalAddress(address), length))
                return VirtqueueStatus.OutsideRam;
            if ((flags & VirtqDescriptorFlags.VIRTQ_DESC_F_INDIRECT) != 0)
            {
                if (!_hasIndirect || isIndirect || (flags & VirtqDescriptorFlags.VIRTQ_DESC_F_NEXT) != 0 || length % SplitRing.DescriptorBytes != 0)
                    return VirtqueueStatus.BadIndirect;
                isIndirect = true;
                table = address;
                tableSize = length / SplitRing.DescriptorBytes;
                index = 0;
                continue;
            }
            if (unchecked(left--) == 0)
                return VirtqueueStatus.TooLong;
            if ((flags & VirtqDescriptorFlags.VIRTQ_DESC_F_WRITE) != 0)
            {
                hasWritable = true;
                if (!chain.Writable.TryAdd(address, length))
                    return VirtqueueStatus.TooLong;
                if (chain.Readable.Count != firstReadable && chain.Readable.Overlaps(firstReadable, address, length))
                    return VirtqueueStatus.Overlap;
            }
            else if (hasWritable)
            {
                return VirtqueueStatus.BadOrder;
            }
            else if (!chain.Readable.TryAdd(address, length))
            {
                return VirtqueueStatus.TooLong;
            }
            if ((flags & VirtqDescriptorFlags.VIRTQ_DESC_F_NEXT) == 0)
                return VirtqueueStatus.Taken;
            index = (uint)(rest >> 48);
        }
    }

    private static bool IsInPage(ulong address, uint length) => (address & (Core.Size.Page - 1)) <= Core.Size.Page - length;

    // Both halves are read once. Only an indirect table may lie so that a descriptor is in two pages.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryReadDescriptor(ulong address, out ulong buffer, out ulong rest)
    {
        if (!IsInPage(address, SplitRing.DescriptorBytes))
            return TryReadSplit(address, out buffer, out rest);
        if (!_ram.TryGetReadableInPage(new GuestPhysicalAddress(address), SplitRing.DescriptorBytes, out ReadOnlySpan<byte> bytes))
        {
            buffer = rest = 0;
            return false;
        }
        buffer = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        rest = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(SplitRing.DescriptorLength));
        return true;
    }

    private bool TryReadSplit(ulong address, out ulong buffer, out ulong rest)
    {
        buffer = 0;
        rest = 0;
        Span<byte> copy = stackalloc byte[SplitRing.DescriptorBytes];
        if (!_ram.TryRead(new GuestPhysicalAddress(address), copy))
            return false;
        buffer = BinaryPrimitives.ReadUInt64LittleEndian(copy);
        rest = BinaryPrimitives.ReadUInt64LittleEndian(copy.Slice(SplitRing.DescriptorLength));
        return true;
    }

    private bool TryWriteSplit(GuestPhysicalAddress address, ulong value)
    {
        Span<byte> copy = stackalloc byte[SplitRing.UsedElementBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(copy, value);
        return _ram.TryWrite(address, copy);
    }

    // The rings' words are aligned: each is read and written in one piece.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryLoad(ulong address, out ushort value)
    {
        if (!_ram.TryGetReadableInPage(new GuestPhysicalAddress(address), sizeof(ushort), out ReadOnlySpan<byte> bytes))
        {
            value = 0;
            return false;
        }
        value = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        return true;
    }

    private bool TryStore(ulong address, ushort value)
    {
        bool found = _ram.TryGetWritableInPage(new GuestPhysicalAddress(address), sizeof(ushort), out Span<byte> bytes);
        if (found)
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return found;
    }

    // Whether an index that went from old to now passed the event: virtio 1.2, "Used Buffer Notification Suppression".
    private static bool Passes(ushort eventIndex, ushort old, ushort now) =>
        unchecked((ushort)(now - eventIndex - 1)) < unchecked((ushort)(now - old));
}
