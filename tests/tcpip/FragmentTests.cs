using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

public sealed class FragmentTests : IDisposable
{
    private const ushort More = 0x2000;

    private readonly HostBench _bench = new HostBench().KnowNeighbours();
    private readonly RecordingReceiver _port9 = new();
    private readonly byte[] _data = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 7))];

    public FragmentTests() => _bench.Stack.BindUdp(9, _port9);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Fragments_in_any_order_make_their_datagram()
    {
        byte[][] fragments = Fragments(id: 1);
        for (int seed = 0; seed < 50; seed++)
        {
            new Random(seed).Shuffle(fragments);
            foreach (byte[] fragment in fragments)
                _bench.ReceiveIp(fragment);
        }
        Assert.Equal(50, _port9.Received.Count);
        Assert.All(_port9.Received, got => Assert.Equal(_data, got.Payload));
    }

    [Fact]
    public void A_fragment_that_comes_twice_does_no_harm()
    {
        foreach (byte[] fragment in Fragments(id: 1).SelectMany(fragment => new[] { fragment, fragment }).SkipLast(1))
            _bench.ReceiveIp(fragment);
        Assert.Equal(_data, Assert.Single(_port9.Received).Payload);
    }

    [Fact]
    public void A_fragment_that_overlaps_another_ends_its_datagram()
    {
        byte[][] fragments = Fragments(id: 1);
        _bench.ReceiveIp(fragments[0]);
        _bench.ReceiveIp(Ip(Peer, Host, 17, new byte[16], id: 1, flags: More | 1));
        for (int i = 1; i < fragments.Length; i++)
            _bench.ReceiveIp(fragments[i]);
        Assert.Empty(_port9.Received);
        Assert.Equal(1, _bench.Drops(DropReason.FragmentRefused));
    }

    [Theory]
    [InlineData(More, 0)]
    [InlineData(More, 12)]
    [InlineData(More | 0x1FFF, 8)]
    [InlineData(0x1FFF, 1400)]
    public void A_fragment_that_is_empty_misplaced_or_too_far_is_refused(int flags, int length)
    {
        _bench.ReceiveIp(Ip(Peer, Host, 17, new byte[length], id: 1, flags: (ushort)flags));
        Assert.Equal(1, _bench.Drops(DropReason.FragmentRefused));
    }

    [Fact]
    public void A_last_fragment_that_contradicts_what_came_ends_its_datagram()
    {
        _bench.ReceiveIp(Ip(Peer, Host, 17, new byte[8], id: 1, flags: More | 10));
        _bench.ReceiveIp(Ip(Peer, Host, 17, new byte[8], id: 1, flags: 2));
        Assert.Equal(1, _bench.Drops(DropReason.FragmentRefused));
    }

    [Fact]
    public void A_datagram_whose_rest_does_not_come_is_forgotten()
    {
        byte[][] fragments = Fragments(id: 1);
        _bench.ReceiveIp(fragments[0]);
        _bench.Time.AdvanceSeconds(16);
        Assert.Equal(1, _bench.Drops(DropReason.FragmentTimeout));
        for (int i = 1; i < fragments.Length; i++)
            _bench.ReceiveIp(fragments[i]);
        Assert.Empty(_port9.Received);
    }

    [Fact]
    public void A_flood_of_fragments_of_one_sender_leaves_room_for_another()
    {
        byte[][] fragments = Fragments(id: 1);
        _bench.ReceiveIp(fragments[0]);
        for (ushort id = 0; id < 1000; id++)
            _bench.ReceiveIp(Ip(Far, Host, 17, new byte[8], id, More));
        for (int i = 1; i < fragments.Length; i++)
            _bench.ReceiveIp(fragments[i]);
        Assert.Single(_port9.Received);
        Assert.Equal(1000 - Reassembly.MaximumOfOneSender, _bench.Drops(DropReason.NoMemory));
    }

    [Fact]
    public void Datagrams_of_many_senders_stay_within_the_limit()
    {
        for (uint i = 0; i < 100; i++)
            _bench.ReceiveIp(Ip(IpAddress.V4(0x0B00_0001 + i), Host, 17, new byte[8], 1, More));
        Assert.Equal(100 - Reassembly.MaximumDatagrams, _bench.Drops(DropReason.NoMemory));
    }

    [Fact]
    public void What_does_not_fit_the_link_is_sent_in_fragments()
    {
        using UdpSocket socket = _bench.Stack.BindUdp(0, _port9);
        socket.Send(new IpEndpoint(Peer, 9), _data);
        List<byte[]> sent = _bench.TakePackets();
        Assert.Equal(4, sent.Count);
        Assert.All(sent, packet => Assert.InRange(packet.Length, 21, 1500));
        byte[] datagram = new byte[5008];
        foreach (byte[] packet in sent)
            packet.AsSpan(IpLength).CopyTo(datagram.AsSpan((Get16(packet, 6) & 0x1FFF) * 8));
        Assert.Equal(_data, datagram[8..]);
        Assert.Equal([More, More, More, 0], sent.Select(packet => Get16(packet, 6) & 0xE000));
        Assert.Single(sent.Select(packet => Get16(packet, 4)).Distinct());
    }

    private byte[][] Fragments(ushort id)
    {
        byte[] datagram = Udp(Peer, 7, Host, 9, _data);
        return [.. datagram.Chunk(1480).Select((part, i) => Ip(Peer, Host, 17, part, id, (ushort)((i * 185) | (i * 1480 + part.Length < datagram.Length ? More : 0))))];
    }
}
