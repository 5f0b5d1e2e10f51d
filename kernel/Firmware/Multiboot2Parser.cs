using System;
using HyperOS.Core;
using HyperOS.Specs.Multiboot;

namespace HyperOS.Firmware;

/// <summary>Reads the boot information of a multiboot2 loader: Multiboot2 Specification version 2.0, section "Boot information format".</summary>
public static class Multiboot2Parser
{
    /// <summary>The size of the whole boot information, from its fixed part: how much to map before <see cref="Parse"/>.</summary>
    /// <returns>False when <paramref name="fixedPart"/> is shorter than 8 bytes.</returns>
    public static bool TryReadTotalSize(ReadOnlySpan<byte> fixedPart, out uint totalSize)
    {
        LittleEndianReader reader = new(fixedPart);
        totalSize = Multiboot2InformationHeader.Read(ref reader).total_size;
        return !reader.Overrun;
    }

    /// <param name="information">The boot information, at least as long as its total_size says.</param>
    /// <param name="bootInfo">Filled with what could be read.</param>
    /// <returns>The first thing wrong, or Ok.</returns>
    public static BootInfoStatus Parse(ReadOnlySpan<byte> information, BootInfo bootInfo)
    {
        bootInfo.Clear();
        if (!TryReadTotalSize(information, out uint totalSize) || totalSize < Multiboot2InformationHeader.SizeInBytes || totalSize > (uint)information.Length)
            return BootInfoStatus.Truncated;

        BootInfoStatus status = ParseTags(information.Slice(0, (int)totalSize), bootInfo);
        bootInfo.MemoryMap.Normalize();
        return status == BootInfoStatus.Ok && bootInfo.MemoryMap.Regions.IsEmpty ? BootInfoStatus.NoMemoryMap : status;
    }

    private static BootInfoStatus ParseTags(ReadOnlySpan<byte> information, BootInfo bootInfo)
    {
        BootInfoStatus status = BootInfoStatus.Ok;
        ulong position = Multiboot2InformationHeader.SizeInBytes;
        while (ByteSpans.TrySlice(information, position, Multiboot2Tag.SizeInBytes, out ReadOnlySpan<byte> header))
        {
            LittleEndianReader reader = new(header);
            Multiboot2Tag tag = Multiboot2Tag.Read(ref reader);
            if (tag.size < Multiboot2Tag.SizeInBytes || !ByteSpans.TrySlice(information, position, tag.size, out ReadOnlySpan<byte> whole))
                return status.Or(BootInfoStatus.BadTag);
            if (tag.type == (uint)Multiboot2TagType.End)
                return status;
            status = status.Or(ParseTag((Multiboot2TagType)tag.type, whole.Slice(Multiboot2Tag.SizeInBytes), bootInfo));
            position = Alignment.Up(position + tag.size, Multiboot2InformationHeader.TagAlignment);
        }
        return status.Or(BootInfoStatus.NoEndTag);
    }

    private static BootInfoStatus ParseTag(Multiboot2TagType type, ReadOnlySpan<byte> body, BootInfo bootInfo)
    {
        switch (type)
        {
            case Multiboot2TagType.BootCommandLine:
                return bootInfo.TrySetCommandLine(ByteSpans.UntilZero(body)) ? BootInfoStatus.Ok : BootInfoStatus.CommandLineTooLong;
            case Multiboot2TagType.BootLoaderName:
                // A name is for the log alone: cut rather than refused.
                bootInfo.TrySetLoaderName(ByteSpans.UntilZero(body));
                return BootInfoStatus.Ok;
            case Multiboot2TagType.Modules:
                return ParseModule(body, bootInfo);
            case Multiboot2TagType.MemoryMap:
                return ParseMemoryMap(body, bootInfo);
            case Multiboot2TagType.FramebufferInfo:
                return ParseFramebuffer(body, bootInfo);
            case Multiboot2TagType.AcpiOldRsdp:
            case Multiboot2TagType.AcpiNewRsdp:
                bootInfo.SetRsdp(body.Slice(0, Math.Min(body.Length, BootInfo.RsdpCapacity)));
                return BootInfoStatus.Ok;
            default:
                return BootInfoStatus.Ok;
        }
    }

