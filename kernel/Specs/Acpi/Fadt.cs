using System;
using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Specs.Acpi;

/// <summary>FADT field IAPC_BOOT_ARCH: ACPI Specification 6.5, section "IA-PC Boot Architecture Flags".</summary>
[Flags]
public enum FadtBootArchitecture : ushort
{
    LEGACY_DEVICES = 1 << 0,
    IAPC_8042 = 1 << 1,
    VgaNotPresent = 1 << 2,
    MsiNotSupported = 1 << 3,
    PcieAspmControls = 1 << 4,
    CmosRtcNotPresent = 1 << 5,
}

/// <summary>FADT field Flags, those that HyperOS asks about: ACPI Specification 6.5, section "Fixed ACPI Description Table Fixed Feature Flags".</summary>
[Flags]
public enum FadtFlags : uint
{
    WBINVD = 1 << 0,
    PWR_BUTTON = 1 << 4,
    SLP_BUTTON = 1 << 5,
    TMR_VAL_EXT = 1 << 8,
    RESET_REG_SUP = 1 << 10,
    HEADLESS = 1 << 12,
    HW_REDUCED_ACPI = 1 << 20,
}

/// <summary>
/// ACPI Specification 6.5, section "Fixed ACPI Description Table (FADT)". Older revisions end earlier; the fields that they lack
/// read as zero.
/// </summary>
[StructLayout(LayoutKind.Explicit, Pack = 1, Size = SizeInBytes)]
public struct FADT
{
    /// <summary>Size of the structure, in bytes.</summary>
    public const int SizeInBytes = 276;

    /// <summary>"FACP" as the little-endian number that the header holds.</summary>
    public const uint TableSignature = 0x50434146;

    /// <summary>Sizes of the table in ACPI 1.0, and up to and with RESET_VALUE, which came with ACPI 2.0.</summary>
    public const int SizeInBytesRevision1 = 116, SizeInBytesRevision2 = 129;

    [FieldOffset(0x00)] public DescriptionHeader Header;
    [FieldOffset(0x24)] public uint FIRMWARE_CTRL;
    [FieldOffset(0x28)] public uint DSDT;
    [FieldOffset(0x2C)] public byte Reserved0;
    [FieldOffset(0x2D)] public byte Preferred_PM_Profile;
    [FieldOffset(0x2E)] public ushort SCI_INT;
    [FieldOffset(0x30)] public uint SMI_CMD;
    [FieldOffset(0x34)] public byte ACPI_ENABLE;
    [FieldOffset(0x35)] public byte ACPI_DISABLE;
    [FieldOffset(0x36)] public byte S4BIOS_REQ;
    [FieldOffset(0x37)] public byte PSTATE_CNT;
    [FieldOffset(0x38)] public uint PM1a_EVT_BLK;
    [FieldOffset(0x3C)] public uint PM1b_EVT_BLK;
    [FieldOffset(0x40)] public uint PM1a_CNT_BLK;
    [FieldOffset(0x44)] public uint PM1b_CNT_BLK;
    [FieldOffset(0x48)] public uint PM2_CNT_BLK;
    [FieldOffset(0x4C)] public uint PM_TMR_BLK;
    [FieldOffset(0x50)] public uint GPE0_BLK;
    [FieldOffset(0x54)] public uint GPE1_BLK;
    [FieldOffset(0x58)] public byte PM1_EVT_LEN;
    [FieldOffset(0x59)] public byte PM1_CNT_LEN;
    [FieldOffset(0x5A)] public byte PM2_CNT_LEN;
    [FieldOffset(0x5B)] public byte PM_TMR_LEN;
    [FieldOffset(0x5C)] public byte GPE0_BLK_LEN;
    [FieldOffset(0x5D)] public byte GPE1_BLK_LEN;
    [FieldOffset(0x5E)] public byte GPE1_BASE;
    [FieldOffset(0x5F)] public byte CST_CNT;
    [FieldOffset(0x60)] public ushort P_LVL2_LAT;
    [FieldOffset(0x62)] public ushort P_LVL3_LAT;
    [FieldOffset(0x64)] public ushort FLUSH_SIZE;
    [FieldOffset(0x66)] public ushort FLUSH_STRIDE;
    [FieldOffset(0x68)] public byte DUTY_OFFSET;
    [FieldOffset(0x69)] public byte DUTY_WIDTH;
    [FieldOffset(0x6A)] public byte DAY_ALRM;
    [FieldOffset(0x6B)] public byte MON_ALRM;
    [FieldOffset(0x6C)] public byte CENTURY;
    [FieldOffset(0x6D)] public ushort IAPC_BOOT_ARCH;
    [FieldOffset(0x6F)] public byte Reserved1;
    [FieldOffset(0x70)] public uint Flags;
    [FieldOffset(0x74)] public GenericAddress RESET_REG;
    [FieldOffset(0x80)] public byte RESET_VALUE;
    [FieldOffset(0x81)] public ushort ARM_BOOT_ARCH;
    [FieldOffset(0x83)] public byte FADT_Minor_Version;
    [FieldOffset(0x84)] public ulong X_FIRMWARE_CTRL;
    [FieldOffset(0x8C)] public ulong X_DSDT;
    [FieldOffset(0x94)] public GenericAddress X_PM1a_EVT_BLK;
    [FieldOffset(0xA0)] public GenericAddress X_PM1b_EVT_BLK;
    [FieldOffset(0xAC)] public GenericAddress X_PM1a_CNT_BLK;
    [FieldOffset(0xB8)] public GenericAddress X_PM1b_CNT_BLK;
    [FieldOffset(0xC4)] public GenericAddress X_PM2_CNT_BLK;
    [FieldOffset(0xD0)] public GenericAddress X_PM_TMR_BLK;
    [FieldOffset(0xDC)] public GenericAddress X_GPE0_BLK;
    [FieldOffset(0xE8)] public GenericAddress X_GPE1_BLK;
    [FieldOffset(0xF4)] public GenericAddress SLEEP_CONTROL_REG;
    [FieldOffset(0x100)] public GenericAddress SLEEP_STATUS_REG;
    [FieldOffset(0x10C)] public ulong Hypervisor_Vendor_Identity;

