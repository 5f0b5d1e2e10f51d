using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Specs.Net;

namespace HyperOS.Switching;

/// <summary>
/// The way of a transmit queue's frames through a switch:
/// <code>
///   inspect   no lock       sender's domain     copy what decides, check what is claimed
///   decide    switch lock   host's own          admit, learn, find destinations; count. Cannot fail
///   deliver   no lock       receiver's domain   for each destination: copy its frames, announce them once
///   settle    switch lock   host's own          count what became of them there
/// </code>
/// If the sender's machine ends anywhere, what the lane still holds is settled when its port is disconnected.
/// </summary>
public sealed class TransmitLane : FramePort
{
    /// <summary>Bytes copied of a frame that has an offload: Ethernet, tag, and IP and TCP with all their options.</summary>
    internal const int HeadCapacity = 192;

    private const int NoTag = -1;

    // Bytes copied of a frame without tag and offload, and of one with a tag.
    private const int PlainHead = 2 * sizeof(ulong), TaggedHead = EthernetHeader.Length + VlanTag.Length;

    private readonly VirtualSwitch _switch;
    private readonly LaneHost _host;
    private readonly byte[] _heads = new byte[FrameBatch.MaxCount * HeadCapacity];
    private readonly LaneFrame[] _frames = new LaneFrame[FrameBatch.MaxCount];
    private readonly byte[] _tagged = new byte[VlanTag.Length + HeadCapacity];
    private readonly OffloadResolver _resolver = new();

    // By port: a bit for each frame on its way there, and the generation in which that was decided. A bit in _used for each port that has any.
    private readonly uint[] _copies;
    private readonly uint[] _generations;
    private readonly ulong[] _used;

    private FrameBatch? _batch;

    // The port where frames are delivered now, its device, and which of the batch is at hand; what became of the others.
    private readonly Run _run;
    private SwitchPort? _target;
    private FrameReceiver? _receiver;
    private PortGroup? _group;
    private int _current;
    private bool _isResolving;
    private uint _delivered;
    private ulong _deliveredBytes;
    private readonly uint[] _refused = new uint[DropReasons.Count];

    internal TransmitLane(VirtualSwitch owner, SwitchPort port, LaneHost host, int ports)
    {
        _switch = owner;
        _host = host;
        Port = port;
        _copies = new uint[ports];
        _generations = new uint[ports];
        _used = new ulong[(ports + 63) / 64];
        _run = new Run(this);
    }

    /// <summary>Where its frames come in.</summary>
    public SwitchPort Port { get; }

    /// <summary>The port was disconnected: frames go nowhere.</summary>
    internal bool IsClosed { get; set; }

    /// <summary>Of the same port.</summary>
    internal TransmitLane? Next { get; set; }

    public override int Transmit(FrameBatch batch)
    {
        int count = Math.Min(batch.Count, FrameBatch.MaxCount);
        _batch = batch;
        for (int i = 0; i < count; i++)
            Inspect(batch, i);
        int taken = _switch.Decide(this, count, out ulong resumeAt);
        CaptureReceived(taken);
        for (int word = 0; word < _used.Length; word++)
        {
            while (_used[word] != 0)
                DeliverTo(_switch.PortAt(word * 64 + BitOperations.TrailingZeroCount(_used[word])));
        }
        _batch = null;
        if (taken < count)
            _host.ResumeAt(resumeAt);
        return taken;
    }

    public override void SetAddress(MacAddress address) => _switch.SetAddress(this, address);

    public override void SetPromiscuous(bool isPromiscuous) => _switch.SetPromiscuous(this, isPromiscuous);

    /// <summary>Hands the frames on their way to one receiver over to it. Called by <see cref="LaneHost.TryDeliver"/>, in the receiver's fault domain.</summary>
    public void Deliver()
    {
        if (_batch is null || _target is not { } port || !port.TryGetReceiver(_generations[port.Index], out FrameReceiver? receiver, out PortGroup group))
            return;
        _receiver = receiver;
        _group = group;
        _isResolving = false;
        receiver!.Deliver(_run);
    }

    internal ref LaneFrame Frame(int index) => ref _frames[index];

    /// <summary>Whether the frame is on its way to the port already.</summary>
    internal bool IsOnItsWay(int frame, int port) => (_copies[port] >> frame & 1) != 0;

    /// <summary>Frames that follow each other shall go to the port. Under the lock.</summary>
    internal void Send(int first, int count, SwitchPort port)
    {
        int index = port.Index;
        _copies[index] |= unchecked((uint)((1ul << count) - 1 << first));
        _generations[index] = port.Generation;
        _used[index >> 6] |= 1ul << index;
    }

