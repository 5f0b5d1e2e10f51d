using System;
using System.Numerics;
using HyperOS.Core;
using HyperOS.Specs.Pci;

namespace HyperOS.Devices;

/// <summary>What became of building a guest's ACPI tables.</summary>
public enum AcpiTablesStatus
{
    Built,

    /// <summary>There are no vCPUs, or more than <see cref="GuestAcpiTables.MaximumVcpus"/>.</summary>
    BadVcpuCount,

    /// <summary>The address is not a multiple of 64, or the tables would not end below 1 MiB.</summary>
    BadAddress,

    /// <summary>The space given is too small.</summary>
    NoSpace,
}

/// <summary>
/// Builds the ACPI tables of the microvm board: RSDP, RSDT, XSDT, FADT, FACS, MADT, a DSDT, and the MCFG where there is PCI. Sources: ACPI
/// Specification 6.3, "ACPI Software Programming Model" and "ACPI Machine Language (AML) Specification"; PCI Firmware Specification 3.3. A
/// vCPU's APIC ID and its ACPI processor UID are its index.
/// </summary>
public static class GuestAcpiTables
{
    /// <summary>Most vCPUs that the tables can describe.</summary>
    public const int MaximumVcpus = 1024;

    /// <summary>Where a PC's firmware leaves the RSDP, and where kernels look for it: 0xE0000 up to 1 MiB.</summary>
    public const uint UsualAddress = 0xE_0000;

    private const uint End = 0x10_0000;

    /// <summary>The FACS must lie on a multiple of 64, and so must the whole.</summary>
    private const int Alignment = 64;

    private const uint LocalApicAddress = 0xFEE0_0000, IoApicAddress = 0xFEC0_0000;

    /// <summary>APIC IDs from here on do not fit into a Processor Local APIC structure: 255 is everybody.</summary>
    private const int FirstX2ApicId = 255;

    /// <summary>Up to here APIC IDs fit the flat logical destination mode.</summary>
    private const int MaximumFlatVcpus = 8;

    private const int RsdpLength = 36, RsdpFirstLength = 20, RsdpChecksum = 8, RsdpExtendedChecksum = 32, RsdpRsdt = 16, RsdpXsdt = 24;

    internal static ReadOnlySpan<byte> OemId => "HYPROS"u8;

    /// <summary>
    /// Writes the tables for <paramref name="vcpus"/> vCPUs to <paramref name="destination"/>, which the guest sees at guest-physical
    /// <paramref name="address"/>. The RSDP comes first. The memory map must report the space as reserved or ACPI memory.
    /// </summary>
    /// <param name="pci">The PCI bus with all its functions; null where there is none.</param>
    /// <param name="length">Bytes written.</param>
    public static AcpiTablesStatus Build(int vcpus, PciBus? pci, uint address, Span<byte> destination, out int length)
    {
        FaultPoint.Hit(FaultPlace.AcpiTables);
        length = 0;
        if (vcpus is < 1 or > MaximumVcpus)
            return AcpiTablesStatus.BadVcpuCount;
        if (address % Alignment != 0 || address >= End)
            return AcpiTablesStatus.BadAddress;
        AcpiTableWriter writer = new(destination);
        WriteRsdp(ref writer);
        writer.Align(Alignment);
        int facs = writer.Length;
        WriteFacs(ref writer);
        int dsdt = writer.Length;
        WriteDsdt(ref writer, vcpus, pci);
        writer.Align(16);
        int fadt = writer.Length;
        WriteFadt(ref writer, address + (uint)facs, address + (uint)dsdt, vcpus);
        writer.Align(16);
        int madt = writer.Length;
        WriteMadt(ref writer, vcpus);
        writer.Align(16);
        int mcfg = writer.Length;
        if (pci is not null)
            WriteMcfg(ref writer);

        writer.Align(16);
        uint rsdt = address + (uint)writer.Length;
        int table = writer.BeginTable("RSDT"u8, 1);
        writer.DWord(address + (uint)fadt);
        writer.DWord(address + (uint)madt);
        if (pci is not null)
            writer.DWord(address + (uint)mcfg);
        writer.EndTable(table);
        writer.Align(16);
        uint xsdt = address + (uint)writer.Length;
        table = writer.BeginTable("XSDT"u8, 1);
        writer.QWord(address + (uint)fadt);
        writer.QWord(address + (uint)madt);
        if (pci is not null)
            writer.QWord(address + (uint)mcfg);
        writer.EndTable(table);

        writer.PatchDWord(RsdpRsdt, rsdt);
        writer.PatchQWord(RsdpXsdt, xsdt);
        writer.PatchChecksum(0, RsdpFirstLength, RsdpChecksum);
        writer.PatchChecksum(0, RsdpLength, RsdpExtendedChecksum);
        if (writer.Overflowed)
            return AcpiTablesStatus.NoSpace;
        if ((uint)writer.Length > End - address)
            return AcpiTablesStatus.BadAddress;
        length = writer.Length;
        return AcpiTablesStatus.Built;
    }

