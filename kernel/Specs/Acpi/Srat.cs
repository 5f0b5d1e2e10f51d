using System;
using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Acpi;

/// <summary>ACPI Specification 6.5, section "System Resource Affinity Table (SRAT)"; affinity structures follow.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct SRAT
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 48;

    /// <summary>"SRAT" as the little-endian number that the header holds.</summary>
    public const uint TableSignature = 0x54415253;

    [FieldOffset(0x00)] public DescriptionHeader Header;
    [FieldOffset(0x24)] public uint Reserved0;
    [FieldOffset(0x28)] public ulong Reserved1;

    /// <summary>Reads the fields in their order.</summary>
    public static SRAT Read(ref LittleEndianReader reader) => new()
    {
        Header = DescriptionHeader.Read(ref reader),
        Reserved0 = reader.ReadUInt32(),
        Reserved1 = reader.ReadUInt64(),
    };
}

/// <summary>Static resource allocation structure types: ACPI Specification 6.5, section "System Resource Affinity Table (SRAT)".</summary>
public enum SratStructureType : byte
{
    ProcessorLocalApicAffinity = 0,
    MemoryAffinity = 1,
    ProcessorLocalX2ApicAffinity = 2,
}

/// <summary>Flags of the memory affinity structure; the processor structures have Enabled alone.</summary>
[Flags]
public enum SratFlags : uint
{
    Enabled = 1 << 0,
    HotPluggable = 1 << 1,
    NonVolatile = 1 << 2,
}

/// <summary>ACPI Specification 6.5, section "Processor Local APIC/SAPIC Affinity Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct ProcessorLocalApicAffinity
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 16;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public byte ProximityDomain_7_0;
    [FieldOffset(0x03)] public byte APICID;
    [FieldOffset(0x04)] public uint Flags;
    [FieldOffset(0x08)] public byte LocalSAPICEID;
    [FieldOffset(0x09)] public byte ProximityDomain_15_8;
    [FieldOffset(0x0A)] public ushort ProximityDomain_31_16;
    [FieldOffset(0x0C)] public uint ClockDomain;

    /// <summary>Reads the fields in their order.</summary>
    public static ProcessorLocalApicAffinity Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        ProximityDomain_7_0 = reader.ReadByte(),
        APICID = reader.ReadByte(),
        Flags = reader.ReadUInt32(),
        LocalSAPICEID = reader.ReadByte(),
        ProximityDomain_15_8 = reader.ReadByte(),
        ProximityDomain_31_16 = reader.ReadUInt16(),
        ClockDomain = reader.ReadUInt32(),
    };
}

/// <summary>ACPI Specification 6.5, section "Memory Affinity Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct MemoryAffinity
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 40;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public uint ProximityDomain;
    [FieldOffset(0x06)] public ushort Reserved0;
    [FieldOffset(0x08)] public ulong BaseAddress;
    /// <summary>In bytes.</summary>
    [FieldOffset(0x10)] public ulong RangeLength;
    [FieldOffset(0x18)] public uint Reserved1;
    [FieldOffset(0x1C)] public uint Flags;
    [FieldOffset(0x20)] public ulong Reserved2;

    /// <summary>Reads the fields in their order.</summary>
    public static MemoryAffinity Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        ProximityDomain = reader.ReadUInt32(),
        Reserved0 = reader.ReadUInt16(),
        BaseAddress = reader.ReadUInt64(),
        RangeLength = reader.ReadUInt64(),
        Reserved1 = reader.ReadUInt32(),
        Flags = reader.ReadUInt32(),
        Reserved2 = reader.ReadUInt64(),
    };
}

/// <summary>ACPI Specification 6.5, section "Processor Local x2APIC Affinity Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct ProcessorLocalX2ApicAffinity
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 24;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public ushort Reserved0;
    [FieldOffset(0x04)] public uint ProximityDomain;
    [FieldOffset(0x08)] public uint X2APICID;
    [FieldOffset(0x0C)] public uint Flags;
    [FieldOffset(0x10)] public uint ClockDomain;
    [FieldOffset(0x14)] public uint Reserved1;

    /// <summary>Reads the fields in their order.</summary>
    public static ProcessorLocalX2ApicAffinity Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        Reserved0 = reader.ReadUInt16(),
        ProximityDomain = reader.ReadUInt32(),
        X2APICID = reader.ReadUInt32(),
        Flags = reader.ReadUInt32(),
        ClockDomain = reader.ReadUInt32(),
        Reserved1 = reader.ReadUInt32(),
    };
}
