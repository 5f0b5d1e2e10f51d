using System;

namespace HyperOS.Abi;

/// <summary>Everything that can be wrong with the definition of a network, a port group or a NIC, one bit a rule.</summary>
[Flags]
public enum NetworkErrors : uint
{
    None = 0,

    /// <summary>The message's length or version is not this kernel's, or it is cut off.</summary>
    Format = 1 << 0,
    NameLength = 1 << 1,
    NameCharacter = 1 << 2,

    /// <summary>An earlier network, port group of the network, or NIC of the VM has the name.</summary>
    NameTaken = 1 << 3,

    /// <summary>The host has no such network device.</summary>
    UplinkAbsent = 1 << 4,

    /// <summary>An earlier network uses the network device.</summary>
    UplinkTaken = 1 << 5,
    UnknownNetwork = 1 << 6,
    Mode = 1 << 7,
    Vlan = 1 << 8,

    /// <summary>The VLANs of a trunk: none, or 4095 among them; or an access port has some.</summary>
    TrunkVlans = 1 << 9,
    Policies = 1 << 10,
    Limit = 1 << 11,
    Burst = 1 << 12,
    UnknownVm = 1 << 13,
    UnknownPortGroup = 1 << 14,

    /// <summary>The address is zero or a group's.</summary>
    Address = 1 << 15,

    /// <summary>An earlier NIC has the address.</summary>
    AddressTaken = 1 << 16,
    TooManyNics = 1 << 17,

    /// <summary>Bytes that belong to nothing are not zero.</summary>
    Padding = 1 << 18,
}

/// <summary>
/// The rules for networks, port groups and NICs, the same for the image tool, management and the kernel: what each says by itself. What they must not have
/// in common is their owner's to check (<see cref="BundleReader"/>).
/// </summary>
public static class NetworkValidator
{
    /// <param name="definition">Any message.</param>
    /// <param name="uplinks">The host's network devices: bit n stands for nicn.</param>
    public static NetworkErrors Validate(in NetworkDefinition definition, uint uplinks)
    {
        if (definition.Length != NetworkDefinition.Size || definition.Version != NetworkDefinition.CurrentVersion)
            return NetworkErrors.Format;
        return Name(in definition.Name)
            | If((definition.Uplinks & ~uplinks) != 0, NetworkErrors.UplinkAbsent)
            | If(!definition.Name.IsPaddingZero, NetworkErrors.Padding);
    }

    /// <param name="definition">Any message.</param>
    /// <param name="networks">How many networks there are.</param>
    public static NetworkErrors Validate(in PortGroupDefinition definition, uint networks)
    {
        if (definition.Length != PortGroupDefinition.Size || definition.Version != PortGroupDefinition.CurrentVersion)
            return NetworkErrors.Format;
        bool isTrunk = definition.Mode == PortGroupMode.Trunk;
        const PortGroupPolicies Known = PortGroupPolicies.Promiscuous | PortGroupPolicies.MacChanges | PortGroupPolicies.ForgedTransmits;
        return Name(in definition.Name)
            | If(definition.Network >= networks, NetworkErrors.UnknownNetwork)
            | If(definition.Mode is not (PortGroupMode.Access or PortGroupMode.Trunk), NetworkErrors.Mode)
            | If(definition.Vlan > PortGroupDefinition.MaxVlan, NetworkErrors.Vlan)
            | If(definition.HasVlans != isTrunk || definition.HasVlan(PortGroupDefinition.MaxVlan + 1), NetworkErrors.TrunkVlans)
            | If((definition.Policies & ~Known) != 0, NetworkErrors.Policies)
            | Rate(definition.TransmitBytesPerSecond, definition.TransmitBurst)
            | Rate(definition.ReceiveBytesPerSecond, definition.ReceiveBurst)
            | If(!definition.IsPaddingZero, NetworkErrors.Padding);
    }

    /// <param name="definition">Any message.</param>
    /// <param name="vms">How many VMs there are.</param>
    /// <param name="portGroups">How many port groups there are.</param>
    public static NetworkErrors Validate(in NicDefinition definition, uint vms, uint portGroups)
    {
        if (definition.Length != NicDefinition.Size || definition.Version != NicDefinition.CurrentVersion)
            return NetworkErrors.Format;
        return Name(in definition.Name)
            | If(definition.Vm >= vms, NetworkErrors.UnknownVm)
            | If(definition.PortGroup >= portGroups, NetworkErrors.UnknownPortGroup)
            | If(definition.Address.IsZero || definition.Address.IsGroup, NetworkErrors.Address)
            | If(!definition.IsPaddingZero, NetworkErrors.Padding);
    }

    /// <summary>What is wrong, in words for the log, of the first rule that is broken; empty for none.</summary>
    public static ReadOnlySpan<byte> Describe(NetworkErrors errors) => (NetworkErrors)((uint)errors & unchecked(0u - (uint)errors)) switch
    {
        NetworkErrors.None => default,
        NetworkErrors.Format => "its definition is not of this version"u8,
        NetworkErrors.NameLength => "its name is not 1 to 32 characters long"u8,
        NetworkErrors.NameCharacter => "its name has characters other than a-z, 0-9 and -"u8,
        NetworkErrors.NameTaken => "an earlier one has its name"u8,
        NetworkErrors.UplinkAbsent => "its uplink is not there"u8,
        NetworkErrors.UplinkTaken => "an earlier network has its uplink"u8,
        NetworkErrors.UnknownNetwork => "its network is unknown"u8,
        NetworkErrors.Mode => "its mode is unknown"u8,
        NetworkErrors.Vlan => "its VLAN is not 0 to 4094"u8,
        NetworkErrors.TrunkVlans => "its trunk has not VLANs of 0 to 4094"u8,
        NetworkErrors.Policies => "it has an unknown policy"u8,
        NetworkErrors.Limit => "its limit is above 100 Gbit/s"u8,
        NetworkErrors.Burst => "its burst does not fit a limit: it is 1514 bytes to 1 GiB with one, and none without"u8,
        NetworkErrors.UnknownVm => "its VM is unknown"u8,
        NetworkErrors.UnknownPortGroup => "its port group is unknown"u8,
        NetworkErrors.Address => "its address is no station's"u8,
        NetworkErrors.AddressTaken => "an earlier NIC has its address"u8,
        NetworkErrors.TooManyNics => "its VM has more than 8 NICs"u8,
        NetworkErrors.Padding => "its definition has bytes where none belong"u8,
        _ => "its definition breaks an unknown rule"u8,
    };

    private static NetworkErrors If(bool isBroken, NetworkErrors error) => isBroken ? error : NetworkErrors.None;

    private static NetworkErrors Name(in DefinitionName name)
    {
        NetworkErrors errors = If(name.Length is 0 or > DefinitionName.MaxLength, NetworkErrors.NameLength);
        foreach (byte character in name.Bytes)
            errors |= If(!DefinitionName.IsAllowed(character), NetworkErrors.NameCharacter);
        return errors;
    }

    private static NetworkErrors Rate(ulong bytesPerSecond, uint burst) =>
        If(bytesPerSecond > PortGroupDefinition.MaxBytesPerSecond, NetworkErrors.Limit)
        | If(bytesPerSecond == 0 ? burst != 0 : burst is < PortGroupDefinition.MinBurst or > PortGroupDefinition.MaxBurst, NetworkErrors.Burst);
}
