using System;

namespace HyperOS.Loaders;

/// <summary>Why a guest image is not loaded. Each reason has its own value.</summary>
public enum LoadStatus : byte
{
    Ok,

    /// <summary>The image is of no format that a loader here knows.</summary>
    UnknownFormat,

    /// <summary>The image ends before what its own fields announce.</summary>
    Truncated,

    /// <summary>The command line is longer than the image or the loader allows.</summary>
    CommandLineTooLong,

    /// <summary>The image or its memory does not lie in the guest's RAM.</summary>
    DoesNotFit,

    /// <summary>Two parts of the image, or one and the loader's boot data, want the same memory.</summary>
    Overlap,

    /// <summary>There is no room for the initrd where the image accepts it.</summary>
    InitrdDoesNotFit,

    /// <summary>bzImage: the boot flag or the header's magic number is missing, or it is a zImage.</summary>
    NotABzImage,

    /// <summary>bzImage: the boot protocol is older than 2.12.</summary>
    TooOldProtocol,

    /// <summary>bzImage: the kernel has no 64-bit entry.</summary>
    No64BitEntry,

    /// <summary>bzImage: the setup header's length is smaller than the protocol version demands or larger than boot_params allows.</summary>
    BadSetupHeader,

    /// <summary>bzImage: the real-mode code is larger than the 32 KiB that the protocol leaves for it.</summary>
    SetupTooLarge,

    /// <summary>bzImage: the kernel alignment is not a power of two from a page to 1 GiB.</summary>
    BadAlignment,

    /// <summary>bzImage: a kernel that is not relocatable wants an address that is not aligned or lies below 1 MiB.</summary>
    BadLoadAddress,

    /// <summary>bzImage: the payload is empty or does not lie in the protected-mode code.</summary>
    BadPayload,

    /// <summary>ELF: the magic number is missing.</summary>
    NotAnElf,

    /// <summary>ELF: not an executable for x86 with little-endian data.</summary>
    UnsupportedElf,

    /// <summary>ELF: the program headers' size is not that of the format, or there are more than the loader takes.</summary>
    BadProgramHeaders,

    /// <summary>ELF: a segment is larger in the file than in memory.</summary>
    BadSegment,

    /// <summary>ELF: there is nothing to load.</summary>
    NoSegments,

    /// <summary>PVH: there is no XEN_ELFNOTE_PHYS32_ENTRY.</summary>
    NoPvhEntry,

    /// <summary>PVH: a note runs past its segment, or the entry's descriptor is not 4 or 8 bytes long.</summary>
    BadNote,

    /// <summary>The entry does not lie in a loaded part of the image.</summary>
    EntryOutsideImage,

    /// <summary>Multiboot: there is no header in the first 8 KiB.</summary>
    NotMultiboot,

    /// <summary>Multiboot: the header demands something that the loader does not offer.</summary>
    UnsupportedFlags,

    /// <summary>Multiboot: the header's address fields contradict each other.</summary>
    BadAddressFields,
}

/// <summary>Load statuses in words, for the log.</summary>
public static class LoadStatuses
{
    public static ReadOnlySpan<byte> Describe(LoadStatus status) => status switch
    {
        LoadStatus.Ok => "fine"u8,
        LoadStatus.UnknownFormat => "the kernel is neither a bzImage nor an ELF with a PVH note nor multiboot1"u8,
        LoadStatus.Truncated => "the kernel image is truncated"u8,
        LoadStatus.CommandLineTooLong => "the command line is longer than this kernel takes"u8,
        LoadStatus.DoesNotFit => "the kernel does not fit into the memory"u8,
        LoadStatus.Overlap => "parts of the kernel image overlap in memory"u8,
        LoadStatus.InitrdDoesNotFit => "the initrd does not fit into the memory beside the kernel"u8,
        LoadStatus.NotABzImage => "the kernel is not a bzImage"u8,
        LoadStatus.TooOldProtocol => "the bzImage's boot protocol is older than 2.12"u8,
        LoadStatus.No64BitEntry => "the bzImage has no 64-bit entry"u8,
        LoadStatus.BadSetupHeader => "the bzImage's setup header is damaged"u8,
        LoadStatus.SetupTooLarge => "the bzImage's setup part is too large"u8,
        LoadStatus.BadAlignment => "the bzImage's alignment is impossible"u8,
        LoadStatus.BadLoadAddress => "the bzImage's load address is impossible"u8,
        LoadStatus.BadPayload => "the bzImage's payload lies outside of it"u8,
        LoadStatus.NotAnElf => "the kernel is not an ELF file"u8,
        LoadStatus.UnsupportedElf => "the kernel is an ELF file of another kind than an x86 executable"u8,
        LoadStatus.BadProgramHeaders => "the ELF's program headers are damaged"u8,
        LoadStatus.BadSegment => "an ELF segment lies outside of the file or wraps around"u8,
        LoadStatus.NoSegments => "the ELF has nothing to load"u8,
        LoadStatus.NoPvhEntry => "the ELF has no PVH entry"u8,
        LoadStatus.BadNote => "the ELF's notes are damaged"u8,
        LoadStatus.EntryOutsideImage => "the kernel's entry lies outside of what it loads"u8,
        LoadStatus.NotMultiboot => "the kernel is not multiboot1"u8,
        LoadStatus.UnsupportedFlags => "the multiboot1 header asks for what is not supported"u8,
        LoadStatus.BadAddressFields => "the multiboot1 header's addresses are impossible"u8,
        _ => "the kernel image is bad"u8,
    };
}
