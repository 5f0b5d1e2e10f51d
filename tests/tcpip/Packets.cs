using System.Buffers.Binary;
using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.TcpIp;

/// <summary>Makes and reads frames byte by byte as the RFCs draw them, without help of the stack under test.</summary>
internal static class Packets
{
    public const int EthernetLength = 14;
    public const int IpLength = 20;

    public static byte[] Frame(MacAddress to, MacAddress from, ushort type, ReadOnlySpan<byte> payload) => [.. Bytes(to), .. Bytes(from), .. Number(type), .. payload];

    public static byte[] Arp(ushort operation, MacAddress senderMac, IpAddress sender, MacAddress targetMac, IpAddress target) =>
        [.. Number(1), .. Number(0x0800), 6, 4, .. Number(operation), .. Bytes(senderMac), .. Bytes(sender), .. Bytes(targetMac), .. Bytes(target)];

    public static byte[] Ip(IpAddress source, IpAddress destination, byte protocol, ReadOnlySpan<byte> payload, ushort id = 1, ushort flags = 0, byte[]? options = null)
    {
        options ??= [];
        byte[] packet =
        [
            (byte)(0x45 + (options.Length / 4)), 0, .. Number(IpLength + options.Length + payload.Length), .. Number(id), .. Number(flags), 64, protocol, 0, 0,
            .. Bytes(source), .. Bytes(destination), .. options, .. payload,
        ];
        Put(packet, 10, Checksum(packet.AsSpan(0, IpLength + options.Length)));
        return packet;
    }

    public static byte[] Icmp(byte type, byte code, uint rest, ReadOnlySpan<byte> data)
    {
        byte[] message = [type, code, 0, 0, .. Number(rest), .. data];
        Put(message, 2, Checksum(message));
        return message;
    }

    public static byte[] Udp(IpAddress source, ushort sourcePort, IpAddress destination, ushort port, ReadOnlySpan<byte> data)
    {
        byte[] datagram = [.. Number(sourcePort), .. Number(port), .. Number(8 + data.Length), 0, 0, .. data];
        Put(datagram, 6, TransportChecksum(source, destination, 17, datagram));
        return datagram;
    }

    /// <summary>RFC 1071 as it is told there: 16-bit words summed with end-around carry.</summary>
    public static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            sum += i % 2 == 0 ? (uint)bytes[i] << 8 : bytes[i];
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        return (ushort)~sum;
    }

    public static ushort TransportChecksum(IpAddress source, IpAddress destination, byte protocol, ReadOnlySpan<byte> payload) =>
        Checksum([.. Bytes(source), .. Bytes(destination), 0, protocol, .. Number(payload.Length), .. payload]);

    public static byte[] Bytes(IpAddress address) => address.ToIPAddress().GetAddressBytes();

    public static byte[] Bytes(MacAddress address) => [.. Number((int)(address.Value >> 32)), .. Number((uint)address.Value)];

    public static byte[] Number(int value) => [(byte)(value >> 8), (byte)value];

    public static byte[] Number(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    public static void Put(Span<byte> bytes, int at, int value) => BinaryPrimitives.WriteUInt16BigEndian(bytes[at..], (ushort)value);

    public static ushort Get16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);

    public static uint Get32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
}
