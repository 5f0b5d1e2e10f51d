using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using HyperOS.Abi;
using HyperOS.Core;
using YamlDotNet.RepresentationModel;

namespace HyperOS.ImageTool;

/// <summary>Reads networks, their port groups, and VMs' NICs. What the values may be is <see cref="NetworkValidator"/>'s.</summary>
/// <param name="path">Of the VM file, as the user named it.</param>
/// <param name="file">Where all goes.</param>
/// <param name="uplinks">The network devices of the machine that will run the guests: bit n stands for nicn.</param>
internal sealed class NetworkReader(string path, VmFile file, uint uplinks)
{
    private const string NameHint = "write a-z, 0-9 and -, at most 32 characters";
    private const string AutoAddress = "auto";

    /// <summary>What may pass at once where nothing is said about it.</summary>
    private const ulong DefaultBurst = Size.MiB;

    /// <summary>Where each of the validator's errors belongs in the file, and what to do about it.</summary>
    private static readonly (NetworkErrors Error, string Key, string Hint)[] s_places =
    [
        (NetworkErrors.NameLength, "name", "choose another"),
        (NetworkErrors.NameCharacter, "name", "leave them out"),
        (NetworkErrors.NameTaken, "name", "choose another"),
        (NetworkErrors.Vlan, "vlan", "write one of them"),
        (NetworkErrors.TrunkVlans, "trunk", "write some, as in [ 10, 20-29 ]"),
        (NetworkErrors.Limit, "limit", "write less"),
        (NetworkErrors.Burst, "burst", "write one of them, or leave it out"),
        (NetworkErrors.Address, "mac", "write auto, or one such as 02:00:00:00:00:01"),
        (NetworkErrors.AddressTaken, "mac", "choose another, or write auto"),
    ];

    /// <summary>NICs whose addresses are to be chosen.</summary>
    private readonly List<int> _auto = [];

    /// <summary>The names of NICs, for what is chosen by them.</summary>
    private readonly List<string> _names = [];

    /// <summary>The first networks with a name; false: its port groups could not be read.</summary>
    private readonly Dictionary<string, (uint Index, bool HasGroups)> _networks = [];

    /// <summary>Reads the file's networks.</summary>
    public void ReadNetworks(YamlFields root)
    {
        YamlNode[] nodes = [.. root.Sequence("networks", required: false, "list the networks below it, each after a dash")];
        for (int i = 0; i < nodes.Length; i++)
            ReadNetwork($"networks[{i}]", nodes[i], (uint)i);
        if (nodes.Length > BundleReader.MaxNetworks)
            root.Report("networks", $"{nodes.Length} networks; write at most {BundleReader.MaxNetworks}");
        if (file.PortGroups.Count > BundleReader.MaxPortGroups)
            root.Report("networks", $"{file.PortGroups.Count} port groups; write at most {BundleReader.MaxPortGroups}");
    }

    /// <summary>Reads a VM's NICs, behind the networks.</summary>
    public void ReadNics(YamlFields vmFields, string vmPath, uint vm)
    {
        YamlNode[] nodes = [.. vmFields.Sequence("nics", required: false, "list the VM's NICs, as in [ { name: eth0, network: lan, portGroup: web } ]")];
        for (int i = 0; i < nodes.Length; i++)
            ReadNic($"{vmPath}.nics[{i}]", nodes[i], vm);
        if (nodes.Length > NicDefinition.MaxPerVm)
            vmFields.Report("nics", $"{nodes.Length} NICs; write at most {NicDefinition.MaxPerVm}");
    }

    /// <summary>Chooses the addresses that the file leaves open, beside all that it names.</summary>
    public void ChooseAddresses()
    {
        List<MacAddress> taken = [.. file.Nics.Select(nic => nic.Address)];
        foreach (int index in _auto)
        {
            NicDefinition nic = file.Nics[index];
            ReadOnlySpan<byte> vm = Encoding.UTF8.GetBytes(VmFile.NameOf(file.Definitions[(int)nic.Vm]));
            nic.Address = MacAllocator.Choose(vm, Encoding.UTF8.GetBytes(_names[index]), taken.ToArray());
            taken.Add(nic.Address);
            file.Nics[index] = nic;
        }
    }

    private static void SetName(ref DefinitionName name, YamlFields fields, out string text)
    {
        text = fields.Text("name", required: true, NameHint) ?? "";
        name.Set(Encoding.UTF8.GetBytes(text));
    }

