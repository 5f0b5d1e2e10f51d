using System;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>Everything that is wrong with a disk's definition, one bit a rule; as <see cref="VmDefinitionErrors"/>.</summary>
[Flags]
public enum DiskErrors : uint
{
    None = 0,

    /// <summary>The message's length or version is not this kernel's, or it is cut off.</summary>
    Format = 1 << 0,
    NameLength = 1 << 1,
    NameCharacter = 1 << 2,

    /// <summary>An earlier disk of the VM has the name.</summary>
    NameTaken = 1 << 3,
    UnknownVm = 1 << 4,

    /// <summary>The reference leads to no blob.</summary>
    Image = 1 << 5,
    NoBytes = 1 << 6,
    BytesNotInSectors = 1 << 7,
    TooManyBytes = 1 << 8,

    /// <summary>The image is longer than the disk.</summary>
    SmallerThanImage = 1 << 9,
    Options = 1 << 10,
    TooManyDisks = 1 << 11,

    /// <summary>Bytes that belong to nothing are not zero.</summary>
    Padding = 1 << 12,
}

/// <summary>
/// The rules for disks, the same for the image tool, management and the kernel: what each says by itself. What they must not have in common is their
/// owner's to check (<see cref="BundleReader"/>).
/// </summary>
public static class DiskValidator
{
    /// <param name="definition">Any message.</param>
    /// <param name="vms">How many VMs there are.</param>
    /// <param name="blobs">How many blobs there are.</param>
    /// <param name="imageLength">Of the blob that it refers to, in bytes; 0 where it refers to none.</param>
    public static DiskErrors Validate(in DiskDefinition definition, uint vms, uint blobs, ulong imageLength)
    {
        if (definition.Length != DiskDefinition.Size || definition.Version != DiskDefinition.CurrentVersion)
            return DiskErrors.Format;
        DiskErrors errors = If(definition.Name.Length is 0 or > DiskDefinition.MaxNameLength, DiskErrors.NameLength);
        foreach (byte character in definition.Name.Bytes)
            errors |= If(!DefinitionName.IsAllowed(character), DiskErrors.NameCharacter);
        return errors
            | If(definition.Vm >= vms, DiskErrors.UnknownVm)
            | If(definition.Image != VmDefinition.NoBlob && definition.Image >= blobs, DiskErrors.Image)
            | If(definition.Bytes == 0, DiskErrors.NoBytes)
            | If(definition.Bytes % BlockStore.SectorBytes != 0, DiskErrors.BytesNotInSectors)
            | If(definition.Bytes > DiskDefinition.MaxBytes, DiskErrors.TooManyBytes)
            | If(definition.Bytes < imageLength, DiskErrors.SmallerThanImage)
            | If((definition.Options & ~(DiskOptions.ReadOnly | DiskOptions.Volume)) != 0, DiskErrors.Options)
            | If(!definition.Name.IsPaddingZero, DiskErrors.Padding);
    }

    /// <summary>What is wrong, in words for the log, of the first rule that is broken; empty for none.</summary>
    public static ReadOnlySpan<byte> Describe(DiskErrors errors) => (DiskErrors)((uint)errors & unchecked(0u - (uint)errors)) switch
    {
        DiskErrors.None => default,
        DiskErrors.Format => "its definition is not of this version"u8,
        DiskErrors.NameLength => "its name is not 1 to 20 characters long"u8,
        DiskErrors.NameCharacter => "its name has characters other than a-z, 0-9 and -"u8,
        DiskErrors.NameTaken => "an earlier disk of its VM has its name"u8,
        DiskErrors.UnknownVm => "its VM is unknown"u8,
        DiskErrors.Image => "its image is missing"u8,
        DiskErrors.NoBytes => "its size is 0"u8,
        DiskErrors.BytesNotInSectors => "its size is no multiple of 512 bytes"u8,
        DiskErrors.TooManyBytes => "its size is above 512 GiB"u8,
        DiskErrors.SmallerThanImage => "it is smaller than its image"u8,
        DiskErrors.Options => "it has an unknown option"u8,
        DiskErrors.TooManyDisks => "its VM has more than 8 disks"u8,
        DiskErrors.Padding => "its definition has bytes where none belong"u8,
        _ => "its definition breaks an unknown rule"u8,
    };

    private static DiskErrors If(bool isBroken, DiskErrors error) => isBroken ? error : DiskErrors.None;
}
