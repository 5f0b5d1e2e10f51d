using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

public sealed class ArpTests : IDisposable
{
    private readonly HostBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_question_for_the_hosts_address_is_answered_to_who_asks()
    {
        Ask(Host);
        Assert.Equal(Frame(PeerMac, _bench.HostMac, 0x0806, Arp(2, _bench.HostMac, Host, PeerMac, Peer)), Assert.Single(_bench.Link.Sent));
    }

    [Fact]
    public void A_question_for_another_address_is_not_answered_nor_remembered()
    {
        Ask(Router);
        Assert.Empty(_bench.Link.Sent);
        Assert.Equal(0, _bench.Stack.Arp.Count);
    }

    [Fact]
    public void An_answer_that_nobody_asked_for_is_not_remembered()
    {
        Answer(PeerMac);
        Assert.Equal(0, _bench.Stack.Arp.Count);
    }

    [Fact]
    public void A_packet_waits_until_its_neighbour_has_answered()
    {
        Send(1);
        Assert.Equal(Frame(MacAddress.Broadcast, _bench.HostMac, 0x0806, Arp(1, _bench.HostMac, Host, default, Peer)), Assert.Single(_bench.Link.Take()));
        Answer(PeerMac);
        byte[] sent = Assert.Single(_bench.Link.Sent);
        Assert.Equal(Bytes(PeerMac), sent[..6]);
        Assert.Equal(1, sent[^1]);
    }

    [Fact]
    public void Of_too_many_waiting_packets_the_oldest_are_lost()
    {
        for (byte i = 0; i < ArpLayer.MaximumWaiting + 2; i++)
            Send(i);
        _bench.Link.Take();
        Answer(PeerMac);
        Assert.Equal([2, 3, 4, 5], _bench.Link.Sent.Select(frame => frame[^1]));
        Assert.Equal(2, _bench.Drops(DropReason.Unresolved));
    }

    [Fact]
    public void A_silent_neighbour_is_asked_once_a_second_three_times_and_then_forgotten()
    {
        Send(1);
        Send(2);
        Assert.Single(_bench.Link.Sent);
        _bench.Time.AdvanceSeconds(10);
        Assert.Equal(3, _bench.Link.Sent.Count);
        Assert.Equal(0, _bench.Stack.Arp.Count);
        Assert.Equal(2, _bench.Drops(DropReason.Unresolved));
    }

    [Fact]
    public void A_neighbour_unheard_for_long_is_asked_by_unicast_while_it_is_still_used()
    {
        _bench.KnowNeighbours();
        _bench.Time.AdvanceSeconds(61);
        Assert.Empty(_bench.Link.Sent);
        Send(1);
        Assert.Equal(2, _bench.Link.Sent.Count);
        Assert.Equal(Frame(PeerMac, _bench.HostMac, 0x0806, Arp(1, _bench.HostMac, Host, default, Peer)), _bench.Link.Sent[0]);
        Answer(PeerMac);
        _bench.Link.Take();
        Send(2);
        Assert.Single(_bench.Link.Sent);
    }

    [Fact]
    public void A_neighbour_that_does_not_answer_by_unicast_is_sought_by_broadcast()
    {
        _bench.KnowNeighbours();
        _bench.Time.AdvanceSeconds(61);
        Send(1);
        _bench.Time.AdvanceSeconds(5);
        _bench.Link.Take();
        Send(2);
        Assert.Equal(Bytes(MacAddress.Broadcast), Assert.Single(_bench.Link.Sent)[..6]);
    }

    [Fact]
    public void A_neighbour_that_moves_to_another_station_is_followed()
    {
        _bench.KnowNeighbours();
        MacAddress moved = new(0x0200_0000_0009);
        Answer(moved);
        Send(1);
        Assert.Equal(Bytes(moved), Assert.Single(_bench.Link.Sent)[..6]);
    }

