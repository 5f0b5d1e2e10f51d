using System.Runtime.CompilerServices;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Tests.Abi;
using static HyperOS.Tests.Abi.SampleNetworks;

namespace HyperOS.Tests.Unit.Abi;

public class NetworkDefinitionTests
{
    private const uint AllUplinks = uint.MaxValue;

    [Fact]
    public void The_sizes_are_those_of_the_messages()
    {
        Assert.Equal(NetworkDefinition.Size, Unsafe.SizeOf<NetworkDefinition>());
        Assert.Equal(PortGroupDefinition.Size, Unsafe.SizeOf<PortGroupDefinition>());
        Assert.Equal(NicDefinition.Size, Unsafe.SizeOf<NicDefinition>());
        Assert.Equal(0x30, NetworkDefinition.Size);
        Assert.Equal(0x250, PortGroupDefinition.Size);
        Assert.Equal(0x40, NicDefinition.Size);
    }

    [Fact]
    public void A_bundles_networks_read_back_as_they_were_written()
    {
        Assert.Equal(BundleStatus.Valid, BundleReader.TryOpen(Build(), out BundleReader reader));
        Assert.Equal((2, 3, 3), (reader.NetworkCount, reader.PortGroupCount, reader.NicCount));
        Assert.Equal(NetworkErrors.None, reader.ReadNetwork(0, 0b111, out NetworkDefinition lan));
        Assert.Equal("lan"u8, lan.Name.Bytes);
        Assert.Equal(0b101u, lan.Uplinks);
        Assert.Equal(NetworkErrors.None, reader.ReadNetwork(1, 0, out _));
        Assert.Equal(NetworkErrors.None, reader.ReadPortGroup(0, out PortGroupDefinition web));
        Assert.Equal((PortGroupMode.Access, PortGroupPolicies.MacChanges, 10), (web.Mode, web.Policies, web.Vlan));
        Assert.Equal((12_500_000u, 1u << 20, 0u, 0u), (web.TransmitBytesPerSecond, web.TransmitBurst, web.ReceiveBytesPerSecond, web.ReceiveBurst));
        Assert.Equal(NetworkErrors.None, reader.ReadPortGroup(1, out PortGroupDefinition all));
        Assert.Equal([5u, 10, 4094], Enumerable.Range(0, 5000).Select(vlan => (uint)vlan).Where(all.HasVlan));
        Assert.Equal(NetworkErrors.None, reader.ReadPortGroup(2, out _));
        Assert.Equal(NetworkErrors.None, reader.ReadNic(2, out NicDefinition nic));
        Assert.Equal("eth0"u8, nic.Name.Bytes);
        Assert.Equal((1u, 2u, 0x0200_0000_0003ul), (nic.Vm, nic.PortGroup, nic.Address.Value));
    }

    [Fact]
    public void What_is_not_there_is_answered_with_its_format()
    {
        BundleReader.TryOpen(Build(), out BundleReader reader);
        foreach (int index in (int[])[-1, 3, int.MaxValue])
        {
            Assert.Equal(NetworkErrors.Format, reader.ReadNetwork(index, AllUplinks, out _));
            Assert.Equal(NetworkErrors.Format, reader.ReadPortGroup(index, out _));
            Assert.Equal(NetworkErrors.Format, reader.ReadNic(index, out _));
        }
    }

    [Fact]
    public void A_network_breaks_its_rules_by_name()
    {
        Check(NetworkErrors.Format, (ref NetworkDefinition network) => network.Length++);
        Check(NetworkErrors.Format, (ref NetworkDefinition network) => network.Version++);
        Check(NetworkErrors.NameLength, (ref NetworkDefinition network) => network.Name.Set(default));
        Check(NetworkErrors.NameLength, (ref NetworkDefinition network) => network.Name.Set(new string('a', 33).Select(c => (byte)c).ToArray()));
        Check(NetworkErrors.NameCharacter, (ref NetworkDefinition network) => network.Name.Set("L"u8));
        Check(NetworkErrors.UplinkAbsent, (ref NetworkDefinition network) => network.Uplinks = 0b1000);

        static void Check(NetworkErrors expected, Change<NetworkDefinition> change)
        {
            NetworkDefinition network = Network("lan"u8, 0b101);
            change(ref network);
            Assert.Equal(expected, NetworkValidator.Validate(in network, 0b111));
        }
    }

