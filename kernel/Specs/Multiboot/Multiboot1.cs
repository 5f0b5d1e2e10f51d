using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Multiboot;

/// <summary>
/// Flags of the Multiboot header: Multiboot Specification version 0.6.96, section "The magic fields of Multiboot header". Bits 0 to
/// 15 must be understood.
/// </summary>
[System.Flags]
public enum MultibootHeaderFlags : uint
{
    /// <summary>Modules start on pages.</summary>
    PageAlign = 1 << 0,

    /// <summary>The memory fields of the information must be there.</summary>
    MemoryInfo = 1 << 1,

    /// <summary>The video mode table must be there.</summary>
    VideoMode = 1 << 2,

    /// <summary>The header's address fields are valid and replace those of the file format.</summary>
    AddressFields = 1 << 16,
}

/// <summary>
/// Multiboot Specification version 0.6.96, section "Multiboot header format", up to the address fields, which are valid with the
/// flag AddressFields.
/// </summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct MultibootHeader
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 32;

    /// <summary>The magic number of the header.</summary>
    public const uint HeaderMagic = 0x1BADB002;

    /// <summary>What EAX holds at the entry: section "Machine state".</summary>
    public const uint BootLoaderMagic = 0x2BADB002;

    /// <summary>The header lies within this many bytes from the file's start, on a multiple of 4.</summary>
    public const int SearchLength = 8192;

    /// <summary>Size of the header without address fields.</summary>
    public const int SizeInBytesWithoutAddresses = 12;

    [FieldOffset(0x00)] public uint magic;
    [FieldOffset(0x04)] public uint flags;
    [FieldOffset(0x08)] public uint checksum;
    [FieldOffset(0x0C)] public uint header_addr;
    [FieldOffset(0x10)] public uint load_addr;
    [FieldOffset(0x14)] public uint load_end_addr;
    [FieldOffset(0x18)] public uint bss_end_addr;
    [FieldOffset(0x1C)] public uint entry_addr;

    /// <summary>Reads the fields in their order.</summary>
    public static MultibootHeader Read(ref LittleEndianReader reader) => new()
    {
        magic = reader.ReadUInt32(),
        flags = reader.ReadUInt32(),
        checksum = reader.ReadUInt32(),
        header_addr = reader.ReadUInt32(),
        load_addr = reader.ReadUInt32(),
        load_end_addr = reader.ReadUInt32(),
        bss_end_addr = reader.ReadUInt32(),
        entry_addr = reader.ReadUInt32(),
    };
}

/// <summary>Which fields of the information are valid: Multiboot Specification version 0.6.96, section "Boot information format".</summary>
[System.Flags]
public enum MultibootInformationFlags : uint
{
    Memory = 1 << 0,
    CommandLine = 1 << 2,
    Modules = 1 << 3,
    MemoryMap = 1 << 6,
    BootLoaderName = 1 << 9,
}

