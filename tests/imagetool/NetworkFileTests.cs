using HyperOS.Abi;
using HyperOS.ImageTool;

namespace HyperOS.Tests.ImageTool;

public sealed class NetworkFileTests : IDisposable
{
    private readonly SampleFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Every_key_reaches_the_bundle()
    {
        VmFile file = Read(SampleFiles.NetworkFile);
        Assert.Empty(file.Errors);
        byte[] bundle = BundleWriter.Write(file);
        Assert.Equal(BundleStatus.Valid, BundleReader.TryOpen(bundle, out BundleReader reader));
        Assert.Equal((2, 3, 3), (reader.NetworkCount, reader.PortGroupCount, reader.NicCount));

        Assert.Equal(NetworkErrors.None, reader.ReadNetwork(0, 0b11, out NetworkDefinition lan));
        Assert.Equal(0b11u, lan.Uplinks);
        Assert.Equal("lan"u8, lan.Name.Bytes);
        Assert.Equal(NetworkErrors.None, reader.ReadNetwork(1, 0, out NetworkDefinition inner));
        Assert.Equal(0u, inner.Uplinks);

        Assert.Equal(NetworkErrors.None, reader.ReadPortGroup(0, out PortGroupDefinition web));
        Assert.Equal((PortGroupMode.Access, 10, PortGroupPolicies.MacChanges), (web.Mode, web.Vlan, web.Policies));
        Assert.Equal((12_500_000ul, 2u << 20), (web.TransmitBytesPerSecond, web.TransmitBurst));
        Assert.Equal((12_500_000ul, 2u << 20), (web.ReceiveBytesPerSecond, web.ReceiveBurst));
        Assert.Equal(NetworkErrors.None, reader.ReadPortGroup(1, out PortGroupDefinition all));
        Assert.Equal((PortGroupMode.Trunk, 5, PortGroupPolicies.Promiscuous | PortGroupPolicies.ForgedTransmits), (all.Mode, all.Vlan, all.Policies));
        Assert.Equal([5u, 10, 20, 21, 22], Enumerable.Range(0, 4096).Select(vlan => (uint)vlan).Where(all.HasVlan));
        Assert.Equal((1000ul, 1u << 20), (all.TransmitBytesPerSecond, all.TransmitBurst));
        Assert.Equal(NetworkErrors.None, reader.ReadPortGroup(2, out PortGroupDefinition plain));
        Assert.Equal((1u, 0, PortGroupPolicies.None, 0ul), (plain.Network, plain.Vlan, plain.Policies, plain.TransmitBytesPerSecond));

        Assert.Equal(NetworkErrors.None, reader.ReadNic(0, out NicDefinition first));
        Assert.Equal((0u, 0u), (first.Vm, first.PortGroup));
        Assert.Equal(MacAllocator.Choose("a"u8, "eth0"u8, default).Value, first.Address.Value);
        Assert.Equal(NetworkErrors.None, reader.ReadNic(1, out NicDefinition second));
        Assert.Equal((0u, 2u, 0x02AB_0000_0001ul), (second.Vm, second.PortGroup, second.Address.Value));
        Assert.Equal(NetworkErrors.None, reader.ReadNic(2, out NicDefinition third));
        Assert.Equal((1u, 1u), (third.Vm, third.PortGroup));
        Assert.Equal(MacAllocator.Choose("b"u8, "eth0"u8, default).Value, third.Address.Value);
    }

