using System;
using HyperOS.Core;
using HyperOS.Specs.Linux;
using HyperOS.Specs.Multiboot;

namespace HyperOS.Loaders;

/// <summary>Loads kernels of the Multiboot Specification version 0.6.96, as ELF files or by the header's address fields.</summary>
public static class Multiboot1Loader
{
    private const MultibootHeaderFlags DemandMask = (MultibootHeaderFlags)0xFFFF;
    private const MultibootHeaderFlags OfferedDemands = MultibootHeaderFlags.PageAlign | MultibootHeaderFlags.MemoryInfo;

    /// <summary>Whether a multiboot header is in the image.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> image) => TryFindHeader(image, out _, out _);

    /// <summary>Fills <paramref name="plan"/>; what it holds after a refusal must not be used.</summary>
    public static LoadStatus Load(in LoadRequest request, LoadPlan plan)
    {
        if (!TryFindHeader(request.Image, out int headerOffset, out MultibootHeader header))
            return LoadStatus.NotMultiboot;
        MultibootHeaderFlags flags = (MultibootHeaderFlags)header.flags;
        if ((flags & DemandMask & ~OfferedDemands) != 0)
            return LoadStatus.UnsupportedFlags;
        LoadStatus status = plan.Begin(in request, EntryMode.Protected32);
        if (status != LoadStatus.Ok)
            return status;
        status = (flags & MultibootHeaderFlags.AddressFields) != 0
            ? PlaceByAddressFields(in request, plan, headerOffset, in header, out ulong entry)
            : PlaceElf(in request, plan, out entry);
        if (status != LoadStatus.Ok)
            return status;
        if (entry > uint.MaxValue || !plan.IsInImage(entry))
            return LoadStatus.EntryOutsideImage;
        status = plan.PlaceInitrd(in request, GuestMemoryLayout.HoleStart);
        if (status != LoadStatus.Ok)
            return status;

        WriteInformation(in request, plan);
        plan.EnterProtected32(entry, MultibootHeader.BootLoaderMagic, LoadPlan.ParametersAddress);
        return LoadStatus.Ok;
    }

    private static bool TryFindHeader(ReadOnlySpan<byte> image, out int offset, out MultibootHeader header)
    {
        int end = Math.Min(image.Length, MultibootHeader.SearchLength) - MultibootHeader.SizeInBytesWithoutAddresses;
        for (offset = 0; offset <= end; offset += sizeof(uint))
        {
            // Whether the address fields are still in the file matters to PlaceByAddressFields alone.
            LittleEndianReader reader = new(image.Slice(offset));
            header = MultibootHeader.Read(ref reader);
            if (header.magic == MultibootHeader.HeaderMagic && unchecked(header.magic + header.flags + header.checksum) == 0)
                return true;
        }
        header = default;
        return false;
    }

    /// <summary>Section "The address fields of Multiboot header".</summary>
    private static LoadStatus PlaceByAddressFields(in LoadRequest request, LoadPlan plan, int headerOffset, in MultibootHeader header, out ulong entry)
    {
        entry = header.entry_addr;
        if (headerOffset > request.Image.Length - MultibootHeader.SizeInBytes)
            return LoadStatus.Truncated;
        if (header.load_addr > header.header_addr || header.header_addr - header.load_addr > (uint)headerOffset)
            return LoadStatus.BadAddressFields;
        ulong offset = (uint)headerOffset - (header.header_addr - header.load_addr);
        ulong fileLength = (uint)request.Image.Length - offset;
        if (header.load_end_addr != 0)
        {
            if (header.load_end_addr < header.load_addr)
                return LoadStatus.BadAddressFields;
            uint announced = header.load_end_addr - header.load_addr;
            if (announced > fileLength)
                return LoadStatus.Truncated;
            fileLength = announced;
        }
        ulong memoryLength = fileLength;
        if (header.bss_end_addr != 0)
        {
            if (header.bss_end_addr < header.load_addr + fileLength)
                return LoadStatus.BadAddressFields;
            memoryLength = header.bss_end_addr - header.load_addr;
        }
        GuestPhysicalAddress destination = new(header.load_addr);
        LoadStatus status = plan.TryClaim(in request, destination, memoryLength);
        if (status == LoadStatus.Ok)
            plan.AddImagePart(offset, destination, fileLength, memoryLength);
        return status;
    }

    private static LoadStatus PlaceElf(in LoadRequest request, LoadPlan plan, out ulong entry)
    {
        entry = 0;
        LoadStatus status = ElfImage.TryOpen(request.Image, out ElfImage elf);
        if (status != LoadStatus.Ok)
            return status;
        entry = elf.PhysicalEntry();
        return elf.Place(in request, plan);
    }

    /// <summary>The information, and behind it the module list, the loader's name and the memory map.</summary>
    private static void WriteInformation(in LoadRequest request, LoadPlan plan)
    {
        const int ModuleOffset = 0x80;
        const int NameOffset = 0xA0;
        const int MemoryMapOffset = 0xC0;
        const uint Address = (uint)LoadPlan.ParametersAddress;
        Span<byte> page = plan.Parameters;

        LittleEndianWriter memoryMap = new(page.Slice(MemoryMapOffset));
        for (int i = 0; request.Memory.TryGetRegion(i, out E820Entry region); i++)
        {
            new MultibootMemoryMapEntry
            {
                size = MultibootMemoryMapEntry.SizeInBytes - sizeof(uint),
                base_addr = region.addr,
                length = region.size,
                type = region.type,
            }.Write(ref memoryMap);
        }

        MultibootInformationFlags flags = MultibootInformationFlags.Memory | MultibootInformationFlags.CommandLine | MultibootInformationFlags.MemoryMap
            | MultibootInformationFlags.BootLoaderName;
        if (request.InitrdLength != 0)
        {
            flags |= MultibootInformationFlags.Modules;
            LittleEndianWriter module = new(page.Slice(ModuleOffset));
            uint start = (uint)plan.InitrdAddress.Value;
            new MultibootModule { mod_start = start, mod_end = start + (uint)request.InitrdLength }.Write(ref module);
        }
        "HyperOS\0"u8.CopyTo(page.Slice(NameOffset));

        LittleEndianWriter information = new(page);
        new MultibootInformation
        {
            flags = (uint)flags,
            mem_lower = (uint)(GuestMemoryLayout.ConventionalMemoryEnd / Size.KiB),
            mem_upper = (uint)((request.Memory.LowRamEnd - GuestMemoryLayout.ExtendedMemoryStart) / Size.KiB),
            cmdline = (uint)plan.CommandLineAddress.Value,
            mods_count = request.InitrdLength != 0 ? 1u : 0,
            mods_addr = Address + ModuleOffset,
            mmap_length = (uint)memoryMap.Position,
            mmap_addr = Address + MemoryMapOffset,
            boot_loader_name = Address + NameOffset,
        }.Write(ref information);
    }
}
