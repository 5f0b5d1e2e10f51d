using System;
using HyperOS.Core;

namespace HyperOS.Abi;

[Flags]
public enum DiskOptions : uint
{
    None = 0,

    /// <summary>The guest cannot change it.</summary>
    ReadOnly = 1,

    /// <summary>A volume on the host's disk: it outlasts the host's runs, and holds the image only when it is made. Where the host has no disk, as others.</summary>
    Volume = 2,
}

/// <summary>A disk of a VM, as one message of fixed size; as <see cref="NicDefinition"/>.</summary>
public struct DiskDefinition
{
    /// <summary>Length of the message in bytes.</summary>
    public const int Size = 0x40;

    public const uint CurrentVersion = 1;

    /// <summary>Most disks of a VM.</summary>
    public const int MaxPerVm = 8;

    /// <summary>In characters: a virtio disk's serial number, which is the name, has no more.</summary>
    public const int MaxNameLength = 20;

    /// <summary>In bytes.</summary>
    public const ulong MaxBytes = SparseStore.MaxLength;

    /// <summary>Length of this message in bytes: <see cref="Size"/>.</summary>
    public uint Length;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    public uint Version;

    /// <summary>Index of the VM's definition.</summary>
    public uint Vm;

    /// <summary>Index into the bundle's blob table of what it holds at first, or <see cref="VmDefinition.NoBlob"/>: zeros.</summary>
    public uint Image;

    /// <summary>Its size: a multiple of <see cref="BlockStore.SectorBytes"/>, not less than its image.</summary>
    public ulong Bytes;

    public DiskOptions Options;
    public DefinitionName Name;

    /// <summary>A message with this version's length and number, without an image, and everything else zero.</summary>
    public static DiskDefinition Empty => new() { Length = Size, Version = CurrentVersion, Image = VmDefinition.NoBlob };

    /// <summary>Copies a message field by field; nothing is checked but that it is long enough.</summary>
    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out DiskDefinition definition)
    {
        definition = default;
        LittleEndianReader reader = new(message);
        definition.Length = reader.ReadUInt32();
        definition.Version = reader.ReadUInt32();
        definition.Vm = reader.ReadUInt32();
        definition.Image = reader.ReadUInt32();
        definition.Bytes = reader.ReadUInt64();
        definition.Options = (DiskOptions)reader.ReadUInt32();
        definition.Name = DefinitionName.Read(ref reader);
        return !reader.Overrun;
    }

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> message)
    {
        LittleEndianWriter writer = new(message);
        writer.WriteUInt32(Length);
        writer.WriteUInt32(Version);
        writer.WriteUInt32(Vm);
        writer.WriteUInt32(Image);
        writer.WriteUInt64(Bytes);
        writer.WriteUInt32((uint)Options);
        Name.Write(ref writer);
        return !writer.Overrun;
    }
}
