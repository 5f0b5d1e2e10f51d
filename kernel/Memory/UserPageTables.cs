using System;
using HyperOS.Core;
using HyperOS.Platform;
using HyperOS.Specs.X86;

namespace HyperOS.Memory;

/// <summary>What ring 3 may do with a page. Writing and executing include reading, and exclude each other.</summary>
[Flags]
public enum UserAccess : byte
{
    None = 0,
    Read = 1,
    Write = 2,
    Execute = 4,
}

/// <summary>A page of a process as its tables have it.</summary>
public readonly struct UserPage
{
    public readonly HostPhysicalAddress Frame;

    /// <summary>Ring 3 can read it.</summary>
    public readonly bool IsPresent;

    /// <summary>Ring 3 can write to it.</summary>
    public readonly bool IsWritable;

    /// <summary>Its frame is not the process' own, and never writable: a part of the file that the process was started from.</summary>
    public readonly bool IsBorrowed;

    internal UserPage(ulong entry)
    {
        Frame = new HostPhysicalAddress(entry & (ulong)PageTableEntry.AddressMask);
        IsPresent = (entry & (ulong)PageTableEntry.Present) != 0;
        IsWritable = (entry & (ulong)PageTableEntry.Writable) != 0;
        IsBorrowed = (entry & UserPageTables.Borrowed) != 0;
    }
}

/// <summary>
/// The page tables of a process: the lower half is its own, pages of 4 KiB; the upper half the kernel's, which ring 3 cannot use. Its owner pays for
/// tables and pages alike, and all go with the owner. Callers see to it that one thread at a time changes them.
/// </summary>
public sealed class UserPageTables
{
    /// <summary>A bit that the processor leaves alone.</summary>
    internal const ulong Borrowed = 1 << 9;

    private const PageTableEntry TableFlags = PageTableEntry.Present | PageTableEntry.Writable | PageTableEntry.User;
    private const int LevelPage = 1, TopLevel = 4;
    private const int Batch = 64;

    private readonly FrameOwner _owner;
    private readonly ulong _limit;

    private UserPageTables(HostPhysicalAddress root, FrameOwner owner, ulong limit)
    {
        Root = root;
        _owner = owner;
        _limit = limit;
    }

    /// <summary>The top-level table, for CR3.</summary>
    public HostPhysicalAddress Root { get; }

    /// <summary>Makes tables without a page in them.</summary>
    /// <param name="limit">Frames that the owner may have, whatever for.</param>
    public static bool TryCreate(FrameOwner owner, ulong limit, out UserPageTables? tables)
    {
        tables = null;
        if (!FrameAllocator.TryAllocateZeroed(owner, FrameZone.Any, out HostPhysicalAddress root))
            return false;
        KernelAddressSpace.Share(PhysicalMemory.Table(root));
        tables = new UserPageTables(root, owner, limit);
        return true;
    }

    /// <summary>A zeroed frame for a page of the process, within its limit.</summary>
    public bool TryAllocate(out HostPhysicalAddress frame)
    {
        frame = default;
        return FrameAllocator.FramesOf(_owner) < _limit && FrameAllocator.TryAllocateZeroed(_owner, FrameZone.Any, out frame);
    }

    /// <summary>Gives back a frame of <see cref="TryAllocate"/> that is not mapped.</summary>
    public void Free(HostPhysicalAddress frame) => FrameAllocator.Free(frame, _owner);

    /// <summary>Maps a page, or maps another frame in a page's place; the caller then sees to <see cref="KernelAddressSpace.Invalidate"/>.</summary>
    /// <param name="page">Page-aligned, below <see cref="UserMode.AddressLimit"/>.</param>
    /// <param name="access">Not both writing and executing.</param>
    /// <param name="isBorrowed">The frame is not the owner's; then without writing.</param>
    /// <returns>False when there is no frame for a table, within the limit or at all.</returns>
    public bool TryMap(ulong page, HostPhysicalAddress frame, UserAccess access, bool isBorrowed)
    {
        if (page == 0 || page >= UserMode.AddressLimit || (access & (UserAccess.Write | UserAccess.Execute)) == (UserAccess.Write | UserAccess.Execute) || isBorrowed && (access & UserAccess.Write) != 0)
            Failure.Fail(FailureKind.FailFast);
        if (!TryWalk(page, create: true, out Span<ulong> table, out _))
            return false;
        table[Index(page, LevelPage)] = frame.Value | (ulong)Flags(access) | (isBorrowed ? Borrowed : 0);
        return true;
    }

