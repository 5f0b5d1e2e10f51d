using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Acpi;

/// <summary>IA-PC HPET Specification 1.0a, section "The ACPI 2.0 HPET Description Table (HPET)".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct HPET
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 56;

    /// <summary>"HPET" as the little-endian number that the header holds.</summary>
    public const uint TableSignature = 0x54455048;

    [FieldOffset(0x00)] public DescriptionHeader Header;
    [FieldOffset(0x24)] public uint EventTimerBlockID;
    [FieldOffset(0x28)] public GenericAddress BASE_ADDRESS;
    [FieldOffset(0x34)] public byte HPETNumber;
    /// <summary>In periodic mode, in counter ticks.</summary>
    [FieldOffset(0x35)] public ushort MainCounterMinimumClockTick;
    [FieldOffset(0x37)] public byte PageProtectionAndOEMAttribute;

    /// <summary>Reads the fields in their order.</summary>
    public static HPET Read(ref LittleEndianReader reader) => new()
    {
        Header = DescriptionHeader.Read(ref reader),
        EventTimerBlockID = reader.ReadUInt32(),
        BASE_ADDRESS = GenericAddress.Read(ref reader),
        HPETNumber = reader.ReadByte(),
        MainCounterMinimumClockTick = reader.ReadUInt16(),
        PageProtectionAndOEMAttribute = reader.ReadByte(),
    };
}
