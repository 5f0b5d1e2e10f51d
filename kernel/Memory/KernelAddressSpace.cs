using System;
using HyperOS.Core;
using HyperOS.Firmware;
using HyperOS.Platform;
using HyperOS.Specs.X86;

namespace HyperOS.Memory;

/// <summary>What a mapping may be used for. There is no writable and executable one.</summary>
public enum Protection
{
    ReadOnly,
    ReadWrite,
    Execute,

    /// <summary>Device registers: read and write, uncached.</summary>
    Device,

    /// <summary>A framebuffer: read and write, uncached, writes gathered; <see cref="Platform.Processor.PageAttributeTable"/>.</summary>
    WriteCombining,
}

/// <summary>Takes stale translations out of every processor's TLB. Interrupts has the one implementation; before it, only this processor runs.</summary>
public abstract class TlbShootdown
{
    /// <summary>Returns when no processor can use a translation of the range any more.</summary>
    public abstract void Invalidate(HostVirtualAddress start, ulong pages);
}

/// <summary>
/// The kernel's one address space, the upper half; docs/memory-map.md draws it. Nothing is mapped below, so page 0 faults, but where a
/// process runs: <see cref="UserPageTables"/>. Every mapping is
/// either writable or executable, and the direct map shows the kernel's text and read-only data as read-only.
/// </summary>
public static class KernelAddressSpace
{
    private const PageTableEntry TableFlags = PageTableEntry.Present | PageTableEntry.Writable;
    private const int LevelPage = 1, LevelLargePage = 2, TopLevel = 4;
    private const int LowerHalfEntries = 256;

    // More pages of a process than this are forgotten with all others of it.
    private const ulong MostInvalidatedPages = 32;

    private static KernelLock s_lock = new(LockRank.AddressSpace);
    private static HostPhysicalAddress s_root;
    private static TlbShootdown? s_shootdown;

    /// <summary>CR3 of every processor.</summary>
    public static HostPhysicalAddress Root => s_root;

    /// <summary>Builds the tables and switches to them; from here on RAM is seen through the direct map.</summary>
    /// <returns>False when frames ran out.</returns>
    public static bool TryInitialize(BootInfo boot)
    {
        if (!FrameAllocator.TryAllocateZeroed(FrameOwner.Kernel, FrameZone.Below4GiB, out s_root) || !TryMapImage() || !TryMapRam(boot) || !TryShareRegions())
            return false;
        ControlRegister.WriteCr3(s_root.Value);
        PhysicalMemory.UseDirectMap(FrameAllocator.End);
        FrameAllocator.Relocate();
        return true;
    }

    public static void Install(TlbShootdown shootdown) => s_shootdown = shootdown;

    /// <summary>Maps a page of 4 KiB where none was.</summary>
    /// <returns>False when there is no frame for a table.</returns>
    public static bool TryMap(HostVirtualAddress address, HostPhysicalAddress frame, Protection protection)
    {
        bool interrupts = s_lock.Enter();
        FaultPoint.Hit(FaultPlace.AddressSpace);
        bool mapped = TrySet(address, frame, Flags(protection), LevelPage);
        s_lock.Exit(interrupts);
        return mapped;
    }

    /// <summary>Takes a page's mapping away on this processor's tables; <see cref="Invalidate"/> must follow before the frame is reused.</summary>
    /// <returns>The frame; null if none was mapped.</returns>
    public static HostPhysicalAddress Unmap(HostVirtualAddress address)
    {
        bool interrupts = s_lock.Enter();
        HostPhysicalAddress frame = default;
        if (TryWalk(address, LevelPage, create: false, out Span<ulong> table))
        {
            ref ulong entry = ref table[Index(address, LevelPage)];
            frame = new HostPhysicalAddress(entry & (ulong)PageTableEntry.AddressMask);
            entry = 0;
        }
        s_lock.Exit(interrupts);
        return frame;
    }

    /// <summary>Makes every processor forget the range.</summary>
    public static void Invalidate(HostVirtualAddress start, ulong pages)
    {
        if (s_shootdown is not null)
            s_shootdown.Invalidate(start, pages);
        else
            InvalidateHere(start, pages);
    }

    /// <summary>Makes this processor forget the range.</summary>
    public static void InvalidateHere(HostVirtualAddress start, ulong pages)
    {
        // Of the kernel's pages, which are global, this forgets none.
        if (start.Value < UserMode.AddressLimit && pages > MostInvalidatedPages)
        {
            ControlRegister.WriteCr3(ControlRegister.ReadCr3());
            return;
        }
        for (ulong i = 0; i < pages; i++)
            ControlRegister.InvalidatePage(start.Value + i * Size.Page);
    }

    /// <summary>Puts the kernel's half into a process' top-level table: all entries that there will ever be.</summary>
    internal static void Share(Span<ulong> table) =>
        PhysicalMemory.Table(s_root).Slice(LowerHalfEntries).CopyTo(table.Slice(LowerHalfEntries));

