using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Management.Api;
using HyperOS.Management.Configuration;
using HyperOS.Management.Events;
using HyperOS.Management.KernelClient;
using HyperOS.Management.VirtualMachines;
using Microsoft.Extensions.Logging;

namespace HyperOS.Management.Networking;

/// <summary>The host's networks: the kernel's, and stored so that they are made again after it. One writer.</summary>
internal sealed partial class Networks(KernelConnection kernel, IConfigurationStore store, EventHub events, ILogger<Networks> logger)
{
    private const string Prefix = "networks/";

    private readonly SemaphoreSlim _writer = new(1);

    /// <summary>Makes those that are stored and that the kernel has not got, and stores those that it has of its bundle.</summary>
    public async Task LoadAsync()
    {
        IReadOnlyList<NetworkRecord> known = await kernel.ListNetworksAsync();
        foreach ((string key, byte[] content) in store.List(Prefix))
        {
            NetworkDocument document = JsonSerializer.Deserialize(content, ApiJson.Default.NetworkDocument) ?? throw new InvalidDataException($"The document {key} is empty.");
            if (known.Any(network => Inventory.NameOf(network.Definition.Name) == document.Config.Name))
                continue;
            Outcome<ulong> made = await WriteAsync(0, document.Config);
            foreach (PortGroupConfig group in made.Problem is null ? document.PortGroups : [])
                made = await WriteAsync(0, made.Problem is null ? await IdOfAsync(document.Config.Name) : 0, group);
            if (made.Problem is not null)
                LogNotRestored(document.Config.Name, made.Problem.Detail ?? made.Problem.Title);
        }
        foreach (NetworkRecord network in known.Where(network => store.Read(Prefix + Inventory.NameOf(network.Definition.Name)) is null))
            await SaveAsync(Inventory.NameOf(network.Definition.Name));
    }

    public async Task<IReadOnlyList<NetworkResource>> ListAsync()
    {
        IReadOnlyList<PortGroupRecord> groups = await kernel.ListPortGroupsAsync();
        return [.. (await kernel.ListNetworksAsync()).Select(network => Resource(network, groups))];
    }

    public async Task<NetworkResource?> FindAsync(string name) => (await ListAsync()).FirstOrDefault(network => network.Name == name);

    /// <summary>Makes a network, or changes the one that has the name.</summary>
    /// <param name="config">What it is to be.</param>
    /// <param name="precondition">Of a change; null makes one.</param>
    public async Task<Outcome<NetworkResource>> WriteAsync(NetworkConfig config, Func<ulong, ApiProblem?>? precondition)
    {
        await _writer.WaitAsync();
        try
        {
            NetworkResource? before = await FindAsync(config.Name);
            if (precondition is null && before is not null)
                return ApiProblem.Conflict("nameTaken", "The name is taken", $"There is a network \"{config.Name}\".", "Choose another name.") with { Field = "name" };
            if (precondition is not null && before is null)
                return ApiProblem.NotFound("network", config.Name);
            if (precondition?.Invoke(before!.Revision) is ApiProblem stale)
                return stale;
            Outcome<ulong> written = await WriteAsync(before is null ? 0 : await IdOfAsync(config.Name), config);
            return written.Problem is ApiProblem problem ? problem : await SaveAsync(config.Name);
        }
        finally
        {
            _writer.Release();
        }
    }

    public async Task<ApiProblem?> DeleteAsync(string name)
    {
        await _writer.WaitAsync();
        try
        {
            if (await FindAsync(name) is not NetworkResource network)
                return ApiProblem.NotFound("network", name);
            if (network.PortGroups.Any(group => group.Users > 0))
                return ApiProblem.Conflict("networkInUse", "The network is in use", $"VMs are connected to \"{name}\".", "Give them another network first.");
            foreach (PortGroupRecord group in await GroupsOfAsync(name))
                await kernel.DeletePortGroupAsync(group.Id);
            ControlResult<bool> deleted = await kernel.DeleteNetworkAsync(await IdOfAsync(name));
            if (!deleted.IsDone)
                return KernelProblems.Of(deleted);
            store.Commit(new DocumentChange(Prefix + name, null));
            events.Publish("networkDeleted", "", new NetworkDeletion(name), ApiJson.Default.NetworkDeletion);
            return null;
        }
        finally
        {
            _writer.Release();
        }
    }

    /// <summary>Makes a port group, or changes the one that has the name.</summary>
    public async Task<Outcome<NetworkResource>> WriteGroupAsync(string network, PortGroupConfig config, bool isNew)
    {
        await _writer.WaitAsync();
        try
        {
            ulong id = await IdOfAsync(network);
            if (id == 0)
                return ApiProblem.NotFound("network", network);
            ulong group = (await GroupsOfAsync(network)).FirstOrDefault(other => Inventory.NameOf(other.Definition.Name) == config.Name).Id;
            if (isNew && group != 0)
                return ApiProblem.Conflict("nameTaken", "The name is taken", $"There is a port group \"{config.Name}\".", "Choose another name.") with { Field = "name" };
            if (!isNew && group == 0)
                return ApiProblem.NotFound("port group", config.Name);
            Outcome<ulong> written = await WriteAsync(group, id, config);
            return written.Problem is ApiProblem problem ? problem : await SaveAsync(network);
        }
        finally
        {
            _writer.Release();
        }
    }

