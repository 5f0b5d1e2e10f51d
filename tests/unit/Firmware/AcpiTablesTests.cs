using HyperOS.Core;
using HyperOS.Firmware;
using HyperOS.Specs.Acpi;

namespace HyperOS.Tests.Unit.Firmware;

public class AcpiTablesTests
{
    private readonly AcpiMachine _machine = new();

    [Fact]
    public void All_facts_of_a_good_machine_are_found()
    {
        AcpiTables tables = _machine.Discover(AcpiStatus.Ok);
        Assert.Equal((0, 0, 0, 0), (tables.BadChecksums, tables.UnreadableTables, tables.MalformedTables, tables.RefusedEntries));

        InterruptTopology interrupts = tables.Interrupts;
        Assert.True(interrupts.HasLegacyPics);
        Assert.Equal(0xFEE00000ul, interrupts.LocalApicAddress.Value);
        Assert.Equal([0u, 1u, 300u], interrupts.Processors.AsSpan().ToArray().Select(processor => processor.ApicId));
        Assert.Equal((0xFEC00000u, 24u), (interrupts.IoApics[0].IOAPICAddress, interrupts.IoApics[0].GlobalSystemInterruptBase));
        Assert.Equal(2u, interrupts.GlobalSystemInterruptOf(0, out ushort flags));
        Assert.Equal(5, flags);
        Assert.Equal(7u, interrupts.GlobalSystemInterruptOf(7, out _));
        Assert.Equal(LocalNmi.AllProcessors, interrupts.LocalNmis[0].Uid);
        Assert.Equal(1, interrupts.LocalNmis[0].Lint);

        PowerInterface power = tables.Power;
        Assert.Equal((9, 0xB2u, 0xF1), (power.SciInterrupt, power.SmiCommandPort, power.AcpiEnable));
        Assert.Equal((AcpiAddressSpace.SystemIo, 0x604ul, 16),
            (power.Pm1aControl.AddressSpaceID, power.Pm1aControl.Address, power.Pm1aControl.RegisterBitWidth));
        Assert.Equal(0xCAFE0000ul, power.PmTimer.Address);
        Assert.Equal(AcpiAddressSpace.SystemMemory, power.PmTimer.AddressSpaceID);
        Assert.True(power.IsPmTimer32Bits);
        Assert.True(power.CanReset);
        Assert.Equal((0xCF9ul, 6), (power.ResetRegister.Address, power.ResetValue));
        Assert.Equal(FadtBootArchitecture.IAPC_8042 | FadtBootArchitecture.VgaNotPresent, power.BootArchitecture);
        Assert.True(power.CanPowerOff);
        Assert.Equal((5, 6), (power.SleepTypeA, power.SleepTypeB));

        Assert.Equal((0xB0000000ul, 0, 255), (tables.PciSegments[0].BaseAddress, tables.PciSegments[0].StartBusNumber, tables.PciSegments[0].EndBusNumber));
        Assert.Equal(0xFED00000ul, tables.Hpets[0].BASE_ADDRESS.Address);
        Assert.Equal(2, tables.Numa.NodeCount);
        Assert.Equal((0, 1, 1), (tables.Numa.NodeOfProcessor(0), tables.Numa.NodeOfProcessor(1), tables.Numa.NodeOfProcessor(300)));
        Assert.Equal((0, 1), (tables.Numa.NodeOfMemory(new HostPhysicalAddress(0x1000)), tables.Numa.NodeOfMemory(new HostPhysicalAddress(0x1_0000_0000))));
    }

    [Fact]
    public void The_RSDP_is_found_as_copy_by_address_in_the_EBDA_and_in_the_BIOS_area()
    {
        byte[] rsdp = AcpiMachine.Rsdp(2);
        _machine.RsdpAt(0);
        BootInfo copied = new();
        Multiboot2Parser.Parse(Multiboot2Builder.Information(Multiboot2Builder.Tag(15, rsdp)), copied);
        Assert.Equal(AcpiStatus.Ok, new AcpiTables(_machine.Memory).Discover(copied));

        _machine.Discover(AcpiStatus.NoRsdp);
        _machine.RsdpAt(0x5000);
        BootInfo address = new();
        _machine.Memory.Put(0x6000, new ByteWriter().U32(0x336EC578).U32(0).Zeros(24).U64(0x5000).ToArray());
        new PvhParser(_machine.Memory).Parse(new HostPhysicalAddress(0x6000), address);
        Assert.Equal(AcpiStatus.Ok, new AcpiTables(_machine.Memory).Discover(address));

        _machine.RsdpAt(0);
        _machine.Memory.Put(0x40E, [0xC0, 0x9F]);
        byte[] ebda = new byte[2048];
        rsdp.CopyTo(ebda, 0x130);
        _machine.Memory.Put(0x9FC00, ebda);
        _machine.Discover(AcpiStatus.Ok);

        _machine.Memory.Put(0x9FC00, []);
        _machine.RsdpAt(0xFFFC0);
        _machine.Discover(AcpiStatus.Ok);
    }

    [Fact]
    public void An_RSDP_needs_both_checksums_from_revision_2_on()
    {
        foreach (int at in new[] { 5, 33 })
        {
            byte[] rsdp = AcpiMachine.Rsdp(2);
            rsdp[at] ^= 1;
            _machine.Memory.Put(0xF5000, rsdp);
            _machine.Discover(AcpiStatus.NoRsdp);
        }
        byte[] old = AcpiMachine.Rsdp(0);
        old[33] ^= 1;
        _machine.Memory.Put(0xF5000, old);
        Assert.Equal(3, _machine.Discover(AcpiStatus.Ok).Interrupts.Processors.Count);
    }

