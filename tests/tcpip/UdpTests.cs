using System.Net.Sockets;
using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

public sealed class UdpTests : IDisposable
{
    private readonly HostBench _bench = new HostBench().KnowNeighbours();
    private readonly RecordingReceiver _receiver = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_port_is_taken_once_and_free_again_when_it_is_given_back()
    {
        UdpSocket socket = _bench.Stack.BindUdp(9, _receiver);
        Assert.Throws<SocketException>(() => _bench.Stack.BindUdp(9, _receiver));
        socket.Dispose();
        _bench.Stack.BindUdp(9, _receiver).Dispose();
    }

    [Fact]
    public void A_free_port_is_of_the_dynamic_range_and_never_the_same()
    {
        ushort[] ports = [.. Enumerable.Range(0, 1000).Select(_ => _bench.Stack.BindUdp(0, _receiver).Port)];
        Assert.Equal(1000, ports.Distinct().Count());
        Assert.All(ports, port => Assert.InRange(port, 49152, 65535));
    }

    [Fact]
    public void A_datagram_without_a_checksum_is_accepted()
    {
        _bench.Stack.BindUdp(9, _receiver);
        byte[] datagram = Udp(Peer, 7, Host, 9, [1, 2]);
        Put(datagram, 6, 0);
        _bench.ReceiveIp(Ip(Peer, Host, 17, datagram));
        Assert.Single(_receiver.Received);
    }

    [Theory]
    [InlineData(7, DropReason.Truncated)]
    [InlineData(11, DropReason.Truncated)]
    [InlineData(9, DropReason.BadChecksum)]
    public void A_datagram_whose_length_is_wrong_is_dropped(int length, DropReason reason)
    {
        _bench.Stack.BindUdp(9, _receiver);
        byte[] datagram = Udp(Peer, 7, Host, 9, [1, 2]);
        Put(datagram, 4, length);
        _bench.ReceiveIp(Ip(Peer, Host, 17, datagram));
        Assert.Empty(_receiver.Received);
        Assert.Equal(1, _bench.Drops(reason));
    }

    [Fact]
    public void A_datagram_that_is_too_long_is_not_sent()
    {
        using UdpSocket socket = _bench.Stack.BindUdp(0, _receiver);
        Assert.Throws<ArgumentException>(() => socket.Send(new IpEndpoint(Peer, 9), new byte[UdpLayer.MaximumLength + 1]));
        socket.Send(new IpEndpoint(Peer, 9), new byte[UdpLayer.MaximumLength]);
        Assert.NotEmpty(_bench.TakePackets());
    }

    [Fact]
    public void Without_an_address_nothing_is_sent_but_to_all()
    {
        using HostBench bench = new(isConfigured: false);
        using UdpSocket socket = bench.Stack.BindUdp(68, _receiver);
        socket.Send(new IpEndpoint(Peer, 67), [1]);
        Assert.Empty(bench.Link.Sent);
        socket.Send(new IpEndpoint(IpAddress.BroadcastV4, 67), [1]);
        byte[] packet = Assert.Single(bench.TakePackets());
        Assert.Equal([0, 0, 0, 0, 255, 255, 255, 255], packet[12..20]);
    }
}
