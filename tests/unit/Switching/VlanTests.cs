using System.Buffers.Binary;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Switching;
using HyperOS.Tests.Abi;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Unit.Switching;

public class VlanTests
{
    private readonly SwitchBench _bench = new();

    [Fact]
    public void Access_ports_of_different_VLANs_do_not_hear_each_other()
    {
        BenchDevice a = _bench.Connect(Access(10), 1), b = _bench.Connect(Access(20), 2), c = _bench.Connect(Access(0), 3);
        a.SendTo(MacAddress.Broadcast);
        a.SendTo(b.Address);
        b.SendTo(c.Address);
        c.SendTo(MacAddress.Broadcast);
        Assert.Empty(a.Got);
        Assert.Empty(b.Got);
        Assert.Empty(c.Got);
    }

    [Fact]
    public void A_trunk_gets_the_tag_and_an_access_port_does_not()
    {
        BenchDevice a = _bench.Connect(Access(10), 1), trunk = _bench.Connect(Trunk(0, 10, 20), 2);
        byte[] plain = Frame(trunk.Address, a.Address, 100);
        a.Send(plain);
        Received tagged = Assert.Single(trunk.Take());
        Assert.Equal(10, tagged.Tag);
        Assert.Equal(plain, (byte[])[.. tagged.Bytes[..12], .. tagged.Bytes[16..]]);
        byte[] back = Frame(a.Address, trunk.Address, 104, 10);
        trunk.Send(back);
        Assert.Equal((byte[])[.. back[..12], .. back[16..]], Assert.Single(a.Got).Bytes);
    }

    [Fact]
    public void The_native_VLAN_has_no_tag_on_its_trunk()
    {
        BenchDevice a = _bench.Connect(Access(10), 1), trunk = _bench.Connect(Trunk(10, 10, 20), 2);
        a.SendTo(trunk.Address);
        Assert.Null(Assert.Single(trunk.Got).Tag);
        trunk.SendTo(a.Address);
        trunk.SendTo(a.Address, 64, 10);
        Assert.Equal(2, a.Got.Count);
        Assert.All(a.Got, got => Assert.Null(got.Tag));
    }

    [Fact]
    public void Only_allowed_VLANs_pass_a_trunk()
    {
        BenchDevice a = _bench.Connect(Access(30), 1), native = _bench.Connect(Access(7), 3), trunk = _bench.Connect(Trunk(7, 10, 20), 2);
        a.SendTo(MacAddress.Broadcast);
        native.SendTo(MacAddress.Broadcast);
        Assert.Empty(trunk.Got);
        trunk.SendTo(MacAddress.Broadcast, 64, 30);
        trunk.SendTo(MacAddress.Broadcast);
        Assert.Empty(a.Got);
        Assert.Empty(native.Got);
        Assert.Equal(2u, trunk.Counters.Drops(DropReason.VlanNotAllowed));
    }

