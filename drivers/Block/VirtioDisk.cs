using System;
using HyperOS.Core;
using HyperOS.Specs.Virtio;
using HyperOS.Virtio;

namespace HyperOS.Block;

/// <summary>
/// The virtio block device: one queue, in which each request is one descriptor, of a table of its own in the request's place.
/// Virtio 1.2, section "Block Device".
/// <code>
///   place  table 0 (18 x 16)  header 288 (16)  range 304 (16)  status 320 (1)
/// </code>
/// </summary>
public sealed class VirtioDisk : DiskDevice
{
    /// <summary>Bytes of the device's configuration that must be there.</summary>
    public const uint ConfigurationBytes = VirtioBlock.BlkSize + sizeof(uint);

    private const ushort Queue = 0;
    private const int QueuePages = DriverQueue.Pages, PlaceBytes = 512, PlacesPerPage = DmaMemory.PageBytes / PlaceBytes, PlacePages = Depth / PlacesPerPage;
    private const int Scratch = (QueuePages + PlacePages) * DmaMemory.PageBytes;
    private const int Header = (BlockRequest.MaximumPages + 2) * SplitRing.DescriptorBytes, Range = Header + VirtioBlock.HeaderBytes,
        Status = Range + VirtioBlock.RangeBytes;

    private const ulong Required = VirtioFeatures.VIRTIO_F_VERSION_1 | VirtioFeatures.VIRTIO_F_INDIRECT_DESC;
    private const ulong Useful = VirtioBlock.VIRTIO_BLK_F_SIZE_MAX | VirtioBlock.VIRTIO_BLK_F_SEG_MAX | VirtioBlock.VIRTIO_BLK_F_RO | VirtioBlock.VIRTIO_BLK_F_BLK_SIZE
        | VirtioBlock.VIRTIO_BLK_F_FLUSH | VirtioBlock.VIRTIO_BLK_F_TOPOLOGY | VirtioBlock.VIRTIO_BLK_F_DISCARD | VirtioBlock.VIRTIO_BLK_F_WRITE_ZEROES
        | VirtioFeatures.VIRTIO_F_ACCESS_PLATFORM;

    /// <summary>No status that a device gives.</summary>
    private const byte NoStatus = byte.MaxValue;

    private const int IdPolls = 2000, IdPoll = 1_000_000, ReadAttempts = 16;

    private readonly VirtioTransport _transport;
    private readonly DriverQueue _queue;
    private uint _notification;

    /// <param name="transport">The device's registers.</param>
    /// <param name="memory">At least <see cref="Pages"/>.</param>
    public VirtioDisk(VirtioTransport transport, DmaMemory memory)
        : base(memory)
    {
        _transport = transport;
        _queue = new DriverQueue(memory, 0);
    }

    /// <summary>Pages of memory that each needs.</summary>
    public static int Pages => QueuePages + PlacePages + 1;

    public override bool HasDone => _queue.HasUsed;

    public override DiskHealth Look()
    {
        byte status = _transport.Status;
        if (status == byte.MaxValue)
            return DiskHealth.Gone;
        if ((status & (byte)VirtioStatus.DEVICE_NEEDS_RESET) != 0)
            return DiskHealth.Broken;
        return (status & (byte)VirtioStatus.DRIVER_OK) != 0 ? DiskHealth.Good : DiskHealth.Odd;
    }

    public override bool TryBegin(BlockRequest request)
    {
        if (!_queue.TryTake(out int place))
            return false;
        int at = PlaceAt(place);
        (VirtioBlockType type, bool isFromDevice) = request.Operation switch
        {
            BlockOperation.Read => (VirtioBlockType.VIRTIO_BLK_T_IN, true),
            BlockOperation.Write => (VirtioBlockType.VIRTIO_BLK_T_OUT, false),
            BlockOperation.Discard => (VirtioBlockType.VIRTIO_BLK_T_DISCARD, false),
            BlockOperation.WriteZeroes => (VirtioBlockType.VIRTIO_BLK_T_WRITE_ZEROES, false),
            _ => (VirtioBlockType.VIRTIO_BLK_T_FLUSH, false),
        };
        bool isRange = request.Operation is BlockOperation.Discard or BlockOperation.WriteZeroes;
        ulong sector = request.Offset / BlockStore.SectorBytes;
        Memory.Write64(at + Header, (uint)type);
        Memory.Write64(at + Header + VirtioBlock.HeaderSector, isRange || request.Operation == BlockOperation.Flush ? 0 : sector);
        int descriptors = 0;
        Describe(at, ref descriptors, Memory.DeviceAddress(at + Header), VirtioBlock.HeaderBytes, isFromDevice: false);
        if (isRange)
        {
            Memory.Write64(at + Range, sector);
            ulong flags = request.Operation == BlockOperation.WriteZeroes ? VirtioBlock.Unmap : 0;
            Memory.Write64(at + Range + VirtioBlock.RangeSectors, request.Length / BlockStore.SectorBytes | flags << 32);
            Describe(at, ref descriptors, Memory.DeviceAddress(at + Range), VirtioBlock.RangeBytes, isFromDevice: false);
        }
        else if (request.Operation != BlockOperation.Flush)
        {
            uint left = (uint)request.Length;
            for (int page = 0; left != 0; page++)
            {
                uint part = left < DmaMemory.PageBytes ? left : DmaMemory.PageBytes;
                Describe(at, ref descriptors, request.PageAddress(page), part, isFromDevice);
                left -= part;
            }
        }
        Memory.Bytes(at + Status, 1)[0] = NoStatus;
        Describe(at, ref descriptors, Memory.DeviceAddress(at + Status), 1, isFromDevice: true, isLast: true);
        _queue.Offer(place, Memory.DeviceAddress(at), descriptors * SplitRing.DescriptorBytes, VirtqDescriptorFlags.VIRTQ_DESC_F_INDIRECT);
        Put(place, request);
        return true;
    }

