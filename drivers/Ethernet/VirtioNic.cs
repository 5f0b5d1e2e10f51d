using HyperOS.Core;
using HyperOS.Specs.Virtio;
using HyperOS.Virtio;

namespace HyperOS.Ethernet;

/// <summary>
/// The virtio network device without offloads: frames of the link's length behind a header, one descriptor each. Virtio 1.2, section "Network
/// Device".
/// </summary>
public sealed class VirtioNic : NicDevice
{
    private const ushort ReceiveQueue = 0, TransmitQueue = 1;
    private const int QueuePages = 2 * DriverQueue.Pages;
    private const ulong Useful = VirtioNet.VIRTIO_NET_F_MAC | VirtioNet.VIRTIO_NET_F_STATUS | VirtioFeatures.VIRTIO_F_ACCESS_PLATFORM;

    private readonly VirtioTransport _transport;
    private readonly DriverQueue _receive, _transmit;

    // Descriptors that were received into, and are to go back.
    private readonly ushort[] _toRecycle = new ushort[MaximumQueue];
    private int _toRecycleCount;

    private uint _receiveNotification, _transmitNotification;
    private bool _hasStatus;

    /// <param name="transport">The device's registers.</param>
    /// <param name="memory">At least <see cref="Pages"/>.</param>
    public VirtioNic(VirtioTransport transport, DmaMemory memory)
        : base(memory)
    {
        _transport = transport;
        _receive = new DriverQueue(memory, 0);
        _transmit = new DriverQueue(memory, DriverQueue.Pages * DmaMemory.PageBytes);
    }

    /// <summary>Pages of memory that each needs.</summary>
    public static int Pages => PagesFor(QueuePages, 2 * MaximumQueue);

    public override int Pending => _transmit.OutCount;

    public override bool HasReceived => _receive.HasUsed;

    protected override int RingPages => QueuePages;

    public override void LookAtLink()
    {
        byte status = _transport.Status;
        if (status == byte.MaxValue)
            Blame(NicFault.Gone);
        else if ((status & (byte)VirtioStatus.DEVICE_NEEDS_RESET) != 0)
            Blame(NicFault.Hung);
        IsLinkUp = status != byte.MaxValue && (status & (byte)VirtioStatus.DRIVER_OK) != 0
            && (!_hasStatus || (_transport.Device.Read16(VirtioNet.Status) & (ushort)VirtioNetStatus.VIRTIO_NET_S_LINK_UP) != 0);
    }

    public override void Receive(NicBatch batch)
    {
        while (!batch.IsFull && _toRecycleCount < MaximumQueue)
        {
            UsedElement element = _receive.TryGetUsed(out int descriptor, out uint length);
            if (element == UsedElement.None)
                return;
            if (element == UsedElement.Lie)
            {
                CountLie();
                if (Fault != NicFault.None)
                    return;
                continue;
            }
            _toRecycle[_toRecycleCount++] = (ushort)descriptor;
            if (length is <= VirtioNet.HeaderBytes or > BufferBytes)
                CountLie();
            else
                batch.Add(BufferAt(descriptor) + VirtioNet.HeaderBytes, (int)length - VirtioNet.HeaderBytes);
        }
    }

    public override void Recycle()
    {
        for (int i = 0; i < _toRecycleCount; i++)
            Offer(_toRecycle[i]);
        _toRecycleCount = 0;
        if (_receive.Publish())
            _transport.Notify(_receiveNotification, ReceiveQueue);
    }

    public override DeliveryStatus TryTransmit(in Frame frame)
    {
        if (frame.Length > MaximumFrame)
            return DeliveryStatus.TooLong;
        if (!_transmit.TryTake(out int descriptor))
        {
            Reap();
            if (!_transmit.TryTake(out descriptor))
                return DeliveryStatus.NoBuffer;
        }
        int buffer = BufferAt(MaximumQueue + descriptor);
        Memory.Bytes(buffer, VirtioNet.HeaderBytes).Clear();
        int length = frame.CopyTo(0, Memory.Bytes(buffer + VirtioNet.HeaderBytes, MaximumFrame));
        _transmit.Offer(descriptor, Memory.DeviceAddress(buffer), VirtioNet.HeaderBytes + length, default);
        return DeliveryStatus.Delivered;
    }