    [Fact]
    public void Frames_of_no_VLAN_do_not_become_those_of_a_trunks_native_VLAN()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), trunk = _bench.Connect(Trunk(10, 0, 10), 2);
        a.SendTo(MacAddress.Broadcast);
        Assert.Empty(trunk.Got);
    }

    [Theory]
    [InlineData(0x0000)]
    [InlineData(0xA000)]
    public void A_priority_tag_names_no_VLAN(int tag)
    {
        BenchDevice a = _bench.Connect(Access(10), 1), b = _bench.Connect(Access(10), 2), trunk = _bench.Connect(Trunk(0, 10), 3);
        a.SendTo(MacAddress.Broadcast, 64, tag);
        Assert.Null(Assert.Single(b.Got).Tag);
        Assert.Equal(tag | 10, Assert.Single(trunk.Got).Tag);
    }

    [Fact]
    public void The_priority_of_a_tag_is_kept_from_trunk_to_trunk()
    {
        BenchDevice a = _bench.Connect(Trunk(0, 10), 1), b = _bench.Connect(Trunk(0, 10), 2);
        a.SendTo(b.Address, 64, 0x7000 | 10);
        Assert.Equal(0x7000 | 10, Assert.Single(b.Got).Tag);
    }

    [Fact]
    public void An_access_port_takes_no_VLANs_tag_not_even_its_own()
    {
        BenchDevice a = _bench.Connect(Access(10), 1), b = _bench.Connect(Access(10), 2);
        a.SendTo(b.Address, 64, 10);
        a.SendTo(b.Address, 64, 20);
        Assert.Empty(b.Got);
        Assert.Equal(2u, a.Counters.Drops(DropReason.TaggedAtAccessPort));
    }

    [Fact]
    public void A_second_tag_escapes_nowhere()
    {
        BenchDevice a = _bench.Connect(Access(10), 1), trunk = _bench.Connect(Trunk(10, 10, 20), 2), up = _bench.ConnectUplink();
        a.SendTo(MacAddress.Broadcast, 64, 0, 20);
        trunk.SendTo(MacAddress.Broadcast, 64, 10, 20);
        up.SendTo(MacAddress.Broadcast, 64, 10, 20);
        Assert.Empty(a.Got);
        Assert.Empty(trunk.Got);
        Assert.Empty(up.Got);
        Assert.Equal(1u, a.Counters.Drops(DropReason.DoubleTagged));
        Assert.Equal(1u, trunk.Counters.Drops(DropReason.DoubleTagged));
        Assert.Equal(1u, up.Counters.Drops(DropReason.DoubleTagged));
    }

    [Theory]
    [InlineData(0x88A8)]
    [InlineData(0x9100)]
    public void Tags_of_other_kinds_are_not_let_through(int type)
    {
        BenchDevice a = _bench.Connect(Access(10), 1), b = _bench.Connect(Access(10), 2), trunk = _bench.Connect(Trunk(10, 10), 3);
        byte[] frame = Frame(MacAddress.Broadcast, a.Address, 64, 20);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), (ushort)type);
        a.Send(frame);
        trunk.Send(frame);
        Assert.Empty(b.Got);
        Assert.Equal(1u, a.Counters.Drops(DropReason.ForeignTag));
        Assert.Equal(1u, trunk.Counters.Drops(DropReason.ForeignTag));
    }

    [Fact]
    public void VLAN_4095_is_none()
    {
        BenchDevice up = _bench.ConnectUplink(), a = _bench.Connect(Access(4094), 1);
        up.SendTo(MacAddress.Broadcast, 64, 4095);
        up.SendTo(MacAddress.Broadcast, 64, 4094);
        Assert.Single(a.Got);
        Assert.Equal(1u, up.Counters.Drops(DropReason.InvalidVlan));
    }

    [Fact]
    public void An_uplink_carries_all_VLANs_with_tags_and_all_else_without()
    {
        BenchDevice up = _bench.ConnectUplink(), a = _bench.Connect(Access(10), 1), b = _bench.Connect(Access(0), 2);
        a.SendTo(Mac(900));
        b.SendTo(Mac(900));
        Assert.Equal([10, null], up.Got.Select(got => got.Tag));
    }

    [Fact]
    public void A_port_that_is_assigned_to_another_group_is_in_its_VLAN_at_once()
    {
        PortGroup ten = Access(10), twenty = Access(20);
        BenchDevice a = _bench.Connect(ten, 1), b = _bench.Connect(ten, 2), c = _bench.Connect(twenty, 3);
        _bench.Switch.Assign(b.Port, twenty);
        a.SendTo(b.Address);
        c.SendTo(b.Address);
        Assert.Equal(c.Address.Value, Assert.Single(b.Take()).From.Value);
        _bench.Switch.Replace(twenty, ten);
        a.SendTo(MacAddress.Broadcast);
        Assert.Single(b.Got);
        Assert.Single(c.Got);
    }

    [Fact]
    public void A_group_is_as_it_was_defined()
    {
        PortGroup access = PortGroup.From(SampleNetworks.Access("web"u8, 0, 10));
        Assert.True(access.IsMember(10) && !access.IsMember(0) && !access.IsTagged(10));
        Assert.True(access.AcceptsMacChanges && !access.AcceptsForgedTransmits && !access.AcceptsPromiscuous);
        Assert.Equal((12_500_000ul, 1u << 20, 0ul), (access.Transmit.BytesPerSecond, access.Transmit.Burst, access.Receive.BytesPerSecond));
        PortGroup trunk = PortGroup.From(SampleNetworks.Trunk("all"u8, 0, 5, 5, 4094));
        Assert.True(trunk.IsMember(5) && trunk.IsMember(4094) && !trunk.IsMember(10) && trunk.IsTagged(4094) && !trunk.IsTagged(5));
        Assert.True(!trunk.AcceptsMacChanges && trunk.AcceptsForgedTransmits && trunk.AcceptsPromiscuous);
        Assert.Equal((1000ul, 1514u, 0ul), (trunk.Receive.BytesPerSecond, trunk.Receive.Burst, trunk.Transmit.BytesPerSecond));
    }
}