    [Fact]
    public void The_RSDT_serves_where_the_XSDT_is_broken()
    {
        _machine.Tables["XSDT"][9] ^= 1;
        AcpiTables tables = _machine.Discover(AcpiStatus.Ok);
        Assert.Equal(1, tables.BadChecksums);
        Assert.Equal(3, tables.Interrupts.Processors.Count);
        _machine.Tables["RSDT"][9] ^= 1;
        _machine.Discover(AcpiStatus.NoRootTable);
    }

    [Theory]
    [InlineData("APIC")]
    [InlineData("FACP")]
    [InlineData("SRAT")]
    [InlineData("DSDT")]
    public void A_table_with_a_bad_checksum_is_skipped_and_counted(string signature)
    {
        _machine.Tables[signature][9] ^= 1;
        AcpiTables tables = _machine.Discover(AcpiStatus.Ok);
        Assert.Equal(1, tables.BadChecksums);
        Assert.Equal(signature != "APIC", tables.Interrupts.IsPresent);
        Assert.Equal(signature != "FACP", tables.Power.IsPresent);
        Assert.Equal(signature is not "FACP" and not "DSDT", tables.Power.CanPowerOff);
        Assert.Equal(signature == "SRAT" ? 1 : 2, tables.Numa.NodeCount);
    }

    [Fact]
    public void Malformed_structures_end_their_table_and_are_counted()
    {
        _machine.Replace("APIC", AcpiMachine.Table("APIC", 4, new ByteWriter().U32(0xFEE00000).U32(1).U8(0, 8, 0, 0).U32(1).U8(0, 1).ToArray()));
        _machine.Replace("SRAT", AcpiMachine.Table("SRAT", 3, new ByteWriter().Zeros(12).U8(1, 40).ToArray()));
        AcpiTables tables = _machine.Discover(AcpiStatus.Ok);
        Assert.Equal(2, tables.MalformedTables);
        Assert.Equal(1, tables.Interrupts.Processors.Count);
    }

    [Fact]
    public void More_processors_than_fit_are_counted()
    {
        ByteWriter madt = new ByteWriter().U32(0xFEE00000).U32(1);
        for (uint i = 0; i < 300; i++)
            madt.U8(9, 16, 0, 0).U32(1000 + i).U32(1).U32(i);
        _machine.Replace("APIC", AcpiMachine.Table("APIC", 4, madt.ToArray()));
        AcpiTables tables = _machine.Discover(AcpiStatus.Ok);
        Assert.Equal((256, 44), (tables.Interrupts.Processors.Count, tables.RefusedEntries));
    }

    [Fact]
    public void A_FADT_of_ACPI_1_has_no_reset_register_and_legacy_devices()
    {
        _machine.Replace("FACP", AcpiMachine.Table("FACP", 1, AcpiMachine.Fadt()[..(116 - 36)]));
        PowerInterface power = _machine.Discover(AcpiStatus.Ok).Power;
        Assert.False(power.CanReset);
        Assert.Equal(FadtBootArchitecture.LEGACY_DEVICES | FadtBootArchitecture.IAPC_8042, power.BootArchitecture);
        Assert.Equal(0x608ul, power.PmTimer.Address);
    }

    [Theory]
    [InlineData(new byte[] { 0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x06, 0x04, 0x0A, 0x05, 0x0A, 0x05 }, 5, 5)]
    [InlineData(new byte[] { 0x08, 0x5C, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00 }, 0, 1)]
    [InlineData(new byte[] { 0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x47, 0x00, 0x02, 0x0B, 0x07, 0x00, 0x01, 0x00 }, 7, 1)]
    [InlineData(new byte[] { 0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x07, 0x01, 0x0C, 0x03, 0x04, 0x00, 0x00 }, 3, 4)]
    public void Sleep_types_are_read_from_the_forms_that_compilers_emit(byte[] definition, byte sleepTypeA, byte sleepTypeB)
    {
        _machine.Replace("DSDT", AcpiMachine.Table("DSDT", 2, [.. "_S5_"u8, .. new byte[70_000], .. definition, 1, 2, 3]));
        PowerInterface power = _machine.Discover(AcpiStatus.Ok).Power;
        Assert.True(power.CanPowerOff);
        Assert.Equal((sleepTypeA, sleepTypeB), (power.SleepTypeA, power.SleepTypeB));
    }

    [Theory]
    [InlineData(new byte[] { 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x06, 0x04, 0x0A, 0x05, 0x0A, 0x05 })]
    [InlineData(new byte[] { 0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x06, 0x04, 0x0A, 0x08, 0x0A, 0x05 })]
    [InlineData(new byte[] { 0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x06, 0x00, 0x0A, 0x05, 0x0A, 0x05 })]
    [InlineData(new byte[] { 0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x03, 0x04, 0x0A, 0x05, 0x0A, 0x05 })]
    [InlineData(new byte[] { 0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12, 0x06, 0x04, 0x70, 0x05, 0x0A, 0x05 })]
    [InlineData(new byte[] { 0x08, 0x5F, 0x53, 0x35, 0x5F, 0x12 })]
    public void What_only_looks_like_sleep_types_is_not_taken(byte[] bytes)
    {
        _machine.Replace("DSDT", AcpiMachine.Table("DSDT", 2, bytes));
        Assert.False(_machine.Discover(AcpiStatus.Ok).Power.CanPowerOff);
    }
}
