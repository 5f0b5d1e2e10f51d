using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.Virtio;

namespace HyperOS.Devices;

/// <summary>What a network device is made to.</summary>
public readonly struct VirtioNetConfiguration
{
    /// <summary>Its MAC address.</summary>
    public MacAddress Address { get; init; }

    /// <summary>The largest packet without Ethernet's header that the guest is to send, in bytes; 0: the guest is not told.</summary>
    public ushort Mtu { get; init; }
}

/// <summary>
/// A network device: virtio 1.2, section "Network Device". What the guest sends is offered to its port where it lies; what arrives is copied
/// once, from where the sender has it into the guest's buffers, with the offloads that both guests know left undone.
/// </summary>
/// <remarks>
/// Queue pair n receives by queue 2n and sends by queue 2n + 1; the control queue comes last. Whoever delivers to a pair owns its receive queue
/// until <see cref="Flush"/>: the kernel's <see cref="FrameReceiver"/> asks <see cref="SelectPair"/>, takes that pair's lock and calls
/// <see cref="Deliver"/>. Transmit queues are served without a lock that a receiver could need.
/// </remarks>
public sealed class VirtioNetDevice : VirtioDevice
{
    /// <summary>Descriptors of each queue.</summary>
    public const ushort QueueSize = 256;

    /// <summary>Most queue pairs that a device can have.</summary>
    public const int MostPairs = (MaximumQueues - 1) / 2;

    /// <summary>Beside its longest chain a frame may take buffers of so many more chains; 64 KiB in the smallest useful ones take fewer.</summary>
    private const int SpareBuffers = 64;

    private const int EthernetHeaderBytes = 14;

    /// <summary>Chains for one frame at most.</summary>
    private const int MostChains = QueueSize;

    private const ulong ReceiveOffloads = VirtioNet.VIRTIO_NET_F_GUEST_CSUM | VirtioNet.VIRTIO_NET_F_GUEST_TSO4 | VirtioNet.VIRTIO_NET_F_GUEST_TSO6
        | VirtioNet.VIRTIO_NET_F_GUEST_ECN | VirtioNet.VIRTIO_NET_F_GUEST_USO4 | VirtioNet.VIRTIO_NET_F_GUEST_USO6;

    private const ulong BaseFeatures = ReceiveOffloads | VirtioNet.VIRTIO_NET_F_CSUM | VirtioNet.VIRTIO_NET_F_HOST_TSO4 | VirtioNet.VIRTIO_NET_F_HOST_TSO6
        | VirtioNet.VIRTIO_NET_F_HOST_ECN | VirtioNet.VIRTIO_NET_F_HOST_USO | VirtioNet.VIRTIO_NET_F_MAC | VirtioNet.VIRTIO_NET_F_MRG_RXBUF
        | VirtioNet.VIRTIO_NET_F_STATUS | VirtioNet.VIRTIO_NET_F_CTRL_VQ | VirtioNet.VIRTIO_NET_F_CTRL_RX | VirtioNet.VIRTIO_NET_F_CTRL_RX_EXTRA
        | VirtioNet.VIRTIO_NET_F_CTRL_VLAN | VirtioNet.VIRTIO_NET_F_CTRL_MAC_ADDR | VirtioNet.VIRTIO_NET_F_CTRL_GUEST_OFFLOADS
        | VirtioNet.VIRTIO_NET_F_GUEST_ANNOUNCE;

    // Configuration.
    private readonly int _pairs;
    private readonly MacAddress _address;

    // Wiring.
    private readonly FramePort[] _ports;
    private readonly TransmitBatch[] _batches;
    private readonly ReceiveSide[] _receivers;
    private readonly DescriptorChain _control;

    // Guest-visible state.
    private readonly ReceiveFilter _filter = new();
    private readonly FlowTable _flows = new();
    private volatile bool _isLinkUp = true;
    private volatile bool _announces;

    // The driver has asked for all frames; before it speaks of filters it gets what its port lets through, and no more.
    private bool _hearsAll;
    private volatile int _activePairs = 1;
    private ulong _offloads;

