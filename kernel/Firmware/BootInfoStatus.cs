namespace HyperOS.Firmware;

/// <summary>
/// What a boot protocol parser found wrong. It reports the first thing wrong and reads on where it can, so that the kernel has
/// something to report with; a map with regions missing must not be used to give out memory.
/// </summary>
public enum BootInfoStatus : byte
{
    /// <summary>Everything was read.</summary>
    Ok,

    /// <summary>The information lies in memory that cannot be read.</summary>
    Unreadable,

    /// <summary>PVH: the start info's magic number is wrong.</summary>
    BadMagic,

    /// <summary>The information is shorter than its own fields say.</summary>
    Truncated,

    /// <summary>Multiboot2: a tag is smaller than its header or its type allows, or runs past the end.</summary>
    BadTag,

    /// <summary>Multiboot2: the tags end without an end tag.</summary>
    NoEndTag,

    /// <summary>Multiboot2: the memory map's entry size is smaller than an entry or not a multiple of 8.</summary>
    BadMemoryMapEntrySize,

    /// <summary>There is no memory map, or an empty one.</summary>
    NoMemoryMap,

    /// <summary>There are more than <see cref="MemoryMap.Capacity"/> regions.</summary>
    TooManyMemoryRegions,

    /// <summary>A module's end lies before its start, or behind the last address.</summary>
    BadModule,

    /// <summary>There are more than <see cref="BootInfo.ModuleCapacity"/> modules.</summary>
    TooManyModules,

    /// <summary>A module's name is longer than <see cref="BootInfo.ModuleNameCapacity"/> and was cut.</summary>
    ModuleNameTooLong,

    /// <summary>The command line is longer than <see cref="BootInfo.CommandLineCapacity"/> and was cut.</summary>
    CommandLineTooLong,
}

internal static class BootInfoStatusExtensions
{
    /// <summary>The first thing wrong.</summary>
    public static BootInfoStatus Or(this BootInfoStatus earlier, BootInfoStatus later) => earlier != BootInfoStatus.Ok ? earlier : later;
}
