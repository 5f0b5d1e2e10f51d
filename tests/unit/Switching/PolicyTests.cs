using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Switching;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Unit.Switching;

public class PolicyTests
{
    private readonly SwitchBench _bench = new();

    [Fact]
    public void Asking_for_all_frames_has_no_effect_where_it_is_rejected()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), curious = _bench.Connect(Access(0), 3);
        curious.Lane.SetPromiscuous(true);
        a.SendTo(b.Address);
        a.SendTo(Mac(77));
        Assert.Empty(curious.Got);
    }

    [Fact]
    public void A_promiscuous_port_hears_its_VLANs_where_it_is_accepted_and_asked_for()
    {
        PortGroup group = new() { Vlan = 10, AcceptsPromiscuous = true };
        BenchDevice a = _bench.Connect(Access(10), 1), b = _bench.Connect(Access(10), 2), curious = _bench.Connect(group, 3);
        BenchDevice c = _bench.Connect(Access(20), 4), d = _bench.Connect(Access(20), 5);
        a.SendTo(b.Address);
        Assert.Empty(curious.Got);
        curious.Lane.SetPromiscuous(true);
        a.SendTo(b.Address);
        a.SendTo(Mac(77));
        a.SendTo(curious.Address);
        c.SendTo(d.Address);
        Assert.Equal(3, curious.Got.Count);
        curious.Lane.SetPromiscuous(false);
        a.SendTo(b.Address);
        Assert.Equal(3, curious.Got.Count);
    }

    [Fact]
    public void A_group_that_rejects_it_ends_promiscuous_hearing()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), curious = _bench.Connect(new PortGroup { AcceptsPromiscuous = true }, 3);
        curious.Lane.SetPromiscuous(true);
        _bench.Switch.Assign(curious.Port, Access(0));
        a.SendTo(b.Address);
        Assert.Empty(curious.Got);
    }

    [Fact]
    public void Forged_sources_are_dropped_where_they_are_rejected()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), free = _bench.Connect(Bridge(0), 3);
        a.Send(Frame(b.Address, Mac(99)), Frame(b.Address, a.Address));
        free.Send(Frame(b.Address, Mac(99)));
        Assert.Equal(2, b.Got.Count);
        Assert.Equal(1u, a.Counters.Drops(DropReason.ForgedTransmit));
    }

    [Fact]
    public void A_guest_that_changes_its_address_hears_nothing_until_it_changes_back_where_that_is_rejected()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        b.Lane.SetAddress(Mac(99));
        a.SendTo(MacAddress.Broadcast);
        a.SendTo(b.Address);
        Assert.Empty(b.Got);
        Assert.Equal(2u, b.Counters.Drops(DropReason.MacChanged));
        b.Send(Frame(a.Address, Mac(99)), Frame(a.Address, b.Address));
        Assert.Equal(b.Address.Value, Assert.Single(a.Got).From.Value);
        b.Lane.SetAddress(b.Address);
        a.SendTo(b.Address);
        Assert.Single(b.Got);
    }

    [Fact]
    public void A_changed_address_is_the_guests_own_where_that_is_accepted()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(new PortGroup { AcceptsMacChanges = true }, 2);
        b.Lane.SetAddress(Mac(99));
        a.SendTo(Mac(99));
        a.SendTo(Mac(2));
        Assert.Equal(99u, Assert.Single(b.Got).To.Value & 0xFF);
        b.Send(Frame(a.Address, Mac(99)));
        b.Send(Frame(a.Address, Mac(2)));
        Assert.Single(a.Got);
        Assert.Equal(1u, b.Counters.Drops(DropReason.ForgedTransmit));
        b.Lane.SetAddress(MacAddress.Broadcast);
        Assert.Equal(99u, b.Port.Address.Value & 0xFF);
    }

    [Fact]
    public void A_new_policy_judges_the_address_that_the_guest_has_chosen()
    {
        PortGroup lenient = new() { AcceptsMacChanges = true };
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(lenient, 2);
        b.Lane.SetAddress(Mac(99));
        _bench.Switch.Assign(b.Port, Access(0));
        a.SendTo(MacAddress.Broadcast);
        Assert.Empty(b.Got);
        _bench.Switch.Assign(b.Port, lenient);
        a.SendTo(Mac(99));
        Assert.Single(b.Got);
    }
}
