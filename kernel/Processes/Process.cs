using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Loaders;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Userworld;

namespace HyperOS.Processes;

/// <summary>Why a process ended.</summary>
internal enum ProcessEnd
{
    None,

    /// <summary>By itself, with a code.</summary>
    Exit,

    /// <summary>By a signal that nobody caught.</summary>
    Signal,

    /// <summary>From the host's console.</summary>
    Killed,

    /// <summary>By a fault of the kernel's on its behalf.</summary>
    Fault,
}

/// <summary>How the search for a page that was touched ended.</summary>
internal enum PageStatus
{
    Present,

    /// <summary>Nothing is mapped there.</summary>
    NotMapped,

    /// <summary>What is mapped there does not allow it.</summary>
    Denied,

    /// <summary>No frame, within the process' limit or at all.</summary>
    OutOfMemory,
}

/// <summary>
/// A process while it runs: its memory, threads, signals' actions and files. Lives in an arena of its own, as all that it has is its owner's. Its lock
/// guards all but what is said to be otherwise.
/// </summary>
internal sealed class Process
{
    /// <summary>Its number, as it sees itself.</summary>
    public const int Id = 1;

    public const int MaximumThreads = 64;
    public const int MaximumFiles = 64;

    /// <summary>The stack of its first thread ends below a gap at the end of what it may map, and begins above a guard.</summary>
    public const ulong StackBytes = 8 * Size.MiB;
    public const ulong StackGuardBytes = 64 * Size.KiB;
    public const ulong StackTop = UserMode.AddressLimit - 16 * Size.Page;

    private const int MaximumAreas = 2048;

    /// <summary>Pages of the file that are mapped together when one of them is touched.</summary>
    private const int PagesAround = 16;

    public readonly ProcessSlot Slot;
    public readonly UserPageTables Tables;
    public readonly ThreadGroup Threads = new(KernelThread.DefaultShares, limit: 0);
    public readonly FutexTable Futexes = new(MaximumThreads);
    public readonly SignalAction[] Actions = new SignalAction[(int)Signal.Last + 1];
    public readonly OpenFile?[] Files = new OpenFile?[MaximumFiles];
    public readonly OpenFile[] FilePool = new OpenFile[MaximumFiles];
    public readonly bool[] IsCallLogged = new bool[512];
    public GuestLock Lock;

    private readonly UserThread[] _threads = new UserThread[MaximumThreads];
    private readonly MemoryMap _map = new(MaximumAreas, ProcessImage.LowestAddress, StackTop);
    private readonly bool _mayBorrow;
    private int _nextThreadId = Id;

    // A ProcessEnd, written once, and what belongs to it.
    private int _end;

    public Process(ProcessSlot slot, UserPageTables tables)
    {
        Slot = slot;
        Tables = tables;
        _mayBorrow = Alignment.IsAligned(slot.Image.Value, Size.Page);
        for (int i = 0; i < MaximumThreads; i++)
            _threads[i] = new UserThread(this, i);
        for (int i = 0; i < MaximumFiles; i++)
            FilePool[i] = new OpenFile();
    }

    /// <summary>Whether it has registered for membarrier.</summary>
    public bool HasBarrier { get; set; }

    /// <summary>The map, with the lock held.</summary>
    public MemoryMap Map => _map;

    /// <summary>All its threads, those that are not used included. Any thread.</summary>
    public ReadOnlySpan<UserThread> AllThreads => _threads;

    /// <summary>Whether its threads are to end. Any thread.</summary>
    public bool IsEnding => Volatile.Read(ref _end) != 0;

    /// <summary>Why.</summary>
    public ProcessEnd EndReason => (ProcessEnd)Volatile.Read(ref _end);

    /// <summary>The exit code, or the signal.</summary>
    public int EndCode { get; private set; }

    public ReadOnlySpan<byte> Image => PhysicalMemory.Bytes(Slot.Image, Slot.ImageLength);

    /// <summary>Makes all its threads end; the first to say why is heard. Any thread.</summary>
    public void End(ProcessEnd reason, int code)
    {
        if (Interlocked.CompareExchange(ref _end, (int)reason, 0) == 0)
            EndCode = code;
        foreach (UserThread thread in _threads)
            thread.Wake();
    }

