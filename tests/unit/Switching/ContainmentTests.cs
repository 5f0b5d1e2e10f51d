using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Switching;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Unit.Switching;

/// <summary>Machines that end in the middle.</summary>
public class ContainmentTests
{
    private readonly SwitchBench _bench = new();

    [Fact]
    public void A_fault_in_a_receiver_costs_its_own_frames_alone()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), c = _bench.Connect(Access(0), 3);
        int frames = 0;
        b.OnDeliver = () => { if (++frames == 3) throw new MachineFault(); };
        byte[] frame = Frame(MacAddress.Broadcast, a.Address);
        a.Send(frame, frame, frame, frame);
        Assert.Equal(4, c.Got.Count);
        Assert.Equal(2u, b.Counters.Delivered);
        Assert.Equal(2u, b.Counters.Drops(DropReason.ReceiverFault));
        Assert.Equal(4u, a.Counters.Forwarded);
        Assert.False(_bench.Host.IsHeld);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void A_sender_may_end_at_any_call_into_a_receiver(int call)
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), c = _bench.Connect(Access(0), 3), d = _bench.Connect(Access(0), 4);
        int calls = 0;
        b.OnDeliver = c.OnDeliver = () => { if (calls++ == call) throw new SenderCut(); };
        byte[] frame = Frame(MacAddress.Broadcast, a.Address);
        ArrayBatch batch = new([frame, frame, frame, frame]);
        Assert.Throws<SenderCut>(() => a.Transmit(batch));
        Assert.False(_bench.Host.IsHeld);
        b.OnDeliver = c.OnDeliver = () => { };

        // The switch works for the others, and once the port is gone, all is accounted for.
        b.SendTo(c.Address);
        Assert.Contains(c.Got, got => got.From.Value == b.Address.Value);
        _bench.Switch.Disconnect(a.Port);
        foreach (BenchDevice device in (BenchDevice[])[b, c, d])
        {
            PortCounters counters = device.Counters;
            Assert.Equal((ulong)device.Got.Count, counters.Delivered);
            Assert.Equal(counters.Offered, counters.Delivered + counters.Drops(DropReason.SenderFault));
        }
        Assert.Equal(8u - (uint)call, b.Counters.Drops(DropReason.SenderFault) + c.Counters.Drops(DropReason.SenderFault));
        Assert.Equal(4u, d.Counters.Drops(DropReason.SenderFault));
    }

    [Fact]
    public void A_sender_that_goes_on_after_its_fault_leaves_nothing_uncounted()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        b.OnDeliver = () => throw new SenderCut();
        Assert.Throws<SenderCut>(() => a.SendTo(b.Address));
        b.OnDeliver = () => { };
        a.SendTo(b.Address);
        Assert.Single(b.Got);
        Assert.Equal(2u, b.Counters.Offered);
        Assert.Equal(1u, b.Counters.Delivered);
        Assert.Equal(1u, b.Counters.Drops(DropReason.SenderFault));
    }

    [Fact]
    public void A_port_that_changes_between_decision_and_delivery_gets_nothing_of_the_old_decision()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), c = _bench.Connect(Access(0), 3), d = _bench.Connect(Access(0), 4);
        BenchDevice? other = null;
        b.OnDeliver = () =>
        {
            _bench.Switch.Assign(c.Port, Access(20));
            _bench.Switch.Disconnect(d.Port);
            other = _bench.Connect(Access(30), 5);
        };
        a.SendTo(MacAddress.Broadcast);
        Assert.Same(d.Port, other!.Port);
        Assert.Empty(c.Got);
        Assert.Empty(d.Got);
        Assert.Empty(other.Got);
        Assert.Equal(1u, c.Counters.Drops(DropReason.PortChanged));
        PortCounters fresh = other.Counters;
        Assert.Equal(0u, fresh.Offered + fresh.Delivered + fresh.Drops(DropReason.PortChanged));
    }
}