    public override void Flush()
    {
        if (_transmit.Publish())
            _transport.Notify(_transmitNotification, TransmitQueue);
    }

    public override void Reap()
    {
        while (Fault == NicFault.None)
        {
            UsedElement element = _transmit.TryGetUsed(out int descriptor, out _);
            if (element == UsedElement.None)
                return;
            if (element == UsedElement.Lie)
            {
                CountLie();
                continue;
            }
            _transmit.Return(descriptor);
            Completed = unchecked(Completed + 1);
        }
    }

    public override void MaskInterrupts()
    {
        _receive.SetInterrupts(false);
        if (_transport.Messages == 0)
            _transport.AcknowledgeInterrupt();
    }

    public override void UnmaskInterrupts() => _receive.SetInterrupts(true);

    public override void Stop(NicHost host) => _transport.TryReset(host);

    protected override NicStart OnStart(NicHost host)
    {
        if (_transport.Status == byte.MaxValue)
            return NicStart.Gone;
        if (!_transport.TryReset(host))
            return NicStart.NoReset;
        _transport.AddStatus(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER);
        if (!_transport.TryNegotiate(VirtioFeatures.VIRTIO_F_VERSION_1, Useful, out ulong features) || !TryReadAddress(features))
            return NicStart.Unusable;
        _hasStatus = (features & VirtioNet.VIRTIO_NET_F_STATUS) != 0;
        ushort message = _transport.Messages == 0 ? VirtioPci.VIRTIO_MSI_NO_VECTOR : (ushort)0;
        ushort receiveMessage = _transport.Messages > 1 ? (ushort)1 : message;
        _toRecycleCount = 0;
        if (!_transport.TrySetConfigurationMessage(message)
            || !TryStartQueue(ReceiveQueue, _receive, receiveMessage, out _receiveNotification)
            || !TryStartQueue(TransmitQueue, _transmit, VirtioPci.VIRTIO_MSI_NO_VECTOR, out _transmitNotification))
        {
            return NicStart.Unusable;
        }
        _transmit.SetInterrupts(false);
        _receive.SetInterrupts(false);
        _transport.AddStatus(VirtioStatus.DRIVER_OK);
        while (_receive.TryTake(out int descriptor))
            Offer(descriptor);
        if (_receive.Publish())
            _transport.Notify(_receiveNotification, ReceiveQueue);
        return NicStart.Ok;
    }

    private bool TryStartQueue(ushort index, DriverQueue queue, ushort message, out uint notification)
    {
        notification = 0;
        int size = _transport.SelectQueue(index);
        // Virtio has powers of two alone; half of the most would do as well.
        if (size == 0 || (size & size - 1) != 0)
            return false;
        queue.Reset(size < MaximumQueue ? size : MaximumQueue);
        return _transport.TryEnableQueue((ushort)queue.Size, queue.DescriptorAddress, queue.AvailableAddress, queue.UsedAddress, message, out notification);
    }

    private void Offer(int descriptor) =>
        _receive.Offer(descriptor, Memory.DeviceAddress(BufferAt(descriptor)), BufferBytes, VirtqDescriptorFlags.VIRTQ_DESC_F_WRITE);

    private bool TryReadAddress(ulong features)
    {
        ulong value = 0;
        for (uint i = 0; i < MacAddress.Length; i++)
            value = value << 8 | _transport.Device.Read8(VirtioNet.Mac + i);
        Address = new MacAddress(value);
        return (features & VirtioNet.VIRTIO_NET_F_MAC) != 0 && !Address.IsZero && !Address.IsGroup;
    }
}
