using System;
using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Specs.Net;

namespace HyperOS.Switching;

/// <summary>Checks what a sender claims to be left to do to a frame against the frame's own headers.</summary>
internal static class OffloadCheck
{
    /// <summary>More segments than this are not made of one frame: as many as IP's longest packet has with 64 bytes each.</summary>
    public const int MaxSegments = 1024;

    private const int MaxPacketLength = ushort.MaxValue;

    /// <param name="head">The frame's first bytes, without tag; what is to be changed must lie in there.</param>
    /// <param name="length">The whole frame's, without tag; at least the head's.</param>
    /// <param name="claim">With offsets in the frame without tag.</param>
    /// <param name="offload">What a receiver may rely on: headers are as <paramref name="claim"/> says, lie in the head, and their length is right.</param>
    public static bool TryCheck(ReadOnlySpan<byte> head, int length, in FrameOffload claim, out FrameOffload offload)
    {
        offload = default;
        if (!claim.NeedsChecksum)
        {
            offload = new FrameOffload { IsChecksumValid = claim.IsChecksumValid };
            return claim.Segmentation == FrameSegmentation.None && !claim.HasEcn;
        }
        if (claim.ChecksumStart < EthernetHeader.Length || claim.ChecksumStart + claim.ChecksumOffset + sizeof(ushort) > head.Length)
            return false;
        int headers = 0;
        if (claim.Segmentation == FrameSegmentation.None ? claim.HasEcn : !TryMeasure(head, length, in claim, out headers))
            return false;
        offload = new FrameOffload
        {
            NeedsChecksum = true,
            ChecksumStart = claim.ChecksumStart,
            ChecksumOffset = claim.ChecksumOffset,
            Segmentation = claim.Segmentation,
            HasEcn = claim.HasEcn,
            SegmentSize = headers == 0 ? (ushort)0 : claim.SegmentSize,
            HeaderLength = (ushort)headers,
        };
        return true;
    }

    /// <summary>How many frames of the link a frame is, whose offload was checked.</summary>
    public static int Segments(int length, in FrameOffload offload) => offload.Segmentation == FrameSegmentation.None
        ? 1
        : Math.Max(1, (length - offload.HeaderLength + offload.SegmentSize - 1) / offload.SegmentSize);

    private static bool TryMeasure(ReadOnlySpan<byte> head, int length, in FrameOffload claim, out int headers)
    {
        headers = 0;
        if (claim.Segmentation is not (FrameSegmentation.TcpV4 or FrameSegmentation.TcpV6 or FrameSegmentation.Udp))
            return false;
        IpProtocol protocol = claim.Segmentation == FrameSegmentation.Udp ? IpProtocol.Udp : IpProtocol.Tcp;
        if (claim.HasEcn && protocol != IpProtocol.Tcp || !TryFindTransport(head, length, claim.Segmentation, protocol, out int start)
            || start != claim.ChecksumStart)
        {
            return false;
        }
        if (protocol == IpProtocol.Udp)
        {
            headers = start + UdpHeader.Length;
            if (claim.ChecksumOffset != UdpHeader.Checksum)
                return false;
        }
        else
        {
            if (claim.ChecksumOffset != TcpHeader.Checksum || start + TcpHeader.MinLength > head.Length)
                return false;
            int words = head[start + TcpHeader.DataOffset] >> 4;
            headers = start + words * 4;
            if (words * 4 < TcpHeader.MinLength)
                return false;
        }
        return headers <= head.Length && claim.SegmentSize != 0
            && (length - headers + claim.SegmentSize - 1) / claim.SegmentSize <= MaxSegments;
    }

    /// <summary>Where the header behind IP's begins.</summary>
    private static bool TryFindTransport(ReadOnlySpan<byte> head, int length, FrameSegmentation segmentation, IpProtocol protocol, out int start)
    {
        start = 0;
        EtherType type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(head.Slice(EthernetHeader.EtherType));
        ReadOnlySpan<byte> packet = head.Slice(EthernetHeader.Length);
        int offset = 0;
        bool found = type switch
        {
            EtherType.IPv4 when segmentation != FrameSegmentation.TcpV6 =>
                length - EthernetHeader.Length <= MaxPacketLength && TryPassIpv4(packet, protocol, out offset),
            EtherType.IPv6 when segmentation != FrameSegmentation.TcpV4 =>
                length - EthernetHeader.Length - Ipv6Header.Length <= MaxPacketLength && TryPassIpv6(packet, protocol, out offset),
            _ => false,
        };
        start = EthernetHeader.Length + offset;
        return found;
    }

    private static bool TryPassIpv4(ReadOnlySpan<byte> packet, IpProtocol protocol, out int length)
    {
        length = 0;
        if (packet.Length < Ipv4Header.MinLength)
            return false;
        byte first = packet[Ipv4Header.VersionAndLength];
        length = (first & 0xF) * 4;
        return first >> 4 == 4 && length >= Ipv4Header.MinLength && packet[Ipv4Header.Protocol] == (byte)protocol
            && (BinaryPrimitives.ReadUInt16BigEndian(packet.Slice(Ipv4Header.Fragment)) & Ipv4Header.FragmentMask) == 0;
    }

    private static bool TryPassIpv6(ReadOnlySpan<byte> packet, IpProtocol protocol, out int length)
    {
        length = Ipv6Header.Length;
        if (packet.Length < Ipv6Header.Length || packet[Ipv6Header.Version] >> 4 != 6)
            return false;
        byte next = packet[Ipv6Header.NextHeader];
        while ((IpProtocol)next is IpProtocol.HopByHopOptions or IpProtocol.Routing or IpProtocol.DestinationOptions)
        {
            if (packet.Length - length < Ipv6Header.ExtensionUnit)
                return false;
            next = packet[length + Ipv6Header.ExtensionNextHeader];
            length += (packet[length + Ipv6Header.ExtensionLength] + 1) * Ipv6Header.ExtensionUnit;
        }
        return next == (byte)protocol;
    }
}
