using System;
using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Specs.Net;

namespace HyperOS.Switching;

/// <summary>
/// Does for a receiver that cannot do it what a frame's offload leaves to do: completes the checksum, and cuts long frames into the link's. Only
/// headers are copied and changed; payload goes from the sender's buffers straight to the receiver.
/// </summary>
internal sealed class OffloadResolver
{
    // Before the head's addresses, room for them to move to when a tag is put in.
    private const int Start = VlanTag.Length;

    private readonly byte[] _headers = new byte[Start + TransmitLane.HeadCapacity];

    // The frame at hand.
    private FrameBatch? _body;
    private int _frame;
    private int _length;
    private int _headerLength;
    private int _payloadOffset;
    private int _segmentSize;
    private int _segments;
    private int _next;
    private int _tag;
    private FrameOffload _offload;

    /// <summary>Whether <see cref="Next"/> gives another segment.</summary>
    public bool HasMore => _next < _segments;

    /// <summary>Takes up a frame.</summary>
    /// <param name="head">Bytes at its begin, without tag, that <see cref="Next"/> is given.</param>
    /// <param name="body">Where the rest is.</param>
    /// <param name="frame">Which frame of the body.</param>
    /// <param name="bodyOffset">Where in the body the frame goes on behind the head.</param>
    /// <param name="length">The whole frame's, without tag.</param>
    /// <param name="offload">Checked; needs a checksum at least.</param>
    /// <param name="tag">Control information of the tag to put in, or negative for none.</param>
    public void Begin(int head, FrameBatch body, int frame, int bodyOffset, int length, in FrameOffload offload, int tag)
    {
        bool isWhole = offload.Segmentation == FrameSegmentation.None;
        _body = body;
        _frame = frame;
        _length = length;
        _headerLength = isWhole ? head : offload.HeaderLength;
        _segmentSize = isWhole ? length - head : offload.SegmentSize;

        // Payload that was copied with the head is taken from where it was.
        _payloadOffset = bodyOffset - (head - _headerLength);
        _segments = OffloadCheck.Segments(length, in offload);
        _next = 0;
        _tag = tag;
        _offload = offload;
    }

    /// <summary>The next of the frames that it becomes, with nothing left to do; there is one.</summary>
    /// <param name="head">The frame's first bytes, without tag.</param>
    /// <param name="segment">Good until the next call.</param>
    public void Next(ReadOnlySpan<byte> head, out Frame segment)
    {
        int position = _next * _segmentSize;
        int size = Math.Min(_segmentSize, _length - _headerLength - position);
        head.Slice(0, _headerLength).CopyTo(_headers.AsSpan(Start, _headerLength));
        if (_offload.Segmentation != FrameSegmentation.None)
            MakeSegment(in _offload, _headerLength, _length, position, size, _next, _next == _segments - 1);
        Complete(in _offload, _headerLength, _body!, _frame, _payloadOffset + position, size);
        int first = PutTag(_tag);
        FrameOffload done = new() { IsChecksumValid = true };
        segment = new Frame(_headers.AsSpan(first, Start - first + _headerLength), _body, _frame, _payloadOffset + position, size, in done);
        _next++;
    }

    /// <summary>Makes the headers those of a segment, and the checksum's field the sum of its pseudo header.</summary>
    private void MakeSegment(in FrameOffload offload, int headers, int length, int position, int size, int index, bool isLast)
    {
        Span<byte> packet = _headers.AsSpan(Start + EthernetHeader.Length, headers - EthernetHeader.Length);
        Span<byte> transport = _headers.AsSpan(Start + offload.ChecksumStart, headers - offload.ChecksumStart);
        int oldLength = length - offload.ChecksumStart, newLength = transport.Length + size;
        if ((EtherType)BinaryPrimitives.ReadUInt16BigEndian(_headers.AsSpan(Start + EthernetHeader.EtherType)) == EtherType.IPv4)
        {
            Put(packet, Ipv4Header.TotalLength, packet.Length + size);
            Put(packet, Ipv4Header.Identification, BinaryPrimitives.ReadUInt16BigEndian(packet.Slice(Ipv4Header.Identification)) + index);
            Put(packet, Ipv4Header.Checksum, 0);
            InternetChecksum checksum = default;
            checksum.Add(packet.Slice(0, packet.Length - transport.Length));
            Put(packet, Ipv4Header.Checksum, checksum.Value);
        }
        else
        {
            Put(packet, Ipv6Header.PayloadLength, packet.Length - Ipv6Header.Length + size);
        }
        if (offload.Segmentation == FrameSegmentation.Udp)
        {
            Put(transport, UdpHeader.DatagramLength, newLength);
        }
        else
        {
            uint sequence = BinaryPrimitives.ReadUInt32BigEndian(transport.Slice(TcpHeader.SequenceNumber));
            BinaryPrimitives.WriteUInt32BigEndian(transport.Slice(TcpHeader.SequenceNumber), unchecked(sequence + (uint)position));
            int cleared = (isLast ? 0 : TcpHeader.FIN | TcpHeader.PSH) | (index == 0 ? 0 : TcpHeader.CWR);
            transport[TcpHeader.Flags] = (byte)(transport[TcpHeader.Flags] & ~cleared);
        }

        // In one's complement, subtracting is adding the complement.
        InternetChecksum pseudo = default;
        pseudo.Add(BinaryPrimitives.ReadUInt16BigEndian(transport.Slice(offload.ChecksumOffset)));
        pseudo.Add(unchecked((ushort)~oldLength));
        pseudo.Add((ushort)newLength);
        Put(transport, offload.ChecksumOffset, ~pseudo.Value);
    }

    /// <summary>Replaces the pseudo header's sum by the checksum.</summary>
    private void Complete(in FrameOffload offload, int headers, FrameBatch body, int frame, int offset, int size)
    {
        Span<byte> transport = _headers.AsSpan(Start + offload.ChecksumStart, headers - offload.ChecksumStart);
        InternetChecksum checksum = default;
        checksum.Add(transport);
        while (size > 0)
        {
            ReadOnlySpan<byte> part = body.From(frame, offset);
            if (part.IsEmpty)
                break;
            int count = Math.Min(part.Length, size);
            checksum.Add(part.Slice(0, count));
            offset += count;
            size -= count;
        }

        // UDP has no checksum of zero: that would say that there is none (RFC 768). To TCP both zeros are the same.
        Put(transport, offload.ChecksumOffset, checksum.Value == 0 ? ushort.MaxValue : checksum.Value);
    }

    /// <returns>Where the frame begins in the buffer.</returns>
    private int PutTag(int tag)
    {
        if (tag < 0)
            return Start;
        _headers.AsSpan(Start, EthernetHeader.EtherType).CopyTo(_headers);
        Put(_headers, EthernetHeader.EtherType, (ushort)EtherType.CustomerTag);
        Put(_headers, VlanTag.ControlInformation, tag);
        return 0;
    }

    private static void Put(Span<byte> header, int offset, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(header.Slice(offset), unchecked((ushort)value));
}
