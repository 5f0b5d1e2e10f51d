using System.Security.Cryptography;
using HyperOS.Abi;
using HyperOS.Core;

namespace HyperOS.Tests.Abi;

/// <summary>A small valid bundle with VMs web and db, networks lan and inner, three port groups and three NICs.</summary>
internal static class SampleNetworks
{
    public static NetworkDefinition Network(ReadOnlySpan<byte> name, uint uplinks)
    {
        NetworkDefinition network = NetworkDefinition.Empty;
        network.Name.Set(name);
        network.Uplinks = uplinks;
        return network;
    }

    public static PortGroupDefinition Access(ReadOnlySpan<byte> name, uint network, ushort vlan)
    {
        PortGroupDefinition group = PortGroupDefinition.Empty;
        group.Name.Set(name);
        group.Network = network;
        group.Vlan = vlan;
        group.Policies = PortGroupPolicies.MacChanges;
        group.TransmitBytesPerSecond = 12_500_000;
        group.TransmitBurst = 1 << 20;
        return group;
    }

    public static PortGroupDefinition Trunk(ReadOnlySpan<byte> name, uint network, ushort native, params ReadOnlySpan<uint> vlans)
    {
        PortGroupDefinition group = PortGroupDefinition.Empty;
        group.Name.Set(name);
        group.Network = network;
        group.Mode = PortGroupMode.Trunk;
        group.Vlan = native;
        group.Policies = PortGroupPolicies.Promiscuous | PortGroupPolicies.ForgedTransmits;
        group.ReceiveBytesPerSecond = 1000;
        group.ReceiveBurst = 1514;
        foreach (uint vlan in vlans)
            group.AddVlan(vlan);
        return group;
    }

    public static NicDefinition Nic(ReadOnlySpan<byte> name, uint vm, uint group, ulong address)
    {
        NicDefinition nic = NicDefinition.Empty;
        nic.Name.Set(name);
        nic.Vm = vm;
        nic.PortGroup = group;
        nic.Address = new MacAddress(address);
        return nic;
    }

    public static byte[] Build() => Build(
        [Network("lan"u8, 0b101), Network("inner"u8, 0)],
        [Access("web"u8, 0, 10), Trunk("all"u8, 0, 5, 5, 10, 4094), Access("web"u8, 1, 0)],
        [Nic("eth0"u8, 0, 0, 0x0200_0000_0001), Nic("eth1"u8, 0, 1, 0x0200_0000_0002), Nic("eth0"u8, 1, 2, 0x0200_0000_0003)]);

    public static byte[] Build(NetworkDefinition[] networks, PortGroupDefinition[] groups, NicDefinition[] nics)
    {
        BundleHeader header = new()
        {
            Magic = BundleHeader.ExpectedMagic, Version = BundleHeader.CurrentVersion, DefinitionCount = 2, NetworkCount = (uint)networks.Length,
            PortGroupCount = (uint)groups.Length, NicCount = (uint)nics.Length,
        };
        header.TotalLength = header.TablesLength;
        byte[] bundle = new byte[header.TotalLength];
        header.TryWrite(bundle);
        SampleBundle.Definition("web"u8).TryWrite(bundle.AsSpan(BundleHeader.Size));
        SampleBundle.Definition("db"u8).TryWrite(bundle.AsSpan(BundleHeader.Size + VmDefinition.Size));
        for (int i = 0; i < networks.Length; i++)
            networks[i].TryWrite(bundle.AsSpan((int)header.NetworksOffset + i * NetworkDefinition.Size));
        for (int i = 0; i < groups.Length; i++)
            groups[i].TryWrite(bundle.AsSpan((int)header.PortGroupsOffset + i * PortGroupDefinition.Size));
        for (int i = 0; i < nics.Length; i++)
            nics[i].TryWrite(bundle.AsSpan((int)header.NicsOffset + i * NicDefinition.Size));
        SHA256.HashData(bundle.AsSpan(BundleHeader.HashedOffset..(int)header.TablesLength), BundleHeader.Sha256Of(bundle));
        return bundle;
    }
}
