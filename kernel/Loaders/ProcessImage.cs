using System;
using HyperOS.Core;
using HyperOS.Specs.Elf;

namespace HyperOS.Loaders;

/// <summary>Whether a file can be run as a process, or the first thing that forbids it.</summary>
public enum ProcessImageStatus
{
    Ok,
    NotAnElf,
    Truncated,

    /// <summary>Not of 64 bits for x86-64, or not at fixed addresses.</summary>
    UnsupportedElf,

    /// <summary>It wants a dynamic linker.</summary>
    NotStatic,
    BadProgramHeaders,

    /// <summary>A segment is larger in the file than in memory, or its place in the file and in memory are not alike within a page.</summary>
    BadSegment,

    /// <summary>A segment lies outside of what a process may have, or two share a page, or they are not in the order of their addresses.</summary>
    BadAddress,

    /// <summary>A segment would be writable and executable.</summary>
    WritableCode,
    NoSegments,

    /// <summary>The entry lies in no executable segment.</summary>
    BadEntry,
}

/// <summary>A part of a process' memory that begins as a part of its file, then zeros.</summary>
public struct ProcessSegment
{
    /// <summary>First and one past the last byte, on page boundaries.</summary>
    public ulong Start, End;

    /// <summary>Where in the file what <see cref="Start"/> begins with stands, on a page boundary.</summary>
    public ulong FileOffset;

    /// <summary>Bytes from <see cref="Start"/> on that come from the file.</summary>
    public ulong FileLength;

    public bool IsReadable, IsWritable, IsExecutable;
}