    /// <summary>Counts what became of the frames at a port. Under the lock.</summary>
    /// <param name="port">Where they were to go.</param>
    /// <param name="rest">What became of those that are still on their way.</param>
    internal void Settle(SwitchPort port, DropReason rest)
    {
        bool isTarget = _target == port;
        if (port.IsConnectedSince(_generations[port.Index]))
        {
            port.Counters.CountDrops(rest, (uint)BitOperations.PopCount(_copies[port.Index]));
            if (isTarget)
            {
                port.Counters.CountDelivered(_delivered, _deliveredBytes);
                for (int i = 0; i < _refused.Length; i++)
                    port.Counters.CountDrops((DropReason)i, _refused[i]);
            }
        }
        if (isTarget)
        {
            _target = null;
            _delivered = 0;
            _deliveredBytes = 0;
            _refused.AsSpan().Clear();
        }
        _copies[port.Index] = 0;
        _used[port.Index / 64] &= ~(1ul << port.Index % 64);
    }

    /// <summary>Counts what became of all frames that were on their way. Under the lock; frames still there come from a sender who ended.</summary>
    internal void SettleAll()
    {
        for (int word = 0; word < _used.Length; word++)
        {
            while (_used[word] != 0)
                Settle(_switch.PortAt(word * 64 + BitOperations.TrailingZeroCount(_used[word])), DropReason.SenderFault);
        }
    }

    private static DropReason Reason(DeliveryStatus status) => status switch
    {
        DeliveryStatus.NoBuffer => DropReason.NoBuffer,
        DeliveryStatus.TooLong => DropReason.BufferTooShort,
        DeliveryStatus.Filtered => DropReason.Filtered,
        _ => DropReason.NotReady,
    };

    private Span<byte> Head(int index) => _heads.AsSpan(unchecked(index * HeadCapacity), HeadCapacity);

    private ReadOnlySpan<byte> HeadOf(int index, ref readonly LaneFrame frame) => _heads.AsSpan(unchecked(index * HeadCapacity), frame.HeadLength);

    private void Inspect(FrameBatch batch, int index)
    {
        FaultPoint.Hit(FaultPlace.FrameInspection);
        ref LaneFrame frame = ref _frames[index];
        Span<byte> head = Head(index);
        if (TryInspectPlain(ref frame, head, batch.FromPlain(index, out int length), length))
            return;
        length = Math.Max(length, 0);
        FrameOffload claim = batch.Offload(index);
        bool isPlain = !claim.NeedsChecksum && claim.Segmentation == FrameSegmentation.None;
        int wanted = Math.Min(length, isPlain ? TaggedHead : HeadCapacity);
        int copied = CopyHead(batch, index, head.Slice(0, wanted));
        frame = new LaneFrame { Length = length, LinkLength = length, HeadLength = copied, BodyOffset = copied };
        frame.Fault = copied < wanted || copied < EthernetHeader.Length ? DropReason.Malformed : Parse(ref frame, head, in claim);
    }

    // Mostly a frame has no tag and nothing is left to do to it, and its first bytes lie together: two words of them are enough.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryInspectPlain(ref LaneFrame frame, Span<byte> head, ReadOnlySpan<byte> first, int length)
    {
        if (first.Length < PlainHead)
            return false;
        ulong start = BinaryPrimitives.ReadUInt64BigEndian(first);
        ulong rest = BinaryPrimitives.ReadUInt64BigEndian(first.Slice(sizeof(ulong)));
        if (IsTag((EtherType)unchecked((ushort)(rest >> 16))))
            return false;
        BinaryPrimitives.WriteUInt64BigEndian(head, start);
        BinaryPrimitives.WriteUInt64BigEndian(head.Slice(sizeof(ulong)), rest);
        frame.Destination = new MacAddress(start >> 16);
        frame.Source = new MacAddress(start << 32 & 0xFFFF_0000_0000 | rest >> 32);
        frame.Offload = default;
        frame.IsTagged = false;
        frame.ControlInformation = 0;
        frame.Length = length;
        frame.LinkLength = length;
        frame.HeadLength = PlainHead;
        frame.BodyOffset = PlainHead;
        frame.Fault = Measure(in frame, length);
        return true;
    }

    // Mostly it lies together.
    private static int CopyHead(FrameBatch batch, int index, Span<byte> head)
    {
        for (int copied = 0; ;)
        {
            ReadOnlySpan<byte> part = batch.From(index, copied);
            if (part.Length >= head.Length)
            {
                part.Slice(0, head.Length).CopyTo(head);
                return unchecked(copied + head.Length);
            }
            if (part.IsEmpty)
                return copied;
            part.CopyTo(head);
            head = head.Slice(part.Length);
            copied = unchecked(copied + part.Length);
        }
    }