    [Fact]
    public void A_port_group_breaks_its_rules_by_name()
    {
        Check(NetworkErrors.Format, (ref PortGroupDefinition group) => group.Length++);
        Check(NetworkErrors.NameCharacter, (ref PortGroupDefinition group) => group.Name.Set("a b"u8));
        Check(NetworkErrors.UnknownNetwork, (ref PortGroupDefinition group) => group.Network = 2);
        Check(NetworkErrors.Mode | NetworkErrors.TrunkVlans, (ref PortGroupDefinition group) => group.Mode = 0);
        Check(NetworkErrors.Vlan, (ref PortGroupDefinition group) => group.Vlan = 4095);
        Check(NetworkErrors.TrunkVlans, (ref PortGroupDefinition group) => group.AddVlan(4095));
        Check(NetworkErrors.TrunkVlans, (ref PortGroupDefinition group) => group.Mode = PortGroupMode.Access);
        Check(NetworkErrors.TrunkVlans, (ref PortGroupDefinition group) => group = Trunk("all"u8, 0, 0));
        Check(NetworkErrors.Policies, (ref PortGroupDefinition group) => group.Policies = (PortGroupPolicies)8);
        Check(NetworkErrors.Limit, (ref PortGroupDefinition group) => group.ReceiveBytesPerSecond = 12_500_000_001);
        Check(NetworkErrors.Burst, (ref PortGroupDefinition group) => group.ReceiveBurst = 1513);
        Check(NetworkErrors.Burst, (ref PortGroupDefinition group) => group.ReceiveBurst = (1 << 30) + 1);
        Check(NetworkErrors.Burst, (ref PortGroupDefinition group) => group.ReceiveBytesPerSecond = 0);

        static void Check(NetworkErrors expected, Change<PortGroupDefinition> change)
        {
            PortGroupDefinition group = Trunk("all"u8, 1, 5, 5, 10);
            Assert.Equal(NetworkErrors.None, NetworkValidator.Validate(in group, 2));
            change(ref group);
            Assert.Equal(expected, NetworkValidator.Validate(in group, 2));
        }
    }

    [Fact]
    public void A_NIC_breaks_its_rules_by_name()
    {
        Check(NetworkErrors.Format, (ref NicDefinition nic) => nic.Version++);
        Check(NetworkErrors.NameLength, (ref NicDefinition nic) => nic.Name.Set(default));
        Check(NetworkErrors.UnknownVm, (ref NicDefinition nic) => nic.Vm = 2);
        Check(NetworkErrors.UnknownPortGroup, (ref NicDefinition nic) => nic.PortGroup = 3);
        Check(NetworkErrors.Address, (ref NicDefinition nic) => nic.Address = default);
        Check(NetworkErrors.Address, (ref NicDefinition nic) => nic.Address = MacAddress.Broadcast);

        static void Check(NetworkErrors expected, Change<NicDefinition> change)
        {
            NicDefinition nic = Nic("eth0"u8, 1, 2, 0x0200_0000_0001);
            change(ref nic);
            Assert.Equal(expected, NetworkValidator.Validate(in nic, 2, 3));
        }
    }

    [Fact]
    public void Bytes_where_none_belong_are_refused()
    {
        byte[] bundle = Build();
        BundleHeader.TryRead(bundle, out BundleHeader header);
        bundle[(int)header.NetworksOffset + NetworkDefinition.Size - 1] = 1;
        bundle[(int)header.PortGroupsOffset + 0x4C] = 1;
        bundle[(int)header.NicsOffset + 0x16] = 1;
        BundleReader.TryOpen(bundle, out BundleReader reader);
        Assert.Equal(NetworkErrors.Padding, reader.ReadNetwork(0, AllUplinks, out _));
        Assert.Equal(NetworkErrors.Padding, reader.ReadPortGroup(0, out _));
        Assert.Equal(NetworkErrors.Padding, reader.ReadNic(0, out _));
    }