    private static void Report(YamlFields fields, NetworkErrors errors)
    {
        foreach ((NetworkErrors error, string key, string hint) in s_places)
        {
            if ((errors & error) != 0)
                fields.Report(key, $"{Encoding.ASCII.GetString(NetworkValidator.Describe(error))}; {hint}");
            errors &= ~error;
        }
        if (errors != NetworkErrors.None)
            throw new InvalidOperationException($"The schema lets {errors} through, which has no place in the file.");
    }

    private void ReadNetwork(string key, YamlNode node, uint index)
    {
        YamlFields fields = new(path, key, node, file.Errors, "name", "uplinks", "portGroups");
        NetworkDefinition network = NetworkDefinition.Empty;
        SetName(ref network.Name, fields, out string name);
        network.Uplinks = ReadUplinks(fields);
        if (fields.IsMapping)
        {
            // Absent uplinks have been named one by one.
            NetworkErrors errors = NetworkValidator.Validate(in network, uint.MaxValue);
            Report(fields, errors | (_networks.ContainsKey(name) ? NetworkErrors.NameTaken : NetworkErrors.None));
        }
        file.Networks.Add(network);
        YamlNode[] groups = [.. fields.Sequence("portGroups", required: true, "list the network's port groups, as in [ { name: web, vlan: 10 } ]")];
        HashSet<string> groupNames = [];
        for (int i = 0; i < groups.Length; i++)
            ReadPortGroup($"{key}.portGroups[{i}]", groups[i], index, groupNames);
        _networks.TryAdd(name, (index, groups.Length != 0));
    }

    private uint ReadUplinks(YamlFields fields)
    {
        const string Hint = "list the host's network devices, as in [ nic0 ]";
        uint read = 0;
        foreach (YamlNode node in fields.Sequence("uplinks", required: false, Hint))
        {
            string text = node is YamlScalarNode { Value: string value } ? value : "";
            if (!text.StartsWith("nic", StringComparison.Ordinal)
                || !uint.TryParse(text.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out uint number) || $"nic{number}" != text)
            {
                fields.Report("uplinks", $"\"{node}\" is unknown; {Hint}");
                continue;
            }
            uint bit = number < 32 ? 1u << (int)number : 0;
            if ((bit & uplinks) == 0)
                fields.Report("uplinks", $"the host has no {text}; name one that it has, or say with --host-nics how many it has");
            else if ((bit & read) != 0 || file.Networks.Any(network => (network.Uplinks & bit) != 0))
                fields.Report("uplinks", $"{text} is an uplink already; name another");
            read |= bit & uplinks;
        }
        return read;
    }

    private void ReadPortGroup(string key, YamlNode node, uint network, HashSet<string> names)
    {
        YamlFields fields = new(path, key, node, file.Errors, "name", "vlan", "trunk", "promiscuous", "macChanges", "forgedTransmits", "limit", "burst");
        PortGroupDefinition group = PortGroupDefinition.Empty;
        SetName(ref group.Name, fields, out string name);
        group.Network = network;
        group.Vlan = (ushort)Math.Min(fields.Number("vlan", required: false, 0, "write 0 to 4094"), ushort.MaxValue);
        if (fields.Has("trunk"))
            ReadTrunk(fields, ref group);
        group.Policies = Policy("promiscuous", PortGroupPolicies.Promiscuous) | Policy("macChanges", PortGroupPolicies.MacChanges)
            | Policy("forgedTransmits", PortGroupPolicies.ForgedTransmits);
        ReadLimit(fields, ref group);
        if (fields.IsMapping)
        {
            NetworkErrors errors = NetworkValidator.Validate(in group, network + 1);
            Report(fields, errors | (names.Add(name) ? NetworkErrors.None : NetworkErrors.NameTaken));
        }
        file.PortGroups.Add(group);

        PortGroupPolicies Policy(string policy, PortGroupPolicies accepted) =>
            fields.Choice(policy, PortGroupPolicies.None, ("reject", PortGroupPolicies.None), ("accept", accepted));
    }

