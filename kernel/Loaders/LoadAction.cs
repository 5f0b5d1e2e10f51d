using HyperOS.Core;

namespace HyperOS.Loaders;

/// <summary>What a <see cref="LoadAction"/> does.</summary>
public enum LoadActionKind : byte
{
    /// <summary>Copy a part of the image.</summary>
    CopyImage,

    /// <summary>Copy the initrd.</summary>
    CopyInitrd,

    /// <summary>Copy a part of <see cref="LoadPlan.BootData"/>.</summary>
    CopyBootData,

    /// <summary>Clear memory.</summary>
    Zero,
}

/// <summary>One step of a <see cref="LoadPlan"/>: fill a range of guest memory.</summary>
public readonly struct LoadAction
{
    /// <summary>What to do.</summary>
    public readonly LoadActionKind Kind;

    /// <summary>Offset in what is copied, in bytes.</summary>
    public readonly ulong Source;

    /// <summary>The first byte to be filled.</summary>
    public readonly GuestPhysicalAddress Destination;

    /// <summary>In bytes.</summary>
    public readonly ulong Length;

    /// <summary>A step that fills <paramref name="length"/> bytes.</summary>
    public LoadAction(LoadActionKind kind, ulong source, GuestPhysicalAddress destination, ulong length)
    {
        Kind = kind;
        Source = source;
        Destination = destination;
        Length = length;
    }
}
