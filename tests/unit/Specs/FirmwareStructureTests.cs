using System.Reflection;
using HyperOS.Specs.Acpi;
using HyperOS.Specs.Multiboot;
using HyperOS.Specs.Pvh;

namespace HyperOS.Tests.Unit.Specs;

public class FirmwareStructureTests
{
    public static TheoryData<Type> Structures => new(
        new[] { "HyperOS.Specs.Acpi", "HyperOS.Specs.Elf", "HyperOS.Specs.Linux", "HyperOS.Specs.Multiboot", "HyperOS.Specs.Pvh" }
            .SelectMany(name => StructureLayout.ReadableStructures(typeof(RSDP).Assembly, name)));

    [Theory]
    [MemberData(nameof(Structures))]
    public void Every_structure_reads_as_it_lies_in_memory(Type type)
    {
        Type action = typeof(StructureLayout.ReadAction<>).MakeGenericType(type);
        MethodInfo assertion = typeof(StructureLayout).GetMethod(nameof(StructureLayout.AssertReadsAsItLies))!.MakeGenericMethod(type);
        assertion.Invoke(null, [type.GetMethod("Read")!.CreateDelegate(action)]);
    }

    [Fact]
    public void ACPI_tables_have_the_offsets_of_the_specification()
    {
        StructureLayout.AssertLayout<GenericAddress>(12, ("AccessSize", 3), ("Address", 4));
        StructureLayout.AssertLayout<DescriptionHeader>(36, ("Length", 4), ("Revision", 8), ("Checksum", 9), ("OEMID", 10), ("OEMTableID", 16),
            ("OEMRevision", 24), ("CreatorID", 28), ("CreatorRevision", 32));
        StructureLayout.AssertLayout<RSDP>(36, ("Checksum", 8), ("OEMID", 9), ("Revision", 15), ("RsdtAddress", 16), ("Length", 20), ("XsdtAddress", 24),
            ("ExtendedChecksum", 32));
        StructureLayout.AssertLayout<FADT>(276,
            ("FIRMWARE_CTRL", 36), ("DSDT", 40), ("SCI_INT", 46), ("SMI_CMD", 48), ("ACPI_ENABLE", 52), ("PM1a_EVT_BLK", 56), ("PM1b_EVT_BLK", 60),
            ("PM1a_CNT_BLK", 64), ("PM1b_CNT_BLK", 68), ("PM_TMR_BLK", 76), ("PM1_EVT_LEN", 88), ("PM1_CNT_LEN", 89), ("PM_TMR_LEN", 91),
            ("CENTURY", 108), ("IAPC_BOOT_ARCH", 109), ("Flags", 112), ("RESET_REG", 116), ("RESET_VALUE", 128), ("X_FIRMWARE_CTRL", 132),
            ("X_DSDT", 140), ("X_PM1a_EVT_BLK", 148), ("X_PM1a_CNT_BLK", 172), ("X_PM_TMR_BLK", 208), ("SLEEP_CONTROL_REG", 244),
            ("SLEEP_STATUS_REG", 256), ("Hypervisor_Vendor_Identity", 268));
        StructureLayout.AssertLayout<MADT>(44, ("LocalInterruptControllerAddress", 36), ("Flags", 40));
        StructureLayout.AssertLayout<ProcessorLocalApic>(8, ("ACPIProcessorUID", 2), ("APICID", 3), ("Flags", 4));
        StructureLayout.AssertLayout<IoApic>(12, ("IOAPICID", 2), ("IOAPICAddress", 4), ("GlobalSystemInterruptBase", 8));
        StructureLayout.AssertLayout<InterruptSourceOverride>(10, ("Bus", 2), ("Source", 3), ("GlobalSystemInterrupt", 4), ("Flags", 8));
        StructureLayout.AssertLayout<NmiSource>(8, ("Flags", 2), ("GlobalSystemInterrupt", 4));
        StructureLayout.AssertLayout<LocalApicNmi>(6, ("ACPIProcessorUID", 2), ("Flags", 3), ("LocalAPICLINT", 5));
        StructureLayout.AssertLayout<LocalApicAddressOverride>(12, ("LocalAPICAddress", 4));
        StructureLayout.AssertLayout<ProcessorLocalX2Apic>(16, ("X2APICID", 4), ("Flags", 8), ("ACPIProcessorUID", 12));
        StructureLayout.AssertLayout<LocalX2ApicNmi>(12, ("Flags", 2), ("ACPIProcessorUID", 4), ("LocalX2APICLINT", 8));
        StructureLayout.AssertLayout<MCFG>(44);
        StructureLayout.AssertLayout<McfgAllocation>(16, ("BaseAddress", 0), ("PCISegmentGroupNumber", 8), ("StartBusNumber", 10), ("EndBusNumber", 11));
        StructureLayout.AssertLayout<HPET>(56, ("EventTimerBlockID", 36), ("BASE_ADDRESS", 40), ("HPETNumber", 52), ("MainCounterMinimumClockTick", 53),
            ("PageProtectionAndOEMAttribute", 55));
        StructureLayout.AssertLayout<SRAT>(48);
        StructureLayout.AssertLayout<ProcessorLocalApicAffinity>(16, ("ProximityDomain_7_0", 2), ("APICID", 3), ("Flags", 4), ("LocalSAPICEID", 8),
            ("ProximityDomain_15_8", 9), ("ClockDomain", 12));
        StructureLayout.AssertLayout<MemoryAffinity>(40, ("ProximityDomain", 2), ("BaseAddress", 8), ("RangeLength", 16), ("Flags", 28));
        StructureLayout.AssertLayout<ProcessorLocalX2ApicAffinity>(24, ("ProximityDomain", 4), ("X2APICID", 8), ("Flags", 12), ("ClockDomain", 16));
    }

    [Fact]
    public void Boot_protocol_structures_have_the_offsets_of_the_specifications()
    {
        StructureLayout.AssertLayout<HvmStartInfo>(56, ("version", 4), ("flags", 8), ("nr_modules", 12), ("modlist_paddr", 16), ("cmdline_paddr", 24),
            ("rsdp_paddr", 32), ("memmap_paddr", 40), ("memmap_entries", 48));
        StructureLayout.AssertLayout<HvmModlistEntry>(32, ("paddr", 0), ("size", 8), ("cmdline_paddr", 16));
        StructureLayout.AssertLayout<HvmMemmapTableEntry>(24, ("addr", 0), ("size", 8), ("type", 16));
        StructureLayout.AssertLayout<Multiboot2InformationHeader>(8, ("total_size", 0));
        StructureLayout.AssertLayout<Multiboot2Tag>(8, ("type", 0), ("size", 4));
        StructureLayout.AssertLayout<Multiboot2MemoryMapEntry>(24, ("base_addr", 0), ("length", 8), ("type", 16));
        StructureLayout.AssertLayout<Multiboot2FramebufferInfo>(24, ("framebuffer_addr", 0), ("framebuffer_pitch", 8), ("framebuffer_width", 12),
            ("framebuffer_height", 16), ("framebuffer_bpp", 20), ("framebuffer_type", 21));
    }
}