    // What is mapped later must not need an entry of the top-level table, which processes have copies of.
    private static bool TryShareRegions()
    {
        foreach (ulong region in (ReadOnlySpan<ulong>)[KernelStack.Base, Arena.Base, Arena.KernelBase, DeviceMemory.Base])
        {
            if (!TryWalk(new HostVirtualAddress(region), TopLevel - 1, create: true, out _))
                return false;
        }
        return true;
    }

    private static bool TryMapImage()
    {
        for (ulong address = KernelImage.TextStart.Value; address < KernelImage.End.Value; address += Size.Page)
        {
            if (address == KernelImage.BootStackGuard.Value)
                continue;
            HostPhysicalAddress frame = new(address - KernelImage.Base);
            if (!TrySet(new HostVirtualAddress(address), frame, Flags(ImageProtection(frame)), LevelPage))
                return false;
        }
        return true;
    }

    private static bool TryMapRam(BootInfo boot)
    {
        ulong imageStart = Alignment.Down(KernelImage.PhysicalStart.Value, Size.LargePage);
        ulong imageEnd = Alignment.Up(KernelImage.PhysicalEnd.Value, Size.LargePage);
        for (ulong address = 0; address < FrameAllocator.End; address += Size.LargePage)
        {
            if (!HoldsRam(boot, address))
                continue;
            if (address >= imageStart && address < imageEnd)
            {
                if (!TryMapAroundImage(address))
                    return false;
            }
            else if (!TrySet(DirectMap(address), new HostPhysicalAddress(address), Flags(Protection.ReadWrite) | PageTableEntry.PageSize, LevelLargePage))
            {
                return false;
            }
        }
        return true;
    }

    // 4 KiB pages where the image lies, so that what is read-only there is read-only here.
    private static bool TryMapAroundImage(ulong block)
    {
        for (ulong address = block; address < block + Size.LargePage; address += Size.Page)
        {
            HostPhysicalAddress frame = new(address);
            Protection protection = ImageProtection(frame) == Protection.ReadWrite ? Protection.ReadWrite : Protection.ReadOnly;
            if (!TrySet(DirectMap(address), frame, Flags(protection), LevelPage))
                return false;
        }
        return true;
    }

    private static Protection ImageProtection(HostPhysicalAddress frame)
    {
        ulong address = frame.Value + KernelImage.Base;
        if (address >= KernelImage.TextStart.Value && address < KernelImage.TextEnd.Value)
            return Protection.Execute;
        return address >= KernelImage.TextEnd.Value && address < KernelImage.RodataEnd.Value ? Protection.ReadOnly : Protection.ReadWrite;
    }

    private static bool HoldsRam(BootInfo boot, ulong block)
    {
        foreach (ref readonly MemoryRegion region in boot.MemoryMap.Regions)
        {
            if (region.Type is MemoryRegionType.Usable or MemoryRegionType.AcpiReclaimable or MemoryRegionType.AcpiNvs
                && region.Start.Value < block + Size.LargePage && region.End.Value > block)
            {
                return true;
            }
        }
        return false;
    }

    private static HostVirtualAddress DirectMap(ulong physical) => new(PhysicalMemory.DirectMapBase + physical);

    private static PageTableEntry Flags(Protection protection) => protection switch
    {
        Protection.Execute => PageTableEntry.Present | PageTableEntry.Global,
        Protection.ReadOnly => PageTableEntry.Present | PageTableEntry.Global | PageTableEntry.NoExecute,
        Protection.Device => PageTableEntry.Present | PageTableEntry.Global | PageTableEntry.NoExecute | PageTableEntry.Writable
            | PageTableEntry.CacheDisable | PageTableEntry.WriteThrough,
        Protection.WriteCombining => PageTableEntry.Present | PageTableEntry.Global | PageTableEntry.NoExecute | PageTableEntry.Writable
            | PageTableEntry.WriteThrough,
        _ => PageTableEntry.Present | PageTableEntry.Global | PageTableEntry.NoExecute | PageTableEntry.Writable,
    };

    private static bool TrySet(HostVirtualAddress address, HostPhysicalAddress frame, PageTableEntry flags, int level)
    {
        if (!TryWalk(address, level, create: true, out Span<ulong> table))
            return false;
        table[Index(address, level)] = frame.Value | (ulong)flags;
        return true;
    }

    // The table that holds the address's entry of this level.
    private static bool TryWalk(HostVirtualAddress address, int level, bool create, out Span<ulong> table)
    {
        table = PhysicalMemory.Table(s_root);
        for (int at = TopLevel; at > level; at--)
        {
            ref ulong entry = ref table[Index(address, at)];
            if (entry == 0)
            {
                if (!create || !FrameAllocator.TryAllocateZeroed(FrameOwner.Kernel, FrameZone.Below4GiB, out HostPhysicalAddress next))
                    return false;
                entry = next.Value | (ulong)TableFlags;
            }
            table = PhysicalMemory.Table(new HostPhysicalAddress(entry & (ulong)PageTableEntry.AddressMask));
        }
        return true;
    }

    private static int Index(HostVirtualAddress address, int level) => (int)(address.Value >> (12 + 9 * (level - 1)) & 511);
}