    [Theory]
    [InlineData("network: lan, portGroup: web", "network: wan, portGroup: web", "15:32: vms[0].nics[0].network: there is no network \"wan\"; write one of lan, inner")]
    [InlineData("network: lan, portGroup: web", "network: lan, portGroup: db", "15:48: vms[0].nics[0].portGroup: network \"lan\" has no port group \"db\"; write one of web, all")]
    [InlineData("network: lan, portGroup: web", "network: lan", "15:9: vms[0].nics[0].portGroup: missing; name one of the network's port groups")]
    [InlineData("vlan: 10,", "vlan: 4095,", "6:28: networks[0].portGroups[0].vlan: its VLAN is not 0 to 4094; write one of them")]
    [InlineData("vlan: 10,", "vlan: ten,", "6:28: networks[0].portGroups[0].vlan: \"ten\" is no whole number; write 0 to 4094")]
    [InlineData("20-22", "20-4095", "7:38: networks[0].portGroups[1].trunk: \"20-4095\" is no VLAN and no range of VLANs; list VLANs of 1 to 4094, as in [ 10, 20-29 ]")]
    [InlineData("20-22", "22-20", "7:38: networks[0].portGroups[1].trunk: \"22-20\" is no VLAN and no range of VLANs; list VLANs of 1 to 4094, as in [ 10, 20-29 ]")]
    [InlineData("promiscuous: reject", "promiscuous: no", "6:45: networks[0].portGroups[0].promiscuous: \"no\" is unknown; write one of reject, accept")]
    [InlineData("limit: 100Mbit", "limit: 100MB", "6:105: networks[0].portGroups[0].limit: \"100MB\" is no rate; write a whole number with its unit, such as 100Mbit or 1Gbit, or leave the key out")]
    [InlineData("limit: 100Mbit", "limit: 101Gbit", "6:105: networks[0].portGroups[0].limit: its limit is above 100 Gbit/s; write less")]
    [InlineData("limit: 100Mbit, ", "", "6:105: networks[0].portGroups[0].burst: its burst does not fit a limit: it is 1514 bytes to 1 GiB with one, and none without; write one of them, or leave it out")]
    [InlineData("burst: 2MiB", "burst: 1KiB", "6:121: networks[0].portGroups[0].burst: its burst does not fit a limit: it is 1514 bytes to 1 GiB with one, and none without; write one of them, or leave it out")]
    [InlineData("burst: 2MiB", "burst: 2", "6:121: networks[0].portGroups[0].burst: \"2\" is no size; write a whole number with its unit, such as 64KiB or 1MiB")]
    [InlineData("name: inner", "name: lan", "8:11: networks[1].name: an earlier one has its name; choose another")]
    [InlineData("name: inner", "name: Inner", "8:11: networks[1].name: its name has characters other than a-z, 0-9 and -; leave them out")]
    [InlineData("name: all", "name: web", "7:17: networks[0].portGroups[1].name: an earlier one has its name; choose another")]
    [InlineData("name: eth1", "name: eth0", "16:17: vms[0].nics[1].name: an earlier one has its name; choose another")]
    [InlineData("mac: auto", "mac: \"02:ab:00:00:00:01\"", "16:60: vms[0].nics[1].mac: an earlier NIC has its address; choose another, or write auto")]
    [InlineData("mac: auto", "mac: \"01:00:00:00:00:01\"", "15:58: vms[0].nics[0].mac: its address is no station's; write auto, or one such as 02:00:00:00:00:01")]
    [InlineData("mac: auto", "mac: \"02:00:00:00:01\"", "15:58: vms[0].nics[0].mac: \"02:00:00:00:01\" is no address; write auto, or one such as 02:00:00:00:00:01")]
    [InlineData("mac: auto", "mac: random", "15:58: vms[0].nics[0].mac: \"random\" is no address; write auto, or one such as 02:00:00:00:00:01")]
    [InlineData("nic0, nic1", "nic0, nic4", "4:14: networks[0].uplinks: the host has no nic4; name one that it has, or say with --host-nics how many it has")]
    [InlineData("nic0, nic1", "nic0, nic99", "4:14: networks[0].uplinks: the host has no nic99; name one that it has, or say with --host-nics how many it has")]
    [InlineData("nic0, nic1", "nic0, nic0", "4:14: networks[0].uplinks: nic0 is an uplink already; name another")]
    [InlineData("nic0, nic1", "nic0, eth0", "4:14: networks[0].uplinks: \"eth0\" is unknown; list the host's network devices, as in [ nic0 ]")]
    [InlineData("portGroups: [ { name: web } ]", "uplinks: [ nic1 ]", "9:14: networks[1].uplinks: nic1 is an uplink already; name another")]
    [InlineData("portGroups: [ { name: web } ]", "uplinks: [ nic2 ]", "8:5: networks[1].portGroups: missing; list the network's port groups, as in [ { name: web, vlan: 10 } ]")]
    [InlineData("network: lan, portGroup: all", "net: lan", "20:27: vms[1].nics[0].net: unknown key; the keys here are name, network, portGroup, mac")]
    public void What_is_wrong_is_named_with_its_place_and_remedy(string before, string after, string expected)
    {
        Assert.Contains(before, SampleFiles.NetworkFile);
        VmFile file = Read(SampleFiles.NetworkFile.Replace(before, after));
        Assert.Contains($"{Path.Combine(_files.Directory, "vms.yaml")}:{expected}", file.Errors.Select(error => error.ToString()));
    }

    [Fact]
    public void A_chosen_address_gives_way_to_one_that_is_written_anywhere()
    {
        byte[] address = new byte[6];
        MacAllocator.Choose("a"u8, "eth0"u8, default).TryWrite(address);
        VmFile file = Read(SampleFiles.NetworkFile.Replace("02:AB:00:00:00:01", string.Join(':', address.Select(octet => octet.ToString("x2")))));
        Assert.Empty(file.Errors);
        Assert.Equal(MacAllocator.Choice("a"u8, "eth0"u8, 1).Value, file.Nics[0].Address.Value);
    }

    [Fact]
    public void A_VM_has_at_most_eight_NICs()
    {
        string nics = string.Join(", ", Enumerable.Range(0, 9).Select(i => $"{{ name: e{i}, network: lan, portGroup: web }}"));
        VmFile file = Read(SampleFiles.NetworkFile.Replace("nics: [ { name: eth0, network: lan, portGroup: all } ]", $"nics: [ {nics} ]"));
        Assert.Equal("9 NICs; write at most 8", Assert.Single(file.Errors).Message);
    }

    private VmFile Read(string yaml) => VmFileReader.Read(_files.AddVmFile(yaml), 2ul << 30, uplinks: 0b1111);
}