    /// <summary>Root System Description Pointer; addresses and checksums are filled in at the end.</summary>
    private static void WriteRsdp(ref AcpiTableWriter writer)
    {
        const byte Acpi2OrLater = 2;
        writer.Bytes("RSD PTR "u8);
        writer.Byte(0);
        writer.Bytes(OemId);
        writer.Byte(Acpi2OrLater);
        writer.DWord(0);
        writer.DWord(RsdpLength);
        writer.QWord(0);
        writer.DWord(0);
    }

    /// <summary>Firmware ACPI Control Structure: the global lock, and waking vectors that nobody uses without S3.</summary>
    private static void WriteFacs(ref AcpiTableWriter writer)
    {
        const int FacsLength = 64, FacsVersion = 2;
        writer.Bytes("FACS"u8);
        writer.DWord(FacsLength);
        writer.Zeros(24);
        writer.Byte(FacsVersion);
        writer.Zeros(31);
    }

    /// <summary>Fixed ACPI Description Table.</summary>
    private static void WriteFadt(ref AcpiTableWriter writer, uint facs, uint dsdt, int vcpus)
    {
        const byte ProfileEnterpriseServer = 4, MinorVersion = 3;
        // No C2 and no C3: latencies over 100 and over 1000 microseconds say so.
        const ushort NoC2 = 0xFFF, NoC3 = 0xFFF;
        // IAPC_BOOT_ARCH: there are devices on the ISA bus (the UART), no 8042 and no VGA; the CMOS clock is there.
        const ushort LEGACY_DEVICES = 1 << 0, VgaNotPresent = 1 << 2;
        const uint WBINVD = 1 << 0, PROC_C1 = 1 << 2, SLP_BUTTON = 1 << 5, FIX_RTC = 1 << 6, TMR_VAL_EXT = 1 << 8, RESET_REG_SUP = 1 << 10,
            HEADLESS = 1 << 12, FORCE_APIC_PHYSICAL_DESTINATION_MODE = 1 << 19;
        // PWR_BUTTON clear is a fixed power button; SLP_BUTTON set is no fixed sleep button; FIX_RTC set is no wake-up by the clock.
        uint flags = WBINVD | PROC_C1 | SLP_BUTTON | FIX_RTC | TMR_VAL_EXT | RESET_REG_SUP | HEADLESS;
        if (vcpus > MaximumFlatVcpus)
            flags |= FORCE_APIC_PHYSICAL_DESTINATION_MODE;

        int table = writer.BeginTable("FACP"u8, 6);
        writer.DWord(facs);
        writer.DWord(dsdt);
        writer.Byte(0);
        writer.Byte(ProfileEnterpriseServer);
        writer.Word(AcpiPowerManagement.SciInterrupt);
        // SMI_CMD, ACPI_ENABLE, ACPI_DISABLE, S4BIOS_REQ, PSTATE_CNT: none, the system is always in ACPI mode.
        writer.Zeros(8);
        writer.DWord(AcpiPowerManagement.Pm1aEventBlock);
        writer.DWord(0);
        writer.DWord(AcpiPowerManagement.Pm1aControlBlock);
        writer.DWord(0);
        writer.DWord(0);
        writer.DWord(AcpiPowerManagement.PmTimerBlock);
        writer.DWord(AcpiPowerManagement.Gpe0Block);
        writer.DWord(0);
        writer.Byte(AcpiPowerManagement.Pm1EventLength);
        writer.Byte(AcpiPowerManagement.Pm1ControlLength);
        writer.Byte(0);
        writer.Byte(AcpiPowerManagement.PmTimerLength);
        writer.Byte(AcpiPowerManagement.Gpe0Length);
        // GPE1_BLK_LEN, GPE1_BASE, CST_CNT.
        writer.Zeros(3);
        writer.Word(NoC2);
        writer.Word(NoC3);
        // FLUSH_SIZE, FLUSH_STRIDE, DUTY_OFFSET, DUTY_WIDTH, DAY_ALRM, MON_ALRM.
        writer.Zeros(8);
        writer.Byte(CmosRtc.CenturyIndex);
        writer.Word(LEGACY_DEVICES | VgaNotPresent);
        writer.Byte(0);
        writer.DWord(flags);
        writer.PortAddress(AcpiPowerManagement.ResetPort, 8, 1);
        writer.Byte(AcpiPowerManagement.ResetValue);
        writer.Word(0);
        writer.Byte(MinorVersion);
        // X_FIRMWARE_CTRL is for addresses beyond 4 GiB.
        writer.QWord(0);
        writer.QWord(dsdt);
        writer.PortAddress(AcpiPowerManagement.Pm1aEventBlock, AcpiPowerManagement.Pm1EventLength * 8, 2);
        writer.Zeros(12);
        writer.PortAddress(AcpiPowerManagement.Pm1aControlBlock, AcpiPowerManagement.Pm1ControlLength * 8, 2);
        writer.Zeros(12);
        writer.Zeros(12);
        writer.PortAddress(AcpiPowerManagement.PmTimerBlock, AcpiPowerManagement.PmTimerLength * 8, 3);
        writer.PortAddress(AcpiPowerManagement.Gpe0Block, AcpiPowerManagement.Gpe0Length * 8, 1);
        writer.Zeros(12);
        // SLEEP_CONTROL_REG and SLEEP_STATUS_REG are for hardware-reduced systems.
        writer.Zeros(24);
        // Hypervisor Vendor Identity.
        writer.Bytes("HyperOS\0"u8);
        writer.EndTable(table);
    }