    public override void Ring()
    {
        if (_queue.Publish())
            _transport.Notify(_notification, Queue);
    }

    public override bool TryReap(out BlockRequest? request)
    {
        request = null;
        while (Fault == DiskFault.None)
        {
            UsedElement element = _queue.TryGetUsed(out int place, out _);
            if (element == UsedElement.None)
                return false;
            if (element == UsedElement.Lie)
            {
                CountLie();
                continue;
            }
            _queue.Return(place);
            request = Take(place);
            VirtioBlockStatus status = (VirtioBlockStatus)Memory.Bytes(PlaceAt(place) + Status, 1)[0];
            request.Status = status == VirtioBlockStatus.VIRTIO_BLK_S_OK ? BlockStatus.Done : BlockStatus.MediumError;
            if (status > VirtioBlockStatus.VIRTIO_BLK_S_UNSUPP)
                CountLie();
            return true;
        }
        return false;
    }

    public override void MaskInterrupts()
    {
        _queue.SetInterrupts(false);
        if (_transport.Messages == 0)
            _transport.AcknowledgeInterrupt();
    }

    public override void UnmaskInterrupts() => _queue.SetInterrupts(true);

    public override bool TryStop(DeviceHost host) => _transport.TryReset(host);

    protected override DiskStart OnStart(DeviceHost host)
    {
        if (_transport.Status == byte.MaxValue)
            return DiskStart.Gone;
        if (!_transport.TryReset(host))
            return DiskStart.NoAnswer;
        _transport.AddStatus(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER);
        if (!_transport.TryNegotiate(Required, Useful, out ulong features) || !TryReadConfiguration(features))
            return DiskStart.Unusable;
        ushort message = _transport.Messages == 0 ? VirtioPci.VIRTIO_MSI_NO_VECTOR : (ushort)0;
        ushort queueMessage = _transport.Messages > 1 ? (ushort)1 : message;
        if (!_transport.TrySetConfigurationMessage(message) || !TryStartQueue(queueMessage))
            return DiskStart.Unusable;
        _queue.SetInterrupts(false);
        _transport.AddStatus(VirtioStatus.DRIVER_OK);
        if (!TryReadId(host))
            return DiskStart.NoAnswer;
        UnitCount = 1;
        return DiskStart.Ok;
    }

    private static int PlaceAt(int place) => QueuePages * DmaMemory.PageBytes + place * PlaceBytes;

    private void Describe(int at, ref int index, ulong address, uint length, bool isFromDevice, bool isLast = false)
    {
        int descriptor = at + index * SplitRing.DescriptorBytes;
        index++;
        VirtqDescriptorFlags flags = (isFromDevice ? VirtqDescriptorFlags.VIRTQ_DESC_F_WRITE : 0) | (isLast ? 0 : VirtqDescriptorFlags.VIRTQ_DESC_F_NEXT);
        Memory.Write64(descriptor, address);
        Memory.Write64(descriptor + SplitRing.DescriptorLength, length | (ulong)flags << 8 * (SplitRing.DescriptorFlags - SplitRing.DescriptorLength)
            | (isLast ? 0 : (ulong)index << 8 * (SplitRing.DescriptorNext - SplitRing.DescriptorLength)));
    }

    private bool TryStartQueue(ushort message)
    {
        int size = _transport.SelectQueue(Queue);
        if (size == 0 || (size & size - 1) != 0)
            return false;
        _queue.Reset(size < Depth ? size : Depth);
        return _transport.TryEnableQueue((ushort)_queue.Size, _queue.DescriptorAddress, _queue.AvailableAddress, _queue.UsedAddress, message, out _notification);
    }