    private static void ReadTrunk(YamlFields fields, ref PortGroupDefinition group)
    {
        const string Hint = "list VLANs of 1 to 4094, as in [ 10, 20-29 ]";
        group.Mode = PortGroupMode.Trunk;

        // Frames without tag are the native VLAN's, which passes without being listed.
        group.AddVlan(Math.Min(group.Vlan, PortGroupDefinition.MaxVlan));
        foreach (YamlNode node in fields.Sequence("trunk", required: true, Hint))
        {
            string[] ends = node is YamlScalarNode { Value: string text } ? text.Split('-') : [];
            if (ends.Length is not (1 or 2) || !TryVlan(ends[0], out uint first) || !TryVlan(ends[^1], out uint last) || last < first)
            {
                fields.Report("trunk", $"\"{node}\" is no VLAN and no range of VLANs; {Hint}");
                continue;
            }
            for (uint vlan = first; vlan <= last; vlan++)
                group.AddVlan(vlan);
        }

        static bool TryVlan(string text, out uint vlan) =>
            uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out vlan) && vlan is >= 1 and <= PortGroupDefinition.MaxVlan;
    }

    private static void ReadLimit(YamlFields fields, ref PortGroupDefinition group)
    {
        const string Hint = "write a whole number with its unit, such as 100Mbit or 1Gbit, or leave the key out";
        ulong rate = 0, burst = 0;
        if (fields.Text("limit", required: false, Hint) is string limit)
        {
            if (!BitRate.TryParse(limit, out rate) || rate == 0)
                fields.Report("limit", $"\"{limit}\" is no rate; {Hint}");
            else
                burst = DefaultBurst;
        }
        if (fields.Has("burst"))
            burst = fields.Bytes("burst", burst, "write a whole number with its unit, such as 64KiB or 1MiB");
        group.TransmitBytesPerSecond = group.ReceiveBytesPerSecond = rate;
        group.TransmitBurst = group.ReceiveBurst = (uint)Math.Min(burst, uint.MaxValue);
    }

    private void ReadNic(string key, YamlNode node, uint vm)
    {
        YamlFields fields = new(path, key, node, file.Errors, "name", "network", "portGroup", "mac");
        NicDefinition nic = NicDefinition.Empty;
        SetName(ref nic.Name, fields, out string name);
        nic.Vm = vm;
        nic.PortGroup = ReadPlace(fields);
        ReadAddress(fields, ref nic, out bool isAuto);
        if (fields.IsMapping)
        {
            NetworkErrors errors = NetworkValidator.Validate(in nic, uint.MaxValue, uint.MaxValue) & (isAuto ? ~NetworkErrors.Address : ~NetworkErrors.None);
            foreach (NicDefinition earlier in file.Nics)
            {
                if (earlier.Vm == vm && earlier.Name.SameAs(in nic.Name))
                    errors |= NetworkErrors.NameTaken;
                if (!isAuto && earlier.Address.Value == nic.Address.Value)
                    errors |= NetworkErrors.AddressTaken;
            }
            Report(fields, errors);
        }
        if (isAuto)
            _auto.Add(file.Nics.Count);
        _names.Add(name);
        file.Nics.Add(nic);
    }

    /// <summary>The index of the port group that a NIC names.</summary>
    private uint ReadPlace(YamlFields fields)
    {
        string? networkName = fields.Text("network", required: true, "name one of the networks");
        string? groupName = fields.Text("portGroup", required: true, "name one of the network's port groups");
        if (networkName is null)
            return 0;
        if (!_networks.TryGetValue(networkName, out (uint Index, bool HasGroups) network))
        {
            string known = _networks.Count == 0 ? "list it under networks" : $"write one of {string.Join(", ", _networks.Keys)}";
            fields.Report("network", $"there is no network \"{networkName}\"; {known}");
            return 0;
        }
        if (groupName is null || !network.HasGroups)
            return 0;
        byte[] wanted = Encoding.UTF8.GetBytes(groupName);
        int found = file.PortGroups.FindIndex(group => group.Network == network.Index && group.Name.Bytes.SequenceEqual(wanted));
        if (found < 0)
        {
            IEnumerable<string> known = file.PortGroups
                .Where(group => group.Network == network.Index)
                .Select(group => Encoding.UTF8.GetString(group.Name.Bytes));
            fields.Report("portGroup", $"network \"{networkName}\" has no port group \"{groupName}\"; write one of {string.Join(", ", known)}");
        }
        return (uint)Math.Max(found, 0);
    }

    private static void ReadAddress(YamlFields fields, ref NicDefinition nic, out bool isAuto)
    {
        const string Hint = "write auto, or one such as 02:00:00:00:00:01";
        string text = fields.Text("mac", required: false, Hint) ?? AutoAddress;
        string[] octets = text.Split(':');
        ulong value = 0;
        isAuto = text == AutoAddress;
        if (isAuto)
            return;
        foreach (string octet in octets)
        {
            if (octets.Length != MacAddress.Length || octet.Length != 2
                || !byte.TryParse(octet, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte part))
            {
                fields.Report("mac", $"\"{text}\" is no address; {Hint}");
                isAuto = true;
                return;
            }
            value = value << 8 | part;
        }
        nic.Address = new MacAddress(value);
    }
}
