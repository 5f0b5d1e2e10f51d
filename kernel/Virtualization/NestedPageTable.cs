using System;
using System.Runtime.CompilerServices;
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

    /// <summary>Flags of a 1 GiB leaf of RAM; 0 where the processor has none.</summary>
    public readonly ulong Huge;

    /// <summary>Flags of the 4 KiB leaves that a block with code must be split into; 0 where it need not be.</summary>
    public readonly ulong CodePage;

    public NestedPageFormat(ulong table, ulong block, ulong huge, ulong codePage)
    {
        Table = table;
        Block = block;
        Huge = huge;
        CodePage = codePage;
    }
}

/// <summary>
/// The nested tables of one machine, four levels: a cache of <see cref="GuestMemory"/> that exits fill, a leaf of 2 MiB or 1 GiB at a time. AMD APM vol. 2,
/// "Nested Paging"; Intel SDM vol. 3, "The Extended Page Table Mechanism (EPT)".
/// </summary>
public sealed class NestedPageTable
{
    private const int TopLevel = 4, HugeLevel = 3, BlockLevel = 2, PageLevel = 1;
    private const ulong Leaf = (ulong)PageTableEntry.PageSize; // of 2 MiB or 1 GiB; the bit is the same for all formats

    private readonly FrameOwner _owner;
    private readonly NestedPageFormat _format;
    private int _generation;

    private NestedPageTable(FrameOwner owner, HostPhysicalAddress root, NestedPageFormat format)
    {
        _owner = owner;
        _format = format;
        Root = root;
    }

    /// <summary>Another whenever entries were taken out: a vCPU that has not seen it must drop its translations before it enters the guest.</summary>
    internal int Generation => Volatile.Read(ref _generation);

    /// <summary>Entries were taken out.</summary>
    internal void RaiseGeneration() => Interlocked.Increment(ref _generation);

    /// <summary>Where the table of the top level is.</summary>
    public HostPhysicalAddress Root { get; }

    /// <summary>Tables are the owner's until <see cref="FrameAllocator.FreeAll"/>. Under the machine's arena.</summary>
    public static bool TryCreate(FrameOwner owner, NestedPageFormat format, out NestedPageTable? table)
    {
        bool created = FrameAllocator.TryAllocateZeroed(owner, FrameZone.Any, out HostPhysicalAddress root);
        table = created ? new NestedPageTable(owner, root, format) : null;
        return created;
    }

    /// <summary>Whether there are leaves of 1 GiB.</summary>
    internal bool HasHuge => _format.Huge != 0;

    /// <summary>Maps the block around an address, or the GiB. Several vCPUs may do so at once.</summary>
    /// <param name="isHuge">The block is part of a frame of 1 GiB, which lies in the guest's memory as it does in the host's.</param>
    /// <param name="execute">Code is to be fetched from it.</param>
    /// <returns>False when there is no frame for a table.</returns>
    public bool TryMap(GuestPhysicalAddress address, HostPhysicalAddress block, bool isHuge, bool execute)
    {
        FaultPoint.Hit(FaultPlace.NestedFault);
        bool needsPages = execute && _format.CodePage != 0;
        Span<ulong> table;
        if (isHuge && HasHuge)
        {
            if (!TryFindTable(address, HugeLevel, out table))
                return false;
            ulong before = Interlocked.CompareExchange(ref table[Index(address, HugeLevel)], Alignment.Down(block.Value, Size.HugePage) | _format.Huge, 0);
            if (!needsPages && (before == 0 || (before & Leaf) != 0))
                return true;
        }
        if (!TryFindTable(address, BlockLevel, out table)) // which splits the GiB
            return false;
        ref ulong leaf = ref table[Index(address, BlockLevel)];
        if (needsPages)
            return TrySplit(ref leaf, block);
        Interlocked.CompareExchange(ref leaf, block.Value | _format.Block, 0);
        return true;
    }

