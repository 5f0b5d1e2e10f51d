using System;
using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Acpi;

/// <summary>ACPI Specification 6.5, section "Multiple APIC Description Table (MADT)"; interrupt controller structures follow.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct MADT
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 44;

    /// <summary>"APIC" as the little-endian number that the header holds.</summary>
    public const uint TableSignature = 0x43495041;

    [FieldOffset(0x00)] public DescriptionHeader Header;
    [FieldOffset(0x24)] public uint LocalInterruptControllerAddress;
    /// <summary>Bit 0, PCAT_COMPAT: the machine has two 8259 that must be masked.</summary>
    [FieldOffset(0x28)] public uint Flags;

    /// <summary>Reads the fields in their order.</summary>
    public static MADT Read(ref LittleEndianReader reader) => new()
    {
        Header = DescriptionHeader.Read(ref reader),
        LocalInterruptControllerAddress = reader.ReadUInt32(),
        Flags = reader.ReadUInt32(),
    };
}

/// <summary>Interrupt controller structure types: ACPI Specification 6.5, section "Multiple APIC Description Table (MADT)".</summary>
public enum MadtStructureType : byte
{
    ProcessorLocalApic = 0,
    IoApic = 1,
    InterruptSourceOverride = 2,
    NmiSource = 3,
    LocalApicNmi = 4,
    LocalApicAddressOverride = 5,
    ProcessorLocalX2Apic = 9,
    LocalX2ApicNmi = 0xA,
}

/// <summary>Local APIC flags: ACPI Specification 6.5, section "Local APIC Flags".</summary>
[Flags]
public enum LocalApicFlags : uint
{
    Enabled = 1 << 0,
    OnlineCapable = 1 << 1,
}

/// <summary>ACPI Specification 6.5, section "Processor Local APIC Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct ProcessorLocalApic
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 8;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public byte ACPIProcessorUID;
    [FieldOffset(0x03)] public byte APICID;
    [FieldOffset(0x04)] public uint Flags;

    /// <summary>Reads the fields in their order.</summary>
    public static ProcessorLocalApic Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        ACPIProcessorUID = reader.ReadByte(),
        APICID = reader.ReadByte(),
        Flags = reader.ReadUInt32(),
    };
}

/// <summary>ACPI Specification 6.5, section "I/O APIC Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct IoApic
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 12;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public byte IOAPICID;
    [FieldOffset(0x03)] public byte Reserved;
    [FieldOffset(0x04)] public uint IOAPICAddress;
    [FieldOffset(0x08)] public uint GlobalSystemInterruptBase;

    /// <summary>Reads the fields in their order.</summary>
    public static IoApic Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        IOAPICID = reader.ReadByte(),
        Reserved = reader.ReadByte(),
        IOAPICAddress = reader.ReadUInt32(),
        GlobalSystemInterruptBase = reader.ReadUInt32(),
    };
}

/// <summary>ACPI Specification 6.5, section "Interrupt Source Override Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct InterruptSourceOverride
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 10;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public byte Bus;
    [FieldOffset(0x03)] public byte Source;
    [FieldOffset(0x04)] public uint GlobalSystemInterrupt;
    [FieldOffset(0x08)] public ushort Flags;

    /// <summary>Reads the fields in their order.</summary>
    public static InterruptSourceOverride Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        Bus = reader.ReadByte(),
        Source = reader.ReadByte(),
        GlobalSystemInterrupt = reader.ReadUInt32(),
        Flags = reader.ReadUInt16(),
    };
}

/// <summary>ACPI Specification 6.5, section "Non-Maskable Interrupt (NMI) Source Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct NmiSource
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 8;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public ushort Flags;
    [FieldOffset(0x04)] public uint GlobalSystemInterrupt;

    /// <summary>Reads the fields in their order.</summary>
    public static NmiSource Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        Flags = reader.ReadUInt16(),
        GlobalSystemInterrupt = reader.ReadUInt32(),
    };
}

/// <summary>ACPI Specification 6.5, section "Local APIC NMI Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct LocalApicNmi
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 6;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public byte ACPIProcessorUID;
    [FieldOffset(0x03)] public ushort Flags;
    [FieldOffset(0x05)] public byte LocalAPICLINT;

    /// <summary>Reads the fields in their order.</summary>
    public static LocalApicNmi Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        ACPIProcessorUID = reader.ReadByte(),
        Flags = reader.ReadUInt16(),
        LocalAPICLINT = reader.ReadByte(),
    };
}

/// <summary>ACPI Specification 6.5, section "Local APIC Address Override Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct LocalApicAddressOverride
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 12;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public ushort Reserved;
    [FieldOffset(0x04)] public ulong LocalAPICAddress;

    /// <summary>Reads the fields in their order.</summary>
    public static LocalApicAddressOverride Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        Reserved = reader.ReadUInt16(),
        LocalAPICAddress = reader.ReadUInt64(),
    };
}

/// <summary>ACPI Specification 6.5, section "Processor Local x2APIC Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct ProcessorLocalX2Apic
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 16;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public ushort Reserved;
    [FieldOffset(0x04)] public uint X2APICID;
    [FieldOffset(0x08)] public uint Flags;
    [FieldOffset(0x0C)] public uint ACPIProcessorUID;

    /// <summary>Reads the fields in their order.</summary>
    public static ProcessorLocalX2Apic Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        Reserved = reader.ReadUInt16(),
        X2APICID = reader.ReadUInt32(),
        Flags = reader.ReadUInt32(),
        ACPIProcessorUID = reader.ReadUInt32(),
    };
}

/// <summary>ACPI Specification 6.5, section "Local x2APIC NMI Structure".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct LocalX2ApicNmi
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 12;

    [FieldOffset(0x00)] public byte Type;
    [FieldOffset(0x01)] public byte Length;
    [FieldOffset(0x02)] public ushort Flags;
    [FieldOffset(0x04)] public uint ACPIProcessorUID;
    [FieldOffset(0x08)] public byte LocalX2APICLINT;
    [FieldOffset(0x09)] public byte Reserved0;
    [FieldOffset(0x0A)] public ushort Reserved1;

    /// <summary>Reads the fields in their order.</summary>
    public static LocalX2ApicNmi Read(ref LittleEndianReader reader) => new()
    {
        Type = reader.ReadByte(),
        Length = reader.ReadByte(),
        Flags = reader.ReadUInt16(),
        ACPIProcessorUID = reader.ReadUInt32(),
        LocalX2APICLINT = reader.ReadByte(),
        Reserved0 = reader.ReadByte(),
        Reserved1 = reader.ReadUInt16(),
    };
}
