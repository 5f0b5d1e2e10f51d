using System;

namespace HyperOS.Specs.Linux;

/// <summary>
/// Offsets in boot_params, the "zero page"; the part from setup_sects on is the setup header, which lies at the same offsets in a kernel
/// image. Linux documentation, "The Linux/x86 Boot Protocol", sections "The Real-Mode Kernel Header" and "Zero Page".
/// </summary>
public static class BootParams
{
    /// <summary>Size of boot_params.</summary>
    public const int SizeInBytes = 4096;

    /// <summary>What boot_flag holds.</summary>
    public const ushort BootFlag = 0xAA55;

    /// <summary>"HdrS" as the little-endian number that header holds.</summary>
    public const uint HeaderMagic = 0x53726448;

    /// <summary>Where the setup header ends at the latest; other fields of boot_params follow.</summary>
    public const int SetupHeaderLimit = 0x290;

    /// <summary>Entries that e820_table has room for.</summary>
    public const int E820Capacity = 128;

    /// <summary>Distance of the 64-bit entry from the load address.</summary>
    public const ulong Startup64Offset = 0x200;

    /// <summary>type_of_loader of a loader without an assigned number.</summary>
    public const byte UndefinedLoader = 0xFF;

    /// <summary>8 bytes: address of the RSDP.</summary>
    public const int acpi_rsdp_addr = 0x070;

    /// <summary>4 bytes: bits 63:32 of ramdisk_image.</summary>
    public const int ext_ramdisk_image = 0x0C0;

    /// <summary>4 bytes: bits 63:32 of ramdisk_size.</summary>
    public const int ext_ramdisk_size = 0x0C4;

    /// <summary>4 bytes: bits 63:32 of cmd_line_ptr.</summary>
    public const int ext_cmd_line_ptr = 0x0C8;

    /// <summary>1 byte: entries in e820_table.</summary>
    public const int e820_entries = 0x1E8;

    /// <summary>1 byte: 512-byte sectors of the real-mode code behind the first; 0 stands for 4.</summary>
    public const int setup_sects = 0x1F1;

    /// <summary>4 bytes: size of the protected-mode code in units of 16 bytes.</summary>
    public const int syssize = 0x1F4;

    /// <summary>2 bytes: 0xAA55.</summary>
    public const int boot_flag = 0x1FE;

    /// <summary>A short jump over the header: its second byte is the header's length from 0x202 on.</summary>
    public const int jump = 0x200;

    /// <summary>4 bytes: "HdrS".</summary>
    public const int header = 0x202;

    /// <summary>2 bytes: protocol version, major in the upper byte.</summary>
    public const int version = 0x206;

    /// <summary>1 byte: 0xFF for a loader without an assigned number.</summary>
    public const int type_of_loader = 0x210;

    /// <summary>1 byte.</summary>
    public const int loadflags = 0x211;

    /// <summary>4 bytes: where the protected-mode code was loaded.</summary>
    public const int code32_start = 0x214;

    /// <summary>4 bytes.</summary>
    public const int ramdisk_image = 0x218;

    /// <summary>4 bytes.</summary>
    public const int ramdisk_size = 0x21C;

    /// <summary>4 bytes.</summary>
    public const int cmd_line_ptr = 0x228;

    /// <summary>4 bytes: the highest address that the last byte of the initrd may have.</summary>
    public const int initrd_addr_max = 0x22C;

    /// <summary>4 bytes: a power of two.</summary>
    public const int kernel_alignment = 0x230;

    /// <summary>1 byte: not 0 when the code runs at any aligned address.</summary>
    public const int relocatable_kernel = 0x234;

    /// <summary>2 bytes.</summary>
    public const int xloadflags = 0x236;

    /// <summary>4 bytes: longest command line without its terminating zero.</summary>
    public const int cmdline_size = 0x238;

    /// <summary>4 bytes: 0 for a PC.</summary>
    public const int hardware_subarch = 0x23C;

    /// <summary>4 bytes: from the start of the protected-mode code.</summary>
    public const int payload_offset = 0x248;

    /// <summary>4 bytes.</summary>
    public const int payload_length = 0x24C;

    /// <summary>8 bytes: address of a list; 0 for none.</summary>
    public const int setup_data = 0x250;

    /// <summary>8 bytes: where the kernel prefers to be loaded.</summary>
    public const int pref_address = 0x258;

    /// <summary>4 bytes: memory that the kernel needs from its load address on before it has read the memory map.</summary>
    public const int init_size = 0x260;

    /// <summary>20 bytes an entry.</summary>
    public const int e820_table = 0x2D0;
}

/// <summary>Field loadflags of the setup header.</summary>
[Flags]
public enum LoadFlags : byte
{
    LOADED_HIGH = 1 << 0,
    KASLR_FLAG = 1 << 1,
    QUIET_FLAG = 1 << 5,
    KEEP_SEGMENTS = 1 << 6,
    CAN_USE_HEAP = 1 << 7,
}

/// <summary>Field xloadflags of the setup header.</summary>
[Flags]
public enum ExtendedLoadFlags : ushort
{
    XLF_KERNEL_64 = 1 << 0,
    XLF_CAN_BE_LOADED_ABOVE_4G = 1 << 1,
    XLF_EFI_HANDOVER_32 = 1 << 2,
    XLF_EFI_HANDOVER_64 = 1 << 3,
    XLF_EFI_KEXEC = 1 << 4,
}
