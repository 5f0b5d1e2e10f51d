using System;

namespace HyperOS.Management.TcpIp;

/// <summary>Who is told what came to a UDP port. Called under the stack's lock: it must not block, and may send.</summary>
public interface IUdpReceiver
{
    /// <summary>A datagram has come; its bytes are the stack's again when this returns.</summary>
    void Receive(ReadOnlySpan<byte> payload, IpEndpoint from);

    /// <summary>A datagram that was sent there found nobody (RFC 1122 section 4.1.3.3).</summary>
    void Refused(IpEndpoint remote);
}