    private DropReason Parse(ref LaneFrame frame, Span<byte> head, in FrameOffload claim)
    {
        frame.Destination = new MacAddress(BinaryPrimitives.ReadUInt64BigEndian(head) >> 16);
        frame.Source = new MacAddress(BinaryPrimitives.ReadUInt64BigEndian(head.Slice(EthernetHeader.Source - sizeof(ushort))));
        EtherType type = TypeOf(head);
        if (type == EtherType.CustomerTag)
        {
            if (frame.HeadLength < TaggedHead)
                return DropReason.Malformed;
            frame.ControlInformation = BinaryPrimitives.ReadUInt16BigEndian(head.Slice(VlanTag.ControlInformation));
            frame.IsTagged = true;
            head.Slice(EthernetHeader.EtherType + VlanTag.Length, frame.HeadLength - EthernetHeader.EtherType - VlanTag.Length)
                .CopyTo(head.Slice(EthernetHeader.EtherType));
            frame.HeadLength -= VlanTag.Length;
            frame.Length -= VlanTag.Length;
            frame.LinkLength -= VlanTag.Length;
            type = TypeOf(head);
        }
        if (IsTag(type))
            return frame.IsTagged ? DropReason.DoubleTagged : DropReason.ForeignTag;
        return claim.IsNone ? Measure(in frame, frame.Length) : Check(ref frame, head, in claim);
    }

    private DropReason Check(ref LaneFrame frame, Span<byte> head, in FrameOffload claim)
    {
        int start = claim.NeedsChecksum ? claim.ChecksumStart - (frame.IsTagged ? VlanTag.Length : 0) : 0;
        if (start < 0)
            return DropReason.BadOffload;
        FrameOffload untagged = Claim(in claim, (ushort)start, claim.HeaderLength, claim.IsChecksumValid && Port.IsUplink);
        if (!OffloadCheck.TryCheck(head.Slice(0, frame.HeadLength), frame.Length, in untagged, out frame.Offload))
            return DropReason.BadOffload;
        int headers = frame.Offload.HeaderLength;
        int longest = headers == 0 ? frame.Length : Math.Min(frame.Length, headers + frame.Offload.SegmentSize);
        frame.LinkLength += (OffloadCheck.Segments(frame.Length, in frame.Offload) - 1) * headers;
        return Measure(in frame, longest);
    }

    /// <param name="frame">The frame.</param>
    /// <param name="longest">As long as the longest of what it becomes on the link.</param>
    private DropReason Measure(ref readonly LaneFrame frame, int longest) =>
        frame.Length > HyperOS.Core.Frame.MaxLength - VlanTag.Length || longest > _switch.MaxFrameLength ? DropReason.TooLong : DropReason.None;

    private static EtherType TypeOf(ReadOnlySpan<byte> head) => (EtherType)BinaryPrimitives.ReadUInt16BigEndian(head.Slice(EthernetHeader.EtherType));

    // All tags' types are above those of most frames.
    private static bool IsTag(EtherType type) => type >= EtherType.CustomerTag
        && type is EtherType.CustomerTag or EtherType.ServiceTag or EtherType.OldServiceTag1 or EtherType.OldServiceTag2 or EtherType.OldServiceTag3;

    /// <summary>The same work at another place.</summary>
    private static FrameOffload Claim(in FrameOffload offload, ushort start, ushort headers, bool isChecksumValid) => new()
    {
        NeedsChecksum = offload.NeedsChecksum,
        IsChecksumValid = isChecksumValid,
        ChecksumStart = start,
        ChecksumOffset = offload.ChecksumOffset,
        Segmentation = offload.Segmentation,
        HasEcn = offload.HasEcn,
        SegmentSize = offload.SegmentSize,
        HeaderLength = headers,
    };

    private void CaptureReceived(int count)
    {
        if (Port.Capture is not { } capture)
            return;
        for (int i = 0; i < count; i++)
        {
            Frame frame = Compose(i, _frames[i].IsTagged ? _frames[i].ControlInformation : NoTag);
            capture.Record(in frame, _switch.Now);
        }
    }

    private void CaptureDelivered(PortCapture capture, PortGroup group, int index)
    {
        Frame frame = Compose(index, group.IsTagged(_frames[index].Vlan) ? _frames[index].Tag : NoTag);
        capture.Record(in frame, _switch.Now);
    }

