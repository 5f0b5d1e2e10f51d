using System;
using HyperOS.Core;
using HyperOS.Specs.Acpi;

namespace HyperOS.Firmware;

/// <summary>Outcome of the search for ACPI tables.</summary>
public enum AcpiStatus : byte
{
    /// <summary>The tables were walked; the counters tell what was left out.</summary>
    Ok,

    /// <summary>No RSDP with good checksums was found.</summary>
    NoRsdp,

    /// <summary>Neither an XSDT nor an RSDT with a good checksum can be read.</summary>
    NoRootTable,
}

/// <summary>
/// The facts that the kernel takes from the ACPI tables. A table whose checksum is wrong is skipped and counted, one that is malformed is
/// used as far as it makes sense and counted; what is missing stays in its cleared state.
/// </summary>
public sealed class AcpiTables
{
    /// <summary>
    /// Tables that are kept while they are parsed may be this long; the DSDT and SSDTs, which are only scanned, have no limit but
    /// <see cref="LongestScan"/>.
    /// </summary>
    private const int TableCapacity = 64 * (int)Size.KiB;
    private const int RootTableCapacity = 8 * (int)Size.KiB;
    private const uint LongestScan = 16 * (uint)Size.MiB;

    private readonly PhysicalMemoryReader _memory;
    private readonly RsdpLocator _rsdpLocator;
    private readonly byte[] _header = new byte[DescriptionHeader.SizeInBytes];
    private readonly byte[] _rootTable = new byte[RootTableCapacity];
    private readonly byte[] _table = new byte[TableCapacity];

    /// <summary>Tables are read through <paramref name="memory"/>.</summary>
    public AcpiTables(PhysicalMemoryReader memory)
    {
        _memory = memory;
        _rsdpLocator = new RsdpLocator(memory);
    }

    /// <summary>Processors and interrupt controllers (MADT).</summary>
    public InterruptTopology Interrupts { get; } = new();

    /// <summary>Power management, reset and power-off (FADT, DSDT).</summary>
    public PowerInterface Power { get; } = new();

    /// <summary>Where PCI configuration space is mapped (MCFG).</summary>
    public FixedList<McfgAllocation> PciSegments { get; } = new(16);

    /// <summary>High precision event timers (HPET).</summary>
    public FixedList<HPET> Hpets { get; } = new(8);

    /// <summary>NUMA nodes (SRAT).</summary>
    public NumaTopology Numa { get; } = new();

    /// <summary>Tables skipped because their bytes do not sum to zero.</summary>
    public int BadChecksums { get; private set; }

    /// <summary>Tables skipped because they cannot be read, or because their length makes no sense.</summary>
    public int UnreadableTables { get; private set; }

    /// <summary>Tables of which only a part made sense.</summary>
    public int MalformedTables { get; private set; }

    /// <summary>Structures left out because there are more than the lists hold.</summary>
    public int RefusedEntries =>
        Interrupts.Processors.Refused + Interrupts.IoApics.Refused + Interrupts.SourceOverrides.Refused + Interrupts.NmiSources.Refused
        + Interrupts.LocalNmis.Refused + PciSegments.Refused + Hpets.Refused + Numa.Processors.Refused + Numa.Memory.Refused + Numa.RefusedNodes;

    /// <summary>Finds the tables and reads all that is known here. May be called again.</summary>
    public AcpiStatus Discover(BootInfo bootInfo)
    {
        Clear();
        if (!_rsdpLocator.TryFind(bootInfo, out RSDP rsdp))
            return AcpiStatus.NoRsdp;
        if (TryReadTable(new HostPhysicalAddress(rsdp.XsdtAddress), DescriptionHeader.XSDT, _rootTable, out ReadOnlySpan<byte> root))
            Walk(root, sizeof(ulong));
        else if (TryReadTable(new HostPhysicalAddress(rsdp.RsdtAddress), DescriptionHeader.RSDT, _rootTable, out root))
            Walk(root, sizeof(uint));
        else
            return AcpiStatus.NoRootTable;
        return AcpiStatus.Ok;
    }

    private void Clear()
    {
        Interrupts.Clear();
        Power.Clear();
        PciSegments.Clear();
        Hpets.Clear();
        Numa.Clear();
        BadChecksums = 0;
        UnreadableTables = 0;
        MalformedTables = 0;
    }

    private void Walk(ReadOnlySpan<byte> root, int addressSize)
    {
        LittleEndianReader reader = new(root.Slice(DescriptionHeader.SizeInBytes));
        while (reader.Remaining >= addressSize)
        {
            ulong address = addressSize == sizeof(ulong) ? reader.ReadUInt64() : reader.ReadUInt32();
            if (address != 0)
                Visit(new HostPhysicalAddress(address));
        }
    }

