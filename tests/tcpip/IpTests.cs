using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

public sealed class IpTests : IDisposable
{
    private readonly HostBench _bench = new HostBench().KnowNeighbours();
    private readonly RecordingReceiver _port9 = new();

    public IpTests() => _bench.Stack.BindUdp(9, _port9);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_datagram_comes_to_its_port_without_the_links_padding()
    {
        _bench.Stack.Receive([.. Frame(_bench.HostMac, PeerMac, 0x0800, Datagram([1, 2, 3])), .. new byte[30]]);
        (byte[] payload, IpEndpoint from) = Assert.Single(_port9.Received);
        Assert.Equal([1, 2, 3], payload);
        Assert.Equal(new IpEndpoint(Peer, 7), from);
    }

    [Theory]
    [InlineData(0, 0x65, DropReason.BadHeader)]
    [InlineData(0, 0x44, DropReason.BadHeader)]
    [InlineData(2, 0xFF, DropReason.Truncated)]
    [InlineData(3, 10, DropReason.BadHeader)]
    [InlineData(8, 1, DropReason.BadChecksum)]
    [InlineData(30, 1, DropReason.BadChecksum)]
    public void A_packet_with_a_wrong_field_is_dropped(int at, byte value, DropReason reason)
    {
        byte[] packet = Datagram([1, 2, 3]);
        packet[at] = value;
        _bench.ReceiveIp(packet);
        Assert.Empty(_port9.Received);
        Assert.Equal(1, _bench.Drops(reason));
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("127.0.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("10.0.0.255")]
    [InlineData("10.0.0.1")]
    public void A_sender_that_no_host_can_be_is_not_believed(string source)
    {
        Assert.True(IpAddress.TryParse(source, out IpAddress address));
        _bench.ReceiveIp(Ip(address, Host, 17, Udp(address, 7, Host, 9, [1])));
        Assert.Equal(1, _bench.Drops(DropReason.BadSource));
    }

    [Fact]
    public void A_packet_for_another_host_is_dropped() => ExpectDrop(Ip(Peer, Router, 17, Udp(Peer, 7, Router, 9, [1])), DropReason.NotForUs);

    [Fact]
    public void A_packet_for_one_host_in_a_frame_for_all_is_dropped()
    {
        _bench.Stack.Receive(Frame(MacAddress.Broadcast, PeerMac, 0x0800, Datagram([1])));
        Assert.Equal(1, _bench.Drops(DropReason.NotForUs));
    }

    [Theory]
    [InlineData(DropReason.Truncated, 13)]
    [InlineData(DropReason.NotForUs, 60, 0)]
    [InlineData(DropReason.BadSource, 60, 6)]
    public void A_frame_that_is_short_or_wrongly_addressed_is_dropped(DropReason reason, int length, int changed = 12)
    {
        byte[] frame = [.. Frame(_bench.HostMac, PeerMac, 0x0800, Datagram([1])), .. new byte[60]];
        frame[changed] |= changed < 12 ? (byte)0x05 : (byte)0;
        _bench.Stack.Receive(frame.AsSpan(0, length));
        Assert.Equal(1, _bench.Drops(reason));
    }

    [Fact]
    public void Options_are_passed_over()
    {
        _bench.ReceiveIp(Ip(Peer, Host, 17, Udp(Peer, 7, Host, 9, [1]), options: [1, 7, 7, 4, 0, 0, 0, 0]));
        Assert.Single(_port9.Received);
    }

    [Theory]
    [InlineData(131)]
    [InlineData(137)]
    public void Source_routes_are_refused(byte option) =>
        ExpectDrop(Ip(Peer, Host, 17, Udp(Peer, 7, Host, 9, [1]), options: [option, 7, 4, 10, 0, 0, 2, 0]), DropReason.SourceRoute);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    public void An_option_of_an_impossible_length_is_refused(byte length) =>
        ExpectDrop(Ip(Peer, Host, 17, Udp(Peer, 7, Host, 9, [1]), options: [7, length, 0, 0, 0, 0, 0, 0]), DropReason.BadHeader);

    [Fact]
    public void A_neighbour_is_reached_directly_and_a_far_host_by_the_router()
    {
        using UdpSocket socket = _bench.Stack.BindUdp(0, _port9);
        socket.Send(new IpEndpoint(Peer, 9), [1]);
        socket.Send(new IpEndpoint(Far, 9), [1]);
        socket.Send(new IpEndpoint(IpAddress.BroadcastV4, 9), [1]);
        socket.Send(new IpEndpoint(IpAddress.V4(10, 0, 0, 255), 9), [1]);
        Assert.Equal([PeerMac, RouterMac, MacAddress.Broadcast, MacAddress.Broadcast], _bench.Link.Take().Select(frame => MacAddress.Read(frame)));
    }

    [Fact]
    public void Without_a_router_a_far_host_is_not_reached()
    {
        _bench.Stack.Configure(new IpConfiguration(Host, 24, null));
        _bench.Link.Take();
        using UdpSocket socket = _bench.Stack.BindUdp(0, _port9);
        socket.Send(new IpEndpoint(Far, 9), [1]);
        Assert.Empty(_bench.Link.Sent);
        Assert.Equal(1, _bench.Drops(DropReason.NoRoute));
    }

    [Fact]
    public void What_is_sent_has_the_checksums_of_the_standards()
    {
        using UdpSocket socket = _bench.Stack.BindUdp(1234, _port9);
        socket.Send(new IpEndpoint(Peer, 9), [1, 2, 3, 4, 5]);
        byte[] packet = Assert.Single(_bench.TakePackets());
        Assert.Equal(0, Checksum(packet.AsSpan(0, IpLength)));
        Assert.Equal(0, TransportChecksum(Host, Peer, 17, packet.AsSpan(IpLength)));
        Assert.Equal(1234, Get16(packet, IpLength));
    }

    [Fact]
    public void A_frame_that_the_link_has_no_room_for_is_lost_and_counted()
    {
        _bench.Link.IsFull = true;
        using UdpSocket socket = _bench.Stack.BindUdp(0, _port9);
        socket.Send(new IpEndpoint(Peer, 9), [1]);
        Assert.Equal(1, _bench.Drops(DropReason.LinkFull));
    }

    [Fact]
    public void A_batch_is_taken_whole_and_its_answers_are_announced_once()
    {
        byte[] echo = Frame(_bench.HostMac, PeerMac, 0x0800, Ip(Peer, Host, 1, Icmp(8, 0, 0, [1])));
        int flushes = _bench.Link.Flushes;
        Batch batch = new([echo, echo, echo]);
        _bench.Stack.Receive(ref batch);
        Assert.Equal(3, _bench.Link.Sent.Count);
        Assert.Equal(flushes + 1, _bench.Link.Flushes);
    }

    private void ExpectDrop(byte[] packet, DropReason reason)
    {
        _bench.ReceiveIp(packet);
        Assert.Empty(_port9.Received);
        Assert.Equal(1, _bench.Drops(reason));
    }

    private static byte[] Datagram(byte[] data) => Ip(Peer, Host, 17, Udp(Peer, 7, Host, 9, data));

    private struct Batch(byte[][] frames) : IFrameBatch
    {
        private int _next;

        public bool TryNext(out ReadOnlySpan<byte> frame)
        {
            frame = _next < frames.Length ? frames[_next] : default;
            return _next++ < frames.Length;
        }
    }
}
