using System;
using System.Buffers.Binary;
using System.Numerics;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.Virtio;

namespace HyperOS.Devices;

/// <summary>
/// A disk: virtio 1.2, section "Block Device". Data goes between the guest's buffers and the store without a copy between. Requests of a queue are
/// done in order; each queue may be served by a thread of its own where the store allows.
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

    // Wiring.
    private readonly BlockStore _store;
    private readonly DescriptorChain[] _chains;

    /// <param name="store">What lies behind the disk.</param>
    /// <param name="id">Its serial number, ASCII; 20 bytes of it count.</param>
    /// <param name="queues">From 1 to <see cref="MostQueues"/>: one for each vCPU serves best.</param>
    public VirtioBlockDevice(GuestRam ram, BlockStore store, ReadOnlySpan<byte> id, int queues)
        : base(VirtioDeviceId.Block, Features(store, queues), ram, queues, QueueSize, VirtioBlock.ConfigurationBytes)
    {
        _store = store;
        id.Slice(0, Math.Min(id.Length, _id.Length)).CopyTo(_id);
        _chains = new DescriptorChain[queues];
        for (int i = 0; i < queues; i++)
            _chains[i] = new DescriptorChain(ram, QueueSize, QueueSize);
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
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.DiscardSectorAlignment), store.DiscardBytes / BlockStore.SectorBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.MaxWriteZeroesSectors), ZeroSectorMaximum);
        BinaryPrimitives.WriteUInt32LittleEndian(configuration.Slice(VirtioBlock.MaxWriteZeroesSeg), ZeroRangeMaximum);
        configuration[VirtioBlock.WriteZeroesMayUnmap] = store.DiscardBytes != 0 ? (byte)1 : (byte)0;
        OnReset();
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
    protected override void OnReset() => Configuration[VirtioBlock.Writeback] = 1;

    /// <inheritdoc/>
    protected override void OnConfigurationWrite(int offset, ReadOnlySpan<byte> source)
    {
        if (offset == VirtioBlock.Writeback && source.Length == 1 && Has(VirtioBlock.VIRTIO_BLK_F_CONFIG_WCE))
            Configuration[VirtioBlock.Writeback] = (byte)(source[0] & 1);
    }

    /// <inheritdoc/>
    protected override ServiceOutcome OnService(int index, Virtqueue queue, int budget) => ServeChains(index, queue, _chains[index], budget);

    /// <inheritdoc/>
    protected override ChainOutcome OnChain(int index, DescriptorChain chain, ref long budget, out uint written)
    {
        written = 0;
        GuestBuffers input = chain.Readable, output = chain.Writable;
        Span<byte> header = stackalloc byte[VirtioBlock.HeaderBytes];
        if (input.Read(header) != header.Length || output.Length == 0)
            return ChainOutcome.Malformed;
        VirtioBlockType type = (VirtioBlockType)BinaryPrimitives.ReadUInt32LittleEndian(header);
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(header.Slice(VirtioBlock.HeaderSector));
        VirtioBlockStatus status = type switch
        {
            VirtioBlockType.VIRTIO_BLK_T_IN => Read(sector, output, output.Length - 1),
            VirtioBlockType.VIRTIO_BLK_T_OUT => Write(sector, input),
            VirtioBlockType.VIRTIO_BLK_T_FLUSH => Of(_store.Flush()),
            VirtioBlockType.VIRTIO_BLK_T_GET_ID => ReadId(output),
            VirtioBlockType.VIRTIO_BLK_T_DISCARD when Has(VirtioBlock.VIRTIO_BLK_F_DISCARD) => ForRanges(input, true, ref budget),
            VirtioBlockType.VIRTIO_BLK_T_WRITE_ZEROES when Has(VirtioBlock.VIRTIO_BLK_F_WRITE_ZEROES) => ForRanges(input, false, ref budget),
            _ => VirtioBlockStatus.VIRTIO_BLK_S_UNSUPP,
        };
        // Used lengths count from the first byte on: of a request that left a gap before its status nothing counts.
        if (output.Remaining == 1)
            written = (uint)output.Length;
        else
            output.Skip(output.Remaining - 1);
        Span<byte> last = output.NextWritable();
        if (!last.IsEmpty)
            last[0] = (byte)status;
        return ChainOutcome.Used;
    }

    private VirtioBlockStatus Read(ulong sector, GuestBuffers output, ulong length)
    {
        if (!TryLocate(sector, length, out ulong offset))
            return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        while (length != 0)
        {
            Span<byte> part = output.NextWritable((uint)length);
            if (part.IsEmpty || !_store.Read(offset, part))
                return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
            offset += (uint)part.Length;
            length -= (uint)part.Length;
        }
        return VirtioBlockStatus.VIRTIO_BLK_S_OK;
    }

    private VirtioBlockStatus Write(ulong sector, GuestBuffers input)
    {
        if (_store.IsReadOnly || !TryLocate(sector, input.Remaining, out ulong offset))
            return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        while (input.Remaining != 0)
        {
            ReadOnlySpan<byte> part = input.NextReadable();
            if (part.IsEmpty || !_store.Write(offset, part))
                return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
            offset += (uint)part.Length;
        }
        // A driver that cannot flush, or does not want to, must not need to.
        bool isCached = Has(VirtioBlock.VIRTIO_BLK_F_FLUSH) && Configuration[VirtioBlock.Writeback] != 0;
        return Of(isCached || _store.Flush());
    }

    private VirtioBlockStatus ReadId(GuestBuffers output)
    {
        ReadOnlySpan<byte> id = _id;
        output.Write(id.Slice(0, (int)Math.Min((ulong)id.Length, output.Length - 1)));
        return VirtioBlockStatus.VIRTIO_BLK_S_OK;
    }

    // All ranges are checked before the first is touched, on a copy of them.
    private VirtioBlockStatus ForRanges(GuestBuffers input, bool discards, ref long budget)
    {
        uint most = discards ? DiscardRangeMaximum : ZeroRangeMaximum;
        ulong bytes = input.Remaining;
        if (_store.IsReadOnly || bytes == 0 || bytes % VirtioBlock.RangeBytes != 0 || bytes > most * VirtioBlock.RangeBytes)
            return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        Span<byte> all = stackalloc byte[(int)DiscardRangeMaximum * VirtioBlock.RangeBytes];
        Span<byte> ranges = all.Slice(0, (int)bytes);
        if (input.Read(ranges) != ranges.Length)
            return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        for (int at = 0; at < ranges.Length; at += VirtioBlock.RangeBytes)
        {
            Range(ranges.Slice(at), out ulong sector, out uint sectors, out uint flags);
            if ((flags & ~(discards ? 0 : VirtioBlock.Unmap)) != 0)
                return VirtioBlockStatus.VIRTIO_BLK_S_UNSUPP;
            if (sectors > (discards ? DiscardSectorMaximum : ZeroSectorMaximum) || !IsWithin(sector, sectors))
                return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        }
        for (int at = 0; at < ranges.Length; at += VirtioBlock.RangeBytes)
        {
            Range(ranges.Slice(at), out ulong sector, out uint sectors, out uint flags);
            ulong offset = sector * BlockStore.SectorBytes, length = (ulong)sectors * BlockStore.SectorBytes;
            budget -= (long)length / (discards ? DiscardsPerByte : ZeroesPerByte);
            if (!(discards ? _store.Discard(offset, length) : _store.WriteZeroes(offset, length, (flags & VirtioBlock.Unmap) != 0)))
                return VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        }
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
        return true;
    }

    private bool IsWithin(ulong sector, ulong sectors)
    {
        ulong capacity = _store.Length / BlockStore.SectorBytes;
        return sector <= capacity && sectors <= capacity - sector;
    }

    private static VirtioBlockStatus Of(bool isDone) => isDone ? VirtioBlockStatus.VIRTIO_BLK_S_OK : VirtioBlockStatus.VIRTIO_BLK_S_IOERR;

    private static ulong Features(BlockStore store, int queues)
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