    public async Task<ApiProblem?> DeleteGroupAsync(string network, string name)
    {
        await _writer.WaitAsync();
        try
        {
            PortGroupRecord group = (await GroupsOfAsync(network)).FirstOrDefault(other => Inventory.NameOf(other.Definition.Name) == name);
            if (group.Id == 0)
                return ApiProblem.NotFound("port group", name);
            ControlResult<bool> deleted = await kernel.DeletePortGroupAsync(group.Id);
            if (deleted.Status == ControlStatus.InUse)
                return ApiProblem.Conflict("portGroupInUse", "The port group is in use", $"{group.Users} NICs of VMs are connected to it.", "Give them another one first.");
            if (!deleted.IsDone)
                return KernelProblems.Of(deleted);
            await SaveAsync(network);
            return null;
        }
        finally
        {
            _writer.Release();
        }
    }

    public async Task<IReadOnlyList<PortResource>?> ListPortsAsync(string network, VirtualMachines.VirtualMachines machines)
    {
        ulong id = await IdOfAsync(network);
        if (id == 0)
            return null;
        Dictionary<ulong, string> groups = (await GroupsOfAsync(network)).ToDictionary(group => group.Id, group => Inventory.NameOf(group.Definition.Name));
        return [.. (await kernel.ListPortsAsync()).Where(port => port.Network == id).Select(port => Port(port, groups.GetValueOrDefault(port.PortGroup), machines.NameOf(port.Vm)))];
    }

    private static PortResource Port(PortRecord port, string? group, string? vm)
    {
        Dictionary<string, ulong> drops = [];
        for (int i = 1; i < DropReasons.Count; i++)
        {
            string name = ((DropReason)i).ToString();
            if (port.Drops((DropReason)i) is ulong frames and not 0)
                drops[char.ToLowerInvariant(name[0]) + name[1..]] = frames;
        }
        return new PortResource
        {
            Id = port.Id.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Kind = port.Kind switch { PortKind.Uplink => PortKindChoice.Uplink, PortKind.Management => PortKindChoice.Management, _ => PortKindChoice.Vm },
            PortGroup = group,
            Vm = vm,
            Name = Inventory.NameOf(in port.Name),
            Address = Addresses.Text(port.Address),
            IsUp = port.IsUp,
            FramesReceived = port.Received,
            BytesReceived = port.ReceivedBytes,
            FramesForwarded = port.Forwarded,
            FramesOffered = port.Offered,
            FramesDelivered = port.Delivered,
            BytesDelivered = port.DeliveredBytes,
            Drops = drops,
        };
    }

    private async Task<ulong> IdOfAsync(string name) => (await kernel.ListNetworksAsync()).FirstOrDefault(network => Inventory.NameOf(network.Definition.Name) == name).Id;

    private async Task<IReadOnlyList<PortGroupRecord>> GroupsOfAsync(string network)
    {
        ulong id = await IdOfAsync(network);
        return [.. (await kernel.ListPortGroupsAsync()).Where(group => group.Network == id)];
    }

    private async Task<Outcome<ulong>> WriteAsync(ulong id, NetworkConfig config)
    {
        Outcome<NetworkDefinition> definition = NetworkDefinitions.Of(config);
        return definition.Problem is ApiProblem problem ? problem : Judge(await kernel.WriteNetworkAsync(new NetworkWriteRequest { Id = id, Definition = definition.Value }));
    }

    private async Task<Outcome<ulong>> WriteAsync(ulong id, ulong network, PortGroupConfig config)
    {
        Outcome<PortGroupDefinition> definition = NetworkDefinitions.Of(config);
        return definition.Problem is ApiProblem problem ? problem : Judge(await kernel.WritePortGroupAsync(new PortGroupWriteRequest { Id = id, Network = network, Definition = definition.Value }));
    }

    private static Outcome<ulong> Judge(ControlResult<ulong> result) => result.Status switch
    {
        ControlStatus.Done => result.Value,
        ControlStatus.BadNetwork => NetworkDefinitions.Problem((NetworkErrors)(uint)result.Detail),
        _ => KernelProblems.Of(result),
    };

    // Stores a network as the kernel has it, and tells.
    private async Task<NetworkResource> SaveAsync(string name)
    {
        NetworkResource network = (await FindAsync(name))!;
        NetworkDocument document = new() { Revision = network.Revision + 1, Config = network.Config, PortGroups = [.. network.PortGroups.Select(group => group.Config)] };
        store.Commit(new DocumentChange(Prefix + name, JsonSerializer.SerializeToUtf8Bytes(document, ApiJson.Default.NetworkDocument)));
        network = network with { Revision = document.Revision };
        events.Publish("network", "", network, ApiJson.Default.NetworkResource);
        return network;
    }

    private NetworkResource Resource(NetworkRecord network, IReadOnlyList<PortGroupRecord> groups)
    {
        string name = Inventory.NameOf(network.Definition.Name);
        byte[]? stored = store.Read(Prefix + name);
        return new NetworkResource
        {
            Name = name,
            Revision = stored is null ? 0 : JsonSerializer.Deserialize(stored, ApiJson.Default.NetworkDocument)!.Revision,
            Config = NetworkDefinitions.ConfigOf(in network.Definition),
            PortGroups = [.. groups.Where(group => group.Network == network.Id).Select(group => new PortGroupResource(NetworkDefinitions.ConfigOf(in group.Definition), group.Users))],
            Ports = network.Ports,
        };
    }

    [LoggerMessage(1, LogLevel.Warning, "The network {Name} could not be restored: {Reason}")]
    private partial void LogNotRestored(string name, string reason);
}