    // What a receive queue's owner needs while it delivers a frame.
    private sealed class ReceiveSide
    {
        public readonly DescriptorChain Chain;
        public readonly ushort[] Heads = new ushort[MostChains];
        public readonly uint[] Lengths = new uint[MostChains];

        public ReceiveSide(GuestRam ram) => Chain = new DescriptorChain(ram, 0, QueueSize + SpareBuffers);
    }

    /// <param name="ports">The device's side of its port on a switch, for each queue pair: from 1 to <see cref="MostPairs"/>. The array is kept.</param>
    public VirtioNetDevice(GuestRam ram, in VirtioNetConfiguration configuration, FramePort[] ports)
        : base(VirtioDeviceId.Network, Features(in configuration, ports.Length), ram, 2 * ports.Length + 1, QueueSize, VirtioNet.ConfigurationBytes)
    {
        _pairs = ports.Length;
        _address = configuration.Address;
        _ports = ports;
        _batches = new TransmitBatch[_pairs];
        _receivers = new ReceiveSide[_pairs];
        for (int i = 0; i < _pairs; i++)
        {
            _batches[i] = new TransmitBatch(ram, QueueSize);
            _receivers[i] = new ReceiveSide(ram);
        }
        _control = new DescriptorChain(ram, QueueSize, QueueSize);
        BinaryPrimitives.WriteUInt16LittleEndian(Configuration.Slice(VirtioNet.MaxVirtqueuePairs), (ushort)_pairs);
        BinaryPrimitives.WriteUInt16LittleEndian(Configuration.Slice(VirtioNet.Mtu), configuration.Mtu);
        _filter.Reset(_address);
    }

    /// <summary>Whether the port is connected to anything: without a link nothing is delivered, and what the guest sends is dropped.</summary>
    public bool IsLinkUp => _isLinkUp;

    /// <summary>What the guest takes as it is, for its <see cref="FrameReceiver"/>. Any thread.</summary>
    public FrameOffloads Accepts
    {
        get
        {
            ulong offloads = Volatile.Read(ref _offloads);
            if ((offloads & VirtioNet.VIRTIO_NET_F_GUEST_CSUM) == 0)
                return FrameOffloads.None;
            const ulong Udp = VirtioNet.VIRTIO_NET_F_GUEST_USO4 | VirtioNet.VIRTIO_NET_F_GUEST_USO6;
            return FrameOffloads.Checksum
                | ((offloads & VirtioNet.VIRTIO_NET_F_GUEST_TSO4) != 0 ? FrameOffloads.TcpV4 : FrameOffloads.None)
                | ((offloads & VirtioNet.VIRTIO_NET_F_GUEST_TSO6) != 0 ? FrameOffloads.TcpV6 : FrameOffloads.None)
                | ((offloads & VirtioNet.VIRTIO_NET_F_GUEST_ECN) != 0 ? FrameOffloads.TcpEcn : FrameOffloads.None)
                | ((offloads & Udp) == Udp ? FrameOffloads.Udp : FrameOffloads.None);
        }
    }

    /// <summary>Plugs the cable in or out. One thread at a time; tells the guest.</summary>
    public void SetLink(bool isUp)
    {
        if (_isLinkUp == isUp)
            return;
        _isLinkUp = isUp;
        ConfigurationChanged();
    }

    /// <summary>Asks the guest to announce its addresses, because it now is elsewhere in the network.</summary>
    public void Announce()
    {
        if (!Has(VirtioNet.VIRTIO_NET_F_GUEST_ANNOUNCE))
            return;
        _announces = true;
        ConfigurationChanged();
    }

    /// <summary>The queue pair by which a frame is to be delivered: less than the number of pairs. Any thread.</summary>
    public int SelectPair(in Frame frame)
    {
        int active = _activePairs;
        if (active == 1)
            return 0;
        int pair = _flows.Find(frame.From(0));
        return pair < active ? pair : 0;
    }

