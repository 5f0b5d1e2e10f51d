using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

public sealed class IcmpTests : IDisposable
{
    private readonly HostBench _bench = new HostBench().KnowNeighbours();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void An_echo_is_answered_with_its_data()
    {
        _bench.ReceiveIp(Ip(Peer, Host, 1, Icmp(8, 0, 0x1234_0001, [1, 2, 3])));
        byte[] packet = Assert.Single(_bench.TakePackets());
        Assert.Equal(Icmp(0, 0, 0x1234_0001, [1, 2, 3]), packet[IpLength..]);
        Assert.Equal(Bytes(Peer), packet[16..20]);
    }

    [Fact]
    public void A_long_echo_in_fragments_is_answered_in_fragments()
    {
        byte[] message = Icmp(8, 0, 1, new byte[4000]);
        for (int at = 0; at < message.Length; at += 1480)
            _bench.ReceiveIp(Ip(Peer, Host, 1, message.AsSpan(at, Math.Min(1480, message.Length - at)), 5, (ushort)(at / 8 | (at + 1480 < message.Length ? 0x2000 : 0))));
        Assert.Equal(4008, _bench.TakePackets().Sum(packet => packet.Length - IpLength));
    }

    [Fact]
    public void An_echo_to_all_is_not_answered()
    {
        _bench.Stack.Receive(Frame(MacAddress.Broadcast, PeerMac, 0x0800, Ip(Peer, IpAddress.V4(10, 0, 0, 255), 1, Icmp(8, 0, 1, [1]))));
        Assert.Empty(_bench.Link.Sent);
    }

    [Fact]
    public void More_than_a_thousand_echoes_a_second_are_not_answered()
    {
        for (int i = 0; i < 1500; i++)
            _bench.ReceiveIp(Ip(Peer, Host, 1, Icmp(8, 0, 1, [1])));
        Assert.Equal(1000, _bench.Link.Take().Count);
        _bench.Time.AdvanceSeconds(0.1);
        for (int i = 0; i < 1500; i++)
            _bench.ReceiveIp(Ip(Peer, Host, 1, Icmp(8, 0, 1, [1])));
        Assert.Equal(100, _bench.Link.Take().Count);
    }

    [Theory]
    [InlineData(0, DropReason.NotForUs)]
    [InlineData(13, DropReason.NotForUs)]
    [InlineData(3, DropReason.Truncated)]
    public void Other_messages_are_dropped(byte type, DropReason reason)
    {
        _bench.ReceiveIp(Ip(Peer, Host, 1, Icmp(type, 0, 0, [1, 2, 3])));
        Assert.Empty(_bench.Link.Sent);
        Assert.Equal(1, _bench.Drops(reason));
    }

    [Fact]
    public void A_datagram_to_a_port_where_nobody_listens_is_answered_with_an_error_that_quotes_it()
    {
        byte[] packet = Ip(Peer, Host, 17, Udp(Peer, 7, Host, 9, new byte[1000]));
        _bench.ReceiveIp(packet);
        byte[] error = Assert.Single(_bench.TakePackets());
        Assert.Equal(576, error.Length);
        Assert.Equal([3, 3], error[IpLength..(IpLength + 2)]);
        Assert.Equal(packet[..548], error[28..]);
        Assert.Equal(0, Checksum(error.AsSpan(IpLength)));
    }

    [Fact]
    public void A_packet_of_an_unknown_protocol_is_answered_with_an_error()
    {
        _bench.ReceiveIp(Ip(Peer, Host, 99, [1, 2, 3]));
        Assert.Equal([3, 2], Assert.Single(_bench.TakePackets())[IpLength..(IpLength + 2)]);
    }

    [Fact]
    public void No_error_is_sent_about_a_broadcast_a_fragment_or_an_ICMP_message()
    {
        IpAddress all = IpAddress.V4(10, 0, 0, 255);
        _bench.Stack.Receive(Frame(MacAddress.Broadcast, PeerMac, 0x0800, Ip(Peer, all, 17, Udp(Peer, 7, all, 9, [1]))));
        byte[] datagram = Udp(Peer, 7, Host, 9, new byte[8]);
        _bench.ReceiveIp(Ip(Peer, Host, 17, datagram.AsSpan(0, 8), 1, 0x2000));
        _bench.ReceiveIp(Ip(Peer, Host, 17, datagram.AsSpan(8), 1, 1));
        _bench.ReceiveIp(Ip(Peer, Host, 1, Icmp(3, 3, 0, new byte[28])));
        Assert.Empty(_bench.Link.Sent);
    }

    [Fact]
    public void A_flood_to_closed_ports_is_answered_by_few_errors()
    {
        for (int i = 0; i < 5000; i++)
            _bench.ReceiveIp(Ip(Peer, Host, 17, Udp(Peer, 7, Host, 9, [1])));
        Assert.Equal(100, _bench.Link.Sent.Count);
    }

    [Fact]
    public void An_error_about_a_datagram_reaches_the_socket_that_sent_it()
    {
        RecordingReceiver receiver = new();
        using UdpSocket socket = _bench.Stack.BindUdp(1000, receiver);
        socket.Send(new IpEndpoint(Far, 53), [1]);
        byte[] sent = Assert.Single(_bench.TakePackets());
        _bench.ReceiveIp(Ip(Router, Host, 1, Icmp(3, 1, 0, sent)));
        Assert.Empty(receiver.RefusedBy);
        _bench.ReceiveIp(Ip(Far, Host, 1, Icmp(3, 3, 0, sent)));
        Assert.Equal(new IpEndpoint(Far, 53), Assert.Single(receiver.RefusedBy));
    }

    [Fact]
    public void An_error_that_quotes_another_hosts_packet_is_dropped()
    {
        _bench.ReceiveIp(Ip(Router, Host, 1, Icmp(3, 3, 0, Ip(Peer, Far, 17, Udp(Peer, 1000, Far, 53, [1])))));
        Assert.Equal(1, _bench.Drops(DropReason.Unexpected));
    }
}
