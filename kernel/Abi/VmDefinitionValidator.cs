using System;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>Everything that is wrong with a definition, one bit a rule, so that a report can name all of it at once.</summary>
[Flags]
public enum VmDefinitionErrors : uint
{
    None = 0,

    /// <summary>The message's length or version is not this kernel's, or it is cut off.</summary>
    Format = 1 << 0,
    NameLength = 1 << 1,
    NameCharacter = 1 << 2,

    /// <summary>An earlier VM has the name.</summary>
    NameTaken = 1 << 3,
    Class = 1 << 4,
    NoCpu = 1 << 5,
    TooManyCpus = 1 << 6,
    MemoryTooSmall = 1 << 7,
    MemoryNotInPages = 1 << 8,
    MemoryTooLarge = 1 << 9,

    /// <summary>The kernel's reference leads to no blob.</summary>
    Kernel = 1 << 10,

    /// <summary>The initrd's reference leads to no blob.</summary>
    Initrd = 1 << 11,
    CommandLineLength = 1 << 12,

    /// <summary>The command line holds a control character.</summary>
    CommandLineCharacter = 1 << 13,
    Console = 1 << 14,
    Devices = 1 << 15,
    Restart = 1 << 16,
    Options = 1 << 17,

    /// <summary>Bytes behind the name or the command line are not zero.</summary>
    Padding = 1 << 18,
    CpuShares = 1 << 19,
    CpuLimit = 1 << 20,
    ShutdownTimeout = 1 << 21,

    /// <summary>Pages of 1 GiB, and less memory than one.</summary>
    HugePages = 1 << 22,

    /// <summary>Pages of 1 GiB are never given back, a balloon is for giving back.</summary>
    HugePagesWithBalloon = 1 << 23,
    TscFrequency = 1 << 24,
}

/// <summary>What the one who starts a VM can offer it.</summary>
public readonly struct VmLimits
{
    /// <summary>Processors that this version of the kernel can give a VM.</summary>
    public const uint SupportedCpus = 64;

    /// <summary>The largest weight of a VM's claim to processor time; the smallest is 1.</summary>
    public const uint MaxCpuShares = 1_000_000;

    /// <summary>The frequencies that a guest's time-stamp counter may have, in kHz.</summary>
    public const uint MinTscKHz = 100_000, MaxTscKHz = 16_000_000;

    /// <summary>From a second to an hour, in nanoseconds.</summary>
    public const ulong MinShutdownTimeout = 1_000_000_000, MaxShutdownTimeout = 3_600_000_000_000;

    /// <summary>Guest kernels need more than this to say why they cannot start.</summary>
    public const ulong MinMemoryBytes = 2 * Size.MiB;

    public readonly uint MaxCpus;

    /// <summary>In bytes.</summary>
    public readonly ulong MaxMemoryBytes;

    /// <summary>Blobs to which a definition can refer.</summary>
    public readonly uint BlobCount;

    public VmLimits(uint maxCpus, ulong maxMemoryBytes, uint blobCount)
    {
        MaxCpus = maxCpus;
        MaxMemoryBytes = maxMemoryBytes;
        BlobCount = blobCount;
    }
}

/// <summary>The rules for a VM definition, the same for the image tool, management and the kernel.</summary>
public static class VmDefinitionValidator
{
    /// <summary>Checks all that one definition says by itself; that names are unique is its owner's to check.</summary>
    public static VmDefinitionErrors Validate(in VmDefinition definition, in VmLimits limits)
    {
        if (definition.Length != VmDefinition.Size || definition.Version != VmDefinition.CurrentVersion)
            return VmDefinitionErrors.Format;
        return Name(in definition) | Resources(in definition, in limits) | Boot(in definition, in limits) | Choices(in definition);
    }

    private static VmDefinitionErrors Name(in VmDefinition definition)
    {
        VmDefinitionErrors errors = VmDefinitionErrors.None;
        if (definition.Name.Length is 0 or > DefinitionName.MaxLength)
            errors |= VmDefinitionErrors.NameLength;
        foreach (byte character in definition.Name.Bytes)
        {
            if (!DefinitionName.IsAllowed(character))
                errors |= VmDefinitionErrors.NameCharacter;
        }
        return errors;
    }

    private static VmDefinitionErrors Resources(in VmDefinition definition, in VmLimits limits)
    {
        VmDefinitionErrors errors = VmDefinitionErrors.None;
        if (definition.CpuCount == 0)
            errors |= VmDefinitionErrors.NoCpu;
        if (definition.CpuCount > limits.MaxCpus)
            errors |= VmDefinitionErrors.TooManyCpus;
        if (definition.CpuShares is 0 or > VmLimits.MaxCpuShares)
            errors |= VmDefinitionErrors.CpuShares;
        if (definition.CpuLimit > 100 * VmLimits.SupportedCpus)
            errors |= VmDefinitionErrors.CpuLimit;
        if (definition.TscKHz is not 0 and (< VmLimits.MinTscKHz or > VmLimits.MaxTscKHz))
            errors |= VmDefinitionErrors.TscFrequency;
        if (definition.MemoryBytes < VmLimits.MinMemoryBytes)
            errors |= VmDefinitionErrors.MemoryTooSmall;
        if (!Alignment.IsAligned(definition.MemoryBytes, Size.Page))
            errors |= VmDefinitionErrors.MemoryNotInPages;
        if (definition.MemoryBytes > limits.MaxMemoryBytes)
            errors |= VmDefinitionErrors.MemoryTooLarge;
        if ((definition.Options & VmOptions.HugePages) != 0 && definition.MemoryBytes < Size.HugePage)
            errors |= VmDefinitionErrors.HugePages;
        return errors;
    }

