using System;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// The place where every packet is made: a transport writes its part, then each layer below puts its header in front.
/// <code>
///   | room for Ethernet and IP headers | transport header and data |
///   0                             Headroom                  Headroom + Capacity
/// </code>
/// </summary>
internal sealed class PacketBuffer
{
    /// <summary>Room for the headers of Ethernet and of either IP version.</summary>
    public const int Headroom = EthernetLayer.HeaderLength + 40;

    /// <summary>The longest IP packet or datagram that is sent or put together from fragments, in bytes.</summary>
    public const int Capacity = 16 * 1024;

    private readonly byte[] _bytes = new byte[Headroom + Capacity];

    public Span<byte> Payload(int length) => _bytes.AsSpan(Headroom, length);

    /// <summary>The payload with so many bytes of headers in front of it.</summary>
    public Span<byte> WithHeaders(int headers, int length) => _bytes.AsSpan(Headroom - headers, headers + length);
}
