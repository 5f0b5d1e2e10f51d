using System.Runtime.CompilerServices;
using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization;

/// <summary>
/// Where a vCPU's code lies: the pages that instructions were last fetched from, each with the entries of the guest's tables that led there.
/// As long as these stand as they stood, a walk would end where it ended, so a few comparisons take its place, whatever the guest does to its
/// tables. Four-level long mode only; elsewhere, code is found by a walk each time. AMD APM vol. 2, "Long-Mode Page Translation".
/// </summary>
internal sealed class CodePages
{
    private const int Count = 4;
    private const int TopLevel = 4, LargestLeaf = 3;
    private const ulong PageMask = Size.Page - 1;

    private struct Entry
    {
        public PhysicalWord Place;
        public ulong Content;

        public readonly bool Stands
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => Place.Value == Content;
        }
    }

    // Where a large page ends the walk early, its entry stands for those below.
    private struct Page
    {
        public ulong Linear, CR3;
        public Cr4 CR4;
        public Entry Level4, Level3, Level2, Level1;
        public PhysicalPage Code;
    }

    [InlineArray(Count)]
    private struct Pages
    {
        private Page _first;
    }

    private readonly GuestMemory _memory;
    private Pages _pages;

    public CodePages(GuestMemory memory)
    {
        _memory = memory;
        Forget();
    }

    /// <summary>Frames that were found may go.</summary>
    public void Forget()
    {
        for (int i = 0; i < Count; i++)
            _pages[i].Linear = ulong.MaxValue;
    }

    /// <summary>Finds the page around a linear address, in long mode.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryFind(ulong linear, ulong cr3, Cr4 cr4, out PhysicalPage code)
    {
        ref Page page = ref _pages[Slot(linear)];
        code = page.Code;
        return page.Linear == (linear & ~PageMask) && page.CR3 == cr3 && page.CR4 == cr4
            && page.Level4.Stands && page.Level3.Stands && page.Level2.Stands && page.Level1.Stands;
    }

    /// <summary>A walk in long mode has just translated a fetch, and marked the entries on its way as accessed.</summary>
    public void Remember(ulong linear, ulong cr3, Cr4 cr4, GuestPhysicalAddress address)
    {
        if ((cr4 & Cr4.LA57) != 0 || !_memory.TryTranslate(address, out HostPhysicalAddress code))
            return;
        ref Page page = ref _pages[Slot(linear)];
        page.Linear = ulong.MaxValue;
        Entry entry = default;
        ulong table = cr3;
        int leaf = 0;
        for (int level = TopLevel; level > 0; level--)
        {
            if (leaf == 0)
            {
                ulong place = (table & (ulong)PageTableEntry.AddressMask) + (linear >> Shift(level) & 0x1FF) * sizeof(ulong);
                if (!_memory.TryTranslate(new GuestPhysicalAddress(place), out HostPhysicalAddress host))
                    return;
                entry.Place = PhysicalMemory.Word(host);
                entry.Content = entry.Place.Value;
                table = entry.Content;
                if (level == 1 || level <= LargestLeaf && (table & (ulong)PageTableEntry.PageSize) != 0)
                    leaf = level;
            }
            switch (level)
            {
                case 4: page.Level4 = entry; break;
                case 3: page.Level3 = entry; break;
                case 2: page.Level2 = entry; break;
                default: page.Level1 = entry; break;
            }
        }
        // Another processor may have changed the tables since the walk.
        ulong offset = (1ul << Shift(leaf)) - 1;
        if ((table & (ulong)PageTableEntry.Present) == 0 || (table & (ulong)PageTableEntry.AddressMask & ~offset | linear & offset) != address.Value)
            return;
        page.Code = PhysicalMemory.Page(code);
        page.CR3 = cr3;
        page.CR4 = cr4;
        page.Linear = linear & ~PageMask;
    }

    private static int Slot(ulong linear) => unchecked((int)(linear / Size.Page % Count));

    // Of the linear address, where a level's index begins.
    private static int Shift(int level) => 3 + 9 * level;
}
