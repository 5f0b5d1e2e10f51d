using System;
using System.Collections.Generic;
using System.Text.Json.Serialization;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Management.Identity;

namespace HyperOS.Management.Networking;

[JsonConverter(typeof(CamelCase<PolicyChoice>))]
internal enum PolicyChoice
{
    Reject,
    Accept,
}

/// <summary>What a port group is to be: the schema of a VM file (docs/host-options.md), rates and bursts in bits a second and bytes, a trunk's VLANs one by one.</summary>
internal sealed record PortGroupConfig
{
    public string Name { get; set; } = "";

    public uint Vlan { get; set; }

    /// <summary>VLANs that have tags there; left out: an access port.</summary>
    public IReadOnlyList<uint>? Trunk { get; set; }

    public PolicyChoice Promiscuous { get; set; }

    public PolicyChoice MacChanges { get; set; }

    public PolicyChoice ForgedTransmits { get; set; }

    /// <summary>Each way, in bits a second; left out: none.</summary>
    public ulong? Limit { get; set; }

    /// <summary>In bytes; left out: 1 MiB with a limit.</summary>
    public uint? Burst { get; set; }
}

/// <summary>What a network is to be.</summary>
internal sealed record NetworkConfig
{
    public string Name { get; set; } = "";

    /// <summary>The host's network cards that lead outside, as nic0.</summary>
    public IReadOnlyList<string> Uplinks { get; set; } = [];
}

/// <summary>A port group, as the API has it.</summary>
/// <param name="Config">What it is to be.</param>
/// <param name="Users">VMs' NICs that refer to it.</param>
internal sealed record PortGroupResource(PortGroupConfig Config, uint Users)
{
    public string Name => Config.Name;
}

/// <summary>A network, as the API has it.</summary>
internal sealed record NetworkResource
{
    public required string Name { get; init; }

    public required ulong Revision { get; init; }

    public required NetworkConfig Config { get; init; }

    public required IReadOnlyList<PortGroupResource> PortGroups { get; init; }

    /// <summary>Ports that are connected now.</summary>
    public required uint Ports { get; init; }
}

/// <summary>A network that is gone.</summary>
internal sealed record NetworkDeletion(string Name);

[JsonConverter(typeof(CamelCase<PortKindChoice>))]
internal enum PortKindChoice
{
    Vm,
    Uplink,
    Management,
}

/// <summary>A port with its counters since it was connected.</summary>
internal sealed record PortResource
{
    public required string Id { get; init; }

    public required PortKindChoice Kind { get; init; }

    public string? PortGroup { get; init; }

    /// <summary>By name.</summary>
    public string? Vm { get; init; }

    /// <summary>Of the NIC, or the host's card.</summary>
    public required string Name { get; init; }

    public required string Address { get; init; }

    public required bool IsUp { get; init; }

    /// <summary>From what is connected.</summary>
    public required ulong FramesReceived { get; init; }

    public required ulong BytesReceived { get; init; }

    public required ulong FramesForwarded { get; init; }

    /// <summary>For what is connected.</summary>
    public required ulong FramesOffered { get; init; }

    public required ulong FramesDelivered { get; init; }

    public required ulong BytesDelivered { get; init; }

    /// <summary>Frames by the reason for which they were dropped.</summary>
    public required IReadOnlyDictionary<string, ulong> Drops { get; init; }
}

/// <summary>A network, as stored.</summary>
internal sealed record NetworkDocument
{
    public required ulong Revision { get; init; }

    public required NetworkConfig Config { get; init; }

    public required IReadOnlyList<PortGroupConfig> PortGroups { get; init; }
}
