using System;
using HyperOS.Core;
using HyperOS.Specs.Acpi;

namespace HyperOS.Firmware;

/// <summary>A processor and its NUMA node.</summary>
public readonly struct NumaProcessor
{
    /// <summary>The local APIC or x2APIC ID.</summary>
    public readonly uint ApicId;

    /// <summary>The node, counted from 0.</summary>
    public readonly byte Node;

    /// <summary>A processor in its node.</summary>
    public NumaProcessor(uint apicId, byte node)
    {
        ApicId = apicId;
        Node = node;
    }
}

/// <summary>A range of memory and its NUMA node.</summary>
public readonly struct NumaMemory
{
    /// <summary>The first byte.</summary>
    public readonly HostPhysicalAddress Start;

    /// <summary>In bytes.</summary>
    public readonly ulong Length;

    /// <summary>The node, counted from 0.</summary>
    public readonly byte Node;

    /// <summary>Memory may be added here or taken away at run time.</summary>
    public readonly bool IsHotPluggable;

    /// <summary>A range of <paramref name="length"/> bytes in its node.</summary>
    public NumaMemory(HostPhysicalAddress start, ulong length, byte node, bool isHotPluggable)
    {
        Start = start;
        Length = length;
        Node = node;
        IsHotPluggable = isHotPluggable;
    }
}

/// <summary>NUMA nodes, from the SRAT. Proximity domains are numbered through as nodes from 0 in the order in which the table names them.</summary>
public sealed class NumaTopology
{
    /// <summary>Most nodes.</summary>
    public const int NodeCapacity = 64;

    /// <summary>Most ranges of memory.</summary>
    public const int MemoryCapacity = 128;

    private readonly FixedList<uint> _proximityDomains = new(NodeCapacity);

    /// <summary>Processors that the table names.</summary>
    public FixedList<NumaProcessor> Processors { get; } = new(InterruptTopology.ProcessorCapacity);

    /// <summary>Memory that the table names; it need not be in the memory map.</summary>
    public FixedList<NumaMemory> Memory { get; } = new(MemoryCapacity);

    /// <summary>How many nodes there are; 1 when the machine has no SRAT.</summary>
    public int NodeCount => Math.Max(1, _proximityDomains.Count);

    /// <summary>How many nodes did not fit; their processors and memory count as node 0.</summary>
    public int RefusedNodes => _proximityDomains.Refused;

    /// <summary>The node of a processor; 0 when the table does not name it.</summary>
    public byte NodeOfProcessor(uint apicId)
    {
        foreach (ref readonly NumaProcessor processor in Processors.AsSpan())
        {
            if (processor.ApicId == apicId)
                return processor.Node;
        }
        return 0;
    }

    /// <summary>The node of the memory at an address; 0 when the table does not name it.</summary>
    public byte NodeOfMemory(HostPhysicalAddress address)
    {
        foreach (ref readonly NumaMemory range in Memory.AsSpan())
        {
            if (address.Value >= range.Start.Value && address.Value - range.Start.Value < range.Length)
                return range.Node;
        }
        return 0;
    }

    internal void Clear()
    {
        _proximityDomains.Clear();
        Processors.Clear();
        Memory.Clear();
    }

    /// <returns>False when the table is malformed; what came before is kept.</returns>
    internal bool Parse(ReadOnlySpan<byte> table)
    {
        LittleEndianReader reader = new(table);
        SRAT srat = SRAT.Read(ref reader);
        if (reader.Overrun)
            return false;
        // Proximity domains of revision 1 have 8 bits; the bytes above are reserved.
        uint domainMask = srat.Header.Revision < 2 ? 0xFF : uint.MaxValue;
        StructureWalker walker = new(reader);
        while (walker.MoveNext())
        {
            if (!ParseStructure((SratStructureType)walker.Type, new LittleEndianReader(walker.Structure), domainMask))
                return false;
        }
        return !walker.IsMalformed;
    }

    private bool ParseStructure(SratStructureType type, LittleEndianReader reader, uint domainMask)
    {
        switch (type)
        {
            case SratStructureType.ProcessorLocalApicAffinity:
                ProcessorLocalApicAffinity apic = ProcessorLocalApicAffinity.Read(ref reader);
                uint domain = apic.ProximityDomain_7_0 | (uint)apic.ProximityDomain_15_8 << 8 | (uint)apic.ProximityDomain_31_16 << 16;
                if (!reader.Overrun && IsEnabled(apic.Flags))
                    Processors.TryAdd(new NumaProcessor(apic.APICID, NodeOf(domain & domainMask)));
                break;
            case SratStructureType.ProcessorLocalX2ApicAffinity:
                ProcessorLocalX2ApicAffinity x2Apic = ProcessorLocalX2ApicAffinity.Read(ref reader);
                if (!reader.Overrun && IsEnabled(x2Apic.Flags))
                    Processors.TryAdd(new NumaProcessor(x2Apic.X2APICID, NodeOf(x2Apic.ProximityDomain & domainMask)));
                break;
            case SratStructureType.MemoryAffinity:
                MemoryAffinity memory = MemoryAffinity.Read(ref reader);
                if (!reader.Overrun && IsEnabled(memory.Flags) && memory.RangeLength != 0)
                    AddMemory(in memory, NodeOf(memory.ProximityDomain & domainMask));
                break;
        }
        return !reader.Overrun;
    }

    private void AddMemory(in MemoryAffinity memory, byte node)
    {
        ulong length = Math.Min(memory.RangeLength, ulong.MaxValue - memory.BaseAddress);
        bool isHotPluggable = ((SratFlags)memory.Flags & SratFlags.HotPluggable) != 0;
        Memory.TryAdd(new NumaMemory(new HostPhysicalAddress(memory.BaseAddress), length, node, isHotPluggable));
    }

    private static bool IsEnabled(uint flags) => ((SratFlags)flags & SratFlags.Enabled) != 0;

    private byte NodeOf(uint proximityDomain)
    {
        for (int node = 0; node < _proximityDomains.Count; node++)
        {
            if (_proximityDomains[node] == proximityDomain)
                return (byte)node;
        }
        return _proximityDomains.TryAdd(in proximityDomain) ? (byte)(_proximityDomains.Count - 1) : (byte)0;
    }
}
