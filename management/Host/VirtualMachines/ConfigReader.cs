using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using System.Text;
using System.Threading.Tasks;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Management.Api;
using HyperOS.Management.KernelClient;

namespace HyperOS.Management.VirtualMachines;

/// <summary>Reads back the configuration of a VM that the kernel has from its bundle.</summary>
internal sealed class ConfigReader(KernelConnection kernel)
{
    public async Task<VmConfig> ReadAsync(VmBlueprint blueprint)
    {
        Dictionary<ulong, string> images = (await kernel.ListImagesAsync()).ToDictionary(image => image.Id, image => Inventory.NameOf(in image.Name));
        Dictionary<ulong, string> networks = (await kernel.ListNetworksAsync()).ToDictionary(network => network.Id, network => Inventory.NameOf(in network.Definition.Name));
        Dictionary<ulong, PortGroupRecord> groups = (await kernel.ListPortGroupsAsync()).ToDictionary(group => group.Id);
        VmDefinition vm = blueprint.Vm;
        return new VmConfig
        {
            Name = Inventory.NameOf(in vm.Name),
            Cpu = new CpuConfig { Count = vm.CpuCount, Shares = vm.CpuShares, Limit = vm.CpuLimit, Pin = [.. Processors(vm.CpuPins)] },
            Memory = vm.MemoryBytes,
            Boot = new BootConfig
            {
                Kernel = Image(vm.Kernel) ?? "", Initrd = Image(vm.Initrd), Cmdline = Encoding.UTF8.GetString(vm.CommandLine),
            },
            Console = vm.Console == VmConsole.Host ? ConsoleChoice.Host : ConsoleChoice.None,
            Nics = [.. blueprint.Nics.Select(Nic)],
            Disks = [.. blueprint.Disks.Select((disk, index) => new DiskConfig
            {
                Name = Inventory.NameOf(in disk.Name), Image = Image(disk.Image), Size = disk.Bytes, ReadOnly = (disk.Options & DiskOptions.ReadOnly) != 0,
                Persistent = blueprint.Volumes[index] != 0,
            })],
            Devices = [.. Devices(vm.Devices)],
            Balloon = (vm.Options & VmOptions.Balloon) != 0,
            Autostart = (vm.Options & VmOptions.Autostart) != 0,
            Restart = (RestartChoice)(byte)vm.Restart,
            ShutdownTimeout = (uint)(vm.ShutdownTimeout / 1_000_000_000),
        };

        string? Image(uint index) => index < blueprint.Images.Length ? images.GetValueOrDefault(blueprint.Images[index]) : null;

        NicConfig Nic(NicDefinition nic)
        {
            PortGroupRecord group = groups.GetValueOrDefault(blueprint.PortGroups[nic.PortGroup]);
            return new NicConfig
            {
                Name = Inventory.NameOf(in nic.Name), Network = networks.GetValueOrDefault(group.Network, ""), PortGroup = Inventory.NameOf(in group.Definition.Name),
                Mac = Addresses.Text(nic.Address),
            };
        }
    }

    private static IEnumerable<uint> Processors(ulong pins)
    {
        for (; pins != 0; pins &= pins - 1)
            yield return (uint)BitOperations.TrailingZeroCount(pins);
    }

    private static IEnumerable<DeviceChoice> Devices(VmDevices devices)
    {
        if ((devices & VmDevices.TestExit) != 0)
            yield return DeviceChoice.TestExit;
        if ((devices & VmDevices.Rng) != 0)
            yield return DeviceChoice.Rng;
        if ((devices & VmDevices.Console) != 0)
            yield return DeviceChoice.Console;
    }
}
