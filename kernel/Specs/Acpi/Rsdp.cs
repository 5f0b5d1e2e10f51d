using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Acpi;

/// <summary>ACPI Specification 6.5, section "Root System Description Pointer (RSDP) Structure". ACPI 1.0 ends after RsdtAddress.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct RSDP
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 36;

    /// <summary>Size of the structure of ACPI 1.0, which the first checksum covers.</summary>
    public const int SizeInBytesRevision0 = 20;

    /// <summary>"RSD PTR " as the little-endian number that the structure holds.</summary>
    public const ulong ExpectedSignature = 0x2052545020445352;

    [FieldOffset(0x00)] public ulong Signature;
    /// <summary>Over the first 20 bytes.</summary>
    [FieldOffset(0x08)] public byte Checksum;
    /// <summary>The first four characters; <see cref="OEMID_Rest"/> holds the last two.</summary>
    [FieldOffset(0x09)] public uint OEMID;
    [FieldOffset(0x0D)] public ushort OEMID_Rest;
    /// <summary>0 for ACPI 1.0, 2 since ACPI 2.0.</summary>
    [FieldOffset(0x0F)] public byte Revision;
    [FieldOffset(0x10)] public uint RsdtAddress;
    /// <summary>Of this structure, in bytes.</summary>
    [FieldOffset(0x14)] public uint Length;
    [FieldOffset(0x18)] public ulong XsdtAddress;
    /// <summary>Over the whole structure.</summary>
    [FieldOffset(0x20)] public byte ExtendedChecksum;
    [FieldOffset(0x21)] public byte Reserved0;
    [FieldOffset(0x22)] public ushort Reserved1;

    /// <summary>Reads the fields in their order.</summary>
    public static RSDP Read(ref LittleEndianReader reader) => new()
    {
        Signature = reader.ReadUInt64(),
        Checksum = reader.ReadByte(),
        OEMID = reader.ReadUInt32(),
        OEMID_Rest = reader.ReadUInt16(),
        Revision = reader.ReadByte(),
        RsdtAddress = reader.ReadUInt32(),
        Length = reader.ReadUInt32(),
        XsdtAddress = reader.ReadUInt64(),
        ExtendedChecksum = reader.ReadByte(),
        Reserved0 = reader.ReadByte(),
        Reserved1 = reader.ReadUInt16(),
    };
}
