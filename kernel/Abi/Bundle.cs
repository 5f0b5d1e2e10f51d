using System;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>What the host does once no VM runs and none is to be restarted.</summary>
public enum AllStoppedAction : uint
{
    Stay = 0,
    PowerOff = 1,
    Reboot = 2,
}

/// <summary>
/// The start of a bundle: the one file that holds all that the host's guests need.
/// <code>
///   0x0000  BundleHeader
///   0x0058  VmDefinition        × DefinitionCount    ┐
///           NetworkDefinition   × NetworkCount       │ SHA-256 in the header covers the header from
///           PortGroupDefinition × PortGroupCount     │ OnAllStopped on, and all tables
///           NicDefinition       × NicCount           │
///           DiskDefinition      × DiskCount          │
///           ProcessDefinition   × ProcessCount       │
///           BundleBlob          × BlobCount          ┘
///           zeros to the next page
///           blob 0, zeros to the next page, blob 1, …
/// </code>
/// Integers are little-endian; every blob has its own SHA-256, so that damage to one costs only the VMs that use it.
/// </summary>
public struct BundleHeader
{
    public const int Size = 0x58;

    /// <summary>"HYBUNDLE".</summary>
    public const ulong ExpectedMagic = 0x454C_444E_5542_5948;

    public const uint CurrentVersion = 4;

    public const int Sha256Length = 32;

    /// <summary>Where what the SHA-256 covers begins.</summary>
    public const int HashedOffset = Sha256Offset + Sha256Length;

    internal const int Sha256Offset = 0x0C;

    public ulong Magic;
    public uint Version;
    public AllStoppedAction OnAllStopped;

    /// <summary>Of the bundle, in bytes.</summary>
    public ulong TotalLength;

    public uint DefinitionCount;
    public uint BlobCount;

    public uint NetworkCount;
    public uint PortGroupCount;
    public uint NicCount;
    public uint DiskCount;
    public uint ProcessCount;

    /// <summary>Where the networks' definitions begin, in bytes. This and the following cannot overflow for any counts.</summary>
    public readonly ulong NetworksOffset => Size + (ulong)DefinitionCount * VmDefinition.Size;

    /// <summary>Where the port groups' definitions begin, in bytes.</summary>
    public readonly ulong PortGroupsOffset => NetworksOffset + (ulong)NetworkCount * NetworkDefinition.Size;

    /// <summary>Where the NICs' definitions begin, in bytes.</summary>
    public readonly ulong NicsOffset => PortGroupsOffset + (ulong)PortGroupCount * PortGroupDefinition.Size;

    /// <summary>Where the disks' definitions begin, in bytes.</summary>
    public readonly ulong DisksOffset => NicsOffset + (ulong)NicCount * NicDefinition.Size;

    /// <summary>Where the processes' definitions begin, in bytes.</summary>
    public readonly ulong ProcessesOffset => DisksOffset + (ulong)DiskCount * DiskDefinition.Size;

    /// <summary>Where the table of blobs begins, in bytes.</summary>
    public readonly ulong BlobsOffset => ProcessesOffset + (ulong)ProcessCount * ProcessDefinition.Size;

    /// <summary>Header and tables, in bytes.</summary>
    public readonly ulong TablesLength => BlobsOffset + (ulong)BlobCount * BundleBlob.Size;

    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BundleHeader header)
    {
        header = default;
        LittleEndianReader reader = new(bytes);
        header.Magic = reader.ReadUInt64();
        header.Version = reader.ReadUInt32();
        reader.Skip(Sha256Length);
        header.OnAllStopped = (AllStoppedAction)reader.ReadUInt32();
        header.TotalLength = reader.ReadUInt64();
        header.DefinitionCount = reader.ReadUInt32();
        header.BlobCount = reader.ReadUInt32();
        header.NetworkCount = reader.ReadUInt32();
        header.PortGroupCount = reader.ReadUInt32();
        header.NicCount = reader.ReadUInt32();
        header.DiskCount = reader.ReadUInt32();
        header.ProcessCount = reader.ReadUInt32();
        reader.Skip(sizeof(uint));
        return !reader.Overrun;
    }

    /// <summary>Writes all but the SHA-256, which <see cref="Sha256Of"/> takes once the tables are there.</summary>
    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> bytes)
    {
        LittleEndianWriter writer = new(bytes);
        writer.WriteUInt64(Magic);
        writer.WriteUInt32(Version);
        writer.Skip(Sha256Length);
        writer.WriteUInt32((uint)OnAllStopped);
        writer.WriteUInt64(TotalLength);
        writer.WriteUInt32(DefinitionCount);
        writer.WriteUInt32(BlobCount);
        writer.WriteUInt32(NetworkCount);
        writer.WriteUInt32(PortGroupCount);
        writer.WriteUInt32(NicCount);
        writer.WriteUInt32(DiskCount);
        writer.WriteUInt32(ProcessCount);
        writer.WriteUInt32(0);
        return !writer.Overrun;
    }

    /// <summary>Where the SHA-256 stands in a header of at least <see cref="Size"/> bytes.</summary>
    public static Span<byte> Sha256Of(Span<byte> header) => header.Slice(Sha256Offset, Sha256Length);
}

/// <summary>A row of the bundle's blob table.</summary>
public struct BundleBlob
{
    public const int Size = 0x60;

    /// <summary>Printable ASCII, padded with zeros.</summary>
    public const int MaxNameLength = 48;

    internal const int Sha256Offset = 0x10;
    internal const int NameOffset = 0x30;

    /// <summary>From the start of the bundle, in bytes; a multiple of 4 KiB.</summary>
    public ulong FileOffset;

    /// <summary>In bytes, without the padding to the next page.</summary>
    public ulong Length;

    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BundleBlob blob)
    {
        blob = default;
        LittleEndianReader reader = new(bytes);
        blob.FileOffset = reader.ReadUInt64();
        blob.Length = reader.ReadUInt64();
        reader.Skip(BundleHeader.Sha256Length + MaxNameLength);
        return !reader.Overrun;
    }

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes, or hash or name have a wrong length.</returns>
    public readonly bool TryWrite(Span<byte> bytes, ReadOnlySpan<byte> sha256, ReadOnlySpan<byte> name)
    {
        if (bytes.Length < Size || sha256.Length != BundleHeader.Sha256Length || name.Length > MaxNameLength)
            return false;
        LittleEndianWriter writer = new(bytes);
        writer.WriteUInt64(FileOffset);
        writer.WriteUInt64(Length);
        writer.WriteBytes(sha256);
        writer.WriteBytes(name);
        bytes.Slice(writer.Position, MaxNameLength - name.Length).Clear();
        return true;
    }
}