    private bool TryReadConfiguration(ulong features)
    {
        DeviceRegisters device = _transport.Device;
        DiskIdentity disk = Unit(0);
        if (!TryRead64(VirtioBlock.Capacity, out ulong sectors) || sectors > ulong.MaxValue / BlockStore.SectorBytes)
            return false;
        uint blockBytes = Has(features, VirtioBlock.VIRTIO_BLK_F_BLK_SIZE, VirtioBlock.BlkSize, sizeof(uint)) ? device.Read32(VirtioBlock.BlkSize) : BlockStore.SectorBytes;
        if (blockBytes == 0 || !disk.TrySetSize(sectors * BlockStore.SectorBytes / blockBytes, blockBytes))
            return false;
        if (Has(features, VirtioBlock.VIRTIO_BLK_F_TOPOLOGY, VirtioBlock.PhysicalBlockExp, 1))
            disk.SetPhysicalExponent(device.Read8(VirtioBlock.PhysicalBlockExp));
        // A segment is a page here.
        if (Has(features, VirtioBlock.VIRTIO_BLK_F_SIZE_MAX, VirtioBlock.SizeMax, sizeof(uint)) && device.Read32(VirtioBlock.SizeMax) < DmaMemory.PageBytes)
            return false;
        if (Has(features, VirtioBlock.VIRTIO_BLK_F_SEG_MAX, VirtioBlock.SegMax, sizeof(uint)) && !disk.TryLimit((ulong)device.Read32(VirtioBlock.SegMax) * DmaMemory.PageBytes))
            return false;
        disk.IsReadOnly = (features & VirtioBlock.VIRTIO_BLK_F_RO) != 0;
        disk.HasCache = (features & VirtioBlock.VIRTIO_BLK_F_FLUSH) != 0;
        if (Has(features, VirtioBlock.VIRTIO_BLK_F_DISCARD, VirtioBlock.MaxDiscardSectors, sizeof(uint)))
            disk.MaximumDiscard = WholeBlocks(device.Read32(VirtioBlock.MaxDiscardSectors), blockBytes);
        if (Has(features, VirtioBlock.VIRTIO_BLK_F_WRITE_ZEROES, VirtioBlock.MaxWriteZeroesSectors, sizeof(uint)))
            disk.MaximumZeroes = WholeBlocks(device.Read32(VirtioBlock.MaxWriteZeroesSectors), blockBytes);
        disk.SetModel("virtio-blk"u8);
        return true;
    }

    // Whether a feature was agreed on, and its field is there.
    private bool Has(ulong features, ulong feature, int field, uint bytes) => (features & feature) != 0 && _transport.Device.Length >= (uint)field + bytes;

    private static ulong WholeBlocks(ulong sectors, uint blockBytes) => sectors * BlockStore.SectorBytes / blockBytes * blockBytes;

    // What is wider than a register is read until it does not change in between.
    private bool TryRead64(uint field, out ulong value)
    {
        value = 0;
        for (int i = 0; i < ReadAttempts; i++)
        {
            byte generation = _transport.ConfigurationGeneration;
            value = _transport.Device.Read32(field) | (ulong)_transport.Device.Read32(field + sizeof(uint)) << 32;
            if (_transport.ConfigurationGeneration == generation)
                return true;
        }
        return false;
    }

    // The serial number, which only a request tells. A device without one refuses it.
    private bool TryReadId(DeviceHost host)
    {
        if (!_queue.TryTake(out int place))
            return false;
        int at = PlaceAt(place), descriptors = 0;
        Memory.Write64(at + Header, (uint)VirtioBlockType.VIRTIO_BLK_T_GET_ID);
        Memory.Write64(at + Header + VirtioBlock.HeaderSector, 0);
        Memory.Bytes(Scratch, VirtioBlock.IdBytes).Clear();
        Memory.Bytes(at + Status, 1)[0] = NoStatus;
        Describe(at, ref descriptors, Memory.DeviceAddress(at + Header), VirtioBlock.HeaderBytes, isFromDevice: false);
        Describe(at, ref descriptors, Memory.DeviceAddress(Scratch), VirtioBlock.IdBytes, isFromDevice: true);
        Describe(at, ref descriptors, Memory.DeviceAddress(at + Status), 1, isFromDevice: true, isLast: true);
        _queue.Offer(place, Memory.DeviceAddress(at), descriptors * SplitRing.DescriptorBytes, VirtqDescriptorFlags.VIRTQ_DESC_F_INDIRECT);
        Ring();
        for (int i = 0; i < IdPolls; i++)
        {
            if (_queue.TryGetUsed(out int used, out _) == UsedElement.Sound && used == place)
            {
                _queue.Return(place);
                if (Memory.Bytes(at + Status, 1)[0] == (byte)VirtioBlockStatus.VIRTIO_BLK_S_OK)
                    Unit(0).SetSerial(Memory.Bytes(Scratch, VirtioBlock.IdBytes));
                return true;
            }
            host.Delay(IdPoll);
        }
        return false;
    }
}