    [Fact]
    public void The_cache_has_a_limit_and_keeps_what_is_used()
    {
        _bench.KnowNeighbours();
        for (uint i = 1; i < 1000; i++)
        {
            MacAddress mac = new(0x0200_0001_0000ul + i);
            _bench.Time.Advance(TimeSpan.FromMilliseconds(1));
            _bench.Stack.Receive(Frame(MacAddress.Broadcast, mac, 0x0806, Arp(1, mac, IpAddress.V4(0x0A00_0100 + i), default, Host)));
            Send(1);
        }
        Assert.Equal(ArpLayer.MaximumNeighbours, _bench.Stack.Arp.Count);
        _bench.Link.Take();
        Send(1);
        Assert.Equal(0x0800, Get16(Assert.Single(_bench.Link.Sent), 12));
    }

    [Fact]
    public void Another_stations_claim_to_the_hosts_address_is_counted_and_answered_once_in_ten_seconds()
    {
        byte[] claim = Frame(MacAddress.Broadcast, PeerMac, 0x0806, Arp(1, PeerMac, Host, default, Host));
        for (int i = 0; i < 5; i++)
            _bench.Stack.Receive(claim);
        Assert.Equal(Frame(MacAddress.Broadcast, _bench.HostMac, 0x0806, Arp(1, _bench.HostMac, Host, default, Host)), Assert.Single(_bench.Link.Sent));
        Assert.Equal(5, _bench.Stack.Counters.AddressConflicts);
        _bench.Time.AdvanceSeconds(10);
        _bench.Stack.Receive(claim);
        Assert.Equal(2, _bench.Link.Sent.Count);
    }

    [Theory]
    [InlineData(0, 0x02, DropReason.BadHeader)]
    [InlineData(2, 0x86, DropReason.BadHeader)]
    [InlineData(4, 8, DropReason.BadHeader)]
    [InlineData(7, 9, DropReason.BadHeader)]
    [InlineData(8, 1, DropReason.BadSource)]
    [InlineData(14, 224, DropReason.BadSource)]
    public void A_packet_of_another_kind_or_of_an_impossible_sender_is_dropped(int at, byte value, DropReason reason)
    {
        byte[] packet = Arp(1, PeerMac, Peer, default, Host);
        packet[at] = value;
        _bench.Stack.Receive(Frame(MacAddress.Broadcast, PeerMac, 0x0806, packet));
        Assert.Empty(_bench.Link.Sent);
        Assert.Equal(1, _bench.Drops(reason));
    }

    [Fact]
    public void A_probe_finds_an_address_free_after_its_last_question()
    {
        bool? isTaken = null;
        Probe(taken => isTaken = taken);
        Assert.Equal(Arp(1, _bench.HostMac, IpAddress.AnyV4, default, Peer), Assert.Single(_bench.Link.Sent)[EthernetLength..]);
        _bench.Time.AdvanceSeconds(2.9);
        Assert.Null(isTaken);
        _bench.Time.AdvanceSeconds(0.2);
        Assert.False(isTaken);
        Assert.Equal(3, _bench.Link.Sent.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_probe_finds_an_address_taken_by_its_owner_or_by_who_probes_it_too(bool probesToo)
    {
        bool? isTaken = null;
        Probe(taken => isTaken = taken);
        byte[] packet = probesToo ? Arp(1, PeerMac, IpAddress.AnyV4, default, Peer) : Arp(2, PeerMac, Peer, _bench.HostMac, IpAddress.AnyV4);
        _bench.Stack.Receive(Frame(MacAddress.Broadcast, PeerMac, 0x0806, packet));
        Assert.True(isTaken);
        _bench.Link.Take();
        _bench.Time.AdvanceSeconds(5);
        Assert.Empty(_bench.Link.Sent);
    }

    private void Probe(Action<bool> done)
    {
        using (_bench.Stack.Enter())
            _bench.Stack.Arp.Probe(Peer, count: 3, interval: 1_000_000, done);
        _bench.Time.AdvanceSeconds(0);
    }

    private void Ask(IpAddress target) => _bench.Stack.Receive(Frame(MacAddress.Broadcast, PeerMac, 0x0806, Arp(1, PeerMac, Peer, default, target)));

    private void Answer(MacAddress mac) => _bench.Stack.Receive(Frame(_bench.HostMac, mac, 0x0806, Arp(2, mac, Peer, _bench.HostMac, Host)));

    private void Send(byte value)
    {
        using UdpSocket socket = _bench.Stack.BindUdp(0, new RecordingReceiver());
        socket.Send(new IpEndpoint(Peer, 9), [value]);
    }
}