    /// <summary>Multiple APIC Description Table.</summary>
    private static void WriteMadt(ref AcpiTableWriter writer, int vcpus)
    {
        const byte LocalApic = 0, IoApic = 1, InterruptSourceOverride = 2, LocalApicNmi = 4, LocalX2Apic = 9, LocalX2ApicNmi = 0x0A;
        const uint PCAT_COMPAT = 1, Enabled = 1;
        const byte IsaBus = 0, AllProcessors = 0xFF, Lint1 = 1;
        const ushort ConformsToBus = 0, ActiveHighLevel = 0x0D;

        int table = writer.BeginTable("APIC"u8, 5);
        writer.DWord(LocalApicAddress);
        writer.DWord(PCAT_COMPAT);
        for (int id = 0; id < vcpus; id++)
        {
            if (id < FirstX2ApicId)
            {
                writer.Byte(LocalApic);
                writer.Byte(8);
                writer.Byte(id);
                writer.Byte(id);
                writer.DWord(Enabled);
            }
            else
            {
                writer.Byte(LocalX2Apic);
                writer.Byte(16);
                writer.Word(0);
                writer.DWord((uint)id);
                writer.DWord(Enabled);
                writer.DWord((uint)id);
            }
        }
        writer.Byte(IoApic);
        writer.Byte(12);
        writer.Byte(0);
        writer.Byte(0);
        writer.DWord(IoApicAddress);
        writer.DWord(0);
        WriteOverride(ref writer, irq: 0, gsi: 2, ConformsToBus);
        WriteOverride(ref writer, AcpiPowerManagement.SciInterrupt, AcpiPowerManagement.SciInterrupt, ActiveHighLevel);
        writer.Byte(LocalApicNmi);
        writer.Byte(6);
        writer.Byte(AllProcessors);
        writer.Word(ConformsToBus);
        writer.Byte(Lint1);
        if (vcpus > FirstX2ApicId)
        {
            writer.Byte(LocalX2ApicNmi);
            writer.Byte(12);
            writer.Word(ConformsToBus);
            writer.DWord(uint.MaxValue);
            writer.Byte(Lint1);
            writer.Zeros(3);
        }
        writer.EndTable(table);

        static void WriteOverride(ref AcpiTableWriter writer, int irq, uint gsi, int flags)
        {
            writer.Byte(InterruptSourceOverride);
            writer.Byte(10);
            writer.Byte(IsaBus);
            writer.Byte(irq);
            writer.DWord(gsi);
            writer.Word(flags);
        }
    }

