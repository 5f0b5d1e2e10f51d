using System;

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
    public static LoadStatus Load(in LoadRequest request, LoadPlan plan) => Detect(request.Image) switch
    {
        GuestImageFormat.BzImage => BzImageLoader.Load(in request, plan),
        GuestImageFormat.Pvh => PvhLoader.Load(in request, plan),
        GuestImageFormat.Multiboot1 => Multiboot1Loader.Load(in request, plan),
        _ => LoadStatus.UnknownFormat,
    };
}
