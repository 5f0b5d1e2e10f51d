using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Multiboot;

/// <summary>Tags of the boot information: Multiboot2 Specification version 2.0, section "Boot information".</summary>
public enum Multiboot2TagType : uint
{
    End = 0,
    BootCommandLine = 1,
    BootLoaderName = 2,
    Modules = 3,
    BasicMemoryInformation = 4,
    BiosBootDevice = 5,
    MemoryMap = 6,
    VbeInfo = 7,
    FramebufferInfo = 8,
    ElfSymbols = 9,
    ApmTable = 10,
    Efi32SystemTable = 11,
    Efi64SystemTable = 12,
    SmbiosTables = 13,
    AcpiOldRsdp = 14,
    AcpiNewRsdp = 15,
    NetworkingInformation = 16,
    EfiMemoryMap = 17,
    EfiBootServicesNotTerminated = 18,
    Efi32ImageHandle = 19,
    Efi64ImageHandle = 20,
    ImageLoadBaseAddress = 21,
}

/// <summary>Multiboot2 Specification version 2.0, section "Basic tags structure": the fixed part, followed by tags that each start on 8 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Multiboot2InformationHeader
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 8;

    /// <summary>What EAX holds at the entry: section "Machine state".</summary>
    public const uint BootLoaderMagic = 0x36D76289;

    /// <summary>Tags start on multiples of this many bytes.</summary>
    public const int TagAlignment = 8;

    /// <summary>Of the fixed part and all tags, in bytes.</summary>
    [FieldOffset(0x00)] public uint total_size;
    [FieldOffset(0x04)] public uint reserved;

    /// <summary>Reads the fields in their order.</summary>
    public static Multiboot2InformationHeader Read(ref LittleEndianReader reader) => new()
    {
        total_size = reader.ReadUInt32(),
        reserved = reader.ReadUInt32(),
    };
}

/// <summary>Multiboot2 Specification version 2.0, section "Basic tags structure": what every tag begins with.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Multiboot2Tag
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 8;

    [FieldOffset(0x00)] public uint type;
    /// <summary>Of the tag with this header and without the padding behind it, in bytes.</summary>
    [FieldOffset(0x04)] public uint size;

    /// <summary>Reads the fields in their order.</summary>
    public static Multiboot2Tag Read(ref LittleEndianReader reader) => new()
    {
        type = reader.ReadUInt32(),
        size = reader.ReadUInt32(),
    };
}

/// <summary>Multiboot2 Specification version 2.0, section "Memory map": follows the tag header, entries follow it.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Multiboot2MemoryMapHeader
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 8;

    /// <summary>In bytes, a multiple of 8.</summary>
    [FieldOffset(0x00)] public uint entry_size;
    [FieldOffset(0x04)] public uint entry_version;

    /// <summary>Reads the fields in their order.</summary>
    public static Multiboot2MemoryMapHeader Read(ref LittleEndianReader reader) => new()
    {
        entry_size = reader.ReadUInt32(),
        entry_version = reader.ReadUInt32(),
    };
}

/// <summary>Memory types: Multiboot2 Specification version 2.0, section "Memory map"; any other value is reserved memory.</summary>
public enum Multiboot2MemoryType : uint
{
    Available = 1,
    Reserved = 2,
    AcpiReclaimable = 3,
    Nvs = 4,
    Defective = 5,
}

/// <summary>Multiboot2 Specification version 2.0, section "Memory map".</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Multiboot2MemoryMapEntry
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 24;

    [FieldOffset(0x00)] public ulong base_addr;
    /// <summary>In bytes.</summary>
    [FieldOffset(0x08)] public ulong length;
    [FieldOffset(0x10)] public uint type;
    [FieldOffset(0x14)] public uint reserved;

    /// <summary>Reads the fields in their order.</summary>
    public static Multiboot2MemoryMapEntry Read(ref LittleEndianReader reader) => new()
    {
        base_addr = reader.ReadUInt64(),
        length = reader.ReadUInt64(),
        type = reader.ReadUInt32(),
        reserved = reader.ReadUInt32(),
    };
}

/// <summary>Multiboot2 Specification version 2.0, section "Modules": follows the tag header; a zero-terminated string follows it.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Multiboot2Module
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 8;

    [FieldOffset(0x00)] public uint mod_start;
    /// <summary>The first byte behind the module.</summary>
    [FieldOffset(0x04)] public uint mod_end;

    /// <summary>Reads the fields in their order.</summary>
    public static Multiboot2Module Read(ref LittleEndianReader reader) => new()
    {
        mod_start = reader.ReadUInt32(),
        mod_end = reader.ReadUInt32(),
    };
}

/// <summary>Multiboot2 Specification version 2.0, section "Framebuffer info": follows the tag header; color_info follows it.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Multiboot2FramebufferInfo
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 24;

    [FieldOffset(0x00)] public ulong framebuffer_addr;
    /// <summary>In bytes.</summary>
    [FieldOffset(0x08)] public uint framebuffer_pitch;
    /// <summary>In pixels, or in characters.</summary>
    [FieldOffset(0x0C)] public uint framebuffer_width;
    /// <summary>In pixels, or in characters.</summary>
    [FieldOffset(0x10)] public uint framebuffer_height;
    [FieldOffset(0x14)] public byte framebuffer_bpp;
    [FieldOffset(0x15)] public byte framebuffer_type;
    [FieldOffset(0x16)] public ushort reserved;

    /// <summary>Reads the fields in their order.</summary>
    public static Multiboot2FramebufferInfo Read(ref LittleEndianReader reader) => new()
    {
        framebuffer_addr = reader.ReadUInt64(),
        framebuffer_pitch = reader.ReadUInt32(),
        framebuffer_width = reader.ReadUInt32(),
        framebuffer_height = reader.ReadUInt32(),
        framebuffer_bpp = reader.ReadByte(),
        framebuffer_type = reader.ReadByte(),
        reserved = reader.ReadUInt16(),
    };
}

/// <summary>Multiboot2 Specification version 2.0, section "Framebuffer info": color_info when framebuffer_type is 1.</summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct Multiboot2DirectColor
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 6;

    [FieldOffset(0x00)] public byte framebuffer_red_field_position;
    [FieldOffset(0x01)] public byte framebuffer_red_mask_size;
    [FieldOffset(0x02)] public byte framebuffer_green_field_position;
    [FieldOffset(0x03)] public byte framebuffer_green_mask_size;
    [FieldOffset(0x04)] public byte framebuffer_blue_field_position;
    [FieldOffset(0x05)] public byte framebuffer_blue_mask_size;

    /// <summary>Reads the fields in their order.</summary>
    public static Multiboot2DirectColor Read(ref LittleEndianReader reader) => new()
    {
        framebuffer_red_field_position = reader.ReadByte(),
        framebuffer_red_mask_size = reader.ReadByte(),
        framebuffer_green_field_position = reader.ReadByte(),
        framebuffer_green_mask_size = reader.ReadByte(),
        framebuffer_blue_field_position = reader.ReadByte(),
        framebuffer_blue_mask_size = reader.ReadByte(),
    };
}
