using System.Buffers.Binary;
using HyperOS.Core;

namespace HyperOS.Tests.Unit.Switching;

/// <summary>A TCP or UDP frame as a guest hands it over that leaves checksum and segmentation to its device.</summary>
internal sealed record OffloadFrame(byte[] Bytes, FrameOffload Offload)
{
    public int Headers => Offload.HeaderLength;

    public byte[] Payload => Bytes[Headers..];

    public ArrayBatch Batch(int piece = int.MaxValue) => new([Bytes], [Offload], piece);

    public static OffloadFrame Tcp(MacAddress to, MacAddress from, bool isV6, int payload, int segment, byte flags = 0x10, bool hasEcn = false)
    {
        OffloadFrame frame = Make(to, from, isV6, isUdp: false, payload, segment, hasEcn);
        Span<byte> tcp = frame.Bytes.AsSpan(frame.Offload.ChecksumStart);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], 0xFFFF_F000);
        tcp[12] = 5 << 4;
        tcp[13] = flags;
        return frame;
    }

    public static OffloadFrame Udp(MacAddress to, MacAddress from, bool isV6, int payload, int segment)
    {
        OffloadFrame frame = Make(to, from, isV6, isUdp: true, payload, segment, hasEcn: false);
        BinaryPrimitives.WriteUInt16BigEndian(frame.Bytes.AsSpan(frame.Offload.ChecksumStart + 4), (ushort)(payload + 8));
        return frame;
    }

    public OffloadFrame Tagged(int tag) => new(
        [.. Bytes[..12], 0x81, 0, (byte)(tag >> 8), (byte)tag, .. Bytes[12..]],
        Claim(Offload.ChecksumStart + 4, Offload.ChecksumOffset, Offload.Segmentation, Offload.SegmentSize, Offload.HasEcn, Offload.HeaderLength + 4));

    /// <summary>By the receiver's rules: lengths as the frame's, sums that come out right.</summary>
    public static bool HasValidChecksum(byte[] frame)
    {
        bool isV6 = frame[12] == 0x86;
        int start = isV6 ? 54 : 34;
        int protocol = frame[isV6 ? 20 : 23];
        uint sum = (uint)(protocol + frame.Length - start);
        for (int i = isV6 ? 22 : 26; i < frame.Length; i++)
            sum += (uint)frame[i] << (i % 2 == 0 ? 8 : 0);
        bool isHeaderRight = isV6
            ? BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(18)) == frame.Length - 54
            : BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(16)) == frame.Length - 14 && Fold(Sum(frame.AsSpan(14, 20))) == 0xFFFF;
        bool isUdpRight = protocol != 17 || BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(start + 4)) == frame.Length - start;
        return isHeaderRight && isUdpRight && Fold(sum) == 0xFFFF;
    }

    private static OffloadFrame Make(MacAddress to, MacAddress from, bool isV6, bool isUdp, int payload, int segment, bool hasEcn)
    {
        int start = isV6 ? 54 : 34, headers = start + (isUdp ? 8 : 20);
        byte[] frame = new byte[headers + payload];
        to.TryWrite(frame);
        from.TryWrite(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), (ushort)(isV6 ? 0x86DD : 0x0800));
        Span<byte> ip = frame.AsSpan(14);
        if (isV6)
        {
            ip[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(frame.Length - 54));
            ip[6] = (byte)(isUdp ? 17 : 6);
            for (int i = 8; i < 40; i++)
                ip[i] = (byte)(i * 7);
        }
        else
        {
            ip[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(frame.Length - 14));
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], 0xFFF0);
            ip[9] = (byte)(isUdp ? 17 : 6);
            for (int i = 12; i < 20; i++)
                ip[i] = (byte)(i * 19);
            BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~Fold(Sum(ip[..20])));
        }
        for (int i = headers; i < frame.Length; i++)
            frame[i] = (byte)(i * 31 + (i >> 8));
        uint pseudo = Sum(frame.AsSpan((isV6 ? 22 : 26)..start)) + (uint)(isUdp ? 17 : 6) + (uint)(frame.Length - start);
        int offset = isUdp ? 6 : 16;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(start + offset), (ushort)Fold(pseudo));
        FrameSegmentation kind = segment == 0 ? FrameSegmentation.None : isUdp ? FrameSegmentation.Udp : isV6 ? FrameSegmentation.TcpV6 : FrameSegmentation.TcpV4;
        return new OffloadFrame(frame, Claim(start, offset, kind, segment, hasEcn, headers));
    }

    private static FrameOffload Claim(int start, int offset, FrameSegmentation kind, int segment, bool hasEcn, int headers) => new()
    {
        NeedsChecksum = true, ChecksumStart = (ushort)start, ChecksumOffset = (ushort)offset, Segmentation = kind, SegmentSize = (ushort)segment,
        HasEcn = hasEcn, HeaderLength = (ushort)headers,
    };

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i++)
            sum += (uint)bytes[i] << (i % 2 == 0 ? 8 : 0);
        return sum;
    }

    private static uint Fold(uint sum)
    {
        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return sum;
    }
}
