using System;
using HyperOS.Core;
using HyperOS.Specs.Pvh;

namespace HyperOS.Firmware;

/// <summary>Reads the start info that EBX points to at a PVH entry: Xen, "x86/HVM direct boot ABI".</summary>
public sealed class PvhParser
{
    private readonly PhysicalMemoryReader _memory;
    private readonly byte[] _structure = new byte[HvmStartInfo.SizeInBytes];
    private readonly byte[] _text = new byte[BootInfo.CommandLineCapacity + 1];

    /// <summary>The start info is read through <paramref name="memory"/>.</summary>
    public PvhParser(PhysicalMemoryReader memory) => _memory = memory;

    /// <param name="startInfo">Address of the hvm_start_info.</param>
    /// <param name="bootInfo">Filled with what could be read.</param>
    /// <returns>The first thing wrong, or Ok. Start info of version 0 has no memory map and is refused for that.</returns>
    public BootInfoStatus Parse(HostPhysicalAddress startInfo, BootInfo bootInfo)
    {
        bootInfo.Clear();
        Span<byte> bytes = _structure;
        bytes.Clear();
        if (!_memory.TryRead(startInfo, bytes.Slice(0, HvmStartInfo.SizeInBytesVersion0)))
            return BootInfoStatus.Unreadable;
        HvmStartInfo info = ReadStartInfo(bytes);
        if (info.magic != HvmStartInfo.XEN_HVM_START_MAGIC_VALUE)
            return BootInfoStatus.BadMagic;
        if (info.version >= 1)
        {
            if (!_memory.TryRead(startInfo, bytes))
                return BootInfoStatus.Unreadable;
            info = ReadStartInfo(bytes);
        }

        bootInfo.RsdpAddress = new HostPhysicalAddress(info.rsdp_paddr);
        BootInfoStatus status = ParseMemoryMap(in info, bootInfo);
        status = status.Or(ParseCommandLine(in info, bootInfo));
        return status.Or(ParseModules(in info, bootInfo));
    }

    private static HvmStartInfo ReadStartInfo(ReadOnlySpan<byte> bytes)
    {
        LittleEndianReader reader = new(bytes);
        return HvmStartInfo.Read(ref reader);
    }

    private BootInfoStatus ParseMemoryMap(in HvmStartInfo info, BootInfo bootInfo)
    {
        Span<byte> bytes = new(_structure, 0, HvmMemmapTableEntry.SizeInBytes);
        HostPhysicalAddress address = new(info.memmap_paddr);
        BootInfoStatus status = BootInfoStatus.Ok;
        for (uint i = 0; i < info.memmap_entries && status == BootInfoStatus.Ok; i++)
        {
            if (!_memory.TryRead(address, bytes) || !address.TryAdd(HvmMemmapTableEntry.SizeInBytes, out address))
            {
                status = BootInfoStatus.Unreadable;
                break;
            }
            LittleEndianReader reader = new(bytes);
            HvmMemmapTableEntry entry = HvmMemmapTableEntry.Read(ref reader);
            if (!bootInfo.MemoryMap.TryAdd(entry.addr, entry.size, TypeOf((HvmMemmapType)entry.type)))
                status = BootInfoStatus.TooManyMemoryRegions;
        }
        bootInfo.MemoryMap.Normalize();
        return status == BootInfoStatus.Ok && bootInfo.MemoryMap.Regions.IsEmpty ? BootInfoStatus.NoMemoryMap : status;
    }

    private static MemoryRegionType TypeOf(HvmMemmapType type) => type switch
    {
        HvmMemmapType.RAM => MemoryRegionType.Usable,
        HvmMemmapType.ACPI => MemoryRegionType.AcpiReclaimable,
        HvmMemmapType.NVS => MemoryRegionType.AcpiNvs,
        HvmMemmapType.UNUSABLE => MemoryRegionType.Defective,
        _ => MemoryRegionType.Reserved,
    };

    private BootInfoStatus ParseCommandLine(in HvmStartInfo info, BootInfo bootInfo)
    {
        if (info.cmdline_paddr == 0)
            return BootInfoStatus.Ok;
        if (!TryReadText(info.cmdline_paddr, out ReadOnlySpan<byte> text))
            return BootInfoStatus.Unreadable;
        return bootInfo.TrySetCommandLine(text) ? BootInfoStatus.Ok : BootInfoStatus.CommandLineTooLong;
    }

    private BootInfoStatus ParseModules(in HvmStartInfo info, BootInfo bootInfo)
    {
        Span<byte> bytes = new(_structure, 0, HvmModlistEntry.SizeInBytes);
        HostPhysicalAddress address = new(info.modlist_paddr);
        BootInfoStatus status = BootInfoStatus.Ok;
        for (uint i = 0; i < info.nr_modules; i++)
        {
            if (i == BootInfo.ModuleCapacity)
                return status.Or(BootInfoStatus.TooManyModules);
            if (!_memory.TryRead(address, bytes) || !address.TryAdd(HvmModlistEntry.SizeInBytes, out address))
                return status.Or(BootInfoStatus.Unreadable);
            LittleEndianReader reader = new(bytes);
            HvmModlistEntry module = HvmModlistEntry.Read(ref reader);
            ReadOnlySpan<byte> name = default;
            HostPhysicalAddress start = new(module.paddr);
            if (!start.TryAdd(module.size, out _))
                status = status.Or(BootInfoStatus.BadModule);
            else if (module.cmdline_paddr != 0 && !TryReadText(module.cmdline_paddr, out name))
                status = status.Or(BootInfoStatus.Unreadable);
            else
                status = status.Or(bootInfo.AddModule(start, module.size, name));
        }
        return status;
    }

    /// <summary>
    /// Copies a zero-terminated text byte by byte, since memory may end right behind it. Of a text longer than the command line may be, one
    /// byte too many is copied, so that who takes it sees that it is too long.
    /// </summary>
    private bool TryReadText(ulong start, out ReadOnlySpan<byte> text)
    {
        text = default;
        HostPhysicalAddress address = new(start);
        for (int length = 0; length < _text.Length; length++)
        {
            if (!address.TryAdd((uint)length, out HostPhysicalAddress at) || !_memory.TryRead(at, new Span<byte>(_text, length, 1)))
                return false;
            text = new ReadOnlySpan<byte>(_text, 0, length + 1);
            if (_text[length] == 0)
            {
                text = new ReadOnlySpan<byte>(_text, 0, length);
                break;
            }
        }
        return true;
    }
}
