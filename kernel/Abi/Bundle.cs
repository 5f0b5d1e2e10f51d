using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

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
///   0x0050  VmDefinition        × DefinitionCount    ┐
///           NetworkDefinition   × NetworkCount       │ SHA-256 in the header covers the header from
///           PortGroupDefinition × PortGroupCount     │ OnAllStopped on, and all tables
///           NicDefinition       × NicCount           │
///           DiskDefinition      × DiskCount          │
///           BundleBlob          × BlobCount          ┘
///           zeros to the next page
///           blob 0, zeros to the next page, blob 1, …
/// </code>
/// Integers are little-endian; every blob has its own SHA-256, so that damage to one costs only the VMs that use it.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct BundleHeader
{
    public const int Size = 0x50;

    /// <summary>"HYBUNDLE".</summary>
    public const ulong ExpectedMagic = 0x454C_444E_5542_5948;

    public const uint CurrentVersion = 3;

    public const int Sha256Length = 32;

    /// <summary>Where what the SHA-256 covers begins.</summary>
    public const int HashedOffset = OnAllStoppedOffset;

    internal const int Sha256Offset = 0x0C;

    private const int MagicOffset = 0x00;
    private const int VersionOffset = 0x08;
    private const int OnAllStoppedOffset = 0x2C;
    private const int TotalLengthOffset = 0x30;
    private const int DefinitionCountOffset = 0x38;
    private const int BlobCountOffset = 0x3C;
    private const int NetworkCountOffset = 0x40;
    private const int PortGroupCountOffset = 0x44;
    private const int NicCountOffset = 0x48;
    private const int DiskCountOffset = 0x4C;

    [FieldOffset(MagicOffset)] public ulong Magic;
    [FieldOffset(VersionOffset)] public uint Version;
    [FieldOffset(OnAllStoppedOffset)] public AllStoppedAction OnAllStopped;

    /// <summary>Of the bundle, in bytes.</summary>
    [FieldOffset(TotalLengthOffset)] public ulong TotalLength;

    [FieldOffset(DefinitionCountOffset)] public uint DefinitionCount;
    [FieldOffset(BlobCountOffset)] public uint BlobCount;

    [FieldOffset(NetworkCountOffset)] public uint NetworkCount;
    [FieldOffset(PortGroupCountOffset)] public uint PortGroupCount;
    [FieldOffset(NicCountOffset)] public uint NicCount;
    [FieldOffset(DiskCountOffset)] public uint DiskCount;

    /// <summary>Where the networks' definitions begin, in bytes. This and the following cannot overflow for any counts.</summary>
    public readonly ulong NetworksOffset => Size + (ulong)DefinitionCount * VmDefinition.Size;

    /// <summary>Where the port groups' definitions begin, in bytes.</summary>
    public readonly ulong PortGroupsOffset => NetworksOffset + (ulong)NetworkCount * NetworkDefinition.Size;

    /// <summary>Where the NICs' definitions begin, in bytes.</summary>
    public readonly ulong NicsOffset => PortGroupsOffset + (ulong)PortGroupCount * PortGroupDefinition.Size;

    /// <summary>Where the disks' definitions begin, in bytes.</summary>
    public readonly ulong DisksOffset => NicsOffset + (ulong)NicCount * NicDefinition.Size;

    /// <summary>Where the table of blobs begins, in bytes.</summary>
    public readonly ulong BlobsOffset => DisksOffset + (ulong)DiskCount * DiskDefinition.Size;

    /// <summary>Header and tables, in bytes.</summary>
    public readonly ulong TablesLength => BlobsOffset + (ulong)BlobCount * BundleBlob.Size;

    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BundleHeader header)
    {
        header = default;
        if (bytes.Length < Size)
            return false;
        header.Magic = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(MagicOffset));
        header.Version = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(VersionOffset));
        header.OnAllStopped = (AllStoppedAction)BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(OnAllStoppedOffset));
        header.TotalLength = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(TotalLengthOffset));
        header.DefinitionCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(DefinitionCountOffset));
        header.BlobCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(BlobCountOffset));
        header.NetworkCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(NetworkCountOffset));
        header.PortGroupCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(PortGroupCountOffset));
        header.NicCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(NicCountOffset));
        header.DiskCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(DiskCountOffset));
        return true;
    }

    /// <summary>Writes all but the SHA-256, which <see cref="Sha256Of"/> takes once the tables are there.</summary>
    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> bytes)
    {
        if (bytes.Length < Size)
            return false;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.Slice(MagicOffset), Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(VersionOffset), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(OnAllStoppedOffset), (uint)OnAllStopped);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.Slice(TotalLengthOffset), TotalLength);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(DefinitionCountOffset), DefinitionCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(BlobCountOffset), BlobCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(NetworkCountOffset), NetworkCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(PortGroupCountOffset), PortGroupCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(NicCountOffset), NicCount);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(DiskCountOffset), DiskCount);
        return true;
    }

    /// <summary>Where the SHA-256 stands in a header of at least <see cref="Size"/> bytes.</summary>
    public static Span<byte> Sha256Of(Span<byte> header) => header.Slice(Sha256Offset, Sha256Length);
}

/// <summary>A row of the bundle's blob table.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct BundleBlob
{
    public const int Size = 0x60;

    /// <summary>Printable ASCII, padded with zeros.</summary>
    public const int MaxNameLength = 48;

    internal const int Sha256Offset = 0x10;
    internal const int NameOffset = 0x30;

    private const int FileOffsetOffset = 0x00;
    private const int LengthOffset = 0x08;

    /// <summary>From the start of the bundle, in bytes; a multiple of 4 KiB.</summary>
    [FieldOffset(FileOffsetOffset)] public ulong FileOffset;

    /// <summary>In bytes, without the padding to the next page.</summary>
    [FieldOffset(LengthOffset)] public ulong Length;

    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BundleBlob blob)
    {
        blob = default;
        if (bytes.Length < Size)
            return false;
        blob.FileOffset = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(FileOffsetOffset));
        blob.Length = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(LengthOffset));
        return true;
    }

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes, or hash or name have a wrong length.</returns>
    public readonly bool TryWrite(Span<byte> bytes, ReadOnlySpan<byte> sha256, ReadOnlySpan<byte> name)
    {
        if (bytes.Length < Size || sha256.Length != BundleHeader.Sha256Length || name.Length > MaxNameLength)
            return false;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.Slice(FileOffsetOffset), FileOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.Slice(LengthOffset), Length);
        sha256.CopyTo(bytes.Slice(Sha256Offset));
        bytes.Slice(NameOffset, MaxNameLength).Clear();
        name.CopyTo(bytes.Slice(NameOffset));
        return true;
    }
}