    /// <summary>PCI Express memory mapped configuration space base address description table: bus 0 alone.</summary>
    private static void WriteMcfg(ref AcpiTableWriter writer)
    {
        int table = writer.BeginTable("MCFG"u8, 1);
        writer.Zeros(8);
        writer.QWord(PciWindows.ConfigurationStart);
        // PCI segment group number, start and end bus number, reserved.
        writer.Zeros(8);
        writer.EndTable(table);
    }

    /// <summary>
    /// Differentiated System Description Table: \_S5, the power of the board; in \_SB the UART, the clock, fw_cfg, PCI and the processors.
    /// </summary>
    private static void WriteDsdt(ref AcpiTableWriter writer, int vcpus, PciBus? pci)
    {
        int table = writer.BeginTable("DSDT"u8, 2);
        writer.Name("\\_S5_"u8);
        int package = writer.BeginPackage(4);
        writer.Integer(AcpiPowerManagement.SleepTypeS5);
        writer.Integer(AcpiPowerManagement.SleepTypeS5);
        writer.Integer(0);
        writer.Integer(0);
        writer.EndPackage(package);

        int scope = writer.BeginScope("\\_SB_"u8);
        int device = writer.BeginDevice("COM1"u8);
        writer.Name("_HID"u8);
        writer.EisaId("PNP0501"u8);
        writer.Name("_UID"u8);
        writer.Integer(1);
        writer.Name("_CRS"u8);
        writer.PortResources(MicrovmBoard.Com1Port, Uart16550.PortCount, MicrovmBoard.Com1Gsi);
        writer.EndPackage(device);

        device = writer.BeginDevice("RTC_"u8);
        writer.Name("_HID"u8);
        writer.EisaId("PNP0B00"u8);
        writer.Name("_CRS"u8);
        writer.PortResources(0x70, 2, 8);
        writer.EndPackage(device);

        device = writer.BeginDevice("FWCF"u8);
        writer.Name("_HID"u8);
        writer.String("QEMU0002"u8);
        writer.Name("_CRS"u8);
        writer.PortResources(0x510, 2, -1);
        writer.EndPackage(device);

        if (pci is not null)
            WritePci(ref writer, pci);
        for (int id = 0; id < vcpus; id++)
            WriteProcessor(ref writer, id);
        writer.EndPackage(scope);
        writer.EndTable(table);
    }

    /// <summary>
    /// The host bridge, and the memory that is configuration space, which no device may be given: PCI Firmware Specification 3.3, "MCFG Table
    /// Description".
    /// </summary>
    private static void WritePci(ref AcpiTableWriter writer, PciBus pci)
    {
        int device = writer.BeginDevice("PCI0"u8);
        writer.Name("_HID"u8);
        writer.EisaId("PNP0A08"u8);
        writer.Name("_CID"u8);
        writer.EisaId("PNP0A03"u8);
        writer.Name("_UID"u8);
        writer.Integer(0);
        writer.Name("_CRS"u8);
        int resources = writer.BeginResources();
        writer.Window(AcpiResourceType.BusNumber, 0, 0);
        writer.Ports(ConfigurationMechanism1.CONFIG_ADDRESS, 8);
        writer.Window(AcpiResourceType.Io, 0, ConfigurationMechanism1.CONFIG_ADDRESS - 1);
        writer.Window(AcpiResourceType.Io, PciWindows.UpperPortsStart, ushort.MaxValue);
        writer.Window(AcpiResourceType.Memory, PciWindows.MemoryStart, PciWindows.MemoryLast);
        writer.Window(AcpiResourceType.Memory, pci.HighMemoryStart, pci.HighMemoryStart + PciWindows.HighMemoryLength - 1);
        writer.EndResources(resources);
        WriteRouting(ref writer, pci);
        WriteOperatingSystemCapabilities(ref writer);
        writer.EndPackage(device);

        device = writer.BeginDevice("MRES"u8);
        writer.Name("_HID"u8);
        writer.EisaId("PNP0C02"u8);
        writer.Name("_CRS"u8);
        resources = writer.BeginResources();
        writer.FixedMemory(PciWindows.ConfigurationStart, PciWindows.ConfigurationLength);
        writer.EndResources(resources);
        writer.EndPackage(device);
    }

