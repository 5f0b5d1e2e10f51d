using System;

namespace HyperOS.Management.TcpIp;

/// <summary>A packet that has come, whole and checked, of either IP version.</summary>
/// <param name="source">The sender, a unicast address.</param>
/// <param name="destination">An address of this host, or a broadcast.</param>
/// <param name="protocol">What the payload is.</param>
/// <param name="payload">What is behind the IP header.</param>
/// <param name="original">Header and payload as they came, to be quoted in an error; empty if no error may be sent.</param>
internal readonly ref struct IpPacket(IpAddress source, IpAddress destination, IpProtocol protocol, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> original)
{
    public IpAddress Source { get; } = source;

    public IpAddress Destination { get; } = destination;

    public IpProtocol Protocol { get; } = protocol;

    public ReadOnlySpan<byte> Payload { get; } = payload;

    public ReadOnlySpan<byte> Original { get; } = original;

    /// <summary>The sum of the transport's pseudo header and its whole payload, 0 if it holds its checksum.</summary>
    public ushort TransportChecksum => InternetChecksum.OfPseudoHeader(Source, Destination, Protocol, Payload.Length).Add(Payload).Value;
}
