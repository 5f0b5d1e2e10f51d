using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Acpi;

/// <summary>ACPI Specification 6.5, section "System Description Table Header" (DESCRIPTION_HEADER).</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct DescriptionHeader
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 36;

    /// <summary>Signatures of tables that have no structure of their own here.</summary>
    public const uint RSDT = 0x54445352, XSDT = 0x54445358, DSDT = 0x54445344, SSDT = 0x54445353;

    /// <summary>Four ASCII characters.</summary>
    [FieldOffset(0x00)] public uint Signature;
    /// <summary>Of the whole table with this header, in bytes.</summary>
    [FieldOffset(0x04)] public uint Length;
    [FieldOffset(0x08)] public byte Revision;
    /// <summary>Makes the sum of all bytes of the table zero.</summary>
    [FieldOffset(0x09)] public byte Checksum;
    /// <summary>The first four characters; <see cref="OEMID_Rest"/> holds the last two.</summary>
    [FieldOffset(0x0A)] public uint OEMID;
    [FieldOffset(0x0E)] public ushort OEMID_Rest;
    [FieldOffset(0x10)] public ulong OEMTableID;
    [FieldOffset(0x18)] public uint OEMRevision;
    [FieldOffset(0x1C)] public uint CreatorID;
    [FieldOffset(0x20)] public uint CreatorRevision;

    /// <summary>Reads the fields in their order.</summary>
    public static DescriptionHeader Read(ref LittleEndianReader reader) => new()
    {
        Signature = reader.ReadUInt32(),
        Length = reader.ReadUInt32(),
        Revision = reader.ReadByte(),
        Checksum = reader.ReadByte(),
        OEMID = reader.ReadUInt32(),
        OEMID_Rest = reader.ReadUInt16(),
        OEMTableID = reader.ReadUInt64(),
        OEMRevision = reader.ReadUInt32(),
        CreatorID = reader.ReadUInt32(),
        CreatorRevision = reader.ReadUInt32(),
    };
}
