using System;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Firmware;
using HyperOS.Memory;

namespace HyperOS.Startup;

/// <summary>Reads physical memory for the parsers of boot and firmware tables, as far as the kernel can see it.</summary>
internal sealed class FirmwareMemory : PhysicalMemoryReader
{
    public override bool TryRead(HostPhysicalAddress address, Span<byte> destination)
    {
        if (!address.TryAdd((ulong)destination.Length, out HostPhysicalAddress end) || end.Value > PhysicalMemory.Limit)
            return false;
        PhysicalMemory.Bytes(address, destination.Length).CopyTo(destination);
        return true;
    }
}

/// <summary>What the boot loader left: multiboot2 and PVH become the one <see cref="BootInfo"/>.</summary>
internal static class BootInformation
{
    private const uint Multiboot2Magic = 0x36D76289;
    private const ulong MaximumFont = 4 * Size.MiB;

    public static BootInfo Read(uint magic, uint information, PhysicalMemoryReader memory)
    {
        BootInfo boot = new();
        HostPhysicalAddress address = new(information);
        BootInfoStatus status = magic == Multiboot2Magic ? ReadMultiboot2(address, boot) : new PvhParser(memory).Parse(address, boot);
        if (status != BootInfoStatus.Ok)
            Panic.Stop($"boot information: {Describe(status)}");
        return boot;
    }

    /// <summary>The VMs' bundle. PVH loaders give their one module no name. Of length 0 when there is none.</summary>
    public static BootModule Bundle(BootInfo boot) => TryFindModule(boot, "bundle"u8, out BootModule bundle) || TryFindModule(boot, ""u8, out bundle) ? bundle : default;

    /// <summary>The screen's font; empty when there is none.</summary>
    public static ReadOnlySpan<byte> Font(BootInfo boot) =>
        TryFindModule(boot, "font"u8, out BootModule font) && font.Length <= MaximumFont && font.Address.TryAdd(font.Length, out HostPhysicalAddress end)
            && end.Value <= PhysicalMemory.Limit ? PhysicalMemory.Bytes(font.Address, (int)font.Length) : default;

    private static bool TryFindModule(BootInfo boot, ReadOnlySpan<byte> name, out BootModule module)
    {
        for (int i = 0; i < boot.Modules.Length; i++)
        {
            module = boot.Modules[i];
            if (boot.ModuleName(i).SequenceEqual(name))
                return true;
        }
        module = default;
        return false;
    }

    private static BootInfoStatus ReadMultiboot2(HostPhysicalAddress address, BootInfo boot)
    {
        const int FixedPart = 8;
        return Multiboot2Parser.TryReadTotalSize(PhysicalMemory.Bytes(address, FixedPart), out uint size)
            ? Multiboot2Parser.Parse(PhysicalMemory.Bytes(address, (int)Math.Min(size, int.MaxValue)), boot)
            : BootInfoStatus.Truncated;
    }

    private static ReadOnlySpan<byte> Describe(BootInfoStatus status) => status switch
    {
        BootInfoStatus.Unreadable => "in memory that cannot be read"u8,
        BootInfoStatus.BadMagic => "neither multiboot2 nor PVH"u8,
        BootInfoStatus.Truncated => "truncated"u8,
        BootInfoStatus.BadTag => "a tag has an impossible size"u8,
        BootInfoStatus.NoEndTag => "no end tag"u8,
        BootInfoStatus.BadMemoryMapEntrySize => "memory map entries have an impossible size"u8,
        BootInfoStatus.NoMemoryMap => "no memory map"u8,
        BootInfoStatus.TooManyMemoryRegions => "too many memory regions"u8,
        BootInfoStatus.BadModule => "a module has an impossible range"u8,
        BootInfoStatus.TooManyModules => "too many modules"u8,
        BootInfoStatus.ModuleNameTooLong => "a module's name is too long"u8,
        BootInfoStatus.CommandLineTooLong => "the command line is too long"u8,
        _ => "unknown"u8,
    };
}
