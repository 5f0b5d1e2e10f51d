using System.Net;
using System.Net.Sockets;

namespace HyperOS.Tests.Boot;

/// <summary>The other end of a card's cable: frames in datagrams, to and from QEMU.</summary>
internal sealed class Wire : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly int _machinePort = FreePort();

    /// <summary>For <see cref="MachineOptions.ExtraArguments"/>.</summary>
    /// <param name="name">Of QEMU's network, which a device is to be connected to.</param>
    public IReadOnlyList<string> Arguments(string name) =>
    [
        "-netdev", $"dgram,id={name},local.type=inet,local.host=127.0.0.1,local.port={_machinePort},remote.type=inet,remote.host=127.0.0.1,remote.port={((IPEndPoint)_socket.Client.LocalEndPoint!).Port}",
    ];

    public void Send(byte[] frame) => _socket.Send(frame, new IPEndPoint(IPAddress.Loopback, _machinePort));

    /// <summary>The next frame, within minutes.</summary>
    public async Task<byte[]> Receive()
    {
        using CancellationTokenSource limit = new(s_limit);
        return await Receive(limit.Token);
    }

    public async Task<byte[]> Receive(CancellationToken cancellation) => (await _socket.ReceiveAsync(cancellation)).Buffer;

    public void Dispose() => _socket.Dispose();

    private static int FreePort()
    {
        using UdpClient probe = new(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.Client.LocalEndPoint!).Port;
    }
}
