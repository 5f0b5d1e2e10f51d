using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization;

/// <summary>What a vendor's nested tables have in their entries beside addresses, which lie in the same bits for all.</summary>
public readonly struct NestedPageFormat
{
    /// <summary>Flags of an entry that names a table.</summary>
    public readonly ulong Table;

    /// <summary>Flags of a 2 MiB leaf of RAM.</summary>
    public readonly ulong Block;

    public NestedPageFormat(ulong table, ulong block)
    {
        Table = table;
        Block = block;
    }
}

/// <summary>
/// The nested tables of one machine, four levels: a cache of <see cref="GuestMemory"/> that exits fill, a 2 MiB leaf at a time. AMD APM vol. 2,
/// "Nested Paging"; Intel SDM vol. 3, "The Extended Page Table Mechanism (EPT)".
/// </summary>
public sealed class NestedPageTable
{
    private const int TopLevel = 4, LeafLevel = 2;

    private readonly FrameOwner _owner;
    private readonly NestedPageFormat _format;

    private NestedPageTable(FrameOwner owner, HostPhysicalAddress root, NestedPageFormat format)
    {
        _owner = owner;
        _format = format;
        Root = root;
    }

    /// <summary>Where the table of the top level is.</summary>
    public HostPhysicalAddress Root { get; }

    /// <summary>Tables are the owner's until <see cref="FrameAllocator.FreeAll"/>. Under the machine's arena.</summary>
    public static bool TryCreate(FrameOwner owner, NestedPageFormat format, out NestedPageTable? table)
    {
        bool created = FrameAllocator.TryAllocateZeroed(owner, FrameZone.Any, out HostPhysicalAddress root);
        table = created ? new NestedPageTable(owner, root, format) : null;
        return created;
    }

    /// <summary>Maps the block around an address. Several vCPUs may do so at once.</summary>
    /// <returns>False when there is no frame for a table.</returns>
    public bool TryMap(GuestPhysicalAddress address, HostPhysicalAddress block)
    {
        Span<ulong> table = PhysicalMemory.Table(Root);
        for (int level = TopLevel; level > LeafLevel; level--)
        {
            ref ulong entry = ref table[Index(address, level)];
            if (Volatile.Read(ref entry) == 0)
            {
                if (!FrameAllocator.TryAllocateZeroed(_owner, FrameZone.Any, out HostPhysicalAddress next))
                    return false;
                if (Interlocked.CompareExchange(ref entry, next.Value | _format.Table, 0) != 0)
                    FrameAllocator.Free(next, _owner);
            }
            table = PhysicalMemory.Table(new HostPhysicalAddress(Volatile.Read(ref entry) & (ulong)PageTableEntry.AddressMask));
        }
        Volatile.Write(ref table[Index(address, LeafLevel)], block.Value | _format.Block);
        return true;
    }

    private static int Index(GuestPhysicalAddress address, int level) => (int)(address.Value >> (12 + 9 * (level - 1)) & 511);
}