    private void DeliverTo(SwitchPort port)
    {
        DropReason rest = DropReason.PortChanged;
        if (port.TryGetReceiver(_generations[port.Index], out _, out _))
        {
            _target = port;
            if (!_host.TryDeliver(port, this))
                rest = DropReason.ReceiverFault;
        }
        _switch.Settle(this, port, rest);
    }

    private bool TryNext(out Frame frame)
    {
        if (_isResolving)
        {
            _resolver.Next(HeadOf(_current, in _frames[_current]), out frame);
            return true;
        }
        uint copies = _copies[_target!.Index];
        if (copies == 0)
        {
            frame = default;
            return false;
        }
        int index = BitOperations.TrailingZeroCount(copies);
        _current = index;
        ref LaneFrame next = ref _frames[index];
        int tag = _group!.IsTagged(next.Vlan) ? next.Tag : NoTag;
        if (tag < 0 && next.Offload.IsNone)
            frame = new Frame(HeadOf(index, in next), _batch, index, next.BodyOffset, unchecked(next.Length - next.HeadLength), default);
        else
            Change(index, tag, out frame);
        return true;
    }

    // Tags the frame, or begins to do what its receiver cannot.
    private void Change(int index, int tag, out Frame frame)
    {
        ref LaneFrame next = ref _frames[index];

        // Nobody can take segments who cannot take a missing checksum.
        FrameOffloads accepted = _receiver!.Accepts;
        if ((accepted & FrameOffloads.Checksum) == 0)
            accepted = FrameOffloads.None;
        if ((next.Offload.Required & ~accepted) == 0)
        {
            frame = Compose(index, tag);
            return;
        }
        ReadOnlySpan<byte> head = HeadOf(index, in next);
        _resolver.Begin(head.Length, _batch!, index, next.BodyOffset, next.Length, in next.Offload, tag);
        _resolver.Next(head, out frame);
        _isResolving = true;
    }

    // Behind each frame, for a fault of the receiver's ends all. Of segments the first that is refused is the frame's end.
    private void SettleCurrent(DeliveryStatus status)
    {
        bool isDelivered = status == DeliveryStatus.Delivered;
        if (_isResolving)
        {
            _isResolving = isDelivered && _resolver.HasMore;
            if (_isResolving)
                return;
        }
        SwitchPort port = _target!;
        unchecked
        {
            ref uint copies = ref _copies[port.Index];
            copies &= copies - 1;
            if (!isDelivered)
            {
                _refused[(int)Reason(status)]++;
                return;
            }
            _delivered++;
            _deliveredBytes += (uint)_frames[_current].Length;
        }
        if (port.Capture is { } capture)
            CaptureDelivered(capture, _group!, _current);
    }

    /// <summary>The frame as it leaves, or came in, with a tag's control information or <see cref="NoTag"/>.</summary>
    private Frame Compose(int index, int tag)
    {
        ref LaneFrame frame = ref _frames[index];
        ReadOnlySpan<byte> head = HeadOf(index, in frame);
        int rest = frame.Length - frame.HeadLength;
        if (tag < 0)
            return new Frame(head, _batch, index, frame.BodyOffset, rest, in frame.Offload);
        head.Slice(0, EthernetHeader.EtherType).CopyTo(_tagged);
        BinaryPrimitives.WriteUInt16BigEndian(_tagged.AsSpan(EthernetHeader.EtherType), (ushort)EtherType.CustomerTag);
        BinaryPrimitives.WriteUInt16BigEndian(_tagged.AsSpan(VlanTag.ControlInformation), (ushort)tag);
        head.Slice(EthernetHeader.EtherType).CopyTo(_tagged.AsSpan(EthernetHeader.EtherType + VlanTag.Length));
        FrameOffload offload = frame.Offload;
        if (offload.NeedsChecksum)
        {
            int headers = offload.HeaderLength == 0 ? 0 : offload.HeaderLength + VlanTag.Length;
            offload = Claim(in offload, (ushort)(offload.ChecksumStart + VlanTag.Length), (ushort)headers, isChecksumValid: false);
        }
        return new Frame(_tagged.AsSpan(0, head.Length + VlanTag.Length), _batch, index, frame.BodyOffset, rest, in offload);
    }

    // The frames as their receiver takes them.
    private sealed class Run : FrameRun
    {
        private readonly TransmitLane _lane;

        public Run(TransmitLane lane) => _lane = lane;

        public override bool TryNext(out Frame frame) => _lane.TryNext(out frame);

        public override void Settle(DeliveryStatus status) => _lane.SettleCurrent(status);
    }
}
