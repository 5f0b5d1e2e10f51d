using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Pci;
using HyperOS.Platform;
using HyperOS.Specs.Acpi;
using HyperOS.Specs.Pci;

namespace HyperOS.PciHost;

/// <summary>
/// Configuration space as the MCFG says that it is mapped; segment 0 by ports where there is none. PCI Express Base Specification, "PCI Express
/// Enhanced Configuration Access Mechanism".
/// </summary>
internal sealed class HostConfigurationSpace : ConfigurationSpace
{
    private const uint BusBytes = 1 << 20;
    private const int FunctionShift = 12, BusCount = 256;

    private static KernelLock s_lock = new(LockRank.Devices);

    private readonly FixedList<McfgAllocation> _segments;

    // By segment's place in the list, and bus; mapped when first asked for, during start-up.
    private readonly DeviceMemory?[] _buses;
    private readonly bool _hasPorts;
    private bool _isSealed;

    public HostConfigurationSpace(FixedList<McfgAllocation> segments)
    {
        _segments = segments;
        _buses = new DeviceMemory?[segments.Count * BusCount];
        _hasPorts = segments.Count == 0;
    }

    /// <summary>No bus is mapped from here on.</summary>
    public void Seal() => _isSealed = true;

    public override uint Read(PciAddress address, int offset)
    {
        if (_hasPorts)
            return ReadPorts(address, offset);
        return Bus(address)?.Read32(Offset(address, offset)) ?? uint.MaxValue;
    }

    public override void Write(PciAddress address, int offset, uint value)
    {
        if (_hasPorts)
            WritePorts(address, offset, value);
        else
            Bus(address)?.Write32(Offset(address, offset), value);
    }

    private static uint Offset(PciAddress address, int offset) => (uint)address.DeviceFunction << FunctionShift | (uint)offset;

    private DeviceMemory? Bus(PciAddress address)
    {
        for (int i = 0; i < _segments.Count; i++)
        {
            ref McfgAllocation segment = ref _segments[i];
            if (segment.PCISegmentGroupNumber != address.Segment || address.Bus < segment.StartBusNumber || address.Bus > segment.EndBusNumber)
                continue;
            ref DeviceMemory? bus = ref _buses[i * BusCount + address.Bus];
            if (bus is null && !_isSealed)
                DeviceMemory.TryMap(new HostPhysicalAddress(unchecked(segment.BaseAddress + (ulong)address.Bus * BusBytes)), BusBytes, out bus);
            return bus;
        }
        return null;
    }

    private static uint ReadPorts(PciAddress address, int offset)
    {
        if (address.Segment != 0 || offset >= PciConfiguration.Length)
            return uint.MaxValue;
        bool interrupts = s_lock.Enter();
        Port.Write32(ConfigurationMechanism1.CONFIG_ADDRESS, PortAddress(address, offset));
        uint value = Port.Read32(ConfigurationMechanism1.CONFIG_DATA);
        s_lock.Exit(interrupts);
        return value;
    }

    private static void WritePorts(PciAddress address, int offset, uint value)
    {
        if (address.Segment != 0 || offset >= PciConfiguration.Length)
            return;
        bool interrupts = s_lock.Enter();
        Port.Write32(ConfigurationMechanism1.CONFIG_ADDRESS, PortAddress(address, offset));
        Port.Write32(ConfigurationMechanism1.CONFIG_DATA, value);
        s_lock.Exit(interrupts);
    }

    private static uint PortAddress(PciAddress address, int offset) => ConfigurationMechanism1.Enable
        | (uint)address.Bus << ConfigurationMechanism1.BusShift | (uint)address.DeviceFunction << ConfigurationMechanism1.FunctionShift | (uint)offset & 0xFC;
}