    /// <summary>
    /// _PRT: ACPI Specification, "_PRT (PCI Routing Table)". Only pins that there are have entries, for a kernel reads all of them for each
    /// device that it enables.
    /// </summary>
    private static void WriteRouting(ref AcpiTableWriter writer, PciBus pci)
    {
        const uint AllFunctions = 0xFFFF;
        writer.Name("_PRT"u8);
        int count = 0;
        for (int device = 0; device < PciConfiguration.DeviceCount; device++)
            count += BitOperations.PopCount(pci.PinsOf(device));
        int table = writer.BeginPackage(count);
        for (int device = 0; device < PciConfiguration.DeviceCount; device++)
        {
            for (uint pins = pci.PinsOf(device); pins != 0; pins &= pins - 1)
            {
                int pin = BitOperations.TrailingZeroCount(pins);
                int entry = writer.BeginPackage(4);
                writer.Integer((uint)device << 16 | AllFunctions);
                writer.Integer((uint)(pin - 1));
                writer.Integer(0);
                writer.Integer((uint)PciBus.LineOf(device, pin));
                writer.EndPackage(entry);
            }
        }
        writer.EndPackage(table);
    }

    /// <summary>
    /// _OSC, as every host bridge of PCI Express has it: PCI Firmware Specification 3.3, "_OSC Interface for PCI Host Bridge Devices". The system
    /// is granted none of the features that it may ask for, for there are none: no hot plug, power management events or error reports.
    /// <code>
    ///   CreateDWordField (Arg3, 0, CDW1)
    ///   CreateDWordField (Arg3, 8, CDW3)
    ///   If (CDW3) { Or (CDW1, 0x10, CDW1)  Store (0, CDW3) }
    ///   Return (Arg3)
    /// </code>
    /// </summary>
    private static void WriteOperatingSystemCapabilities(ref AcpiTableWriter writer)
    {
        const byte CreateDWordFieldOp = 0x8A, Arg3Op = 0x6B, ZeroOp = 0x00, BytePrefix = 0x0A, OrOp = 0x7D, StoreOp = 0x70, ReturnOp = 0xA4;
        const uint CapabilitiesMasked = 0x10;
        int method = writer.BeginMethod("_OSC"u8, 4);
        writer.Bytes([CreateDWordFieldOp, Arg3Op, ZeroOp]);
        writer.Bytes("CDW1"u8);
        writer.Bytes([CreateDWordFieldOp, Arg3Op, BytePrefix, 8]);
        writer.Bytes("CDW3"u8);
        int condition = writer.BeginIf();
        writer.Bytes("CDW3"u8);
        writer.Byte(OrOp);
        writer.Bytes("CDW1"u8);
        writer.Integer(CapabilitiesMasked);
        writer.Bytes("CDW1"u8);
        writer.Bytes([StoreOp, ZeroOp]);
        writer.Bytes("CDW3"u8);
        writer.EndPackage(condition);
        writer.Bytes([ReturnOp, Arg3Op]);
        writer.EndPackage(method);
    }

    private static void WriteProcessor(ref AcpiTableWriter writer, int id)
    {
        const int NameDigits = 3;
        Span<byte> name = stackalloc byte[1 + NameDigits];
        name[0] = (byte)'C';
        for (int i = 0; i < NameDigits; i++)
            name[NameDigits - i] = "0123456789ABCDEF"u8[id >> (4 * i) & 15];
        int device = writer.BeginDevice(name);
        writer.Name("_HID"u8);
        writer.String("ACPI0007"u8);
        writer.Name("_UID"u8);
        writer.Integer((uint)id);
        writer.EndPackage(device);
    }
}
