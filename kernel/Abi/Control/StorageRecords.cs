using System;
using System.Runtime.CompilerServices;
using HyperOS.Core;

namespace HyperOS.Abi.Control;

/// <summary>An image: what VMs start from, unchanged once it is sealed.</summary>
public struct ImageRecord : IControlRecord<ImageRecord>
{
    public ulong Id;

    /// <summary>How long it will be, in bytes.</summary>
    public ulong Bytes;

    /// <summary>How much of it is there, in bytes.</summary>
    public ulong Length;

    public StorageOptions Options;

    /// <summary>VMs that refer to it.</summary>
    public uint Users;

    public bool IsSealed;
    public ImageName Name;

    private HashBytes _sha256;

    public static int Size => 36 + ImageName.Size + Sha256.HashLength;

    /// <summary>Of a sealed image; else zeros.</summary>
    public readonly void CopySha256To(Span<byte> hash) => ((ReadOnlySpan<byte>)_sha256).CopyTo(hash);

    /// <param name="hash">32 bytes.</param>
    public void SetSha256(ReadOnlySpan<byte> hash) => hash.CopyTo(_sha256);

    public static ImageRecord Read(ref LittleEndianReader reader)
    {
        ImageRecord image = new()
        {
            Id = reader.ReadUInt64(),
            Bytes = reader.ReadUInt64(),
            Length = reader.ReadUInt64(),
            Options = (StorageOptions)reader.ReadUInt32(),
            Users = reader.ReadUInt32(),
            IsSealed = reader.ReadUInt32() != 0,
            Name = ImageName.Read(ref reader),
        };
        if (reader.TryTake(Sha256.HashLength, out ReadOnlySpan<byte> hash))
            hash.CopyTo(image._sha256);
        return image;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteUInt64(Bytes);
        writer.WriteUInt64(Length);
        writer.WriteUInt32((uint)Options);
        writer.WriteUInt32(Users);
        writer.WriteUInt32(IsSealed ? 1u : 0);
        Name.Write(ref writer);
        writer.WriteBytes(_sha256);
    }

    [InlineArray(Sha256.HashLength)]
    private struct HashBytes
    {
        private byte _first;
    }
}

/// <summary>A volume: what a disk of a VM is kept in.</summary>
public struct VolumeRecord : IControlRecord<VolumeRecord>
{
    public ulong Id;
    public ulong Bytes;

    /// <summary>VMs that refer to it: 0 or 1.</summary>
    public uint Users;

    public ImageName Name;

    public static int Size => 20 + ImageName.Size;

    public static VolumeRecord Read(ref LittleEndianReader reader) => new()
    {
        Id = reader.ReadUInt64(),
        Bytes = reader.ReadUInt64(),
        Users = reader.ReadUInt32(),
        Name = ImageName.Read(ref reader),
    };

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteUInt64(Bytes);
        writer.WriteUInt32(Users);
        Name.Write(ref writer);
    }
}