/// <summary>Multiboot Specification version 0.6.96, section "Boot information format", up to boot_loader_name.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct MultibootInformation
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 68;

    [FieldOffset(0x00)] public uint flags;
    /// <summary>KiB from address 0.</summary>
    [FieldOffset(0x04)] public uint mem_lower;
    /// <summary>KiB from 1 MiB to the first hole.</summary>
    [FieldOffset(0x08)] public uint mem_upper;
    [FieldOffset(0x0C)] public uint boot_device;
    [FieldOffset(0x10)] public uint cmdline;
    [FieldOffset(0x14)] public uint mods_count;
    [FieldOffset(0x18)] public uint mods_addr;
    [FieldOffset(0x1C)] public uint syms0;
    [FieldOffset(0x20)] public uint syms1;
    [FieldOffset(0x24)] public uint syms2;
    [FieldOffset(0x28)] public uint syms3;
    [FieldOffset(0x2C)] public uint mmap_length;
    [FieldOffset(0x30)] public uint mmap_addr;
    [FieldOffset(0x34)] public uint drives_length;
    [FieldOffset(0x38)] public uint drives_addr;
    [FieldOffset(0x3C)] public uint config_table;
    [FieldOffset(0x40)] public uint boot_loader_name;

    /// <summary>Reads the fields in their order.</summary>
    public static MultibootInformation Read(ref LittleEndianReader reader) => new()
    {
        flags = reader.ReadUInt32(),
        mem_lower = reader.ReadUInt32(),
        mem_upper = reader.ReadUInt32(),
        boot_device = reader.ReadUInt32(),
        cmdline = reader.ReadUInt32(),
        mods_count = reader.ReadUInt32(),
        mods_addr = reader.ReadUInt32(),
        syms0 = reader.ReadUInt32(),
        syms1 = reader.ReadUInt32(),
        syms2 = reader.ReadUInt32(),
        syms3 = reader.ReadUInt32(),
        mmap_length = reader.ReadUInt32(),
        mmap_addr = reader.ReadUInt32(),
        drives_length = reader.ReadUInt32(),
        drives_addr = reader.ReadUInt32(),
        config_table = reader.ReadUInt32(),
        boot_loader_name = reader.ReadUInt32(),
    };

    /// <summary>Writes the fields in their order.</summary>
    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt32(flags);
        writer.WriteUInt32(mem_lower);
        writer.WriteUInt32(mem_upper);
        writer.WriteUInt32(boot_device);
        writer.WriteUInt32(cmdline);
        writer.WriteUInt32(mods_count);
        writer.WriteUInt32(mods_addr);
        writer.WriteUInt32(syms0);
        writer.WriteUInt32(syms1);
        writer.WriteUInt32(syms2);
        writer.WriteUInt32(syms3);
        writer.WriteUInt32(mmap_length);
        writer.WriteUInt32(mmap_addr);
        writer.WriteUInt32(drives_length);
        writer.WriteUInt32(drives_addr);
        writer.WriteUInt32(config_table);
        writer.WriteUInt32(boot_loader_name);
    }
}

/// <summary>Multiboot Specification version 0.6.96, section "Boot information format", module structure.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct MultibootModule
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 16;

    [FieldOffset(0x00)] public uint mod_start;
    /// <summary>The first byte behind the module.</summary>
    [FieldOffset(0x04)] public uint mod_end;
    [FieldOffset(0x08)] public uint @string;
    [FieldOffset(0x0C)] public uint reserved;

    /// <summary>Reads the fields in their order.</summary>
    public static MultibootModule Read(ref LittleEndianReader reader) => new()
    {
        mod_start = reader.ReadUInt32(),
        mod_end = reader.ReadUInt32(),
        @string = reader.ReadUInt32(),
        reserved = reader.ReadUInt32(),
    };

    /// <summary>Writes the fields in their order.</summary>
    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt32(mod_start);
        writer.WriteUInt32(mod_end);
        writer.WriteUInt32(@string);
        writer.WriteUInt32(reserved);
    }
}

/// <summary>Multiboot Specification version 0.6.96, section "Boot information format", memory map entry; types are those of E820.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct MultibootMemoryMapEntry
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 24;

    /// <summary>Of the entry without this field, in bytes.</summary>
    [FieldOffset(0x00)] public uint size;
    [FieldOffset(0x04)] public ulong base_addr;
    /// <summary>In bytes.</summary>
    [FieldOffset(0x0C)] public ulong length;
    [FieldOffset(0x14)] public uint type;

    /// <summary>Reads the fields in their order.</summary>
    public static MultibootMemoryMapEntry Read(ref LittleEndianReader reader) => new()
    {
        size = reader.ReadUInt32(),
        base_addr = reader.ReadUInt64(),
        length = reader.ReadUInt64(),
        type = reader.ReadUInt32(),
    };

    /// <summary>Writes the fields in their order.</summary>
    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt32(size);
        writer.WriteUInt64(base_addr);
        writer.WriteUInt64(length);
        writer.WriteUInt32(type);
    }
}