    private void Visit(HostPhysicalAddress address)
    {
        if (!TryReadHeader(address, out DescriptionHeader header))
        {
            UnreadableTables++;
            return;
        }
        switch (header.Signature)
        {
            case MADT.TableSignature or FADT.TableSignature or MCFG.TableSignature or HPET.TableSignature or SRAT.TableSignature:
                if (TryReadTable(address, header.Signature, _table, out ReadOnlySpan<byte> table) && !Parse(header.Signature, table))
                    MalformedTables++;
                // The FADT alone names the DSDT.
                if (header.Signature == FADT.TableSignature && Power.IsPresent)
                    ScanForSleepTypes(Power.Dsdt, DescriptionHeader.DSDT);
                break;
            case DescriptionHeader.SSDT:
                ScanForSleepTypes(address, DescriptionHeader.SSDT);
                break;
        }
    }

    private bool Parse(uint signature, ReadOnlySpan<byte> table) => signature switch
    {
        MADT.TableSignature => Interrupts.Parse(table),
        FADT.TableSignature => Power.Parse(table),
        MCFG.TableSignature => ParseMcfg(table),
        HPET.TableSignature => ParseHpet(table),
        _ => Numa.Parse(table),
    };

    private bool ParseMcfg(ReadOnlySpan<byte> table)
    {
        LittleEndianReader reader = new(table);
        MCFG.Read(ref reader);
        bool isWellFormed = !reader.Overrun;
        while (reader.Remaining >= McfgAllocation.SizeInBytes)
        {
            McfgAllocation allocation = McfgAllocation.Read(ref reader);
            if (allocation.BaseAddress != 0 && allocation.StartBusNumber <= allocation.EndBusNumber)
                PciSegments.TryAdd(in allocation);
            else
                isWellFormed = false;
        }
        return isWellFormed;
    }

    private bool ParseHpet(ReadOnlySpan<byte> table)
    {
        LittleEndianReader reader = new(table);
        HPET hpet = HPET.Read(ref reader);
        if (reader.Overrun || hpet.BASE_ADDRESS.AddressSpaceID != AcpiAddressSpace.SystemMemory || hpet.BASE_ADDRESS.Address == 0)
            return false;
        Hpets.TryAdd(in hpet);
        return true;
    }

    private bool TryReadHeader(HostPhysicalAddress address, out DescriptionHeader header)
    {
        bool isRead = _memory.TryRead(address, _header);
        LittleEndianReader reader = new(isRead ? _header : default);
        header = DescriptionHeader.Read(ref reader);
        return isRead && header.Length >= DescriptionHeader.SizeInBytes;
    }

    /// <summary>Copies a table and checks the copy.</summary>
    private bool TryReadTable(HostPhysicalAddress address, uint signature, byte[] buffer, out ReadOnlySpan<byte> table)
    {
        table = default;
        if (address.IsNull)
            return false;
        if (!TryReadHeader(address, out DescriptionHeader header) || header.Signature != signature || header.Length > (uint)buffer.Length
            || !_memory.TryRead(address, new Span<byte>(buffer, 0, (int)header.Length)))
        {
            UnreadableTables++;
            return false;
        }
        table = new ReadOnlySpan<byte>(buffer, 0, (int)header.Length);
        if (ByteSpans.Sum(table) == 0)
            return true;
        BadChecksums++;
        return false;
    }

    /// <summary>Sums and scans an AML table piece by piece. Pieces overlap by one definition's length, so that none is cut in two.</summary>
    private void ScanForSleepTypes(HostPhysicalAddress address, uint signature)
    {
        if (Power.CanPowerOff || address.IsNull)
            return;
        if (!TryReadHeader(address, out DescriptionHeader header) || header.Signature != signature || header.Length > LongestScan)
        {
            UnreadableTables++;
            return;
        }
        const int Step = TableCapacity - SleepStateScanner.LongestDefinition;
        int tableLength = (int)header.Length;
        byte sum = 0, sleepTypeA = 0, sleepTypeB = 0;
        bool isFound = false;
        for (int offset = 0; offset < tableLength; offset += Step)
        {
            Span<byte> piece = new(_table, 0, Math.Min(TableCapacity, tableLength - offset));
            if (!address.TryAdd((uint)offset, out HostPhysicalAddress at) || !_memory.TryRead(at, piece))
            {
                UnreadableTables++;
                return;
            }
            int step = Math.Min(Step, piece.Length);
            sum = unchecked((byte)(sum + ByteSpans.Sum(piece.Slice(0, step))));
            for (int i = offset == 0 ? DescriptionHeader.SizeInBytes : 0; i < step && !isFound; i++)
                isFound = SleepStateScanner.TryReadDefinition(piece.Slice(i), out sleepTypeA, out sleepTypeB);
        }
        if (sum != 0)
            BadChecksums++;
        else if (isFound)
            Power.SetSleepTypes(sleepTypeA, sleepTypeB);
    }
}