    private static BootInfoStatus ParseModule(ReadOnlySpan<byte> body, BootInfo bootInfo)
    {
        LittleEndianReader reader = new(body);
        Multiboot2Module module = Multiboot2Module.Read(ref reader);
        if (reader.Overrun)
            return BootInfoStatus.BadTag;
        if (module.mod_end < module.mod_start)
            return BootInfoStatus.BadModule;
        ReadOnlySpan<byte> name = ByteSpans.UntilZero(body.Slice(reader.Position));
        return bootInfo.AddModule(new HostPhysicalAddress(module.mod_start), module.mod_end - module.mod_start, name);
    }

    private static BootInfoStatus ParseMemoryMap(ReadOnlySpan<byte> body, BootInfo bootInfo)
    {
        LittleEndianReader reader = new(body);
        Multiboot2MemoryMapHeader header = Multiboot2MemoryMapHeader.Read(ref reader);
        if (reader.Overrun)
            return BootInfoStatus.BadTag;
        if (header.entry_size < Multiboot2MemoryMapEntry.SizeInBytes || header.entry_size % 8 != 0)
            return BootInfoStatus.BadMemoryMapEntrySize;

        ReadOnlySpan<byte> entries = body.Slice(reader.Position);
        for (ulong offset = 0; ByteSpans.TrySlice(entries, offset, header.entry_size, out ReadOnlySpan<byte> bytes); offset += header.entry_size)
        {
            LittleEndianReader fields = new(bytes);
            Multiboot2MemoryMapEntry entry = Multiboot2MemoryMapEntry.Read(ref fields);
            bootInfo.MemoryMap.TryAdd(entry.base_addr, entry.length, TypeOf((Multiboot2MemoryType)entry.type));
        }
        return bootInfo.MemoryMap.Refused == 0 ? BootInfoStatus.Ok : BootInfoStatus.TooManyMemoryRegions;
    }

    private static MemoryRegionType TypeOf(Multiboot2MemoryType type) => type switch
    {
        Multiboot2MemoryType.Available => MemoryRegionType.Usable,
        Multiboot2MemoryType.AcpiReclaimable => MemoryRegionType.AcpiReclaimable,
        Multiboot2MemoryType.Nvs => MemoryRegionType.AcpiNvs,
        Multiboot2MemoryType.Defective => MemoryRegionType.Defective,
        _ => MemoryRegionType.Reserved,
    };

    private static BootInfoStatus ParseFramebuffer(ReadOnlySpan<byte> body, BootInfo bootInfo)
    {
        LittleEndianReader reader = new(body);
        Multiboot2FramebufferInfo info = Multiboot2FramebufferInfo.Read(ref reader);
        if (reader.Overrun)
            return BootInfoStatus.BadTag;
        Framebuffer framebuffer = new()
        {
            Type = (FramebufferType)info.framebuffer_type,
            Address = new HostPhysicalAddress(info.framebuffer_addr),
            Pitch = info.framebuffer_pitch,
            Width = info.framebuffer_width,
            Height = info.framebuffer_height,
            BitsPerPixel = info.framebuffer_bpp,
        };
        if (framebuffer.Type == FramebufferType.DirectColor)
        {
            Multiboot2DirectColor color = Multiboot2DirectColor.Read(ref reader);
            if (reader.Overrun)
                return BootInfoStatus.BadTag;
            framebuffer.RedPosition = color.framebuffer_red_field_position;
            framebuffer.RedSize = color.framebuffer_red_mask_size;
            framebuffer.GreenPosition = color.framebuffer_green_field_position;
            framebuffer.GreenSize = color.framebuffer_green_mask_size;
            framebuffer.BluePosition = color.framebuffer_blue_field_position;
            framebuffer.BlueSize = color.framebuffer_blue_mask_size;
        }
        bootInfo.SetFramebuffer(in framebuffer);
        return BootInfoStatus.Ok;
    }
}