    private static VmDefinitionErrors Boot(in VmDefinition definition, in VmLimits limits)
    {
        VmDefinitionErrors errors = VmDefinitionErrors.None;
        if (definition.Kernel >= limits.BlobCount)
            errors |= VmDefinitionErrors.Kernel;
        if (definition.Initrd != VmDefinition.NoBlob && definition.Initrd >= limits.BlobCount)
            errors |= VmDefinitionErrors.Initrd;
        if (definition.CommandLineLength > VmDefinition.MaxCommandLineLength)
            errors |= VmDefinitionErrors.CommandLineLength;
        foreach (byte character in definition.CommandLine)
        {
            if (character is < 0x20 or 0x7F)
                errors |= VmDefinitionErrors.CommandLineCharacter;
        }
        return errors;
    }

    private static VmDefinitionErrors Choices(in VmDefinition definition)
    {
        VmDefinitionErrors errors = VmDefinitionErrors.None;
        if (definition.Class is not VmClass.Microvm)
            errors |= VmDefinitionErrors.Class;
        if (definition.Console is not (VmConsole.None or VmConsole.Host))
            errors |= VmDefinitionErrors.Console;
        if (definition.Restart is not (VmRestart.Never or VmRestart.OnFailure or VmRestart.Always))
            errors |= VmDefinitionErrors.Restart;
        if ((definition.Options & ~(VmOptions.Autostart | VmOptions.Balloon | VmOptions.HugePages)) != 0)
            errors |= VmDefinitionErrors.Options;
        if ((definition.Options & (VmOptions.Balloon | VmOptions.HugePages)) == (VmOptions.Balloon | VmOptions.HugePages))
            errors |= VmDefinitionErrors.HugePagesWithBalloon;
        if ((definition.Devices & ~(VmDevices.TestExit | VmDevices.Rng | VmDevices.Console)) != 0)
            errors |= VmDefinitionErrors.Devices;
        if (definition.ShutdownTimeout is < VmLimits.MinShutdownTimeout or > VmLimits.MaxShutdownTimeout)
            errors |= VmDefinitionErrors.ShutdownTimeout;
        if (!definition.IsPaddingZero)
            errors |= VmDefinitionErrors.Padding;
        return errors;
    }

    /// <summary>What is wrong, in words for the log, of the first rule that is broken; empty for none.</summary>
    public static ReadOnlySpan<byte> Describe(VmDefinitionErrors errors) => (VmDefinitionErrors)((uint)errors & unchecked(0u - (uint)errors)) switch
    {
        VmDefinitionErrors.None => default,
        VmDefinitionErrors.Format => "its definition is not of this version"u8,
        VmDefinitionErrors.NameLength => "its name is not 1 to 32 characters long"u8,
        VmDefinitionErrors.NameCharacter => "its name has characters other than a-z, 0-9 and -"u8,
        VmDefinitionErrors.NameTaken => "an earlier VM has its name"u8,
        VmDefinitionErrors.Class => "its class is unknown"u8,
        VmDefinitionErrors.NoCpu => "it has no processor"u8,
        VmDefinitionErrors.TooManyCpus => "it has more processors than a VM can have"u8,
        VmDefinitionErrors.MemoryTooSmall => "its memory is less than 2 MiB"u8,
        VmDefinitionErrors.MemoryNotInPages => "its memory is no multiple of 4 KiB"u8,
        VmDefinitionErrors.MemoryTooLarge => "its memory is more than this host has to give"u8,
        VmDefinitionErrors.Kernel => "its kernel is missing"u8,
        VmDefinitionErrors.Initrd => "its initrd is missing"u8,
        VmDefinitionErrors.CommandLineLength => "its command line is longer than 2047 bytes"u8,
        VmDefinitionErrors.CommandLineCharacter => "its command line has control characters"u8,
        VmDefinitionErrors.Console => "its console is unknown"u8,
        VmDefinitionErrors.Devices => "it has an unknown device"u8,
        VmDefinitionErrors.Restart => "its restart policy is unknown"u8,
        VmDefinitionErrors.Options => "it has an unknown option"u8,
        VmDefinitionErrors.Padding => "its definition has bytes where none belong"u8,
        VmDefinitionErrors.CpuShares => "its processor shares are not 1 to 1,000,000"u8,
        VmDefinitionErrors.CpuLimit => "its processor limit is more than 6,400 %"u8,
        VmDefinitionErrors.ShutdownTimeout => "its time to shut down is not 1 s to 1 h"u8,
        VmDefinitionErrors.TscFrequency => "its time-stamp counter's frequency is not 100 MHz to 16 GHz"u8,
        VmDefinitionErrors.HugePages => "its memory is less than one of its pages of 1 GiB"u8,
        VmDefinitionErrors.HugePagesWithBalloon => "a balloon cannot give pages of 1 GiB back"u8,
        _ => "its definition breaks an unknown rule"u8,
    };
}
