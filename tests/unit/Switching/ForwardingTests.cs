using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Switching;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Unit.Switching;

public class ForwardingTests
{
    private readonly SwitchBench _bench = new();

    [Fact]
    public void A_frame_goes_to_the_device_that_has_its_address_and_to_no_other()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), c = _bench.Connect(Access(0), 3);
        byte[] frame = Frame(b.Address, a.Address, 777);
        a.Send(frame);
        Assert.Equal(frame, Assert.Single(b.Got).Bytes);
        Assert.Empty(a.Got);
        Assert.Empty(c.Got);
    }

    [Fact]
    public void Broadcast_and_multicast_go_to_all_but_the_sender()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), up = _bench.ConnectUplink();
        a.SendTo(MacAddress.Broadcast);
        a.SendTo(new MacAddress(0x0100_5E00_0001));
        Assert.Empty(a.Got);
        Assert.Equal(2, b.Got.Count);
        Assert.Equal(2, up.Got.Count);
    }

    [Fact]
    public void Unknown_addresses_flood_to_where_they_can_be()
    {
        BenchDevice a = _bench.Connect(Access(5), 1), plain = _bench.Connect(Access(5), 2), bridge = _bench.Connect(Bridge(5), 3);
        BenchDevice other = _bench.Connect(Bridge(6), 4), up = _bench.ConnectUplink();
        a.SendTo(Mac(99));
        Assert.Empty(plain.Got);
        Assert.Empty(other.Got);
        Assert.Single(bridge.Got);
        Assert.Single(up.Got);
    }

    [Fact]
    public void An_address_heard_behind_a_port_is_learned_there_and_follows_its_station()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Bridge(0), 2), c = _bench.Connect(Bridge(0), 3);
        b.Send(Frame(MacAddress.Broadcast, Mac(50)));
        c.Take();
        a.SendTo(Mac(50));
        Assert.Single(b.Got);
        Assert.Empty(c.Got);
        c.Send(Frame(MacAddress.Broadcast, Mac(50)));
        b.Take();
        a.SendTo(Mac(50));
        Assert.Empty(b.Got);
        Assert.Single(c.Got);
    }

    [Fact]
    public void An_address_is_learned_in_its_VLAN_alone()
    {
        BenchDevice trunk = _bench.Connect(Trunk(0, 10, 20), 1), bridge = _bench.Connect(Bridge(20), 2), a = _bench.Connect(Access(20), 3);
        trunk.Send(Frame(MacAddress.Broadcast, Mac(50), 60, 10));
        a.SendTo(Mac(50));
        Assert.Single(bridge.Got);
        Assert.Single(trunk.Got);
    }

    [Fact]
    public void What_is_not_heard_for_five_minutes_is_forgotten()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Bridge(0), 2), c = _bench.Connect(Bridge(0), 3);
        b.Send(Frame(MacAddress.Broadcast, Mac(50)));
        c.Take();
        _bench.Host.Time = 300 * Second;
        a.SendTo(Mac(50));
        Assert.Empty(c.Got);
        _bench.Host.Time++;
        a.SendTo(Mac(50));
        Assert.Single(c.Got);
        Assert.Equal(2, b.Got.Count);
    }

    [Fact]
    public void A_flood_of_addresses_pushes_out_only_what_its_own_port_taught()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), quiet = _bench.Connect(Bridge(0), 2, addresses: 4), noisy = _bench.Connect(Bridge(0), 3, addresses: 4);
        BenchDevice watcher = _bench.Connect(Bridge(0), 4, addresses: 4);
        for (uint i = 0; i < 4; i++)
            quiet.Send(Frame(MacAddress.Broadcast, Mac(100 + i)));
        for (uint i = 0; i < 10_000; i++)
            noisy.Send(Frame(MacAddress.Broadcast, Mac(1000 + i)));
        watcher.Take();
        quiet.Take();
        for (uint i = 0; i < 4; i++)
            a.SendTo(Mac(100 + i));
        Assert.Empty(watcher.Got);
        Assert.Equal(4, quiet.Got.Count);
        for (uint i = 0; i < 4; i++)
            a.SendTo(Mac(10_996 + i));
        Assert.Empty(watcher.Got);
        a.SendTo(Mac(1000));
        Assert.Single(watcher.Got);
    }

    [Fact]
    public void Nobody_can_take_away_a_devices_own_address()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), victim = _bench.Connect(Access(0), 2), thief = _bench.Connect(Bridge(0), 3);
        thief.Send(Frame(MacAddress.Broadcast, victim.Address));
        victim.Take();
        a.SendTo(victim.Address);
        Assert.Single(victim.Got);
        Assert.Empty(thief.Got);
    }

    [Fact]
    public void Ports_and_addresses_are_bounded()
    {
        SwitchBench small = new(ports: 2, addresses: 10);
        small.Connect(Access(0), 1, addresses: 6);
        Assert.Equal(ConnectStatus.NoAddresses, small.Switch.TryConnect(Access(0), Mac(2), new BenchDevice(small), 5, out _));
        BenchDevice second = small.Connect(Access(0), 2, addresses: 4);
        Assert.Equal(ConnectStatus.NoPort, small.Switch.TryConnect(Access(0), Mac(3), new BenchDevice(small), 0, out _));
        small.Switch.Disconnect(second.Port);
        small.Connect(Access(0), 3, addresses: 4);
        Assert.Equal(ConnectStatus.BadAddress, small.Switch.TryConnect(Access(0), MacAddress.Broadcast, second, 0, out _));
    }

    [Fact]
    public void A_batch_is_announced_once_to_each_receiver()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), c = _bench.Connect(Access(0), 3);
        a.Send(Frame(b.Address, a.Address), Frame(c.Address, a.Address), Frame(b.Address, a.Address), Frame(MacAddress.Broadcast, a.Address));
        Assert.Equal(3, b.Got.Count);
        Assert.Equal(2, c.Got.Count);
        Assert.Equal(1, b.Flushes);
        Assert.Equal(1, c.Flushes);
    }

    [Fact]
    public void No_more_than_a_batchs_most_frames_are_taken_at_once()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        byte[][] frames = [.. Enumerable.Repeat(Frame(b.Address, a.Address), 40)];
        Assert.Equal(FrameBatch.MaxCount, a.Transmit(new ArrayBatch(frames)));
        Assert.Equal(FrameBatch.MaxCount, b.Got.Count);
    }

    [Fact]
    public void A_receiver_without_room_drops_and_nobody_else_notices()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), slow = _bench.Connect(Access(0), 2), c = _bench.Connect(Access(0), 3);
        slow.Answer = DeliveryStatus.NoBuffer;
        a.SendTo(MacAddress.Broadcast);
        a.SendTo(slow.Address);
        Assert.Single(c.Got);
        Assert.Equal(2u, slow.Counters.Drops(DropReason.NoBuffer));
        Assert.Equal(2u, slow.Counters.Offered);
        Assert.Equal(0u, slow.Counters.Delivered);
        Assert.Equal(2u, a.Counters.Forwarded);
    }

    [Theory]
    [InlineData(DeliveryStatus.NoBuffer, DropReason.NoBuffer)]
    [InlineData(DeliveryStatus.TooLong, DropReason.BufferTooShort)]
    [InlineData(DeliveryStatus.NotReady, DropReason.NotReady)]
    [InlineData(DeliveryStatus.Filtered, DropReason.Filtered)]
    public void Each_refusal_is_counted_as_what_it_is(DeliveryStatus answer, DropReason reason)
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        b.Answer = answer;
        a.SendTo(b.Address);
        Assert.Equal(1u, b.Counters.Drops(reason));
    }

    [Fact]
    public void Frames_that_no_bridge_forwards_and_frames_without_destination_are_dropped()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        a.SendTo(new MacAddress(0x0180_C200_0000));
        a.SendTo(Mac(77));
        a.SendTo(a.Address);
        Assert.Empty(b.Got);
        Assert.Equal(1u, a.Counters.Drops(DropReason.ReservedAddress));
        Assert.Equal(1u, a.Counters.Drops(DropReason.NoDestination));
        Assert.Equal(1u, a.Counters.Drops(DropReason.Hairpin));
    }

    [Fact]
    public void Malformed_and_overlong_frames_and_bad_sources_are_dropped()
    {
        BenchDevice a = _bench.Connect(Bridge(0), 1), b = _bench.Connect(Access(0), 2);
        a.Send(new byte[13], [], Frame(b.Address, a.Address, 60, 0)[..17], Frame(b.Address, a.Address, 1515), Frame(b.Address, MacAddress.Broadcast),
            Frame(b.Address, default), new byte[100_000]);
        a.Send(Frame(b.Address, a.Address, 1514));
        Assert.Single(b.Got);
        PortCounters counters = a.Counters;
        Assert.Equal(3u, counters.Drops(DropReason.Malformed));
        Assert.Equal(2u, counters.Drops(DropReason.TooLong));
        Assert.Equal(2u, counters.Drops(DropReason.BadSource));
    }

    [Fact]
    public void Nothing_goes_from_uplink_to_uplink_and_each_port_uses_one_that_is_up()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), left = _bench.ConnectUplink(), right = _bench.ConnectUplink();
        left.Send(Frame(MacAddress.Broadcast, Mac(900)), Frame(Mac(901), Mac(900)));
        Assert.Empty(right.Got);
        Assert.Equal(1, a.Take().Count + b.Take().Count);
        right.Send(Frame(Mac(900), Mac(901)));
        Assert.Equal(1u, right.Counters.Drops(DropReason.Hairpin));

        a.SendTo(MacAddress.Broadcast);
        b.SendTo(MacAddress.Broadcast);
        a.SendTo(Mac(900));
        b.SendTo(Mac(900));
        Assert.Equal(2, left.Got.Count);
        Assert.Equal(2, right.Got.Count);
        _bench.Switch.SetLink(left.Port, isUp: false);
        a.SendTo(MacAddress.Broadcast);
        b.SendTo(MacAddress.Broadcast);
        Assert.Equal(2, left.Got.Count);
        Assert.Equal(4, right.Got.Count);
        _bench.Switch.SetLink(right.Port, isUp: false);
        a.Take();
        b.Take();
        a.SendTo(Mac(900));
        Assert.Equal(1u, a.Counters.Drops(DropReason.NoDestination));
    }

    [Fact]
    public void What_comes_back_through_another_uplink_is_dropped()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), bridge = _bench.Connect(Bridge(0), 2), left = _bench.ConnectUplink();
        bridge.Send(Frame(MacAddress.Broadcast, Mac(50)));
        left.Send(Frame(MacAddress.Broadcast, a.Address));
        Assert.Equal(1u, left.Counters.Drops(DropReason.ReversePath));
        BenchDevice right = _bench.ConnectUplink();
        right.Send(Frame(MacAddress.Broadcast, Mac(50)));
        Assert.Equal(1u, right.Counters.Drops(DropReason.ReversePath));
    }

    [Fact]
    public void A_disconnected_device_neither_sends_nor_receives_and_its_port_is_used_again()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        _bench.Switch.Disconnect(b.Port);
        BenchDevice c = _bench.Connect(Access(0), 3);
        Assert.Same(b.Port, c.Port);
        a.SendTo(MacAddress.Broadcast);
        Assert.Empty(b.Got);
        Assert.Single(c.Got);
        b.SendTo(a.Address);
        Assert.Empty(a.Got);
        Assert.Equal(0u, c.Counters.Received);
    }

    [Fact]
    public void Scattered_frames_arrive_whole()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Trunk(0, 0), 2);
        byte[] frame = Frame(b.Address, a.Address, 300);
        foreach (int piece in (int[])[1, 2, 3, 7, 13, 64, 299])
            Assert.Equal(1, a.Transmit(new ArrayBatch([frame], null, piece)));
        Assert.All(b.Got, got => Assert.Equal(frame, got.Bytes));
        Assert.Equal(7, b.Got.Count);
    }

    [Fact]
    public void What_a_guest_changes_behind_the_decision_does_not_reach_the_headers()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        byte[] frame = Frame(b.Address, a.Address, 100);
        b.OnDeliver = () => frame.AsSpan().Fill(0xEE);
        a.Send(frame);
        Received got = Assert.Single(b.Got);
        Assert.Equal(a.Address.Value, got.From.Value);
        Assert.Equal(b.Address.Value, got.To.Value);
        Assert.Equal(0xEE, got.Bytes[99]);
    }
}