    /// <summary>Looks a page up.</summary>
    public bool TryFind(ulong address, out UserPage page)
    {
        page = default;
        if (address >= UserMode.AddressLimit || !TryWalk(address, create: false, out Span<ulong> table, out _))
            return false;
        ulong entry = table[Index(address, LevelPage)];
        page = new UserPage(entry);
        return entry != 0;
    }

    /// <summary>Takes away all pages of a range, on all processors, and gives their frames back.</summary>
    public void Unmap(ulong start, ulong end)
    {
        Span<ulong> frames = stackalloc ulong[Batch];
        for (ulong page = start; page < end;)
        {
            ulong first = page;
            int count = 0;
            bool any = false;
            while (page < end && count < Batch)
            {
                if (!TryWalk(page, create: false, out Span<ulong> table, out ulong missing))
                {
                    page = missing;
                    continue;
                }
                ref ulong entry = ref table[Index(page, LevelPage)];
                any |= entry != 0;
                if (entry != 0 && (entry & Borrowed) == 0)
                    frames[count++] = entry & (ulong)PageTableEntry.AddressMask;
                entry = 0;
                page += Size.Page;
            }
            if (any)
                KernelAddressSpace.Invalidate(new HostVirtualAddress(first), (Math.Min(page, end) - first) / Size.Page);
            for (int i = 0; i < count; i++)
                FrameAllocator.Free(new HostPhysicalAddress(frames[i]), _owner);
        }
    }

    /// <summary>Changes what may be done with all pages of a range that are there; a borrowed one stays read-only until a write brings the owner its own.</summary>
    public void Protect(ulong start, ulong end, UserAccess access)
    {
        bool any = false;
        for (ulong page = start; page < end;)
        {
            if (!TryWalk(page, create: false, out Span<ulong> table, out ulong missing))
            {
                page = missing;
                continue;
            }
            ref ulong entry = ref table[Index(page, LevelPage)];
            if (entry != 0)
            {
                bool isBorrowed = (entry & Borrowed) != 0;
                entry = entry & ((ulong)PageTableEntry.AddressMask | Borrowed) | (ulong)Flags(isBorrowed ? access & ~UserAccess.Write : access);
                any = true;
            }
            page += Size.Page;
        }
        if (any)
            KernelAddressSpace.Invalidate(new HostVirtualAddress(start), (end - start) / Size.Page);
    }

    private static PageTableEntry Flags(UserAccess access) => access == UserAccess.None ? 0 : PageTableEntry.Present | PageTableEntry.User
        | ((access & UserAccess.Write) != 0 ? PageTableEntry.Writable : 0) | ((access & UserAccess.Execute) != 0 ? 0 : PageTableEntry.NoExecute);

    // The table of the last level that holds an address' entry. Where there is none, what no table is there for ends at `missing`.
    private bool TryWalk(ulong address, bool create, out Span<ulong> table, out ulong missing)
    {
        missing = 0;
        table = PhysicalMemory.Table(Root);
        for (int level = TopLevel; level > LevelPage; level--)
        {
            ref ulong entry = ref table[Index(address, level)];
            if (entry == 0)
            {
                missing = Alignment.Up(address + 1, 1ul << Shift(level));
                if (!create || !TryAllocate(out HostPhysicalAddress next))
                    return false;
                entry = next.Value | (ulong)TableFlags;
            }
            table = PhysicalMemory.Table(new HostPhysicalAddress(entry & (ulong)PageTableEntry.AddressMask));
        }
        return true;
    }

    private static int Shift(int level) => 12 + 9 * (level - 1);

    private static int Index(ulong address, int level) => (int)(address >> Shift(level) & 511);
}
