using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Core;

namespace HyperOS.Management.KernelClient.Simulation;

public sealed partial class SimulatedKernel
{
    private const uint HostNics = 0b11;

    private ControlStatus WriteNetwork(in NetworkWriteRequest request, ref AnswerWriter answer, out ulong detail)
    {
        ulong id = request.Id;
        NetworkErrors errors = NetworkValidator.Validate(in request.Definition, HostNics);
        foreach (NetworkRecord other in _networks.Values.Where(other => other.Id != id))
        {
            if (other.Definition.Name.SameAs(in request.Definition.Name))
                errors |= NetworkErrors.NameTaken;
            if ((other.Definition.Uplinks & request.Definition.Uplinks) != 0)
                errors |= NetworkErrors.UplinkTaken;
        }
        detail = (ulong)errors;
        if (errors != NetworkErrors.None)
            return ControlStatus.BadNetwork;
        detail = id;
        if (id != 0 && !_networks.ContainsKey(id))
            return ControlStatus.NotFound;
        detail = BundleReader.MaxNetworks;
        if (id == 0 && _networks.Count == BundleReader.MaxNetworks)
            return ControlStatus.TooMany;
        if (id == 0)
            id = ++_lastIdentity;
        _networks[id] = new NetworkRecord { Id = id, Definition = request.Definition };
        Tell(EventKind.NetworkChanged, id);
        return Created(ref answer, id);
    }

    private ControlStatus DeleteNetwork(ulong id)
    {
        if (!_networks.ContainsKey(id))
            return ControlStatus.NotFound;
        if (_portGroups.Values.Any(group => group.Network == id))
            return ControlStatus.InUse;
        _networks.Remove(id);
        Tell(EventKind.NetworkDeleted, id);
        return ControlStatus.Done;
    }

    private ControlStatus WritePortGroup(in PortGroupWriteRequest request, ref AnswerWriter answer, out ulong detail)
    {
        (ulong id, ulong network) = (request.Id, request.Network);
        NetworkErrors errors = NetworkValidator.Validate(in request.Definition, networks: 1);
        foreach (PortGroupRecord other in _portGroups.Values.Where(other => other.Id != id && other.Network == network))
        {
            if (other.Definition.Name.SameAs(in request.Definition.Name))
                errors |= NetworkErrors.NameTaken;
        }
        detail = (ulong)errors;
        if (errors != NetworkErrors.None)
            return ControlStatus.BadNetwork;
        detail = network;
        if (!_networks.ContainsKey(network))
            return ControlStatus.NotFound;
        detail = id;
        if (id != 0 && !(_portGroups.TryGetValue(id, out PortGroupRecord group) && group.Network == network))
            return ControlStatus.NotFound;
        detail = BundleReader.MaxPortGroups;
        if (id == 0 && _portGroups.Count == BundleReader.MaxPortGroups)
            return ControlStatus.TooMany;
        if (id == 0)
            id = ++_lastIdentity;
        _portGroups[id] = new PortGroupRecord { Id = id, Network = network, Definition = request.Definition };
        Tell(EventKind.NetworkChanged, network);
        return Created(ref answer, id);
    }

    private ControlStatus DeletePortGroup(ulong id)
    {
        if (!_portGroups.TryGetValue(id, out PortGroupRecord group))
            return ControlStatus.NotFound;
        if (UsersOf(id) != 0)
            return ControlStatus.InUse;
        _portGroups.Remove(id);
        Tell(EventKind.NetworkChanged, group.Network);
        return ControlStatus.Done;
    }

    private int UsersOf(ulong portGroup) => _vms.Values.Sum(vm => vm.Nics.Count(nic => nic.PortGroup == portGroup));

    private IEnumerable<PortRecord> Ports()
    {
        foreach (SimulatedVm vm in _vms.Values.Where(vm => vm.IsOn))
        {
            foreach (SimulatedNic nic in vm.Nics)
                yield return nic.Record(_portGroups[nic.PortGroup].Network, vm.Id, vm.State != VmState.Paused);
        }
    }

    private IEnumerable<DeviceRecord> Devices()
    {
        for (int i = 0; i < 2; i++)
        {
            DeviceRecord nic = new() { Id = (ulong)i + 1, Kind = DeviceKind.Nic, Flags = DeviceFlags.Up, Value = 0x0200_5E00_0000 + (ulong)i, Rate = 1_000_000_000 };
            nic.Name.Set(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"nic{i}")));
            nic.Model.Set("Simulated network card"u8);
            yield return nic;
        }
        if (_options.StorageBytes == 0)
            yield break;
        DeviceRecord disk = new()
        {
            Id = 3, Kind = DeviceKind.Disk, Flags = DeviceFlags.Up | DeviceFlags.Storage, Value = _options.StorageBytes, Rate = BlockStore.SectorBytes,
        };
        disk.Name.Set("disk0"u8);
        disk.Model.Set("Simulated disk"u8);
        yield return disk;
    }
}