/// <summary>
/// A static executable for a process, ELF64 with fixed addresses: System V ABI, chapters "Object Files" and "Program Loading and Dynamic Linking".
/// Nothing in the file is trusted; what <see cref="TryOpen"/> accepts can be mapped as it says.
/// </summary>
public readonly ref struct ProcessImage
{
    /// <summary>Below this nothing of a process is mapped.</summary>
    public const ulong LowestAddress = 64 * Size.KiB;

    /// <summary>Most of a file's addresses: what comes above is for the process' own mappings.</summary>
    public const ulong HighestAddress = 4 * Size.GiB;

    private readonly ElfImage _elf;

    private ProcessImage(ElfImage elf) => _elf = elf;

    /// <summary>Where it begins to run.</summary>
    public ulong Entry => _elf.Entry;

    /// <summary>Program headers of any type; also the most segments that there can be.</summary>
    public int HeaderCount => _elf.SegmentCount;

    /// <summary>Where the program headers lie in the process' memory; 0 where they do not.</summary>
    public ulong HeadersAddress
    {
        get
        {
            for (int i = 0; i < HeaderCount; i++)
            {
                if (TryGetSegment(i, out ProcessSegment segment) && _elf.ProgramHeadersOffset >= segment.FileOffset
                    && _elf.ProgramHeadersOffset - segment.FileOffset + (ulong)HeaderCount * Elf64_Phdr.SizeInBytes <= segment.FileLength)
                {
                    return segment.Start + (_elf.ProgramHeadersOffset - segment.FileOffset);
                }
            }
            return 0;
        }
    }

    /// <summary>A segment to be mapped.</summary>
    /// <returns>False where the header stands for none.</returns>
    public bool TryGetSegment(int header, out ProcessSegment segment)
    {
        ElfSegment raw = _elf.Segment(header);
        segment = default;
        if (raw.Type != ElfConstants.PT_LOAD || raw.MemorySize == 0)
            return false;
        ulong lead = raw.VirtualAddress % Size.Page;
        segment.Start = raw.VirtualAddress - lead;
        segment.End = Alignment.Up(raw.VirtualAddress + raw.MemorySize, Size.Page);
        segment.FileOffset = raw.FileSize == 0 ? 0 : raw.Offset - lead;
        segment.FileLength = raw.FileSize == 0 ? 0 : raw.FileSize + lead;
        segment.IsReadable = (raw.Flags & (ElfConstants.PF_R | ElfConstants.PF_W | ElfConstants.PF_X)) != 0;
        segment.IsWritable = (raw.Flags & ElfConstants.PF_W) != 0;
        segment.IsExecutable = (raw.Flags & ElfConstants.PF_X) != 0;
        return true;
    }

    public static ProcessImageStatus TryOpen(ReadOnlySpan<byte> file, out ProcessImage image)
    {
        image = default;
        LoadStatus status = ElfImage.TryOpen(file, out ElfImage elf);
        if (status != LoadStatus.Ok)
        {
            return status switch
            {
                LoadStatus.NotAnElf => ProcessImageStatus.NotAnElf,
                LoadStatus.Truncated => ProcessImageStatus.Truncated,
                LoadStatus.BadProgramHeaders => ProcessImageStatus.BadProgramHeaders,
                _ => ProcessImageStatus.UnsupportedElf,
            };
        }
        if (!elf.Is64Bit)
            return ProcessImageStatus.UnsupportedElf;
        ulong end = LowestAddress;
        bool isEmpty = true, hasEntry = false;
        for (int i = 0; i < elf.SegmentCount; i++)
        {
            ElfSegment raw = elf.Segment(i);
            if (raw.Type == ElfConstants.PT_INTERP)
                return ProcessImageStatus.NotStatic;
            if (raw.Type != ElfConstants.PT_LOAD || raw.MemorySize == 0)
                continue;
            if (raw.FileSize > raw.MemorySize || raw.FileSize != 0 && raw.Offset % Size.Page != raw.VirtualAddress % Size.Page)
                return ProcessImageStatus.BadSegment;
            if (!elf.TryGetContents(in raw, out _))
                return ProcessImageStatus.Truncated;
            if (raw.VirtualAddress > HighestAddress || raw.MemorySize > HighestAddress - raw.VirtualAddress || raw.VirtualAddress < end)
                return ProcessImageStatus.BadAddress;
            if ((raw.Flags & (ElfConstants.PF_W | ElfConstants.PF_X)) == (ElfConstants.PF_W | ElfConstants.PF_X))
                return ProcessImageStatus.WritableCode;
            if (raw.VirtualAddress - raw.VirtualAddress % Size.Page < end)
                return ProcessImageStatus.BadAddress;
            end = Alignment.Up(raw.VirtualAddress + raw.MemorySize, Size.Page);
            hasEntry |= (raw.Flags & ElfConstants.PF_X) != 0 && elf.Entry >= raw.VirtualAddress && elf.Entry - raw.VirtualAddress < raw.FileSize;
            isEmpty = false;
        }
        if (isEmpty)
            return ProcessImageStatus.NoSegments;
        if (!hasEntry)
            return ProcessImageStatus.BadEntry;
        image = new ProcessImage(elf);
        return ProcessImageStatus.Ok;
    }

    /// <summary>What is wrong, to be put after "the file is".</summary>
    public static ReadOnlySpan<byte> Describe(ProcessImageStatus status) => status switch
    {
        ProcessImageStatus.Ok => "good"u8,
        ProcessImageStatus.NotAnElf => "no ELF file"u8,
        ProcessImageStatus.Truncated => "truncated"u8,
        ProcessImageStatus.NotStatic => "not static: it wants a dynamic linker"u8,
        ProcessImageStatus.BadProgramHeaders => "broken: its program headers"u8,
        ProcessImageStatus.BadSegment => "broken: a segment"u8,
        ProcessImageStatus.BadAddress => "at addresses that a process cannot have"u8,
        ProcessImageStatus.WritableCode => "not safe: a segment is writable and executable"u8,
        ProcessImageStatus.NoSegments => "empty: no segments"u8,
        ProcessImageStatus.BadEntry => "broken: its entry is in no code"u8,
        _ => "no ELF64 executable for x86-64 at fixed addresses"u8,
    };
}