    /// <summary>Looks up the pair's receive queue for a batch. The caller owns it until the batch has been delivered.</summary>
    /// <param name="pair">As <see cref="SelectPair"/> said.</param>
    public void Open(int pair, out QueueRings rings)
    {
        Virtqueue queue = Queue(2 * pair);
        if (queue.IsEnabled)
            queue.Open(out rings);
        else
            rings = default;
    }

    /// <summary>Copies a frame into the guest's buffers. The caller owns the pair's receive queue.</summary>
    /// <param name="pair">As <see cref="SelectPair"/> said.</param>
    /// <param name="rings">Of the pair: <see cref="Open"/>.</param>
    public DeliveryStatus Deliver(int pair, in Frame frame, ref QueueRings rings)
    {
        Virtqueue queue = Queue(unchecked(2 * pair));
        if (!IsRunning || !_isLinkUp || !queue.IsEnabled)
            return DeliveryStatus.NotReady;
        if (!_filter.Wants(in frame))
            return DeliveryStatus.Filtered;
        // Mostly the first buffer takes it.
        if (!queue.TryTakeSingle(in rings, out SingleBuffer buffer))
            return DeliverInParts(pair, queue, in frame);
        uint needed = unchecked(VirtioNet.HeaderBytes + (uint)frame.Length);
        if (!buffer.IsWritable || buffer.Length < needed || !Ram.TryGetWritable(new GuestPhysicalAddress(buffer.Address), buffer.Length, out Span<byte> place)
            || unchecked((uint)place.Length) != buffer.Length)
        {
            queue.PutBack(1);
            return DeliverInParts(pair, queue, in frame);
        }
        WriteHeader(place, in frame, chains: 1);
        frame.CopyTo(place.Slice(VirtioNet.HeaderBytes));
        FaultPoint.Hit(FaultPlace.FrameReceive);
        if (queue.Use(ref rings, buffer.Head, needed))
            return DeliveryStatus.Delivered;
        Break(VirtqueueStatus.BadLayout);
        return DeliveryStatus.NotReady;
    }

    /// <summary>Shows the guest the frames that were delivered to a pair since the last call. The caller owns the pair's receive queue.</summary>
    public void Flush(int pair)
    {
        if (IsRunning && Queue(2 * pair).IsEnabled)
            Publish(2 * pair);
    }

    /// <summary>Saves the device. No queue is being served, nothing delivered.</summary>
    public void Save(out VirtioNetState state)
    {
        state = default;
        state.Version = VirtioNetState.CurrentVersion;
        state.Announces = _announces ? (byte)1 : (byte)0;
        state.HearsAll = _hearsAll ? (byte)1 : (byte)0;
        state.ActivePairs = (ushort)_activePairs;
        state.Offloads = _offloads;
        _filter.Save(ref state);
        SaveCommon(out state.Device);
    }

