using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.TcpIp;

/// <summary>Keeps what comes to a UDP port.</summary>
internal sealed class RecordingReceiver : IUdpReceiver
{
    public List<(byte[] Payload, IpEndpoint From)> Received { get; } = [];

    public List<IpEndpoint> RefusedBy { get; } = [];

    public void Receive(ReadOnlySpan<byte> payload, IpEndpoint from) => Received.Add((payload.ToArray(), from));

    public void Refused(IpEndpoint remote) => RefusedBy.Add(remote);
}
