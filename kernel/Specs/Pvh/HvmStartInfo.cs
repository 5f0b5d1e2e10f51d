using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Pvh;

/// <summary>Xen public header "arch-x86/hvm/start_info.h", struct hvm_start_info; version 0 ends after rsdp_paddr.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct HvmStartInfo
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 56;

    /// <summary>XEN_HVM_START_MAGIC_VALUE: "xEn3" with bit 7 of the E set.</summary>
    public const uint XEN_HVM_START_MAGIC_VALUE = 0x336EC578;

    /// <summary>Size of version 0.</summary>
    public const int SizeInBytesVersion0 = 40;

    [FieldOffset(0x00)] public uint magic;
    [FieldOffset(0x04)] public uint version;
    [FieldOffset(0x08)] public uint flags;
    [FieldOffset(0x0C)] public uint nr_modules;
    [FieldOffset(0x10)] public ulong modlist_paddr;
    [FieldOffset(0x18)] public ulong cmdline_paddr;
    [FieldOffset(0x20)] public ulong rsdp_paddr;
    [FieldOffset(0x28)] public ulong memmap_paddr;
    [FieldOffset(0x30)] public uint memmap_entries;
    [FieldOffset(0x34)] public uint reserved;

    /// <summary>Reads the fields in their order.</summary>
    public static HvmStartInfo Read(ref LittleEndianReader reader) => new()
    {
        magic = reader.ReadUInt32(),
        version = reader.ReadUInt32(),
        flags = reader.ReadUInt32(),
        nr_modules = reader.ReadUInt32(),
        modlist_paddr = reader.ReadUInt64(),
        cmdline_paddr = reader.ReadUInt64(),
        rsdp_paddr = reader.ReadUInt64(),
        memmap_paddr = reader.ReadUInt64(),
        memmap_entries = reader.ReadUInt32(),
        reserved = reader.ReadUInt32(),
    };

    /// <summary>Writes the fields in their order.</summary>
    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt32(magic);
        writer.WriteUInt32(version);
        writer.WriteUInt32(flags);
        writer.WriteUInt32(nr_modules);
        writer.WriteUInt64(modlist_paddr);
        writer.WriteUInt64(cmdline_paddr);
        writer.WriteUInt64(rsdp_paddr);
        writer.WriteUInt64(memmap_paddr);
        writer.WriteUInt32(memmap_entries);
        writer.WriteUInt32(reserved);
    }
}

/// <summary>Xen public header "arch-x86/hvm/start_info.h", struct hvm_modlist_entry.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct HvmModlistEntry
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 32;

    [FieldOffset(0x00)] public ulong paddr;
    [FieldOffset(0x08)] public ulong size;
    [FieldOffset(0x10)] public ulong cmdline_paddr;
    [FieldOffset(0x18)] public ulong reserved;

    /// <summary>Reads the fields in their order.</summary>
    public static HvmModlistEntry Read(ref LittleEndianReader reader) => new()
    {
        paddr = reader.ReadUInt64(),
        size = reader.ReadUInt64(),
        cmdline_paddr = reader.ReadUInt64(),
        reserved = reader.ReadUInt64(),
    };

    /// <summary>Writes the fields in their order.</summary>
    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(paddr);
        writer.WriteUInt64(size);
        writer.WriteUInt64(cmdline_paddr);
        writer.WriteUInt64(reserved);
    }
}

/// <summary>XEN_HVM_MEMMAP_TYPE_*, the same numbers as E820 types: Xen public header "arch-x86/hvm/start_info.h".</summary>
public enum HvmMemmapType : uint
{
    RAM = 1,
    RESERVED = 2,
    ACPI = 3,
    NVS = 4,
    UNUSABLE = 5,
    DISABLED = 6,
    PMEM = 7,
}

/// <summary>Xen public header "arch-x86/hvm/start_info.h", struct hvm_memmap_table_entry.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct HvmMemmapTableEntry
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 24;

    [FieldOffset(0x00)] public ulong addr;
    [FieldOffset(0x08)] public ulong size;
    [FieldOffset(0x10)] public uint type;
    [FieldOffset(0x14)] public uint reserved;

    /// <summary>Reads the fields in their order.</summary>
    public static HvmMemmapTableEntry Read(ref LittleEndianReader reader) => new()
    {
        addr = reader.ReadUInt64(),
        size = reader.ReadUInt64(),
        type = reader.ReadUInt32(),
        reserved = reader.ReadUInt32(),
    };

    /// <summary>Writes the fields in their order.</summary>
    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(addr);
        writer.WriteUInt64(size);
        writer.WriteUInt32(type);
        writer.WriteUInt32(reserved);
    }
}
