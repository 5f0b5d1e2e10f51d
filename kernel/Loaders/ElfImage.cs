using System;
using HyperOS.Core;
using HyperOS.Specs.Elf;

namespace HyperOS.Loaders;

/// <summary>A program header of either class.</summary>
internal struct ElfSegment
{
    public uint Type;
    public uint Flags;
    public ulong Offset;
    public ulong VirtualAddress;
    public ulong PhysicalAddress;
    public ulong FileSize;
    public ulong MemorySize;
    public ulong Align;
}

/// <summary>An executable of either class for x86: System V ABI, chapters "Object Files" and "Program Loading and Dynamic Linking".</summary>
internal readonly ref struct ElfImage
{
    /// <summary>Most program headers.</summary>
    public const int SegmentCapacity = 32;

    private readonly ReadOnlySpan<byte> _image;
    private readonly ReadOnlySpan<byte> _programHeaders;
    private readonly bool _is64Bit;

    private ElfImage(ReadOnlySpan<byte> image, ReadOnlySpan<byte> programHeaders, ulong programHeadersOffset, bool is64Bit, ulong entry)
    {
        _image = image;
        ProgramHeadersOffset = programHeadersOffset;
        _programHeaders = programHeaders;
        _is64Bit = is64Bit;
        Entry = entry;
    }

    /// <summary>Of class ELFCLASS64.</summary>
    public bool Is64Bit => _is64Bit;

    /// <summary>Field e_phoff.</summary>
    public ulong ProgramHeadersOffset { get; }

    /// <summary>Field e_entry, a virtual address.</summary>
    public ulong Entry { get; }

    public int SegmentCount => _programHeaders.Length / SegmentSize(_is64Bit);

    public static LoadStatus TryOpen(ReadOnlySpan<byte> image, out ElfImage elf)
    {
        elf = default;
        LittleEndianReader reader = new(image);
        Elf32_Ehdr header32 = Elf32_Ehdr.Read(ref reader);
        if (header32.ei_magic != ElfConstants.ELFMAG)
            return LoadStatus.NotAnElf;
        if (reader.Overrun)
            return LoadStatus.Truncated;
        bool is64Bit = header32.ei_class == ElfConstants.ELFCLASS64;
        if ((!is64Bit && header32.ei_class != ElfConstants.ELFCLASS32) || header32.ei_data != ElfConstants.ELFDATA2LSB
            || header32.ei_version != ElfConstants.EV_CURRENT || header32.e_type != ElfConstants.ET_EXEC
            || header32.e_machine is not ElfConstants.EM_386 and not ElfConstants.EM_X86_64)
            return LoadStatus.UnsupportedElf;

        ulong entry = header32.e_entry, offset = header32.e_phoff;
        ushort count = header32.e_phnum, size = header32.e_phentsize;
        if (is64Bit)
        {
            reader = new LittleEndianReader(image);
            Elf64_Ehdr header64 = Elf64_Ehdr.Read(ref reader);
            if (reader.Overrun)
                return LoadStatus.Truncated;
            (entry, offset) = (header64.e_entry, header64.e_phoff);
            (count, size) = (header64.e_phnum, header64.e_phentsize);
        }
        if (count > SegmentCapacity || (count != 0 && size != SegmentSize(is64Bit)))
            return LoadStatus.BadProgramHeaders;
        if (!ByteSpans.TrySlice(image, offset, (ulong)count * size, out ReadOnlySpan<byte> programHeaders))
            return LoadStatus.Truncated;
        elf = new ElfImage(image, programHeaders, offset, is64Bit, entry);
        return LoadStatus.Ok;
    }

    /// <summary>A program header, its contents not yet checked.</summary>
    public ElfSegment Segment(int index)
    {
        int size = SegmentSize(_is64Bit);
        LittleEndianReader reader = new(_programHeaders.Slice(index * size, size));
        if (_is64Bit)
        {
            Elf64_Phdr header = Elf64_Phdr.Read(ref reader);
            return new ElfSegment
            {
                Type = header.p_type,
                Flags = header.p_flags,
                Offset = header.p_offset,
                VirtualAddress = header.p_vaddr,
                PhysicalAddress = header.p_paddr,
                FileSize = header.p_filesz,
                MemorySize = header.p_memsz,
                Align = header.p_align,
            };
        }
        Elf32_Phdr header32 = Elf32_Phdr.Read(ref reader);
        return new ElfSegment
        {
            Type = header32.p_type,
            Flags = header32.p_flags,
            Offset = header32.p_offset,
            VirtualAddress = header32.p_vaddr,
            PhysicalAddress = header32.p_paddr,
            FileSize = header32.p_filesz,
            MemorySize = header32.p_memsz,
            Align = header32.p_align,
        };
    }

    /// <summary>What a segment holds in the file.</summary>
    public bool TryGetContents(in ElfSegment segment, out ReadOnlySpan<byte> contents) =>
        ByteSpans.TrySlice(_image, segment.Offset, segment.FileSize, out contents);

    /// <summary>Puts all loadable segments at their physical addresses into the plan.</summary>
    public LoadStatus Place(in LoadRequest request, LoadPlan plan)
    {
        bool isEmpty = true;
        for (int i = 0; i < SegmentCount; i++)
        {
            ElfSegment segment = Segment(i);
            if (segment.Type != ElfConstants.PT_LOAD || segment.MemorySize == 0)
                continue;
            if (segment.FileSize > segment.MemorySize)
                return LoadStatus.BadSegment;
            if (!TryGetContents(in segment, out _))
                return LoadStatus.Truncated;
            GuestPhysicalAddress destination = new(segment.PhysicalAddress);
            LoadStatus status = plan.TryClaim(in request, destination, segment.MemorySize);
            if (status != LoadStatus.Ok)
                return status;
            plan.AddImagePart(segment.Offset, destination, segment.FileSize, segment.MemorySize);
            isEmpty = false;
        }
        return isEmpty ? LoadStatus.NoSegments : LoadStatus.Ok;
    }

    /// <summary>The entry as physical address: by the segment whose virtual addresses hold it, or as it stands where none does.</summary>
    public ulong PhysicalEntry()
    {
        for (int i = 0; i < SegmentCount; i++)
        {
            ElfSegment segment = Segment(i);
            if (segment.Type == ElfConstants.PT_LOAD && Entry >= segment.VirtualAddress && Entry - segment.VirtualAddress < segment.MemorySize)
                return unchecked(Entry - segment.VirtualAddress + segment.PhysicalAddress);
        }
        return Entry;
    }

    private static int SegmentSize(bool is64Bit) => is64Bit ? Elf64_Phdr.SizeInBytes : Elf32_Phdr.SizeInBytes;
}