    /// <summary>Reads the fields in their order.</summary>
    public static FADT Read(ref LittleEndianReader reader) => new()
    {
        Header = DescriptionHeader.Read(ref reader),
        FIRMWARE_CTRL = reader.ReadUInt32(),
        DSDT = reader.ReadUInt32(),
        Reserved0 = reader.ReadByte(),
        Preferred_PM_Profile = reader.ReadByte(),
        SCI_INT = reader.ReadUInt16(),
        SMI_CMD = reader.ReadUInt32(),
        ACPI_ENABLE = reader.ReadByte(),
        ACPI_DISABLE = reader.ReadByte(),
        S4BIOS_REQ = reader.ReadByte(),
        PSTATE_CNT = reader.ReadByte(),
        PM1a_EVT_BLK = reader.ReadUInt32(),
        PM1b_EVT_BLK = reader.ReadUInt32(),
        PM1a_CNT_BLK = reader.ReadUInt32(),
        PM1b_CNT_BLK = reader.ReadUInt32(),
        PM2_CNT_BLK = reader.ReadUInt32(),
        PM_TMR_BLK = reader.ReadUInt32(),
        GPE0_BLK = reader.ReadUInt32(),
        GPE1_BLK = reader.ReadUInt32(),
        PM1_EVT_LEN = reader.ReadByte(),
        PM1_CNT_LEN = reader.ReadByte(),
        PM2_CNT_LEN = reader.ReadByte(),
        PM_TMR_LEN = reader.ReadByte(),
        GPE0_BLK_LEN = reader.ReadByte(),
        GPE1_BLK_LEN = reader.ReadByte(),
        GPE1_BASE = reader.ReadByte(),
        CST_CNT = reader.ReadByte(),
        P_LVL2_LAT = reader.ReadUInt16(),
        P_LVL3_LAT = reader.ReadUInt16(),
        FLUSH_SIZE = reader.ReadUInt16(),
        FLUSH_STRIDE = reader.ReadUInt16(),
        DUTY_OFFSET = reader.ReadByte(),
        DUTY_WIDTH = reader.ReadByte(),
        DAY_ALRM = reader.ReadByte(),
        MON_ALRM = reader.ReadByte(),
        CENTURY = reader.ReadByte(),
        IAPC_BOOT_ARCH = reader.ReadUInt16(),
        Reserved1 = reader.ReadByte(),
        Flags = reader.ReadUInt32(),
        RESET_REG = GenericAddress.Read(ref reader),
        RESET_VALUE = reader.ReadByte(),
        ARM_BOOT_ARCH = reader.ReadUInt16(),
        FADT_Minor_Version = reader.ReadByte(),
        X_FIRMWARE_CTRL = reader.ReadUInt64(),
        X_DSDT = reader.ReadUInt64(),
        X_PM1a_EVT_BLK = GenericAddress.Read(ref reader),
        X_PM1b_EVT_BLK = GenericAddress.Read(ref reader),
        X_PM1a_CNT_BLK = GenericAddress.Read(ref reader),
        X_PM1b_CNT_BLK = GenericAddress.Read(ref reader),
        X_PM2_CNT_BLK = GenericAddress.Read(ref reader),
        X_PM_TMR_BLK = GenericAddress.Read(ref reader),
        X_GPE0_BLK = GenericAddress.Read(ref reader),
        X_GPE1_BLK = GenericAddress.Read(ref reader),
        SLEEP_CONTROL_REG = GenericAddress.Read(ref reader),
        SLEEP_STATUS_REG = GenericAddress.Read(ref reader),
        Hypervisor_Vendor_Identity = reader.ReadUInt64(),
    };
}
