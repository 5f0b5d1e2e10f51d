using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Acpi;

/// <summary>PCI Firmware Specification 3.3, section "MCFG Table Description"; allocation structures follow.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct MCFG
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 44;

    /// <summary>"MCFG" as the little-endian number that the header holds.</summary>
    public const uint TableSignature = 0x4746434D;

    [FieldOffset(0x00)] public DescriptionHeader Header;
    [FieldOffset(0x24)] public ulong Reserved;

    /// <summary>Reads the fields in their order.</summary>
    public static MCFG Read(ref LittleEndianReader reader) => new()
    {
        Header = DescriptionHeader.Read(ref reader),
        Reserved = reader.ReadUInt64(),
    };
}

/// <summary>
/// PCI Firmware Specification 3.3, section "MCFG Table Description", memory mapped enhanced configuration space base address
/// allocation structure.
/// </summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct McfgAllocation
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 16;

    /// <summary>Of the configuration space of bus 0 of the segment group, whatever StartBusNumber is.</summary>
    [FieldOffset(0x00)] public ulong BaseAddress;
    [FieldOffset(0x08)] public ushort PCISegmentGroupNumber;
    [FieldOffset(0x0A)] public byte StartBusNumber;
    [FieldOffset(0x0B)] public byte EndBusNumber;
    [FieldOffset(0x0C)] public uint Reserved;

    /// <summary>Reads the fields in their order.</summary>
    public static McfgAllocation Read(ref LittleEndianReader reader) => new()
    {
        BaseAddress = reader.ReadUInt64(),
        PCISegmentGroupNumber = reader.ReadUInt16(),
        StartBusNumber = reader.ReadByte(),
        EndBusNumber = reader.ReadByte(),
        Reserved = reader.ReadUInt32(),
    };
}
