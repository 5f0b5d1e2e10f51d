using System;
using HyperOS.Core;
using HyperOS.Specs.Acpi;

namespace HyperOS.Firmware;

/// <summary>A processor that the MADT lists as enabled or as one that may be brought online.</summary>
public readonly struct AcpiProcessor
{
    /// <summary>The local APIC or x2APIC ID.</summary>
    public readonly uint ApicId;

    /// <summary>The name of the processor in the ACPI namespace.</summary>
    public readonly uint Uid;

    /// <summary>False for a processor that is not there yet and can be hot-added.</summary>
    public readonly bool IsEnabled;

    /// <summary>A processor as the table lists it.</summary>
    public AcpiProcessor(uint apicId, uint uid, bool isEnabled)
    {
        ApicId = apicId;
        Uid = uid;
        IsEnabled = isEnabled;
    }
}

/// <summary>A non-maskable interrupt wired to a LINT pin of local APICs.</summary>
public readonly struct LocalNmi
{
    /// <summary>Stands for every processor.</summary>
    public const uint AllProcessors = uint.MaxValue;

    /// <summary>As in <see cref="AcpiProcessor.Uid"/>, or <see cref="AllProcessors"/>.</summary>
    public readonly uint Uid;

    /// <summary>0 or 1.</summary>
    public readonly byte Lint;

    /// <summary>MPS INTI flags: polarity in bits 1:0, trigger mode in bits 3:2.</summary>
    public readonly ushort Flags;

    /// <summary>An interrupt as the table lists it.</summary>
    public LocalNmi(uint uid, byte lint, ushort flags)
    {
        Uid = uid;
        Lint = lint;
        Flags = flags;
    }
}

/// <summary>Processors and interrupt controllers, from the MADT.</summary>
public sealed class InterruptTopology
{
    /// <summary>Most processors.</summary>
    public const int ProcessorCapacity = 256;

    /// <summary>Most I/O APICs.</summary>
    public const int IoApicCapacity = 32;

    /// <summary>Most interrupt source overrides.</summary>
    public const int SourceOverrideCapacity = 32;

    /// <summary>Most NMI sources.</summary>
    public const int NmiSourceCapacity = 16;

    /// <summary>The processor UID that stands for all processors in structures of local APICs.</summary>
    private const byte AllLocalApics = 0xFF;

    /// <summary>Processors in the order of the table, in which the boot processor should be the first.</summary>
    public FixedList<AcpiProcessor> Processors { get; } = new(ProcessorCapacity);

    /// <summary>I/O APICs.</summary>
    public FixedList<IoApic> IoApics { get; } = new(IoApicCapacity);

    /// <summary>Legacy interrupts that arrive elsewhere, or otherwise triggered, than on the global system interrupt of the same number.</summary>
    public FixedList<InterruptSourceOverride> SourceOverrides { get; } = new(SourceOverrideCapacity);

    /// <summary>Global system interrupts that are non-maskable.</summary>
    public FixedList<NmiSource> NmiSources { get; } = new(NmiSourceCapacity);

    /// <summary>Non-maskable interrupts on LINT pins.</summary>
    public FixedList<LocalNmi> LocalNmis { get; } = new(ProcessorCapacity);

    /// <summary>False until a MADT has been read.</summary>
    public bool IsPresent { get; private set; }

    /// <summary>Where the processors see their local APICs.</summary>
    public HostPhysicalAddress LocalApicAddress { get; private set; }

    /// <summary>The machine has the two 8259 as well, which must be masked.</summary>
    public bool HasLegacyPics { get; private set; }

    /// <summary>The global system interrupt that a legacy ISA interrupt arrives on, with its MPS INTI flags.</summary>
    public uint GlobalSystemInterruptOf(byte isaInterrupt, out ushort flags)
    {
        foreach (ref readonly InterruptSourceOverride entry in SourceOverrides.AsSpan())
        {
            if (entry.Bus == 0 && entry.Source == isaInterrupt)
            {
                flags = entry.Flags;
                return entry.GlobalSystemInterrupt;
            }
        }
        flags = 0;
        return isaInterrupt;
    }

