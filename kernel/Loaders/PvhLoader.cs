using System;
using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Specs.Elf;
using HyperOS.Specs.Linux;
using HyperOS.Specs.Pvh;

namespace HyperOS.Loaders;

/// <summary>Loads ELF files that have a PVH entry: Xen, "x86/HVM direct boot ABI".</summary>
public static class PvhLoader
{
    private const ulong DefaultNoteAlignment = 4;
    private const ulong WideNoteAlignment = 8;

    /// <summary>Whether the image is an ELF file with a PVH entry.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> image) =>
        ElfImage.TryOpen(image, out ElfImage elf) == LoadStatus.Ok && TryFindEntry(in elf, out _) == LoadStatus.Ok;

    /// <summary>Fills <paramref name="plan"/>; what it holds after a refusal must not be used.</summary>
    public static LoadStatus Load(in LoadRequest request, LoadPlan plan)
    {
        LoadStatus status = ElfImage.TryOpen(request.Image, out ElfImage elf);
        if (status != LoadStatus.Ok)
            return status;
        status = TryFindEntry(in elf, out ulong entry);
        if (status != LoadStatus.Ok)
            return status;
        status = plan.Begin(in request, EntryMode.Protected32);
        if (status != LoadStatus.Ok)
            return status;
        status = elf.Place(in request, plan);
        if (status != LoadStatus.Ok)
            return status;
        if (entry > uint.MaxValue || !plan.IsInImage(entry))
            return LoadStatus.EntryOutsideImage;
        status = plan.PlaceInitrd(in request, GuestMemoryLayout.HoleStart);
        if (status != LoadStatus.Ok)
            return status;

        WriteStartInfo(in request, plan);
        plan.EnterProtected32(entry, rax: 0, rbx: LoadPlan.ParametersAddress);
        return LoadStatus.Ok;
    }

    private static LoadStatus TryFindEntry(in ElfImage elf, out ulong entry)
    {
        entry = 0;
        for (int i = 0; i < elf.SegmentCount; i++)
        {
            ElfSegment segment = elf.Segment(i);
            if (segment.Type != ElfConstants.PT_NOTE)
                continue;
            if (!elf.TryGetContents(in segment, out ReadOnlySpan<byte> notes))
                return LoadStatus.Truncated;
            ulong alignment = segment.Align == WideNoteAlignment ? WideNoteAlignment : DefaultNoteAlignment;
            LoadStatus status = TryFindEntryNote(notes, alignment, out entry);
            if (status != LoadStatus.NoPvhEntry)
                return status;
        }
        return LoadStatus.NoPvhEntry;
    }

    private static LoadStatus TryFindEntryNote(ReadOnlySpan<byte> notes, ulong alignment, out ulong entry)
    {
        entry = 0;
        ulong position = 0;
        while (ByteSpans.TrySlice(notes, position, ElfNhdr.SizeInBytes, out ReadOnlySpan<byte> header))
        {
            LittleEndianReader reader = new(header);
            ElfNhdr note = ElfNhdr.Read(ref reader);
            ulong nameStart = position + ElfNhdr.SizeInBytes;
            ulong descriptorStart = Alignment.Up(nameStart + note.n_namesz, alignment);
            if (!ByteSpans.TrySlice(notes, nameStart, note.n_namesz, out ReadOnlySpan<byte> name)
                || !ByteSpans.TrySlice(notes, descriptorStart, note.n_descsz, out ReadOnlySpan<byte> descriptor))
                return LoadStatus.BadNote;
            if (note.n_type == ElfNhdr.XEN_ELFNOTE_PHYS32_ENTRY && name.SequenceEqual("Xen\0"u8))
                return TryReadEntry(descriptor, out entry);
            position = Alignment.Up(descriptorStart + note.n_descsz, alignment);
        }
        return LoadStatus.NoPvhEntry;
    }

    private static LoadStatus TryReadEntry(ReadOnlySpan<byte> descriptor, out ulong entry)
    {
        entry = descriptor.Length switch
        {
            sizeof(uint) => BinaryPrimitives.ReadUInt32LittleEndian(descriptor),
            sizeof(ulong) => BinaryPrimitives.ReadUInt64LittleEndian(descriptor),
            _ => 0,
        };
        return descriptor.Length is sizeof(uint) or sizeof(ulong) ? LoadStatus.Ok : LoadStatus.BadNote;
    }

    /// <summary>The start info, and behind it the module list and the memory map.</summary>
    private static void WriteStartInfo(in LoadRequest request, LoadPlan plan)
    {
        const int ModuleOffset = 64;
        const int MemoryMapOffset = 128;
        Span<byte> page = plan.Parameters;

        LittleEndianWriter memoryMap = new(page.Slice(MemoryMapOffset));
        int regions = 0;
        for (; request.Memory.TryGetRegion(regions, out E820Entry region); regions++)
            new HvmMemmapTableEntry { addr = region.addr, size = region.size, type = region.type }.Write(ref memoryMap);

        bool hasInitrd = request.InitrdLength != 0;
        LittleEndianWriter module = new(page.Slice(ModuleOffset));
        if (hasInitrd)
            new HvmModlistEntry { paddr = plan.InitrdAddress.Value, size = request.InitrdLength }.Write(ref module);

        LittleEndianWriter startInfo = new(page);
        new HvmStartInfo
        {
            magic = HvmStartInfo.XEN_HVM_START_MAGIC_VALUE,
            version = 1,
            nr_modules = hasInitrd ? 1u : 0,
            modlist_paddr = hasInitrd ? LoadPlan.ParametersAddress + ModuleOffset : 0,
            cmdline_paddr = plan.CommandLineAddress.Value,
            rsdp_paddr = request.Memory.Rsdp.Value,
            memmap_paddr = LoadPlan.ParametersAddress + MemoryMapOffset,
            memmap_entries = (uint)regions,
        }.Write(ref startInfo);
    }
}
