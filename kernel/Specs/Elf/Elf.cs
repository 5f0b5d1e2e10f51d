using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Elf;

/// <summary>Values of header fields that a loader asks about: System V ABI, chapter "Object Files", and its AMD64 and Intel386 supplements.</summary>
public static class ElfConstants
{
    /// <summary>0x7F 'E' 'L' 'F' as the little-endian number that the header holds.</summary>
    public const uint ELFMAG = 0x464C457F;
    public const byte ELFCLASS32 = 1;
    public const byte ELFCLASS64 = 2;
    public const byte ELFDATA2LSB = 1;
    public const byte EV_CURRENT = 1;
    public const ushort ET_EXEC = 2;
    public const ushort EM_386 = 3;
    public const ushort EM_X86_64 = 62;
    public const uint PT_LOAD = 1;
    public const uint PT_INTERP = 3;
    public const uint PT_NOTE = 4;
    public const uint PF_X = 1;
    public const uint PF_W = 2;
    public const uint PF_R = 4;
}

/// <summary>System V ABI, chapter "Object Files", section "ELF Header".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Elf32_Ehdr
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 52;

    /// <summary>EI_MAG0 to EI_MAG3.</summary>
    [FieldOffset(0x00)] public uint ei_magic;
    /// <summary>EI_CLASS.</summary>
    [FieldOffset(0x04)] public byte ei_class;
    /// <summary>EI_DATA.</summary>
    [FieldOffset(0x05)] public byte ei_data;
    /// <summary>EI_VERSION.</summary>
    [FieldOffset(0x06)] public byte ei_version;
    /// <summary>EI_OSABI.</summary>
    [FieldOffset(0x07)] public byte ei_osabi;
    /// <summary>EI_ABIVERSION and padding.</summary>
    [FieldOffset(0x08)] public ulong ei_pad;
    [FieldOffset(0x10)] public ushort e_type;
    [FieldOffset(0x12)] public ushort e_machine;
    [FieldOffset(0x14)] public uint e_version;
    [FieldOffset(0x18)] public uint e_entry;
    [FieldOffset(0x1C)] public uint e_phoff;
    [FieldOffset(0x20)] public uint e_shoff;
    [FieldOffset(0x24)] public uint e_flags;
    [FieldOffset(0x28)] public ushort e_ehsize;
    [FieldOffset(0x2A)] public ushort e_phentsize;
    [FieldOffset(0x2C)] public ushort e_phnum;
    [FieldOffset(0x2E)] public ushort e_shentsize;
    [FieldOffset(0x30)] public ushort e_shnum;
    [FieldOffset(0x32)] public ushort e_shstrndx;

    /// <summary>Reads the fields in their order.</summary>
    public static Elf32_Ehdr Read(ref LittleEndianReader reader) => new()
    {
        ei_magic = reader.ReadUInt32(),
        ei_class = reader.ReadByte(),
        ei_data = reader.ReadByte(),
        ei_version = reader.ReadByte(),
        ei_osabi = reader.ReadByte(),
        ei_pad = reader.ReadUInt64(),
        e_type = reader.ReadUInt16(),
        e_machine = reader.ReadUInt16(),
        e_version = reader.ReadUInt32(),
        e_entry = reader.ReadUInt32(),
        e_phoff = reader.ReadUInt32(),
        e_shoff = reader.ReadUInt32(),
        e_flags = reader.ReadUInt32(),
        e_ehsize = reader.ReadUInt16(),
        e_phentsize = reader.ReadUInt16(),
        e_phnum = reader.ReadUInt16(),
        e_shentsize = reader.ReadUInt16(),
        e_shnum = reader.ReadUInt16(),
        e_shstrndx = reader.ReadUInt16(),
    };
}