    internal void Clear()
    {
        Processors.Clear();
        IoApics.Clear();
        SourceOverrides.Clear();
        NmiSources.Clear();
        LocalNmis.Clear();
        IsPresent = false;
        LocalApicAddress = default;
        HasLegacyPics = false;
    }

    /// <returns>False when the table is malformed; what came before is kept.</returns>
    internal bool Parse(ReadOnlySpan<byte> table)
    {
        LittleEndianReader reader = new(table);
        MADT madt = MADT.Read(ref reader);
        if (reader.Overrun)
            return false;
        IsPresent = true;
        LocalApicAddress = new HostPhysicalAddress(madt.LocalInterruptControllerAddress);
        HasLegacyPics = (madt.Flags & 1) != 0;

        StructureWalker walker = new(reader);
        while (walker.MoveNext())
        {
            if (!ParseStructure((MadtStructureType)walker.Type, new LittleEndianReader(walker.Structure)))
                return false;
        }
        return !walker.IsMalformed;
    }

    private bool ParseStructure(MadtStructureType type, LittleEndianReader reader)
    {
        switch (type)
        {
            case MadtStructureType.ProcessorLocalApic:
                ProcessorLocalApic apic = ProcessorLocalApic.Read(ref reader);
                if (!reader.Overrun)
                    AddProcessor(apic.APICID, apic.ACPIProcessorUID, (LocalApicFlags)apic.Flags);
                break;
            case MadtStructureType.ProcessorLocalX2Apic:
                ProcessorLocalX2Apic x2Apic = ProcessorLocalX2Apic.Read(ref reader);
                if (!reader.Overrun)
                    AddProcessor(x2Apic.X2APICID, x2Apic.ACPIProcessorUID, (LocalApicFlags)x2Apic.Flags);
                break;
            case MadtStructureType.IoApic:
                IoApic ioApic = IoApic.Read(ref reader);
                if (!reader.Overrun)
                    IoApics.TryAdd(in ioApic);
                break;
            case MadtStructureType.InterruptSourceOverride:
                InterruptSourceOverride sourceOverride = InterruptSourceOverride.Read(ref reader);
                if (!reader.Overrun)
                    SourceOverrides.TryAdd(in sourceOverride);
                break;
            case MadtStructureType.NmiSource:
                NmiSource nmiSource = NmiSource.Read(ref reader);
                if (!reader.Overrun)
                    NmiSources.TryAdd(in nmiSource);
                break;
            case MadtStructureType.LocalApicNmi:
                LocalApicNmi nmi = LocalApicNmi.Read(ref reader);
                if (!reader.Overrun)
                {
                    uint uid = nmi.ACPIProcessorUID == AllLocalApics ? LocalNmi.AllProcessors : nmi.ACPIProcessorUID;
                    LocalNmis.TryAdd(new LocalNmi(uid, nmi.LocalAPICLINT, nmi.Flags));
                }
                break;
            case MadtStructureType.LocalX2ApicNmi:
                LocalX2ApicNmi x2Nmi = LocalX2ApicNmi.Read(ref reader);
                if (!reader.Overrun)
                    LocalNmis.TryAdd(new LocalNmi(x2Nmi.ACPIProcessorUID, x2Nmi.LocalX2APICLINT, x2Nmi.Flags));
                break;
            case MadtStructureType.LocalApicAddressOverride:
                LocalApicAddressOverride address = LocalApicAddressOverride.Read(ref reader);
                if (!reader.Overrun)
                    LocalApicAddress = new HostPhysicalAddress(address.LocalAPICAddress);
                break;
        }
        return !reader.Overrun;
    }

    /// <summary>Placeholders are left out, and so is a processor that is listed as local APIC and as x2APIC for the second time.</summary>
    private void AddProcessor(uint apicId, uint uid, LocalApicFlags flags)
    {
        if ((flags & (LocalApicFlags.Enabled | LocalApicFlags.OnlineCapable)) == 0)
            return;
        foreach (ref readonly AcpiProcessor processor in Processors.AsSpan())
        {
            if (processor.ApicId == apicId)
                return;
        }
        Processors.TryAdd(new AcpiProcessor(apicId, uid, (flags & LocalApicFlags.Enabled) != 0));
    }
}