    /// <summary>Restores a saved device. No queue is being served, nothing delivered.</summary>
    public RestoreStatus Restore(in VirtioNetState state)
    {
        if (state.Version != VirtioNetState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        if (state.Announces > 1 || state.HearsAll > 1 || state.ActivePairs == 0 || state.ActivePairs > _pairs
            || (state.Offloads & ~state.Device.AcceptedFeatures) != 0 || (state.Offloads & ~ReceiveOffloads) != 0 || !ReceiveFilter.CanRestore(in state))
            return RestoreStatus.InvalidValue;
        RestoreStatus status = CheckCommon(in state.Device);
        if (status != RestoreStatus.Restored)
            return status;
        RestoreCommon(in state.Device);
        _announces = state.Announces != 0;
        _hearsAll = state.HearsAll != 0;
        _activePairs = state.ActivePairs;
        _filter.Restore(in state);
        _flows.Clear();
        Volatile.Write(ref _offloads, state.Offloads);
        _ports[0].SetAddress(_filter.Own);
        _ports[0].SetPromiscuous(_hearsAll);
        return RestoreStatus.Restored;
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        _filter.Reset(_address);
        _flows.Clear();
        _announces = false;
        _activePairs = 1;
        Volatile.Write(ref _offloads, 0);
        _ports[0].SetAddress(_address);
        _hearsAll = false;
        _ports[0].SetPromiscuous(false);
    }

    /// <inheritdoc/>
    protected override void OnStart()
    {
        Volatile.Write(ref _offloads, AcceptedFeatures & ReceiveOffloads);
        if (Has(VirtioNet.VIRTIO_NET_F_CTRL_VLAN))
            _filter.Modes |= ReceiveModes.Vlans;
    }

    /// <inheritdoc/>
    protected override void OnConfigurationRead()
    {
        VirtioNetStatus status = (_isLinkUp ? VirtioNetStatus.VIRTIO_NET_S_LINK_UP : 0) | (_announces ? VirtioNetStatus.VIRTIO_NET_S_ANNOUNCE : 0);
        _filter.Own.TryWrite(Configuration.Slice(VirtioNet.Mac));
        BinaryPrimitives.WriteUInt16LittleEndian(Configuration.Slice(VirtioNet.Status), (ushort)status);
    }

    /// <inheritdoc/>
    protected override ServiceOutcome OnService(int index, Virtqueue queue, int budget)
    {
        if (index == ControlIndex)
            return Has(VirtioNet.VIRTIO_NET_F_CTRL_VQ) ? ServeChains(index, queue, _control, budget) : ServiceOutcome.Idle;
        if (index < 2 * _pairs && (index & 1) != 0)
            return Transmit(index, queue, budget);
        // Buffers to receive into are taken as frames come: nobody need notify of them.
        return queue.SuppressNotifications() ? ServiceOutcome.Idle : Fail(index, VirtqueueStatus.BadLayout);
    }

    /// <inheritdoc/>
    protected override ChainOutcome OnChain(int index, DescriptorChain chain, ref long budget, out uint written)
    {
        written = 0;
        Span<byte> command = stackalloc byte[2];
        if (chain.Readable.Read(command) != command.Length || chain.Writable.Length == 0)
            return ChainOutcome.Malformed;
        bool isDone = Control((VirtioNetControlClass)command[0], command[1], chain.Readable);
        if (chain.Writable.Length == 1)
            written = 1;
        chain.Writable.Skip(chain.Writable.Length - 1);
        Span<byte> last = chain.Writable.NextWritable();
        if (!last.IsEmpty)
            last[0] = isDone ? VirtioNet.VIRTIO_NET_OK : VirtioNet.VIRTIO_NET_ERR;
        return ChainOutcome.Used;
    }

    private int ControlIndex => Has(VirtioNet.VIRTIO_NET_F_MQ) ? 2 * _pairs : 2;

    private ServiceOutcome Transmit(int index, Virtqueue queue, int budget)
    {
        int pair = index / 2;
        TransmitBatch batch = _batches[pair];
        if (!queue.SuppressNotifications())
            return Fail(index, VirtqueueStatus.BadLayout);
        for (int left = budget; ;)
        {
            queue.Open(out QueueRings rings);
            VirtqueueStatus status = Collect(queue, in rings, batch, left, out int bytes);
            int sent = batch.Count == 0 ? 0 : Send(pair, batch);
            for (int i = 0; i < sent; i++)
            {
                if (!queue.Use(ref rings, batch.Head(i), 0))
                    return Fail(index, VirtqueueStatus.BadLayout);
            }
            if (sent < batch.Count)
            {
                queue.PutBack(batch.Count - sent);
                return Publish(index) ? ServiceOutcome.Waiting : ServiceOutcome.Idle;
            }
            if (status is not (VirtqueueStatus.Taken or VirtqueueStatus.Empty))
                return Fail(index, status);
            if (status == VirtqueueStatus.Empty)
            {
                if (!Publish(index))
                    return ServiceOutcome.Idle;
                if (!queue.AskForNotification(out bool isEmpty))
                    return Fail(index, VirtqueueStatus.BadLayout);
                if (isEmpty)
                    return ServiceOutcome.Idle;
                bytes += ChainCost; // a chain that comes and goes, as no driver's does, uses up the budget too
            }
            left -= bytes;
            if (left <= 0)
                return Publish(index) ? ServiceOutcome.More : ServiceOutcome.Idle;
        }
    }

    // Frames to be offered together, until there are no more, or as many as go at once; none behind the driver's error, which is met when it comes first.
    private VirtqueueStatus Collect(Virtqueue queue, ref readonly QueueRings rings, TransmitBatch batch, int budget, out int bytes)
    {
        batch.Clear();
        bytes = 0;
        do
        {
            if (queue.TryTakeSingle(in rings, out SingleBuffer buffer))
            {
                bytes = unchecked(bytes + ChainCost + (int)buffer.Length);
                if (TryAdd(batch, in buffer))
                    continue;
                queue.PutBack(1);
                bytes = unchecked(bytes - ChainCost - (int)buffer.Length);
            }
            VirtqueueStatus status = queue.TryTake(batch.Chain);
            if (status != VirtqueueStatus.Taken)
                return batch.Count == 0 || status == VirtqueueStatus.Empty ? status : VirtqueueStatus.Taken;
            bytes = unchecked(bytes + ChainCost);
            GuestBuffers buffers = batch.Chain.Readable;
            bool hasHeader = TryReadHeader(buffers, out FrameOffload offload, out bool isFrame);
            if (isFrame)
            {
                int length = unchecked((int)buffers.Remaining);
                bytes = unchecked(bytes + length);
                batch.Add(length, in offload);
            }
            else if (batch.Count != 0)
            {
                queue.PutBack(1);
                return VirtqueueStatus.Taken;
            }
            else if (!hasHeader)
            {
                return VirtqueueStatus.BadRequest;
            }
            else
            {
                // What no port may see is dropped.
                if (!queue.Use(batch.Chain.Head, 0))
                    return VirtqueueStatus.BadLayout;
                batch.Clear();
            }
        }
        while (batch.HasRoom && bytes < budget);
        return VirtqueueStatus.Taken;
    }

    // A frame whose one buffer begins with its header; any other goes the general way.
    private bool TryAdd(TransmitBatch batch, in SingleBuffer buffer)
    {
        uint length = unchecked(buffer.Length - VirtioNet.HeaderBytes);
        if (buffer.IsWritable || length is < EthernetHeaderBytes or > Frame.MaxLength
            || !Ram.TryGetReadable(new GuestPhysicalAddress(buffer.Address), buffer.Length, out ReadOnlySpan<byte> header) || unchecked((uint)header.Length) != buffer.Length
            || !TryParse(BinaryPrimitives.ReadUInt64LittleEndian(header), BinaryPrimitives.ReadUInt32LittleEndian(header.Slice(VirtioNet.CsumOffset)), out FrameOffload offload))
        {
            return false;
        }
        batch.Add(buffer.Head, unchecked(buffer.Address + VirtioNet.HeaderBytes), unchecked((int)length), in offload);
        return true;
    }

    private int Send(int pair, TransmitBatch batch)
    {
        if (!_isLinkUp)
            return batch.Count;
        if (_activePairs != 1)
        {
            for (int i = 0; i < batch.Count; i++)
                _flows.Learn(batch.From(i, 0), pair);
        }
        return Math.Min(_ports[pair].Transmit(batch), batch.Count);
    }

    private static bool TryReadHeader(GuestBuffers buffers, out FrameOffload offload, out bool isFrame)
    {
        ReadOnlySpan<byte> source = buffers.NextReadable(VirtioNet.HeaderBytes);
        ulong first;
        uint last;
        if (source.Length == VirtioNet.HeaderBytes)
        {
            first = BinaryPrimitives.ReadUInt64LittleEndian(source);
            last = BinaryPrimitives.ReadUInt32LittleEndian(source.Slice(VirtioNet.CsumOffset));
        }
        else if (!TryReadSplitHeader(source, buffers, out first, out last))
        {
            offload = default;
            isFrame = false;
            return false;
        }
        isFrame = TryParse(first, last, out offload) && buffers.Remaining is >= EthernetHeaderBytes and <= Frame.MaxLength;
        return true;
    }

    // A header, by its first 8 bytes and its last 4. False for a segmentation that there is not.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryParse(ulong first, uint last, out FrameOffload offload)
    {
        offload = default;
        byte type = Field8(first, VirtioNet.GsoType);
        return type == 0 && (first & (byte)VirtioNetHeaderFlags.VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0 || TryParse(first, type, last, out offload);
    }

    private static bool TryParse(ulong first, byte type, uint last, out FrameOffload offload)
    {
        VirtioNetHeaderFlags flags = (VirtioNetHeaderFlags)unchecked((byte)first);
        FrameSegmentation segmentation = (FrameSegmentation)(type & ~VirtioNet.VIRTIO_NET_HDR_GSO_ECN);
        bool isLong = segmentation != FrameSegmentation.None;
        offload = new FrameOffload
        {
            NeedsChecksum = (flags & VirtioNetHeaderFlags.VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0,
            ChecksumStart = Field16(first, VirtioNet.CsumStart),
            ChecksumOffset = unchecked((ushort)last),
            Segmentation = segmentation,
            HasEcn = isLong && (type & VirtioNet.VIRTIO_NET_HDR_GSO_ECN) != 0,
            SegmentSize = isLong ? Field16(first, VirtioNet.GsoSize) : (ushort)0,
            HeaderLength = isLong ? Field16(first, VirtioNet.HdrLen) : (ushort)0,
        };
        return segmentation is FrameSegmentation.None or FrameSegmentation.TcpV4 or FrameSegmentation.TcpV6 or FrameSegmentation.Udp;
    }

    private static bool TryReadSplitHeader(ReadOnlySpan<byte> start, GuestBuffers buffers, out ulong first, out uint last)
    {
        Span<byte> header = stackalloc byte[VirtioNet.HeaderBytes];
        start.CopyTo(header);
        bool isWhole = buffers.Read(header.Slice(start.Length)) == header.Length - start.Length;
        first = BinaryPrimitives.ReadUInt64LittleEndian(header);
        last = BinaryPrimitives.ReadUInt32LittleEndian(header.Slice(VirtioNet.CsumOffset));
        return isWhole;
    }

    // Of the header's first 8 bytes.
    private static byte Field8(ulong header, int offset) => unchecked((byte)(header >> offset * 8));

    private static ushort Field16(ulong header, int offset) => unchecked((ushort)(header >> offset * 8));

    // As many chains as the frame needs, or none: several only where the driver knows of that.
    private DeliveryStatus TakeBuffers(int index, Virtqueue queue, ReceiveSide side, ulong needed, out int chains)
    {
        side.Chain.Clear();
        chains = 0;
        GuestBuffers buffers = side.Chain.Writable;
        bool isMergeable = Has(VirtioNet.VIRTIO_NET_F_MRG_RXBUF);
        while (buffers.Length < needed)
        {
            if (chains != 0 && (!isMergeable || chains == MostChains || buffers.Room < QueueSize))
            {
                queue.PutBack(chains);
                return DeliveryStatus.TooLong;
            }
            ulong before = buffers.Length;
            VirtqueueStatus status = queue.TryTake(side.Chain);
            if (status != VirtqueueStatus.Taken)
            {
                queue.PutBack(chains);
                if (status == VirtqueueStatus.Empty)
                    return DeliveryStatus.NoBuffer;
                Fail(index, status);
                return DeliveryStatus.NotReady;
            }
            side.Heads[chains] = side.Chain.Head;
            side.Lengths[chains] = unchecked((uint)Math.Min(buffers.Length - before, uint.MaxValue));
            chains = unchecked(chains + 1);
        }
        return DeliveryStatus.Delivered;
    }

    // Over several buffers, or chains.
    private DeliveryStatus DeliverInParts(int pair, Virtqueue queue, in Frame frame)
    {
        ReceiveSide side = _receivers[pair];
        ulong left = VirtioNet.HeaderBytes + (ulong)(uint)frame.Length;
        DeliveryStatus status = TakeBuffers(2 * pair, queue, side, left, out int chains);
        if (status != DeliveryStatus.Delivered)
            return status;
        Copy(in frame, side.Chain.Writable, (ushort)chains);
        FaultPoint.Hit(FaultPlace.FrameReceive);
        for (int i = 0; i < chains; i++)
        {
            uint used = (uint)Math.Min(left, side.Lengths[i]);
            if (!queue.Use(side.Heads[i], used))
            {
                Break(VirtqueueStatus.BadLayout);
                return DeliveryStatus.NotReady;
            }
            left -= used;
        }
        return DeliveryStatus.Delivered;
    }

    private void Copy(in Frame frame, GuestBuffers buffers, ushort chains)
    {
        Span<byte> header = stackalloc byte[VirtioNet.HeaderBytes];
        WriteHeader(header, in frame, chains);
        buffers.Write(header);
        for (int offset = 0; offset < frame.Length;)
        {
            Span<byte> part = buffers.NextWritable((uint)(frame.Length - offset));
            int count = frame.CopyTo(offset, part);
            if (count == 0)
                return; // the sender's or the receiver's RAM is not there: no more than this frame is lost
            offset += count;
        }
    }

    // Every byte is written: what lay there is the guest's.
    private void WriteHeader(Span<byte> header, in Frame frame, ushort chains)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(header, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(header.Slice(VirtioNet.CsumOffset), (uint)chains << 16);
        if (!frame.IsPlain)
            WriteOffload(header, frame.Offload);
    }

    private void WriteOffload(Span<byte> header, in FrameOffload offload)
    {
        if (offload.NeedsChecksum)
        {
            header[0] = (byte)VirtioNetHeaderFlags.VIRTIO_NET_HDR_F_NEEDS_CSUM;
            BinaryPrimitives.WriteUInt16LittleEndian(header.Slice(VirtioNet.CsumStart), offload.ChecksumStart);
            BinaryPrimitives.WriteUInt16LittleEndian(header.Slice(VirtioNet.CsumOffset), offload.ChecksumOffset);
        }
        else if (offload.IsChecksumValid && (Volatile.Read(ref _offloads) & VirtioNet.VIRTIO_NET_F_GUEST_CSUM) != 0)
        {
            header[0] = (byte)VirtioNetHeaderFlags.VIRTIO_NET_HDR_F_DATA_VALID;
        }
        if (offload.Segmentation != FrameSegmentation.None)
        {
            header[VirtioNet.GsoType] = (byte)((byte)offload.Segmentation | (offload.HasEcn ? VirtioNet.VIRTIO_NET_HDR_GSO_ECN : 0));
            BinaryPrimitives.WriteUInt16LittleEndian(header.Slice(VirtioNet.HdrLen), offload.HeaderLength);
            BinaryPrimitives.WriteUInt16LittleEndian(header.Slice(VirtioNet.GsoSize), offload.SegmentSize);
        }
    }

    private bool Control(VirtioNetControlClass kind, byte command, GuestBuffers data) => kind switch
    {
        VirtioNetControlClass.VIRTIO_NET_CTRL_RX => SetMode(command, data),
        VirtioNetControlClass.VIRTIO_NET_CTRL_MAC when command == VirtioNet.VIRTIO_NET_CTRL_MAC_TABLE_SET => SetAddresses(data),
        VirtioNetControlClass.VIRTIO_NET_CTRL_MAC when command == VirtioNet.VIRTIO_NET_CTRL_MAC_ADDR_SET => SetOwnAddress(data),
        VirtioNetControlClass.VIRTIO_NET_CTRL_VLAN => SetVlan(command, data),
        VirtioNetControlClass.VIRTIO_NET_CTRL_ANNOUNCE when command == VirtioNet.VIRTIO_NET_CTRL_ANNOUNCE_ACK => EndAnnouncement(),
        VirtioNetControlClass.VIRTIO_NET_CTRL_MQ when command == VirtioNet.VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET => SetPairs(data),
        VirtioNetControlClass.VIRTIO_NET_CTRL_GUEST_OFFLOADS when command == VirtioNet.VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET => SetOffloads(data),
        _ => false,
    };

    private bool SetMode(byte command, GuestBuffers data)
    {
        Span<byte> value = stackalloc byte[1];
        bool isExtra = command > VirtioNet.VIRTIO_NET_CTRL_RX_ALLMULTI;
        if (command > VirtioNet.VIRTIO_NET_CTRL_RX_NOBCAST || !Has(isExtra ? VirtioNet.VIRTIO_NET_F_CTRL_RX_EXTRA : VirtioNet.VIRTIO_NET_F_CTRL_RX)
            || data.Read(value) != value.Length)
            return false;
        // The modes' bits stand in the order of the commands.
        ReceiveModes mode = (ReceiveModes)(1u << command);
        _filter.Modes = value[0] != 0 ? _filter.Modes | mode : _filter.Modes & ~mode;
        if (mode == ReceiveModes.Promiscuous)
        {
            _hearsAll = value[0] != 0;
            _ports[0].SetPromiscuous(_hearsAll);
        }
        return true;
    }

    // Two tables, unicast and multicast, of which the second is whatever comes behind. What does not fit lets its whole kind through.
    private bool SetAddresses(GuestBuffers data)
    {
        if (!Has(VirtioNet.VIRTIO_NET_F_CTRL_RX))
            return false;
        _filter.ClearAddresses();
        return AddAddresses(data, ReceiveModes.AllUnicast) && AddAddresses(data, ReceiveModes.AllMulticast);
    }

    private bool AddAddresses(GuestBuffers data, ReceiveModes overflow)
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
        if (data.Read(number) != number.Length)
            return false;
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(number);
        if (count > data.Remaining / MacAddress.Length)
            return false;
        Span<byte> address = stackalloc byte[MacAddress.Length];
        for (uint i = 0; i < count; i++)
        {
            if (data.Read(address) != address.Length)
                return false;
            if (_filter.TryAddAddress(MacAddress.Read(address)))
                continue;
            _filter.Modes |= overflow;
            data.Skip((ulong)(count - i - 1) * MacAddress.Length);
            return true;
        }
        return true;
    }

    private bool SetOwnAddress(GuestBuffers data)
    {
        Span<byte> bytes = stackalloc byte[MacAddress.Length];
        if (!Has(VirtioNet.VIRTIO_NET_F_CTRL_MAC_ADDR) || data.Read(bytes) != bytes.Length)
            return false;
        MacAddress address = MacAddress.Read(bytes);
        if (address.IsGroup)
            return false;
        _filter.Own = address;
        _ports[0].SetAddress(address);
        return true;
    }

    private bool SetVlan(byte command, GuestBuffers data)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        if (command > VirtioNet.VIRTIO_NET_CTRL_VLAN_DEL || !Has(VirtioNet.VIRTIO_NET_F_CTRL_VLAN) || data.Read(bytes) != bytes.Length)
            return false;
        ushort vlan = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        if (vlan >= 32 * VirtioNetState.VlanWords)
            return false;
        _filter.SetVlan(vlan, command == VirtioNet.VIRTIO_NET_CTRL_VLAN_ADD);
        return true;
    }

    private bool EndAnnouncement()
    {
        if (!Has(VirtioNet.VIRTIO_NET_F_GUEST_ANNOUNCE))
            return false;
        _announces = false;
        return true;
    }

    private bool SetPairs(GuestBuffers data)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        if (!Has(VirtioNet.VIRTIO_NET_F_MQ) || data.Read(bytes) != bytes.Length)
            return false;
        int pairs = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        if (pairs == 0 || pairs > _pairs)
            return false;
        _flows.Clear();
        _activePairs = pairs;
        return true;
    }

    private bool SetOffloads(GuestBuffers data)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        if (!Has(VirtioNet.VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) || data.Read(bytes) != bytes.Length)
            return false;
        ulong offloads = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if ((offloads & ~(AcceptedFeatures & ReceiveOffloads)) != 0)
            return false;
        Volatile.Write(ref _offloads, offloads);
        return true;
    }

    private static ulong Features(in VirtioNetConfiguration configuration, int pairs) => BaseFeatures
        | (pairs > 1 ? VirtioNet.VIRTIO_NET_F_MQ : 0)
        | (configuration.Mtu != 0 ? VirtioNet.VIRTIO_NET_F_MTU : 0);
}
