using System;
using System.Runtime.CompilerServices;

namespace HyperOS.Core;

/// <summary>What a receiver takes without having it resolved first.</summary>
[Flags]
public enum FrameOffloads : byte
{
    None = 0,

    /// <summary>Frames whose TCP or UDP checksum is still to be completed.</summary>
    Checksum = 1 << 0,

    /// <summary>TCP over IPv4 in one frame longer than the link's.</summary>
    TcpV4 = 1 << 1,

    /// <summary>TCP over IPv6 in one frame longer than the link's.</summary>
    TcpV6 = 1 << 2,

    /// <summary>Long TCP frames that have CWR set, which only the first segment may keep.</summary>
    TcpEcn = 1 << 3,

    /// <summary>UDP datagrams in one frame, to be cut into datagrams of the segment's size.</summary>
    Udp = 1 << 4,
}

/// <summary>How a frame longer than the link's is to be cut. Values: virtio 1.2, section "Device Operation" of the network device, gso_type.</summary>
public enum FrameSegmentation : byte
{
    None = 0,
    TcpV4 = 1,
    TcpV6 = 4,
    Udp = 5,
}

/// <summary>
/// What is left to do to a frame. The sender claims it; <see cref="FramePort"/> checks it before a receiver sees it. Offsets count from the frame's
/// first byte.
/// </summary>
public readonly struct FrameOffload
{
    /// <summary>
    /// The 16-bit field at <see cref="ChecksumStart"/> + <see cref="ChecksumOffset"/> holds the pseudo header's sum and is to be replaced by the
    /// Internet checksum over all bytes from <see cref="ChecksumStart"/> to the frame's end.
    /// </summary>
    public bool NeedsChecksum { get; init; }

    /// <summary>The checksum was verified, or the frame never left the host's memory: the receiver need not look at it.</summary>
    public bool IsChecksumValid { get; init; }

    /// <summary>In bytes.</summary>
    public ushort ChecksumStart { get; init; }

    /// <summary>In bytes, from <see cref="ChecksumStart"/>.</summary>
    public ushort ChecksumOffset { get; init; }

    public FrameSegmentation Segmentation { get; init; }

    /// <summary>The frame is long TCP with CWR set.</summary>
    public bool HasEcn { get; init; }

    /// <summary>Payload bytes of each segment but the last; 0 without segmentation.</summary>
    public ushort SegmentSize { get; init; }

    /// <summary>Bytes of all headers, Ethernet's to TCP's or UDP's; 0 without segmentation. As a sender's claim no more than a hint.</summary>
    public ushort HeaderLength { get; init; }

    /// <summary>Nothing is left to do, and nothing is said of the checksum.</summary>
    public bool IsNone
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !NeedsChecksum && !IsChecksumValid && !HasEcn && Segmentation == FrameSegmentation.None;
    }

    /// <summary>What a receiver must take to get the frame as it is.</summary>
    public FrameOffloads Required => (NeedsChecksum ? FrameOffloads.Checksum : FrameOffloads.None)
        | (HasEcn ? FrameOffloads.TcpEcn : FrameOffloads.None)
        | Segmentation switch
        {
            FrameSegmentation.TcpV4 => FrameOffloads.TcpV4,
            FrameSegmentation.TcpV6 => FrameOffloads.TcpV6,
            FrameSegmentation.Udp => FrameOffloads.Udp,
            _ => FrameOffloads.None,
        };
}
