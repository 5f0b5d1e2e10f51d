using System;
using HyperOS.Core;

namespace HyperOS.Abi.Control;

/// <summary>Names one thing, and says one number about it.</summary>
public struct TargetRequest : IControlRecord<TargetRequest>
{
    /// <summary>Whom it is about. In lists: after whom to go on, 0 to begin.</summary>
    public ulong Id;

    public ulong Argument;

    public static int Size => 16;

    public static TargetRequest Read(ref LittleEndianReader reader) => new() { Id = reader.ReadUInt64(), Argument = reader.ReadUInt64() };

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteUInt64(Argument);
    }
}

/// <summary>The identity of what was made: never 0, and never given to another until the host ends. Those of what a disk keeps outlast it.</summary>
public struct CreatedAnswer : IControlRecord<CreatedAnswer>
{
    public ulong Id;

    public static int Size => 8;

    public static CreatedAnswer Read(ref LittleEndianReader reader) => new() { Id = reader.ReadUInt64() };

    public readonly void Write(ref LittleEndianWriter writer) => writer.WriteUInt64(Id);
}

/// <summary>Something to be done with a VM.</summary>
public struct VmOperateRequest : IControlRecord<VmOperateRequest>
{
    public ulong Id;
    public VmOperation Operation;

    /// <summary>Of <see cref="VmOperation.SetMemory"/>: in bytes.</summary>
    public ulong Argument;

    public static int Size => 24;

    public static VmOperateRequest Read(ref LittleEndianReader reader)
    {
        VmOperateRequest request = new() { Id = reader.ReadUInt64(), Operation = (VmOperation)reader.ReadByte() };
        reader.Skip(7);
        request.Argument = reader.ReadUInt64();
        return request;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteByte((byte)Operation);
        writer.WriteBytes("\0\0\0\0\0\0\0"u8);
        writer.WriteUInt64(Argument);
    }
}

/// <summary>What an image is kept in.</summary>
[Flags]
public enum StorageOptions : uint
{
    None = 0,

    /// <summary>On the host's disk, so that it outlasts the host; else in its memory.</summary>
    Persistent = 1,
}

/// <summary>Begins an image: empty, to be filled by appending up to its length.</summary>
public struct ImageCreateRequest : IControlRecord<ImageCreateRequest>
{
    /// <summary>How long it will be, in bytes.</summary>
    public ulong Bytes;

    public StorageOptions Options;
    public ImageName Name;

    public static int Size => 12 + ImageName.Size;

    public static ImageCreateRequest Read(ref LittleEndianReader reader) => new()
    {
        Bytes = reader.ReadUInt64(),
        Options = (StorageOptions)reader.ReadUInt32(),
        Name = ImageName.Read(ref reader),
    };

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Bytes);
        writer.WriteUInt32((uint)Options);
        Name.Write(ref writer);
    }
}

/// <summary>Adds to an image; the bytes follow, to the end of the message.</summary>
public struct ImageAppendRequest : IControlRecord<ImageAppendRequest>
{
    public ulong Id;

    /// <summary>The image's length so far: what is sent twice is not added twice.</summary>
    public ulong Offset;

    public static int Size => 16;

    public static ImageAppendRequest Read(ref LittleEndianReader reader) => new() { Id = reader.ReadUInt64(), Offset = reader.ReadUInt64() };

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteUInt64(Offset);
    }
}

/// <summary>Ends an image: from now on it does not change, and VMs can use it. The SHA-256 of its contents, 32 bytes, follows.</summary>
public struct ImageSealRequest : IControlRecord<ImageSealRequest>
{
    public ulong Id;

    public static int Size => 8;

    public static ImageSealRequest Read(ref LittleEndianReader reader) => new() { Id = reader.ReadUInt64() };

    public readonly void Write(ref LittleEndianWriter writer) => writer.WriteUInt64(Id);
}

/// <summary>Makes a network or changes one.</summary>
public struct NetworkWriteRequest : IControlRecord<NetworkWriteRequest>
{
    /// <summary>0 makes one.</summary>
    public ulong Id;

    public NetworkDefinition Definition;

    public static int Size => 8 + NetworkDefinition.Size;

    public static NetworkWriteRequest Read(ref LittleEndianReader reader)
    {
        NetworkWriteRequest request = new() { Id = reader.ReadUInt64() };
        request.Definition = Definitions.ReadNetwork(ref reader);
        return request;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        Definitions.Write(ref writer, in Definition);
    }
}

/// <summary>Makes a port group or changes one; its ports follow.</summary>
public struct PortGroupWriteRequest : IControlRecord<PortGroupWriteRequest>
{
    /// <summary>0 makes one.</summary>
    public ulong Id;

    /// <summary>The network's identity, which a change leaves as it is.</summary>
    public ulong Network;

    /// <summary>Its <see cref="PortGroupDefinition.Network"/> is 0.</summary>
    public PortGroupDefinition Definition;

    public static int Size => 16 + PortGroupDefinition.Size;

    public static PortGroupWriteRequest Read(ref LittleEndianReader reader)
    {
        PortGroupWriteRequest request = new() { Id = reader.ReadUInt64(), Network = reader.ReadUInt64() };
        request.Definition = Definitions.ReadPortGroup(ref reader);
        return request;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteUInt64(Network);
        Definitions.Write(ref writer, in Definition);
    }
}

/// <summary>Makes a volume on the host's disk: zeros, until it is written.</summary>
public struct VolumeCreateRequest : IControlRecord<VolumeCreateRequest>
{
    /// <summary>A multiple of 512.</summary>
    public ulong Bytes;

    /// <summary>An image whose contents it begins with; 0 for none.</summary>
    public ulong Image;

    public ImageName Name;

    public static int Size => 16 + ImageName.Size;

    public static VolumeCreateRequest Read(ref LittleEndianReader reader) =>
        new() { Bytes = reader.ReadUInt64(), Image = reader.ReadUInt64(), Name = ImageName.Read(ref reader) };

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Bytes);
        writer.WriteUInt64(Image);
        Name.Write(ref writer);
    }
}

/// <summary>The bundle's definitions inside control messages.</summary>
internal static class Definitions
{
    public static NetworkDefinition ReadNetwork(ref LittleEndianReader reader)
    {
        NetworkDefinition definition = default;
        if (reader.TryTake(NetworkDefinition.Size, out ReadOnlySpan<byte> bytes))
            NetworkDefinition.TryRead(bytes, out definition);
        return definition;
    }

    public static PortGroupDefinition ReadPortGroup(ref LittleEndianReader reader)
    {
        PortGroupDefinition definition = default;
        if (reader.TryTake(PortGroupDefinition.Size, out ReadOnlySpan<byte> bytes))
            PortGroupDefinition.TryRead(bytes, out definition);
        return definition;
    }

    public static void Write(ref LittleEndianWriter writer, in NetworkDefinition definition)
    {
        if (writer.TryReserve(NetworkDefinition.Size, out Span<byte> bytes))
            definition.TryWrite(bytes);
    }

    public static void Write(ref LittleEndianWriter writer, in PortGroupDefinition definition)
    {
        if (writer.TryReserve(PortGroupDefinition.Size, out Span<byte> bytes))
            definition.TryWrite(bytes);
    }
}
