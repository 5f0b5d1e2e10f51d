using System;

namespace HyperOS.Management.TcpIp;

/// <summary>A UDP port of this host. It may be used from any thread.</summary>
public sealed class UdpSocket : IDisposable
{
    private readonly UdpLayer _layer;

    internal UdpSocket(UdpLayer layer, ushort port, IUdpReceiver receiver) => (_layer, Port, Receiver) = (layer, port, receiver);

    /// <summary>This side's port.</summary>
    public ushort Port { get; }

    internal IUdpReceiver Receiver { get; }

    /// <summary>Sends a datagram of at most <see cref="UdpLayer.MaximumLength"/> bytes; as with all datagrams nobody tells whether it arrives.</summary>
    /// <exception cref="ArgumentException">The payload is too long.</exception>
    public void Send(IpEndpoint to, ReadOnlySpan<byte> payload) => _layer.Send(Port, to, payload);

    /// <summary>Gives the port back.</summary>
    public void Dispose() => _layer.Close(this);
}