/// <summary>System V ABI, chapter "Object Files", section "ELF Header".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Elf64_Ehdr
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 64;

    /// <summary>EI_MAG0 to EI_MAG3.</summary>
    [FieldOffset(0x00)] public uint ei_magic;
    /// <summary>EI_CLASS.</summary>
    [FieldOffset(0x04)] public byte ei_class;
    /// <summary>EI_DATA.</summary>
    [FieldOffset(0x05)] public byte ei_data;
    /// <summary>EI_VERSION.</summary>
    [FieldOffset(0x06)] public byte ei_version;
    /// <summary>EI_OSABI.</summary>
    [FieldOffset(0x07)] public byte ei_osabi;
    /// <summary>EI_ABIVERSION and padding.</summary>
    [FieldOffset(0x08)] public ulong ei_pad;
    [FieldOffset(0x10)] public ushort e_type;
    [FieldOffset(0x12)] public ushort e_machine;
    [FieldOffset(0x14)] public uint e_version;
    [FieldOffset(0x18)] public ulong e_entry;
    [FieldOffset(0x20)] public ulong e_phoff;
    [FieldOffset(0x28)] public ulong e_shoff;
    [FieldOffset(0x30)] public uint e_flags;
    [FieldOffset(0x34)] public ushort e_ehsize;
    [FieldOffset(0x36)] public ushort e_phentsize;
    [FieldOffset(0x38)] public ushort e_phnum;
    [FieldOffset(0x3A)] public ushort e_shentsize;
    [FieldOffset(0x3C)] public ushort e_shnum;
    [FieldOffset(0x3E)] public ushort e_shstrndx;

    /// <summary>Reads the fields in their order.</summary>
    public static Elf64_Ehdr Read(ref LittleEndianReader reader) => new()
    {
        ei_magic = reader.ReadUInt32(),
        ei_class = reader.ReadByte(),
        ei_data = reader.ReadByte(),
        ei_version = reader.ReadByte(),
        ei_osabi = reader.ReadByte(),
        ei_pad = reader.ReadUInt64(),
        e_type = reader.ReadUInt16(),
        e_machine = reader.ReadUInt16(),
        e_version = reader.ReadUInt32(),
        e_entry = reader.ReadUInt64(),
        e_phoff = reader.ReadUInt64(),
        e_shoff = reader.ReadUInt64(),
        e_flags = reader.ReadUInt32(),
        e_ehsize = reader.ReadUInt16(),
        e_phentsize = reader.ReadUInt16(),
        e_phnum = reader.ReadUInt16(),
        e_shentsize = reader.ReadUInt16(),
        e_shnum = reader.ReadUInt16(),
        e_shstrndx = reader.ReadUInt16(),
    };
}

/// <summary>System V ABI, chapter "Program Loading and Dynamic Linking", section "Program Header".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Elf32_Phdr
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 32;

    [FieldOffset(0x00)] public uint p_type;
    [FieldOffset(0x04)] public uint p_offset;
    [FieldOffset(0x08)] public uint p_vaddr;
    [FieldOffset(0x0C)] public uint p_paddr;
    [FieldOffset(0x10)] public uint p_filesz;
    [FieldOffset(0x14)] public uint p_memsz;
    [FieldOffset(0x18)] public uint p_flags;
    [FieldOffset(0x1C)] public uint p_align;

    /// <summary>Reads the fields in their order.</summary>
    public static Elf32_Phdr Read(ref LittleEndianReader reader) => new()
    {
        p_type = reader.ReadUInt32(),
        p_offset = reader.ReadUInt32(),
        p_vaddr = reader.ReadUInt32(),
        p_paddr = reader.ReadUInt32(),
        p_filesz = reader.ReadUInt32(),
        p_memsz = reader.ReadUInt32(),
        p_flags = reader.ReadUInt32(),
        p_align = reader.ReadUInt32(),
    };
}

/// <summary>System V ABI, chapter "Program Loading and Dynamic Linking", section "Program Header".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Elf64_Phdr
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 56;

    [FieldOffset(0x00)] public uint p_type;
    [FieldOffset(0x04)] public uint p_flags;
    [FieldOffset(0x08)] public ulong p_offset;
    [FieldOffset(0x10)] public ulong p_vaddr;
    [FieldOffset(0x18)] public ulong p_paddr;
    [FieldOffset(0x20)] public ulong p_filesz;
    [FieldOffset(0x28)] public ulong p_memsz;
    [FieldOffset(0x30)] public ulong p_align;

    /// <summary>Reads the fields in their order.</summary>
    public static Elf64_Phdr Read(ref LittleEndianReader reader) => new()
    {
        p_type = reader.ReadUInt32(),
        p_flags = reader.ReadUInt32(),
        p_offset = reader.ReadUInt64(),
        p_vaddr = reader.ReadUInt64(),
        p_paddr = reader.ReadUInt64(),
        p_filesz = reader.ReadUInt64(),
        p_memsz = reader.ReadUInt64(),
        p_align = reader.ReadUInt64(),
    };
}

/// <summary>System V ABI, chapter "Program Loading and Dynamic Linking", section "Note Section"; the name and the descriptor follow, each padded.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct ElfNhdr
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 12;

    /// <summary>Note "Xen": the 32-bit physical address of the PVH entry. Xen public header "elfnote.h".</summary>
    public const uint XEN_ELFNOTE_PHYS32_ENTRY = 18;

    [FieldOffset(0x00)] public uint n_namesz;
    [FieldOffset(0x04)] public uint n_descsz;
    [FieldOffset(0x08)] public uint n_type;

    /// <summary>Reads the fields in their order.</summary>
    public static ElfNhdr Read(ref LittleEndianReader reader) => new()
    {
        n_namesz = reader.ReadUInt32(),
        n_descsz = reader.ReadUInt32(),
        n_type = reader.ReadUInt32(),
    };
}
