using System;
using System.Buffers.Binary;
using System.Numerics;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.Virtio;

namespace HyperOS.Devices;

/// <summary>
/// A disk: virtio 1.2, section "Block Device". With a store whose calls are done when they return, data goes between the guest's buffers and the store
/// without a copy between, and requests of a queue are done in order; each queue may be served by a thread of its own where the store allows. With a
/// disk that takes its time, behind a <see cref="BlockQueue"/>, many requests are under way, which end in any order; their data is copied once.
/// </summary>
public sealed class VirtioBlockDevice : VirtioDevice
{
    /// <summary>Descriptors of each queue.</summary>
    public const ushort QueueSize = 128;

    /// <summary>Most queues that a disk can have.</summary>
    public const int MostQueues = 16;

    /// <summary>Segments and bytes of each that the driver is told not to exceed; a request of more than their product fails.</summary>
    private const uint SegmentMaximum = QueueSize - 2, SizeMaximum = 64 * 1024;

    private const ulong RequestMaximum = (ulong)SegmentMaximum * SizeMaximum;

    /// <summary>Sectors of a range, and ranges of a request: so much, and no more, is done between two looks around.</summary>
    private const uint DiscardSectorMaximum = 1 << 16, DiscardRangeMaximum = 8, ZeroSectorMaximum = 1 << 13, ZeroRangeMaximum = 8;

    /// <summary>Zeroes written in the time in which one byte is copied, and bytes discarded.</summary>
    private const int ZeroesPerByte = 2, DiscardsPerByte = 128;

    // Configuration.
    private readonly byte[] _id = new byte[VirtioBlock.IdBytes];

    // Wiring. A store or a disk.
    private readonly BlockMedium _medium;
    private readonly BlockStore? _store;
    private readonly BlockQueue? _disk;
    private readonly DescriptorChain[] _chains = [];

    // State of a disk: requests that are under way, in the order in which they came, and those that can be begun.
    private BlockTransfer? _firstActive, _lastActive, _firstFree;
    private readonly BlockTransfer[] _transfers = [];

    /// <param name="store">What lies behind the disk.</param>
    /// <param name="id">Its serial number, ASCII; 20 bytes of it count.</param>
    /// <param name="queues">From 1 to <see cref="MostQueues"/>: one for each vCPU serves best.</param>
    public VirtioBlockDevice(GuestRam ram, BlockStore store, ReadOnlySpan<byte> id, int queues)
        : this(ram, store, id, queues, store.DiscardBytes)
    {
        _store = store;
        _chains = new DescriptorChain[queues];
        for (int i = 0; i < queues; i++)
            _chains[i] = new DescriptorChain(ram, QueueSize, QueueSize);
        OnReset();
    }

    /// <param name="disk">What lies behind the disk; the device's alone.</param>
    /// <param name="id">Its serial number, ASCII; 20 bytes of it count.</param>
    public VirtioBlockDevice(GuestRam ram, BlockQueue disk, ReadOnlySpan<byte> id)
        : this(ram, disk, id, 1, disk.DiscardBytes)
    {
        _disk = disk;
        _transfers = new BlockTransfer[disk.PieceCount];
        for (int i = 0; i < _transfers.Length; i++)
            _transfers[i] = new BlockTransfer(ram, disk, QueueSize);
        OnReset();
    }

