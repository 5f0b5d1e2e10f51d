using System;
using System.Buffers.Binary;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// Which queue pair a flow belongs to: the one on which the driver last sent a frame of it. Virtio 1.2, section "Automatic receive steering in
/// multiqueue mode". A hint that several threads read and write; flows that hash alike share their pair.
/// </summary>
internal sealed class FlowTable
{
    private const int Entries = 256;
    private const int EthernetBytes = 14, TagBytes = 4, IpV4Bytes = 20, IpV6Bytes = 40;

    private readonly byte[] _pairs = new byte[Entries];

    /// <summary>All flows belong to the first pair.</summary>
    public void Clear() => _pairs.AsSpan().Clear();

    /// <summary>A frame that begins so was sent on a pair.</summary>
    public void Learn(ReadOnlySpan<byte> frame, int pair) => _pairs[Hash(frame)] = (byte)pair;

    /// <summary>The pair for a frame that begins so.</summary>
    public int Find(ReadOnlySpan<byte> frame) => _pairs[Hash(frame)];

    // The same both ways: addresses and ports are added up. Whatever is not IP is one flow.
    private static int Hash(ReadOnlySpan<byte> frame)
    {
        int at = EthernetBytes;
        if (frame.Length < at + IpV4Bytes)
            return 0;
        ushort type = BinaryPrimitives.ReadUInt16BigEndian(frame.Slice(at - 2));
        if (type == 0x8100)
        {
            at += TagBytes;
            type = BinaryPrimitives.ReadUInt16BigEndian(frame.Slice(at - 2));
        }
        ReadOnlySpan<byte> packet = frame.Slice(at);
        uint sum = 0;
        int header, protocol;
        if (type == 0x0800 && packet.Length >= IpV4Bytes)
        {
            header = (packet[0] & 0xF) * 4;
            protocol = packet[9];
            for (int i = 12; i < IpV4Bytes; i += 4)
                sum = unchecked(sum + BinaryPrimitives.ReadUInt32BigEndian(packet.Slice(i)));
        }
        else if (type == 0x86DD && packet.Length >= IpV6Bytes)
        {
            header = IpV6Bytes;
            protocol = packet[6];
            for (int i = 8; i < IpV6Bytes; i += 4)
                sum = unchecked(sum + BinaryPrimitives.ReadUInt32BigEndian(packet.Slice(i)));
        }
        else
        {
            return 0;
        }
        if (protocol is 6 or 17 && packet.Length >= header + 4)
        {
            sum = unchecked(sum + BinaryPrimitives.ReadUInt16BigEndian(packet.Slice(header)));
            sum = unchecked(sum + BinaryPrimitives.ReadUInt16BigEndian(packet.Slice(header + 2)));
        }
        return unchecked((int)(sum * 0x9E37_79B1u >> 24));
    }
}