    [Fact]
    public void The_second_of_what_there_can_be_one_of_is_refused()
    {
        NicDefinition[] nics = [Nic("eth0"u8, 0, 0, 0x0200_0000_0001), Nic("eth0"u8, 0, 0, 0x0200_0000_0002), Nic("eth0"u8, 1, 0, 0x0200_0000_0001)];
        byte[] bundle = Build(
            [Network("lan"u8, 0b11), Network("lan"u8, 0), Network("wan"u8, 0b10)], [Access("a"u8, 0, 1), Access("a"u8, 1, 1), Access("a"u8, 0, 2)], nics);
        BundleReader.TryOpen(bundle, out BundleReader reader);
        Assert.Equal(NetworkErrors.None, reader.ReadNetwork(0, AllUplinks, out _));
        Assert.Equal(NetworkErrors.NameTaken, reader.ReadNetwork(1, AllUplinks, out _));
        Assert.Equal(NetworkErrors.UplinkTaken, reader.ReadNetwork(2, AllUplinks, out _));
        Assert.Equal(NetworkErrors.None, reader.ReadPortGroup(1, out _));
        Assert.Equal(NetworkErrors.NameTaken, reader.ReadPortGroup(2, out _));
        Assert.Equal(NetworkErrors.None, reader.ReadNic(0, out _));
        Assert.Equal(NetworkErrors.NameTaken, reader.ReadNic(1, out _));
        Assert.Equal(NetworkErrors.AddressTaken, reader.ReadNic(2, out _));
    }

    [Fact]
    public void A_VM_has_at_most_eight_NICs()
    {
        NicDefinition[] nics = [.. Enumerable.Range(0, 10).Select(i => Nic([(byte)('a' + i)], 0, 0, 0x0200_0000_0000 + (ulong)i + 1))];
        BundleReader.TryOpen(Build([Network("lan"u8, 0)], [Access("a"u8, 0, 1)], nics), out BundleReader reader);
        Assert.Equal(NetworkErrors.None, reader.ReadNic(7, out _));
        Assert.Equal(NetworkErrors.TooManyNics, reader.ReadNic(8, out _));
        Assert.Equal(NetworkErrors.TooManyNics, reader.ReadNic(9, out _));
    }

    [Fact]
    public void Every_rule_has_words_of_its_own()
    {
        HashSet<string> seen = ["its definition breaks an unknown rule"];
        foreach (NetworkErrors error in Enum.GetValues<NetworkErrors>())
            Assert.True(seen.Add(System.Text.Encoding.ASCII.GetString(NetworkValidator.Describe(error))), error.ToString());
    }

    [Fact]
    public void Chosen_addresses_are_local_stations_and_stay_the_same()
    {
        HashSet<ulong> seen = [];
        for (int i = 0; i < 3000; i++)
        {
            byte[] vm = System.Text.Encoding.ASCII.GetBytes($"vm{i / 3}");
            byte[] nic = System.Text.Encoding.ASCII.GetBytes($"eth{i % 3}");
            MacAddress address = MacAllocator.Choose(vm, nic, default);
            Assert.True(address.IsLocal && !address.IsGroup);
            Assert.Equal(address.Value, MacAllocator.Choose(vm, nic, default).Value);
            Assert.True(seen.Add(address.Value));
        }
        Assert.NotEqual(MacAllocator.Choose("ab"u8, "c"u8, default).Value, MacAllocator.Choose("a"u8, "bc"u8, default).Value);
    }

    [Fact]
    public void A_chosen_address_that_is_taken_gives_way_to_the_next()
    {
        MacAddress[] choices = [.. Enumerable.Range(0, 4).Select(i => MacAllocator.Choice("web"u8, "eth0"u8, (uint)i))];
        Assert.Equal(4, choices.Select(choice => choice.Value).Distinct().Count());
        Assert.Equal(choices[0].Value, MacAllocator.Choose("web"u8, "eth0"u8, choices.AsSpan(1)).Value);
        Assert.Equal(choices[3].Value, MacAllocator.Choose("web"u8, "eth0"u8, choices.AsSpan(0, 3)).Value);
    }

    private delegate void Change<T>(ref T definition);
}
