using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization;

/// <summary>
/// The nested tables of one machine, four levels: a cache of <see cref="GuestMemory"/> that exits fill, a 2 MiB leaf at a time. AMD APM vol. 2,
/// "Nested Paging": guest accesses are user accesses there.
/// </summary>
public sealed class NestedPageTable
{
    private const ulong TableFlags = (ulong)(PageTableEntry.Present | PageTableEntry.Writable | PageTableEntry.User);
    private const ulong LeafFlags = TableFlags | (ulong)PageTableEntry.PageSize;
    private const int TopLevel = 4, LeafLevel = 2;

    private readonly FrameOwner _owner;

    private NestedPageTable(FrameOwner owner, HostPhysicalAddress root)
    {
        _owner = owner;
        Root = root;
    }

    /// <summary>What N_CR3 holds.</summary>
    public HostPhysicalAddress Root { get; }

    /// <summary>Under the machine's arena.</summary>
    public static bool TryCreate(FrameOwner owner, out NestedPageTable? table)
    {
        bool created = FrameAllocator.TryAllocateZeroed(owner, FrameZone.Any, out HostPhysicalAddress root);
        table = created ? new NestedPageTable(owner, root) : null;
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
                if (Interlocked.CompareExchange(ref entry, next.Value | TableFlags, 0) != 0)
                    FrameAllocator.Free(next, _owner);
            }
            table = PhysicalMemory.Table(new HostPhysicalAddress(Volatile.Read(ref entry) & (ulong)PageTableEntry.AddressMask));
        }
        Volatile.Write(ref table[Index(address, LeafLevel)], block.Value | LeafFlags);
        return true;
    }

    /// <summary>Gives the tables back, not what they map. No vCPU runs any more.</summary>
    public void Destroy() => Free(Root, TopLevel);

    private void Free(HostPhysicalAddress frame, int level)
    {
        if (level > LeafLevel)
        {
            foreach (ulong entry in PhysicalMemory.Table(frame))
            {
                if (entry != 0)
                    Free(new HostPhysicalAddress(entry & (ulong)PageTableEntry.AddressMask), level - 1);
            }
        }
        FrameAllocator.Free(frame, _owner);
    }

    private static int Index(GuestPhysicalAddress address, int level) => (int)(address.Value >> (12 + 9 * (level - 1)) & 511);
}