    private VirtioBlockDevice(GuestRam ram, BlockMedium store, ReadOnlySpan<byte> id, int queues, uint discardBytes)
        : base(VirtioDeviceId.Block, Features(store, queues), ram, queues, QueueSize, VirtioBlock.ConfigurationBytes)
    {
        _medium = store;
        id.Slice(0, Math.Min(id.Length, _id.Length)).CopyTo(_id);
        Span<byte> configuration = Configuration;
        BinaryPrimitives.WriteUInt64LittleEndian(configuration.Slice(VirtioBlock.Capacity), store.Length / BlockStore.SectorBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.SizeMax), SizeMaximum);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.SegMax), SegmentMaximum);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.BlkSize), (uint)store.BlockBytes);
        int blocks = store.PhysicalBlockBytes / store.BlockBytes;
        configuration[VirtioBlock.PhysicalBlockExp] = (byte)BitOperations.Log2((uint)blocks);
        BinaryPrimitives.WriteUInt16LittleEndian(configuration.Slice(VirtioBlock.MinIoSize), (ushort)blocks);
        BinaryPrimitives.WriteUInt16LittleEndian(configuration.Slice(VirtioBlock.NumQueues), (ushort)queues);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.MaxDiscardSectors), DiscardSectorMaximum);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.MaxDiscardSeg), DiscardRangeMaximum);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.DiscardSectorAlignment), discardBytes / BlockStore.SectorBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.MaxWriteZeroesSectors), ZeroSectorMaximum);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.MaxWriteZeroesSeg), ZeroRangeMaximum);
        configuration[VirtioBlock.WriteZeroesMayUnmap] = discardBytes != 0 ? (byte)1 : (byte)0;
    }

    /// <summary>Saves the device. No queue is being served.</summary>
    public void Save(out VirtioBlockState state)
    {
        state = default;
        state.Version = VirtioBlockState.CurrentVersion;
        state.Writeback = Configuration[VirtioBlock.Writeback];
        SaveCommon(out state.Device);
    }

    /// <summary>Restores a saved device. No queue is being served.</summary>
    public RestoreStatus Restore(in VirtioBlockState state)
    {
        if (state.Version != VirtioBlockState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        RestoreStatus status = state.Writeback > 1 ? RestoreStatus.InvalidValue : CheckCommon(in state.Device);
        if (status != RestoreStatus.Restored)
            return status;
        Configuration[VirtioBlock.Writeback] = state.Writeback;
        RestoreCommon(in state.Device);
        return RestoreStatus.Restored;
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        Configuration[VirtioBlock.Writeback] = 1;
        _firstActive = _lastActive = _firstFree = null;
        foreach (BlockTransfer transfer in _transfers)
            Free(transfer);
        _disk?.Abandon();
    }

    /// <inheritdoc/>
    protected override void OnConfigurationWrite(int offset, ReadOnlySpan<byte> source)
    {
        if (offset == VirtioBlock.Writeback && source.Length == 1 && Has(VirtioBlock.VIRTIO_BLK_F_CONFIG_WCE))
            Configuration[VirtioBlock.Writeback] = (byte)(source[0] & 1);
    }

    /// <inheritdoc/>
    protected override ServiceOutcome OnService(int index, Virtqueue queue, int budget) =>
        _disk is null ? ServeChains(index, queue, _chains[index], budget) : ServeDisk(queue, budget);

    /// <inheritdoc/>
    protected override ChainOutcome OnChain(int index, DescriptorChain chain, ref long budget, out uint written)
    {
        written = 0;
        GuestBuffers input = chain.Readable, output = chain.Writable;
        if (!TryReadHeader(chain, out VirtioBlockType type, out ulong sector))
            return ChainOutcome.Malformed;
        VirtioBlockStatus status = type switch
        {
            VirtioBlockType.VIRTIO_BLK_T_IN => Read(sector, output, output.Length - 1),
            VirtioBlockType.VIRTIO_BLK_T_OUT => Write(sector, input),
            VirtioBlockType.VIRTIO_BLK_T_FLUSH => Of(_store!.Flush()),
            VirtioBlockType.VIRTIO_BLK_T_GET_ID => ReadId(output),
            VirtioBlockType.VIRTIO_BLK_T_DISCARD when Has(VirtioBlock.VIRTIO_BLK_F_DISCARD) => ForRanges(input, true, ref budget),
            VirtioBlockType.VIRTIO_BLK_T_WRITE_ZEROES when Has(VirtioBlock.VIRTIO_BLK_F_WRITE_ZEROES) => ForRanges(input, false, ref budget),
            _ => VirtioBlockStatus.VIRTIO_BLK_S_UNSUPP,
        };
        written = Answer(output, status);
        return ChainOutcome.Used;
    }

    private static bool TryReadHeader(DescriptorChain chain, out VirtioBlockType type, out ulong sector)
    {
        Span<byte> header = stackalloc byte[VirtioBlock.HeaderBytes];
        bool isWhole = chain.Readable.Read(header) == header.Length && chain.Writable.Length != 0;
        type = (VirtioBlockType)BinaryPrimitives.ReadUInt32LittleEndian(header);
        sector = BinaryPrimitives.ReadUInt64LittleEndian(header.Slice(VirtioBlock.HeaderSector));
        return isWhole;
    }

    // Used lengths count from the first byte on: of a request that left a gap before its status nothing counts.
    private static uint Answer(GuestBuffers output, VirtioBlockStatus status)
    {
        uint written = 0;
        if (output.Remaining == 1)
            written = (uint)output.Length;
        else
            output.Skip(output.Remaining - 1);
        Span<byte> last = output.NextWritable();
        if (!last.IsEmpty)
            last[0] = (byte)status;
        return written;
    }

    // Ends what is done, and begins what the guest asks for, as far as there is room; what is done later has this called again.
    private ServiceOutcome ServeDisk(Virtqueue queue, int budget)
    {
        if (!queue.SuppressNotifications())
            return Fail(0, VirtqueueStatus.BadLayout);
        for (long left = budget; ;)
        {
            long moved = 0;
            if (!TryAdvance(queue, ref moved))
                return Fail(0, VirtqueueStatus.BadLayout);
            left -= moved;
            BlockTransfer? transfer = _firstFree;
            if (transfer is null || left <= 0)
            {
                Publish(0);
                return left <= 0 ? ServiceOutcome.More : ServiceOutcome.Waiting;
            }
            BlockTransfer? rest = transfer.Next;
            transfer.Reset();
            transfer.Next = rest;
            VirtqueueStatus status = queue.TryTake(transfer.Chain);
            if (status == VirtqueueStatus.Empty)
            {
                if (!Publish(0))
                    return ServiceOutcome.Idle;
                if (!queue.AskForNotification(out bool isEmpty))
                    return Fail(0, VirtqueueStatus.BadLayout);
                left -= ChainCost;
                if (isEmpty)
                    return ServiceOutcome.Idle;
                if (left <= 0)
                    return ServiceOutcome.More;
                continue;
            }
            if (status != VirtqueueStatus.Taken)
                return Fail(0, status);
            if (!TryBegin(transfer))
                return Fail(0, VirtqueueStatus.BadRequest);
            left -= ChainCost;
        }
    }

    // Goes on with all requests that are under way, and gives back those that are over. False where the ring is not in RAM any more.
    private bool TryAdvance(Virtqueue queue, ref long moved)
    {
        BlockTransfer? before = null;
        for (BlockTransfer? each = _firstActive; each is not null;)
        {
            BlockTransfer? next = each.Next;
            if (!each.Advance(ref moved))
            {
                before = each;
                each = next;
                continue;
            }
            if (before is null)
                _firstActive = next;
            else
                before.Next = next;
            if (next is null)
                _lastActive = before;
            uint written = Answer(each.Chain.Writable, each.Status);
            Free(each);
            if (!queue.Use(each.Chain.Head, written))
                return false;
            each = next;
        }
        return true;
    }

    // Takes the free request whose chain was taken into use.
    private bool TryBegin(BlockTransfer transfer)
    {
        GuestBuffers input = transfer.Chain.Readable, output = transfer.Chain.Writable;
        if (!TryReadHeader(transfer.Chain, out VirtioBlockType type, out ulong sector))
            return false;
        _firstFree = transfer.Next;
        transfer.Next = null;
        transfer.Status = type switch
        {
            VirtioBlockType.VIRTIO_BLK_T_IN => Prepare(transfer, BlockOperation.Read, sector, output.Length - 1),
            VirtioBlockType.VIRTIO_BLK_T_OUT => Prepare(transfer, BlockOperation.Write, sector, input.Remaining),
            VirtioBlockType.VIRTIO_BLK_T_FLUSH => Prepare(transfer, BlockOperation.Flush, 0, 0),
            VirtioBlockType.VIRTIO_BLK_T_GET_ID => ReadId(output),
            VirtioBlockType.VIRTIO_BLK_T_DISCARD when Has(VirtioBlock.VIRTIO_BLK_F_DISCARD) => PrepareRanges(transfer, input, true),
            VirtioBlockType.VIRTIO_BLK_T_WRITE_ZEROES when Has(VirtioBlock.VIRTIO_BLK_F_WRITE_ZEROES) => PrepareRanges(transfer, input, false),
            _ => VirtioBlockStatus.VIRTIO_BLK_S_UNSUPP,
        };
        if (_lastActive is null)
            _firstActive = transfer;
        else
            _lastActive.Next = transfer;
        _lastActive = transfer;
        return true;
    }

    private VirtioBlockStatus Prepare(BlockTransfer transfer, BlockOperation operation, ulong sector, ulong length)
    {
        if (operation == BlockOperation.Write && _medium.IsReadOnly || !TryLocate(sector, length, out ulong offset))
            return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        transfer.Begin(operation, operation == BlockOperation.Flush || operation == BlockOperation.Write && !IsCached);
        if (length != 0)
            transfer.Add(offset, length);
        return VirtioBlockStatus.VIRTIO_BLK_S_OK;
    }

    private VirtioBlockStatus PrepareRanges(BlockTransfer transfer, GuestBuffers input, bool discards)
    {
        Span<byte> all = stackalloc byte[(int)DiscardRangeMaximum * VirtioBlock.RangeBytes];
        VirtioBlockStatus status = ReadRanges(input, discards, all, out int bytes);
        if (status != VirtioBlockStatus.VIRTIO_BLK_S_OK)
            return status;
        transfer.Begin(discards ? BlockOperation.Discard : BlockOperation.WriteZeroes, !discards && !IsCached);
        for (int at = 0; at < bytes; at += VirtioBlock.RangeBytes)
        {
            Range(all.Slice(at), out ulong sector, out uint sectors, out _);
            if (sectors != 0)
                transfer.Add(sector * BlockStore.SectorBytes, (ulong)sectors * BlockStore.SectorBytes);
        }
        return VirtioBlockStatus.VIRTIO_BLK_S_OK;
    }

    private void Free(BlockTransfer transfer)
    {
        transfer.Next = _firstFree;
        _firstFree = transfer;
    }

    // A driver that cannot flush, or does not want to, must not need to.
    private bool IsCached => Has(VirtioBlock.VIRTIO_BLK_F_FLUSH) && Configuration[VirtioBlock.Writeback] != 0;

    private VirtioBlockStatus Read(ulong sector, GuestBuffers output, ulong length)
    {
        if (!TryLocate(sector, length, out ulong offset))
            return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        while (length != 0)
        {
            Span<byte> part = output.NextWritable((uint)length);
            if (part.IsEmpty || !_store!.Read(offset, part))
                return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
            offset += (uint)part.Length;
            length -= (uint)part.Length;
        }
        return VirtioBlockStatus.VIRTIO_BLK_S_OK;
    }

    private VirtioBlockStatus Write(ulong sector, GuestBuffers input)
    {
        if (_medium.IsReadOnly || !TryLocate(sector, input.Remaining, out ulong offset))
            return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        while (input.Remaining != 0)
        {
            ReadOnlySpan<byte> part = input.NextReadable();
            if (part.IsEmpty || !_store!.Write(offset, part))
                return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
            offset += (uint)part.Length;
        }
        return Of(IsCached || _store!.Flush());
    }

    private VirtioBlockStatus ReadId(GuestBuffers output)
    {
        ReadOnlySpan<byte> id = _id;
        output.Write(id.Slice(0, (int)Math.Min((ulong)id.Length, output.Length - 1)));
        return VirtioBlockStatus.VIRTIO_BLK_S_OK;
    }

    private VirtioBlockStatus ForRanges(GuestBuffers input, bool discards, ref long budget)
    {
        Span<byte> all = stackalloc byte[(int)DiscardRangeMaximum * VirtioBlock.RangeBytes];
        VirtioBlockStatus status = ReadRanges(input, discards, all, out int bytes);
        for (int at = 0; at < bytes; at += VirtioBlock.RangeBytes)
        {
            Range(all.Slice(at), out ulong sector, out uint sectors, out uint flags);
            ulong offset = sector * BlockStore.SectorBytes, length = (ulong)sectors * BlockStore.SectorBytes;
            budget -= (long)length / (discards ? DiscardsPerByte : ZeroesPerByte);
            if (!(discards ? _store!.Discard(offset, length) : _store!.WriteZeroes(offset, length, (flags & VirtioBlock.Unmap) != 0)))
                return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        }
        return status;
    }

    // All ranges are checked before the first is touched, on a copy of them.
    private VirtioBlockStatus ReadRanges(GuestBuffers input, bool discards, Span<byte> all, out int bytes)
    {
        bytes = 0;
        uint most = discards ? DiscardRangeMaximum : ZeroRangeMaximum;
        ulong given = input.Remaining;
        if (_medium.IsReadOnly || given == 0 || given % VirtioBlock.RangeBytes != 0 || given > most * VirtioBlock.RangeBytes)
            return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        Span<byte> ranges = all.Slice(0, (int)given);
        if (input.Read(ranges) != ranges.Length)
            return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        uint block = (uint)(_medium.BlockBytes / BlockStore.SectorBytes);
        for (int at = 0; at < ranges.Length; at += VirtioBlock.RangeBytes)
        {
            Range(ranges.Slice(at), out ulong sector, out uint sectors, out uint flags);
            if ((flags & ~(discards ? 0 : VirtioBlock.Unmap)) != 0)
                return VirtioBlockStatus.VIRTIO_BLK_S_UNSUPP;
            if (sectors > (discards ? DiscardSectorMaximum : ZeroSectorMaximum) || !IsWithin(sector, sectors) || (sector | sectors) % block != 0)
                return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        }
        bytes = ranges.Length;
        return VirtioBlockStatus.VIRTIO_BLK_S_OK;
    }

    private static void Range(ReadOnlySpan<byte> range, out ulong sector, out uint sectors, out uint flags)
    {
        sector = BinaryPrimitives.ReadUInt64LittleEndian(range);
        sectors = BinaryPrimitives.ReadUInt32LittleEndian(range.Slice(VirtioBlock.RangeSectors));
        flags = BinaryPrimitives.ReadUInt32LittleEndian(range.Slice(VirtioBlock.RangeFlags));
    }

    private bool TryLocate(ulong sector, ulong length, out ulong offset)
    {
        offset = 0;
        if (length > RequestMaximum || length % BlockStore.SectorBytes != 0 || !IsWithin(sector, length / BlockStore.SectorBytes))
            return false;
        offset = sector * BlockStore.SectorBytes;
        return ((offset | length) & (uint)(_medium.BlockBytes - 1)) == 0;
    }

    private bool IsWithin(ulong sector, ulong sectors)
    {
        ulong capacity = _medium.Length / BlockStore.SectorBytes;
        return sector <= capacity && sectors <= capacity - sector;
    }

    private static VirtioBlockStatus Of(bool isDone) => isDone ? VirtioBlockStatus.VIRTIO_BLK_S_OK : VirtioBlockStatus.VIRTIO_BLK_S_IOERR;

    private static ulong Features(BlockMedium store, int queues)
    {
        ulong features = VirtioBlock.VIRTIO_BLK_F_SIZE_MAX | VirtioBlock.VIRTIO_BLK_F_SEG_MAX | VirtioBlock.VIRTIO_BLK_F_BLK_SIZE
            | VirtioBlock.VIRTIO_BLK_F_TOPOLOGY | VirtioBlock.VIRTIO_BLK_F_FLUSH | VirtioBlock.VIRTIO_BLK_F_CONFIG_WCE;
        if (queues > 1)
            features |= VirtioBlock.VIRTIO_BLK_F_MQ;
        if (store.IsReadOnly)
            return features | VirtioBlock.VIRTIO_BLK_F_RO;
        if (store.DiscardBytes != 0)
            features |= VirtioBlock.VIRTIO_BLK_F_DISCARD;
        return features | VirtioBlock.VIRTIO_BLK_F_WRITE_ZEROES;
    }
}
