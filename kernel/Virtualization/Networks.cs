using System;
using System.Numerics;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Switching;

namespace HyperOS.Virtualization;

/// <summary>Makes the bundle's networks, during start-up; what cannot be used is named in the log and left out.</summary>
internal static class Networks
{
    private static NetworkSwitch?[]? s_networks;

    /// <summary>Those that there are; null for one that was left out.</summary>
    public static ReadOnlySpan<NetworkSwitch?> All => s_networks;

    /// <summary>A switch for each network, and for each machine's slot its NICs.</summary>
    /// <param name="machines">By their numbers in the bundle.</param>
    /// <param name="uplinks">The host's cards, nic0 first.</param>
    public static void Create(scoped ref readonly BundleReader reader, ReadOnlySpan<VirtualMachineSlot?> machines, ReadOnlySpan<Uplink> uplinks)
    {
        uint present = (uint)((1ul << Math.Min(uplinks.Length, 32)) - 1);
        NetworkSwitch?[] networks = new NetworkSwitch?[reader.NetworkCount];
        for (int i = 0; i < networks.Length; i++)
            networks[i] = ReadNetwork(in reader, i, present);
        PortGroup?[] groups = new PortGroup?[reader.PortGroupCount];
        uint[] networkOf = new uint[groups.Length];
        for (int i = 0; i < groups.Length; i++)
            groups[i] = ReadPortGroup(in reader, i, networks, out networkOf[i]);
        // From the last to the first: each goes before those that its machine has.
        for (int i = reader.NicCount - 1; i >= 0; i--)
        {
            NetworkErrors errors = reader.ReadNic(i, out NicDefinition nic);
            VirtualMachineSlot? slot = nic.Vm < (uint)machines.Length ? machines[(int)nic.Vm] : null;
            PortGroup? group = nic.PortGroup < (uint)groups.Length ? groups[(int)nic.PortGroup] : null;
            if (errors == NetworkErrors.None && slot is not null && group is not null)
            {
                NetworkSwitch network = networks[(int)networkOf[(int)nic.PortGroup]]!;
                network.NicCount++;
                slot.FirstNic = new NicSlot(network, group, nic.Address, slot.FirstNic);
                continue;
            }
            if (errors == NetworkErrors.None)
                errors = slot is null ? NetworkErrors.UnknownVm : NetworkErrors.UnknownPortGroup;
            ReadOnlySpan<byte> owner = slot is null ? default : slot.Room;
            Log.Write("networks"u8, $"{owner}: nic {nic.Name.Bytes} is left out: {NetworkValidator.Describe(errors)}");
        }
        foreach (NetworkSwitch? network in networks)
        {
            if (network is null)
                continue;
            network.Open(uplinks);
            Log.Write("networks"u8, $"{network.Name}: {network.NicCount} nic(s)");
        }
        s_networks = networks;
    }

    // Uplinks that are not there are named; the network goes without them.
    private static NetworkSwitch? ReadNetwork(scoped ref readonly BundleReader reader, int index, uint uplinks)
    {
        NetworkErrors errors = reader.ReadNetwork(index, uplinks, out NetworkDefinition network) & ~NetworkErrors.UplinkAbsent;
        if (errors != NetworkErrors.None)
        {
            Log.Write("networks"u8, $"network {network.Name.Bytes} is left out: {NetworkValidator.Describe(errors)}");
            return null;
        }
        for (uint absent = network.Uplinks & ~uplinks; absent != 0; absent &= absent - 1)
            Log.Write("networks"u8, $"network {network.Name.Bytes}: uplink nic{BitOperations.TrailingZeroCount(absent)}: there is no such card");
        return new NetworkSwitch(in network, uplinks);
    }

    private static PortGroup? ReadPortGroup(scoped ref readonly BundleReader reader, int index, ReadOnlySpan<NetworkSwitch?> networks, out uint network)
    {
        NetworkErrors errors = reader.ReadPortGroup(index, out PortGroupDefinition group);
        network = group.Network;
        if (errors == NetworkErrors.None && networks[(int)network] is null)
            errors = NetworkErrors.UnknownNetwork;
        if (errors == NetworkErrors.None)
            return PortGroup.From(in group);
        Log.Write("networks"u8, $"port group {group.Name.Bytes} is left out: {NetworkValidator.Describe(errors)}");
        return null;
    }
}
