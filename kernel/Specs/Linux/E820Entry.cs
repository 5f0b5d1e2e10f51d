using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Linux;

/// <summary>Memory types of the BIOS call E820: ACPI Specification 6.5, section "INT 15H, E820H - Query System Address Map".</summary>
public enum E820Type : uint
{
    AddressRangeMemory = 1,
    AddressRangeReserved = 2,
    AddressRangeACPI = 3,
    AddressRangeNVS = 4,
    AddressRangeUnusable = 5,
}

/// <summary>ACPI Specification 6.5, section "INT 15H, E820H - Query System Address Map"; struct boot_e820_entry of the Linux/x86 boot protocol.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct E820Entry
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 20;

    [FieldOffset(0x00)] public ulong addr;
    /// <summary>In bytes.</summary>
    [FieldOffset(0x08)] public ulong size;
    [FieldOffset(0x10)] public uint type;

    /// <summary>Reads the fields in their order.</summary>
    public static E820Entry Read(ref LittleEndianReader reader) => new()
    {
        addr = reader.ReadUInt64(),
        size = reader.ReadUInt64(),
        type = reader.ReadUInt32(),
    };

    /// <summary>Writes the fields in their order.</summary>
    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(addr);
        writer.WriteUInt64(size);
        writer.WriteUInt32(type);
    }
}
