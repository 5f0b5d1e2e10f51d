using HyperOS.Core;
using HyperOS.Ethernet;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>Every card as an uplink, against a model of the device.</summary>
public class NicTests
{
    public static TheoryData<string> Kinds => ["e1000", "e1000e", "igb", "virtio"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_card_starts_and_tells_its_address_and_link(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        Assert.Equal([NicEvent.Started, NicEvent.LinkUp], bench.Host.Events);
        Assert.Equal([true], bench.Listener.Changes);
        Assert.Equal(NicBench.Mac.Value, bench.Service.Address.Value);
        Assert.True(bench.Service.IsLinkUp && bench.Host.IsAttached);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Frames_come_in_whole_and_in_order_round_the_ring(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(bench.Model.Receive(NicBench.Bytes(i, 60 + i % 1459)));
            if (i % 37 == 0)
                bench.Serve();
        }
        bench.Serve();
        Assert.Equal(1000, bench.Port.Frames.Count);
        for (int i = 0; i < 1000; i++)
            Assert.Equal(NicBench.Bytes(i, 60 + i % 1459), bench.Port.Frames[i]);
        Assert.Equal(1000u, bench.Service.Statistics.ReceivedFrames);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Frames_go_out_whole_and_in_order_round_the_ring(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(DeliveryStatus.Delivered, bench.Transmit(NicBench.Bytes(i, 60 + i % 1459)));
            bench.Model.Run();
        }
        Assert.Equal(1000, bench.Model.Transmitted.Count);
        for (int i = 0; i < 1000; i++)
            Assert.Equal(NicBench.Bytes(i, 60 + i % 1459), bench.Model.Transmitted[i]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_full_queue_refuses_and_takes_more_once_the_card_got_on(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        bench.Model.IsHung = true;
        int sent = 0;
        while (bench.Transmit(NicBench.Bytes(sent, 60)) == DeliveryStatus.Delivered)
            Assert.InRange(++sent, 0, NicDevice.MaximumQueue);
        Assert.Equal(DeliveryStatus.NoBuffer, bench.Transmit(NicBench.Bytes(0, 60)));
        Assert.Equal(2u, bench.Service.Statistics.TransmitDrops);
        bench.Model.IsHung = false;
        bench.Model.Run();
        Assert.Equal(sent, bench.Model.Transmitted.Count);
        Assert.Equal(DeliveryStatus.Delivered, bench.Transmit(NicBench.Bytes(0, 60)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_frame_longer_than_the_link_is_refused(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        Assert.Equal(DeliveryStatus.Delivered, bench.Transmit(NicBench.Bytes(0, NicDevice.MaximumFrame)));
        Assert.Equal(DeliveryStatus.TooLong, bench.Transmit(NicBench.Bytes(0, NicDevice.MaximumFrame + 1)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_link_that_goes_and_comes_is_told_and_stops_what_goes_out(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        bench.Model.IsLinkUp = false;
        bench.Serve();
        Assert.Equal(DeliveryStatus.NotReady, bench.Transmit(NicBench.Bytes(0, 60)));
        bench.Model.IsLinkUp = true;
        bench.Serve();
        Assert.Equal([true, false, true], bench.Listener.Changes);
        Assert.Equal(DeliveryStatus.Delivered, bench.Transmit(NicBench.Bytes(0, 60)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_card_that_hangs_is_reset_and_goes_on(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        bench.Model.IsHung = true;
        bench.Transmit(NicBench.Bytes(0, 60));
        bench.Serve();
        bench.Host.Advance(NicBench.Second);
        bench.Serve();
        Assert.True(bench.Service.IsLinkUp);
        bench.Host.Advance(NicBench.Second);
        bench.Serve();
        Assert.False(bench.Service.IsLinkUp || bench.Host.IsAttached);
        Assert.Equal(DeliveryStatus.NotReady, bench.Transmit(NicBench.Bytes(1, 60)));
        bench.Model.IsHung = false;
        bench.Host.Advance(NicBench.Second);
        bench.Serve();
        Assert.Equal([NicEvent.Started, NicEvent.LinkUp, NicEvent.LinkDown, NicEvent.Hung, NicEvent.Started, NicEvent.LinkUp], bench.Host.Events);
        Assert.Equal([true, false, true], bench.Listener.Changes);
        Assert.Equal(DeliveryStatus.Delivered, bench.Transmit(NicBench.Bytes(2, 60)));
        bench.Model.Run();
        Assert.Equal(NicBench.Bytes(2, 60), Assert.Single(bench.Model.Transmitted));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_card_that_gets_on_slowly_is_left_alone(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        for (int i = 0; i < 10; i++)
        {
            bench.Model.IsHung = true;
            bench.Transmit(NicBench.Bytes(i, 60));
            bench.Host.Advance(NicBench.Second);
            bench.Serve();
            bench.Model.IsHung = false;
            bench.Model.Run();
        }
        Assert.DoesNotContain(NicEvent.Hung, bench.Host.Events);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Lengths_that_cannot_be_are_counted_and_reset_the_card_in_the_end(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        bench.Model.ClaimLength(0);
        bench.Model.ClaimLength(NicDevice.BufferBytes + 1);
        bench.Model.Receive(NicBench.Bytes(5, 60));
        bench.Serve();
        Assert.Equal(2u, bench.Service.Statistics.Lies);
        Assert.Equal(NicBench.Bytes(5, 60), Assert.Single(bench.Port.Frames));
        Assert.True(bench.Service.IsLinkUp);
        for (int i = 0; i < 7; i++)
            bench.Model.ClaimLength(ushort.MaxValue);
        bench.Serve();
        Assert.False(bench.Service.IsLinkUp);
        Assert.Equal(NicEvent.Lied, bench.Host.Events[^1]);
        Assert.Equal(1u, bench.Service.Statistics.Resets);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_unplugged_card_takes_its_link_with_it_and_comes_back(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        bench.Model.IsUnplugged = true;
        bench.Host.IsPresent = false;
        bench.Serve();
        Assert.Equal([true, false], bench.Listener.Changes);
        Assert.Equal(NicEvent.Gone, bench.Host.Events[^1]);
        for (int i = 0; i < 5; i++)
        {
            bench.Host.Advance(100 * NicBench.Second);
            bench.Serve();
        }
        Assert.Single(bench.Host.Events, NicEvent.NotStarted);
        bench.Model.IsUnplugged = false;
        bench.Host.IsPresent = true;
        bench.Host.Advance(100 * NicBench.Second);
        bench.Serve();
        Assert.Equal([true, false, true], bench.Listener.Changes);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_card_that_another_has_taken_the_place_of_is_noticed_and_the_other_started(string kind)
    {
        NicBench bench = NicBench.Of(kind).Started();
        bench.Model.IsLinkUp = false;
        bench.Host.Detach();
        bench.Serve();
        Assert.Equal([NicEvent.LinkDown, NicEvent.Gone], bench.Host.Events[^2..]);
        bench.Model.IsLinkUp = true;
        bench.Host.Advance(100 * NicBench.Second);
        bench.Serve();
        Assert.Equal([NicEvent.Started, NicEvent.LinkUp], bench.Host.Events[^2..]);
        Assert.Equal([true, false, true], bench.Listener.Changes);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_nobody_takes_is_dropped_and_the_buffers_go_back(string kind)
    {
        NicBench bench = NicBench.Of(kind);
        bench.Serve();
        for (int i = 0; i < 500; i++)
        {
            Assert.True(bench.Model.Receive(NicBench.Bytes(i, 60)));
            bench.Serve();
        }
        bench.Service.Connect(bench.Port, bench.Listener);
        bench.Port.Takes = 1;
        for (int i = 0; i < 3; i++)
            bench.Model.Receive(NicBench.Bytes(i, 60));
        bench.Serve();
        Assert.Equal(502u, bench.Service.Statistics.ReceiveDrops);
        Assert.Single(bench.Port.Frames);
        Assert.Equal([true], bench.Listener.Changes);
    }

    [Fact]
    public void A_card_that_fails_again_and_again_waits_longer_each_time()
    {
        NicBench bench = new(new IntelNicModel(IntelNicFamily.E1000) { IsStuckInReset = true });
        List<ulong> seconds = [];
        for (int i = 0; i < 9; i++)
        {
            ulong start = bench.Host.Now, due = bench.Serve();
            seconds.Add((due - start) / NicBench.Second);
            bench.Host.Advance(due - bench.Host.Now);
        }
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 64, 64], seconds);
        Assert.Equal([NicEvent.NotStarted], bench.Host.Events);
    }

    [Theory]
    [InlineData(IntelNicFamily.E1000)]
    [InlineData(IntelNicFamily.E1000e)]
    public void An_address_that_is_only_in_the_EEPROM_is_found(IntelNicFamily family) =>
        Assert.Equal(NicBench.Mac.Value, new NicBench(new IntelNicModel(family, hasAddressInEeprom: true)).Started().Service.Address.Value);

    [Theory]
    [InlineData(IntelNicFamily.E1000)]
    [InlineData(IntelNicFamily.Igb)]
    public void Damaged_frames_and_frames_in_pieces_are_counted_and_dropped(IntelNicFamily family)
    {
        IntelNicModel model = new(family);
        NicBench bench = new NicBench(model).Started();
        model.NextErrors = 0x80;
        model.Receive(NicBench.Bytes(0, 60));
        model.NextErrors = 0;
        model.NextIsEnd = false;
        model.Receive(NicBench.Bytes(1, 2048));
        model.NextIsEnd = true;
        model.Receive(NicBench.Bytes(2, 100));
        model.Receive(NicBench.Bytes(3, 60));
        bench.Serve();
        Assert.Equal(2u, bench.Service.Statistics.ReceiveErrors);
        Assert.Equal(NicBench.Bytes(3, 60), Assert.Single(bench.Port.Frames));
    }

    [Fact]
    public void An_interrupt_is_masked_until_all_is_received()
    {
        IntelNicModel model = new(IntelNicFamily.E1000e);
        NicBench bench = new NicBench(model).Started();
        Assert.False(model.InterruptsAreMasked);
        int wakes = bench.Host.Wakes;
        bench.Service.OnInterrupt();
        Assert.True(model.InterruptsAreMasked);
        Assert.Equal(wakes + 1, bench.Host.Wakes);
        bench.Serve();
        Assert.False(model.InterruptsAreMasked);
    }

    [Theory]
    [InlineData(64u)]
    [InlineData(uint.MaxValue)]
    [InlineData(3u)] // twice
    public void Virtio_identifiers_that_the_device_has_not_are_lies(uint id)
    {
        VirtioNicModel model = new();
        NicBench bench = new NicBench(model).Started();
        model.Use(1, id, 0);
        bench.Serve();
        Assert.Equal(1u, bench.Service.Statistics.Lies);
        for (int i = 0; i < 8; i++)
            model.Use(0, i == 0 ? id : 1000, 100);
        bench.Serve();
        Assert.Equal(id == 3 ? NicEvent.LinkUp : NicEvent.Lied, bench.Host.Events[^1]);
    }

    [Fact]
    public void A_virtio_index_that_runs_ahead_ends_in_a_reset()
    {
        VirtioNicModel model = new();
        NicBench bench = new NicBench(model).Started();
        model.SetUsedIndex(0, 0x8000);
        bench.Serve();
        Assert.Equal(NicEvent.Lied, bench.Host.Events[^1]);
    }

    [Theory]
    [InlineData(0ul, (ushort)64)]
    [InlineData(1ul << 5, (ushort)64)]
    [InlineData(1ul << 32, (ushort)64)]
    [InlineData(1ul << 32 | 1ul << 5, (ushort)0)]
    [InlineData(1ul << 32 | 1ul << 5, (ushort)100)]
    public void A_virtio_device_that_lacks_what_the_driver_needs_is_not_used(ulong offered, ushort queueSize)
    {
        NicBench bench = new NicBench(new VirtioNicModel { Offered = offered, QueueSize = queueSize }).Started();
        Assert.Equal([NicEvent.NotStarted], bench.Host.Events);
        Assert.False(bench.Host.IsAttached);
    }

    [Fact]
    public void Of_virtio_features_only_those_that_are_known_are_accepted()
    {
        VirtioNicModel model = new() { Offered = ulong.MaxValue };
        new NicBench(model).Started();
        Assert.Equal(1ul << 32 | 1ul << 33 | 1ul << 5 | 1ul << 16, model.Accepted);
    }
}
