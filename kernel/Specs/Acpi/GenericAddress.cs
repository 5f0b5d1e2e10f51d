using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Acpi;

/// <summary>Address space identifiers: ACPI Specification 6.5, section "Generic Address Structure".</summary>
public enum AcpiAddressSpace : byte
{
    SystemMemory = 0,
    SystemIo = 1,
    PciConfiguration = 2,
    EmbeddedController = 3,
    SMBus = 4,
    SystemCmos = 5,
    PciBarTarget = 6,
    Ipmi = 7,
    GeneralPurposeIo = 8,
    GenericSerialBus = 9,
    PlatformCommunicationsChannel = 10,
    FunctionalFixedHardware = 0x7F,
}

/// <summary>ACPI Specification 6.5, section "Generic Address Structure" (GAS).</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct GenericAddress
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 12;

    [FieldOffset(0x00)] public AcpiAddressSpace AddressSpaceID;
    /// <summary>In bits.</summary>
    [FieldOffset(0x01)] public byte RegisterBitWidth;
    /// <summary>In bits.</summary>
    [FieldOffset(0x02)] public byte RegisterBitOffset;
    /// <summary>0 undefined, 1 byte, 2 word, 3 dword, 4 qword.</summary>
    [FieldOffset(0x03)] public byte AccessSize;
    [FieldOffset(0x04)] public ulong Address;

    /// <summary>Reads the fields in their order.</summary>
    public static GenericAddress Read(ref LittleEndianReader reader) => new()
    {
        AddressSpaceID = (AcpiAddressSpace)reader.ReadByte(),
        RegisterBitWidth = reader.ReadByte(),
        RegisterBitOffset = reader.ReadByte(),
        AccessSize = reader.ReadByte(),
        Address = reader.ReadUInt64(),
    };
}
