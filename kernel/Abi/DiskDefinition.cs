using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Abi;

[Flags]
public enum DiskOptions : uint
{
    None = 0,

    /// <summary>The guest cannot change it.</summary>
    ReadOnly = 1,
}

/// <summary>A disk of a VM, as one message of fixed size; as <see cref="NicDefinition"/>.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
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

    private const int LengthOffset = 0x00;
    private const int VersionOffset = 0x04;
    private const int VmOffset = 0x08;
    private const int ImageOffset = 0x0C;
    private const int BytesOffset = 0x10;
    private const int OptionsOffset = 0x18;
    private const int NameOffset = 0x1C;

    /// <summary>Length of this message in bytes: <see cref="Size"/>.</summary>
    [FieldOffset(LengthOffset)] public uint Length;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    [FieldOffset(VersionOffset)] public uint Version;

    /// <summary>Index of the VM's definition.</summary>
    [FieldOffset(VmOffset)] public uint Vm;

    /// <summary>Index into the bundle's blob table of what it holds at first, or <see cref="VmDefinition.NoBlob"/>: zeros.</summary>
    [FieldOffset(ImageOffset)] public uint Image;

    /// <summary>Its size: a multiple of <see cref="BlockStore.SectorBytes"/>, not less than its image.</summary>
    [FieldOffset(BytesOffset)] public ulong Bytes;

    [FieldOffset(OptionsOffset)] public DiskOptions Options;
    [FieldOffset(NameOffset)] public DefinitionName Name;

    /// <summary>A message with this version's length and number, without an image, and everything else zero.</summary>
    public static DiskDefinition Empty => new() { Length = Size, Version = CurrentVersion, Image = VmDefinition.NoBlob };

    /// <summary>Copies a message field by field; nothing is checked but that it is long enough.</summary>
    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out DiskDefinition definition)
    {
        definition = default;
        if (message.Length < Size)
            return false;
        definition.Length = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(LengthOffset));
        definition.Version = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(VersionOffset));
        definition.Vm = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(VmOffset));
        definition.Image = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(ImageOffset));
        definition.Bytes = BinaryPrimitives.ReadUInt64LittleEndian(message.Slice(BytesOffset));
        definition.Options = (DiskOptions)BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(OptionsOffset));
        definition.Name = DefinitionName.Read(message.Slice(NameOffset));
        return true;
    }

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> message)
    {
        if (message.Length < Size)
            return false;
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(LengthOffset), Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(VersionOffset), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(VmOffset), Vm);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(ImageOffset), Image);
        BinaryPrimitives.WriteUInt64LittleEndian(message.Slice(BytesOffset), Bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(OptionsOffset), (uint)Options);
        Name.Write(message.Slice(NameOffset));
        return true;
    }
}
