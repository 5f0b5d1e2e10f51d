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
