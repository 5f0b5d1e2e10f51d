using System;

namespace HyperOS.Loaders;

/// <summary>What a loader is to make a plan for.</summary>
public readonly ref struct LoadRequest
{
    /// <summary>The image file. It must not change until the plan has been carried out.</summary>
    public ReadOnlySpan<byte> Image { get; init; }

    /// <summary>Without a terminating zero.</summary>
    public ReadOnlySpan<byte> CommandLine { get; init; }

    /// <summary>In bytes; 0 for none.</summary>
    public ulong InitrdLength { get; init; }

    /// <summary>Where the guest's RAM is.</summary>
    public GuestMemoryLayout Memory { get; init; }
}
