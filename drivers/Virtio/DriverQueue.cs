using HyperOS.Core;
using HyperOS.Specs.Virtio;

namespace HyperOS.Virtio;

/// <summary>What a used element turned out to be.</summary>
public enum UsedElement : byte
{
    /// <summary>There is none.</summary>
    None,
    Sound,

    /// <summary>It names no descriptor that the device has: nothing came back.</summary>
    Lie,
}

/// <summary>
/// A split virtqueue from the driver's side, in three pages; each descriptor has one buffer of its own, and each chain is one descriptor. What the
/// device has is remembered here, not in its reach. Virtio 1.2, section "Split Virtqueues".
/// </summary>
public sealed class DriverQueue
{
    public const int Pages = 3;

    /// <summary>Descriptors, at most.</summary>
    public const int MaximumSize = 256;

    // The elements behind the used ring's head of 4 bytes shall be aligned to their 8.
    private const int UsedStart = 4;

    private readonly DmaMemory _memory;
    private readonly int _descriptors, _available, _used;
    private readonly bool[] _isOut = new bool[MaximumSize];
    private readonly ushort[] _free = new ushort[MaximumSize];
    private int _freeCount;
    private ushort _availableIndex, _usedIndex, _notifiedIndex;

    /// <param name="memory">Where the queue lies.</param>
    /// <param name="start">Of its pages, in bytes.</param>
    public DriverQueue(DmaMemory memory, int start)
    {
        _memory = memory;
        _descriptors = start;
        _available = start + DmaMemory.PageBytes;
        _used = start + 2 * DmaMemory.PageBytes + UsedStart;
    }

    /// <summary>Elements; a power of two.</summary>
    public int Size { get; private set; }

    /// <summary>Descriptors that the device has.</summary>
    public int OutCount => Size - _freeCount;

    public ulong DescriptorAddress => _memory.DeviceAddress(_descriptors);

    public ulong AvailableAddress => _memory.DeviceAddress(_available);

    public ulong UsedAddress => _memory.DeviceAddress(_used);

    /// <summary>The device has returned something.</summary>
    public bool HasUsed => _memory.Read16(_used + SplitRing.Index) != _usedIndex;

    /// <summary>Empties the queue, while the device does not look at it.</summary>
    public void Reset(int size)
    {
        Size = size;
        _freeCount = size;
        _availableIndex = _usedIndex = _notifiedIndex = 0;
        for (int i = 0; i < size; i++)
        {
            _isOut[i] = false;
            _free[i] = (ushort)(size - 1 - i);
        }
        _memory.Bytes(_descriptors, DmaMemory.PageBytes).Clear();
        _memory.Bytes(_available, DmaMemory.PageBytes).Clear();
        _memory.Bytes(_used - UsedStart, DmaMemory.PageBytes).Clear();
    }

    /// <summary>A descriptor that the device has not.</summary>
    /// <returns>False if there is none.</returns>
    public bool TryTake(out int descriptor)
    {
        bool isFree = _freeCount != 0;
        descriptor = isFree ? _free[--_freeCount] : 0;
        return isFree;
    }

    /// <summary>Gives the device a descriptor that was taken.</summary>
    /// <param name="descriptor">Which.</param>
    /// <param name="address">The buffer's, for the device.</param>
    /// <param name="length">In bytes.</param>
    /// <param name="flags">Whether the device writes.</param>
    public void Offer(int descriptor, ulong address, int length, VirtqDescriptorFlags flags)
    {
        int at = _descriptors + descriptor * SplitRing.DescriptorBytes;
        _memory.Write64(at, address);
        _memory.Write64(at + SplitRing.DescriptorLength, (uint)length | (ulong)flags << 8 * (SplitRing.DescriptorFlags - SplitRing.DescriptorLength));
        _isOut[descriptor] = true;
        _memory.Write16(_available + SplitRing.Ring + SplitRing.AvailableElementBytes * (_availableIndex & Size - 1), (ushort)descriptor);
        _availableIndex = unchecked((ushort)(_availableIndex + 1));
    }

    /// <summary>Lets the device see what was offered.</summary>
    /// <returns>True if it wants to be notified.</returns>
    public bool Publish()
    {
        if (_notifiedIndex == _availableIndex)
            return false;
        _notifiedIndex = _availableIndex;
        _memory.Write16(_available + SplitRing.Index, _availableIndex);
        System.Threading.Interlocked.MemoryBarrier();
        return (_memory.Read16(_used + SplitRing.Flags) & SplitRing.VIRTQ_USED_F_NO_NOTIFY) == 0;
    }

    /// <summary>What the device has returned next. The descriptor is the driver's again, and taken until <see cref="Return"/>.</summary>
    /// <param name="descriptor">Which.</param>
    /// <param name="length">What the device claims to have written, unchecked.</param>
    public UsedElement TryGetUsed(out int descriptor, out uint length)
    {
        descriptor = 0;
        length = 0;
        if (!HasUsed)
            return UsedElement.None;
        ulong element = _memory.Read64(_used + SplitRing.Ring + SplitRing.UsedElementBytes * (_usedIndex & Size - 1));
        _usedIndex = unchecked((ushort)(_usedIndex + 1));
        uint id = unchecked((uint)element);
        length = (uint)(element >> 32);
        if (id >= (uint)Size || !_isOut[(int)id])
            return UsedElement.Lie;
        descriptor = (int)id;
        _isOut[descriptor] = false;
        return UsedElement.Sound;
    }

    /// <summary>A descriptor may be taken again.</summary>
    public void Return(int descriptor) => _free[_freeCount++] = (ushort)descriptor;

    /// <summary>Whether the device shall interrupt.</summary>
    public void SetInterrupts(bool isWanted)
    {
        _memory.Write16(_available + SplitRing.Flags, isWanted ? (ushort)0 : SplitRing.VIRTQ_AVAIL_F_NO_INTERRUPT);
        System.Threading.Interlocked.MemoryBarrier();
    }
}