    /// <summary>Puts in a leaf of 4 KiB, outside of RAM, or takes it out; the vCPUs that may use a translation through the last one flush theirs.</summary>
    /// <param name="leaf">The entry; 0 takes it out.</param>
    /// <returns>False when there is no frame for a table: never where a leaf has been before.</returns>
    public bool TryPut(GuestPhysicalAddress address, ulong leaf)
    {
        if (!TryFindTable(address, PageLevel, out Span<ulong> table))
            return false;
        Volatile.Write(ref table[Index(address, PageLevel)], leaf);
        return true;
    }

    /// <summary>Takes out what maps a block, if anything does; it can be mapped anew. Processors may use it until they have flushed.</summary>
    /// <returns>The table of 4 KiB leaves that it had, to be freed after that; null where it had none.</returns>
    internal HostPhysicalAddress Remove(GuestPhysicalAddress address)
    {
        Span<ulong> table = PhysicalMemory.Table(Root);
        for (int level = TopLevel; level > BlockLevel; level--)
        {
            ulong entry = Volatile.Read(ref table[Index(address, level)]);
            if (entry == 0 || (entry & Leaf) != 0)
                return default;
            table = PhysicalMemory.Table(new HostPhysicalAddress(entry & (ulong)PageTableEntry.AddressMask));
        }
        ulong before = Interlocked.Exchange(ref table[Index(address, BlockLevel)], 0);
        return new HostPhysicalAddress(before == 0 || (before & Leaf) != 0 ? 0 : before & (ulong)PageTableEntry.AddressMask);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryFindTable(GuestPhysicalAddress address, int downTo, out Span<ulong> table)
    {
        table = PhysicalMemory.Table(Root);
        for (int level = TopLevel; level > downTo; level--)
        {
            ref ulong entry = ref table[Index(address, level)];
            if (Volatile.Read(ref entry) == 0)
            {
                if (!FrameAllocator.TryAllocateZeroed(_owner, FrameZone.Any, out HostPhysicalAddress next))
                    return false;
                if (Interlocked.CompareExchange(ref entry, next.Value | _format.Table, 0) != 0)
                    FrameAllocator.Free(next, _owner);
            }
            while ((Volatile.Read(ref entry) & Leaf) != 0) // the processor may set its flags meanwhile
            {
                if (!TrySplitHuge(ref entry))
                    return false;
            }
            table = PhysicalMemory.Table(new HostPhysicalAddress(Volatile.Read(ref entry) & (ulong)PageTableEntry.AddressMask));
        }
        return true;
    }

    // What translations there are of the GiB stay right: its blocks allow the same.
    private bool TrySplitHuge(ref ulong leaf)
    {
        ulong before = Volatile.Read(ref leaf);
        if ((before & Leaf) == 0)
            return true;
        if (!FrameAllocator.TryAllocate(_owner, FrameZone.Any, out HostPhysicalAddress blocks))
            return false;
        ulong frame = Alignment.Down(before & (ulong)PageTableEntry.AddressMask, Size.HugePage);
        Span<ulong> table = PhysicalMemory.Table(blocks);
        for (int i = 0; i < table.Length; i++)
            table[i] = frame + (ulong)i * Size.LargePage | _format.Block;
        if (Interlocked.CompareExchange(ref leaf, blocks.Value | _format.Table, before) != before)
            FrameAllocator.Free(blocks, _owner);
        return true;
    }

    // What translations there are of the block stay right: the pages allow more.
    private bool TrySplit(ref ulong leaf, HostPhysicalAddress block)
    {
        ulong before = Volatile.Read(ref leaf);
        if (before != 0 && (before & Leaf) == 0)
            return true;
        if (!FrameAllocator.TryAllocate(_owner, FrameZone.Any, out HostPhysicalAddress pages))
            return false;
        Span<ulong> table = PhysicalMemory.Table(pages);
        for (int i = 0; i < table.Length; i++)
            table[i] = block.Value + (ulong)i * Size.Page | _format.CodePage;
        if (Interlocked.CompareExchange(ref leaf, pages.Value | _format.Table, before) != before)
            FrameAllocator.Free(pages, _owner);
        return true;
    }

    private static int Index(GuestPhysicalAddress address, int level) => (int)(address.Value >> (12 + 9 * (level - 1)) & 511);
}