    /// <summary>A thread has ended in a fault of the kernel's: what it locked stays locked, and nobody waits for that.</summary>
    public void Poison()
    {
        Lock.Poison();
        End(ProcessEnd.Fault, 0);
    }

    /// <summary>Takes an unused place for a thread.</summary>
    public bool TryTakeThread(out UserThread? taken)
    {
        taken = null;
        foreach (UserThread thread in _threads)
        {
            if (thread.TryClaim())
            {
                thread.Id = _nextThreadId++;
                taken = thread;
                return true;
            }
        }
        return false;
    }

    public bool TryFindThread(int id, out UserThread? found)
    {
        found = null;
        foreach (UserThread thread in _threads)
        {
            if (thread.IsAlive && thread.Id == id)
                found = thread;
        }
        return found is not null;
    }

    /// <summary>Wakes waiters of a word; with the lock held.</summary>
    public int WakeFutex(ulong address, int most, uint bits)
    {
        int woken = 0;
        while (woken < most && Futexes.TryWake(address, bits, out int thread))
        {
            _threads[thread].Wake();
            woken++;
        }
        return woken;
    }

    /// <summary>Puts the page that an address lies in where it is to be, for an access; with the lock held.</summary>
    public PageStatus TryResolve(ulong address, MemoryProtection access)
    {
        FaultPoint.Hit(FaultPlace.ProcessMemory);
        if (!_map.TryFind(address, out MemoryArea area))
            return PageStatus.NotMapped;
        if ((area.Protection & access) == 0 && !(access == MemoryProtection.Read && area.Protection != MemoryProtection.None))
            return PageStatus.Denied;
        ulong page = Alignment.Down(address, Size.Page);
        bool writes = access == MemoryProtection.Write;
        bool isThere = Tables.TryFind(page, out UserPage present);
        if (isThere && present.IsPresent && (!writes || present.IsWritable))
            return PageStatus.Present;
        if (isThere && !present.IsBorrowed)
            return PageStatus.Denied;
        if (!writes && (area.Protection & MemoryProtection.Write) == 0 && MayBorrow(in area, page))
            return Borrow(in area, page);
        if (!Tables.TryAllocate(out HostPhysicalAddress frame))
            return PageStatus.OutOfMemory;
        ulong offset = page - area.Start;
        if (offset < area.FileLength)
        {
            int count = (int)Math.Min(area.FileLength - offset, Size.Page);
            Image.Slice((int)(area.FileOffset + offset), count).CopyTo(PhysicalMemory.Bytes(frame, count));
        }
        if (!Tables.TryMap(page, frame, AccessOf(area.Protection), isBorrowed: false))
        {
            Tables.Free(frame);
            return PageStatus.OutOfMemory;
        }
        if (isThere)
            KernelAddressSpace.Invalidate(new HostVirtualAddress(page), 1);
        return PageStatus.Present;
    }

    /// <summary>A page's protection as its table has it.</summary>
    public static UserAccess AccessOf(MemoryProtection protection) => protection == MemoryProtection.None
        ? UserAccess.None
        : UserAccess.Read | ((protection & MemoryProtection.Write) != 0 ? UserAccess.Write : 0) | ((protection & MemoryProtection.Execute) != 0 ? UserAccess.Execute : 0);

    // All of the page is the file's, and its frame holds nothing else.
    private bool MayBorrow(in MemoryArea area, ulong page) => _mayBorrow && page - area.Start + Size.Page <= area.FileLength;

    // Maps the file's own frames: the page that was touched, and what follows.
    private PageStatus Borrow(in MemoryArea area, ulong first)
    {
        ulong page = first;
        for (int i = 0; i < PagesAround && page < area.End && MayBorrow(in area, page); i++, page += Size.Page)
        {
            if (Tables.TryFind(page, out _))
                break;
            HostPhysicalAddress frame = Slot.Image.Offset(area.FileOffset + (page - area.Start));
            if (!Tables.TryMap(page, frame, AccessOf(area.Protection), isBorrowed: true))
                return page == first ? PageStatus.OutOfMemory : PageStatus.Present;
        }
        return PageStatus.Present;
    }
}
