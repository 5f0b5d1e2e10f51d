using System;
using HyperOS.Core;

namespace HyperOS.Loaders;

/// <summary>Formats of guest images.</summary>
public enum GuestImageFormat : byte
{
    /// <summary>None of the others.</summary>
    Unknown,

    /// <summary>A Linux kernel.</summary>
    BzImage,

    /// <summary>An ELF file with a PVH entry.</summary>
    Pvh,

    /// <summary>A file with a multiboot header of version 1.</summary>
    Multiboot1,
}

/// <summary>Picks the loader for an image by what the image contains.</summary>
public static class GuestImage
{
    /// <summary>
    /// The format of an image. An ELF file that offers both is taken as PVH, and so is one that offers neither, so that <see cref="Load"/>
    /// names what it lacks.
    /// </summary>
    public static GuestImageFormat Detect(ReadOnlySpan<byte> image)
    {
        if (BzImageLoader.Recognizes(image))
            return GuestImageFormat.BzImage;
        if (PvhLoader.Recognizes(image))
            return GuestImageFormat.Pvh;
        if (Multiboot1Loader.Recognizes(image))
            return GuestImageFormat.Multiboot1;
        return ElfImage.TryOpen(image, out _) == LoadStatus.NotAnElf ? GuestImageFormat.Unknown : GuestImageFormat.Pvh;
    }

    /// <summary>Makes the plan for starting an image. What the plan holds after a refusal must not be used.</summary>
    public static LoadStatus Load(in LoadRequest request, LoadPlan plan)
    {
        FaultPoint.Hit(FaultPlace.Loader);
        return Detect(request.Image) switch
        {
            GuestImageFormat.BzImage => BzImageLoader.Load(in request, plan),
            GuestImageFormat.Pvh => PvhLoader.Load(in request, plan),
            GuestImageFormat.Multiboot1 => Multiboot1Loader.Load(in request, plan),
            _ => LoadStatus.UnknownFormat,
        };
    }

    /// <summary>What is wrong, in words for the log.</summary>
    public static ReadOnlySpan<byte> Describe(LoadStatus status) => status switch
    {
        LoadStatus.Ok => "nothing"u8,
        LoadStatus.UnknownFormat => "it is no bzImage, PVH ELF or multiboot1 ELF"u8,
        LoadStatus.Truncated => "it is truncated"u8,
        LoadStatus.CommandLineTooLong => "its command line is longer than it accepts"u8,
        LoadStatus.DoesNotFit => "it does not fit into the memory"u8,
        LoadStatus.Overlap => "parts of it want the same memory"u8,
        LoadStatus.InitrdDoesNotFit => "its initrd does not fit into the memory"u8,
        LoadStatus.NotABzImage => "it is no bzImage"u8,
        LoadStatus.TooOldProtocol => "its boot protocol is older than 2.12"u8,
        LoadStatus.BadSetupHeader => "its setup header has a wrong length"u8,
        LoadStatus.SetupTooLarge => "its real-mode code is larger than 32 KiB"u8,
        LoadStatus.BadAlignment => "its alignment is no power of two from 4 KiB to 1 GiB"u8,
        LoadStatus.BadLoadAddress => "its load address is not aligned or lies below 1 MiB"u8,
        LoadStatus.BadPayload => "its payload does not lie in its code"u8,
        LoadStatus.NotAnElf => "it is no ELF file"u8,
        LoadStatus.UnsupportedElf => "it is no executable for x86"u8,
        LoadStatus.BadProgramHeaders => "its program headers are of a wrong size or too many"u8,
        LoadStatus.BadSegment => "a segment is larger in the file than in memory"u8,
        LoadStatus.NoSegments => "it has nothing to load"u8,
        LoadStatus.NoPvhEntry => "it has neither a PVH entry nor a multiboot1 header"u8,
        LoadStatus.BadNote => "its PVH note is malformed"u8,
        LoadStatus.EntryOutsideImage => "its entry does not lie in it"u8,
        LoadStatus.NotMultiboot => "it has no multiboot1 header"u8,
        LoadStatus.UnsupportedFlags => "its multiboot1 header demands what is not offered"u8,
        LoadStatus.BadAddressFields => "its multiboot1 header contradicts itself"u8,
        _ => "for an unknown reason"u8,
    };
}
