using System;
using System.Runtime.CompilerServices;
using HyperOS.Core;
using HyperOS.Platform;

namespace HyperOS.Memory;

/// <summary>
/// Where `new` takes its memory: the kernel's own arena during start-up, or a virtual machine's while something is made for it. Objects
/// are never freed one by one; a machine's arena goes as a whole, and its addresses are the last to be used again. Outside both, `new`
/// fails: nothing is allocated on the way of an exit or a packet.
/// </summary>
public sealed unsafe class Arena
{
    internal const ulong Base = 0xFFFF_C100_0000_0000;
    private const ulong SlotBytes = 2 * Size.MiB;
    private const int Slots = 512;
    internal const ulong KernelBase = 0xFFFF_C200_0000_0000;
    private const ulong KernelBytes = 64 * Size.MiB;
    private const ulong ObjectAlignment = 16;

    private static readonly Arena?[] s_arenas = new Arena?[Slots];
    private static VirtualRanges? s_ranges;
    private static Arena? s_kernel;

    private readonly ulong _start;
    private readonly ulong _limit;
    private KernelLock _lock = new(LockRank.Pool);
    private FrameOwner _owner;
    private ulong _used, _mapped;

    private Arena(ulong start, ulong limit, FrameOwner owner)
    {
        _start = start;
        _limit = limit;
        _owner = owner;
    }

    /// <summary>Bytes handed out.</summary>
    public ulong Used => _used;

    /// <summary>From here on, `new` has the whole of the kernel's arena instead of the boot image's small one.</summary>
    public static void Initialize()
    {
        s_kernel = new Arena(KernelBase, KernelBytes, FrameOwner.Kernel);
        ObjectAllocator.LeaveImage();
        s_ranges = new VirtualRanges(new HostVirtualAddress(Base), SlotBytes, Slots);
        // The last page of each slot is its guard.
        for (int slot = 0; slot < Slots; slot++)
            s_arenas[slot] = new Arena(s_ranges.Start(slot).Value, SlotBytes - Size.Page, FrameOwner.Kernel);
    }

    /// <summary>Ends start-up: the kernel allocates no more for itself.</summary>
    public static void Seal() => ObjectAllocator.Seal();

    /// <summary>An empty arena whose pages are charged to the owner.</summary>
    public static bool TryOpen(FrameOwner owner, out int slot)
    {
        if (!s_ranges!.TryTake(out slot))
            return false;
        s_arenas[slot]!._owner = owner;
        return true;
    }

    public static Arena Get(int slot) => s_arenas[slot]!;

    /// <summary>Gives all of it back. Every processor must have passed a quiescent point since the last reference into it was dropped.</summary>
    public static void Close(int slot)
    {
        Arena arena = s_arenas[slot]!;
        MappedPages.Release(new HostVirtualAddress(arena._start), arena._mapped, arena._owner);
        arena._used = 0;
        arena._mapped = 0;
        s_ranges!.Return(slot);
    }

    /// <summary>Makes `new` on this thread take from an arena; null for the kernel's.</summary>
    /// <returns>The one before it, to go back to.</returns>
    public static Arena? Use(Arena? arena)
    {
        void* previous = Processor.CurrentArena;
        Processor.CurrentArena = (void*)Unsafe.As<Arena?, nint>(ref arena);
        return Unsafe.As<nint, Arena?>(ref *(nint*)&previous);
    }

    internal static Arena Kernel => s_kernel!;

    internal void* Take(ulong bytes)
    {
        bool interrupts = _lock.Enter();
        ulong at = _used;
        ulong end = Alignment.Up(at + bytes, ObjectAlignment);
        bool room = end <= _limit;
        while (room && end > _mapped)
        {
            room = FrameAllocator.TryAllocateZeroed(_owner, FrameZone.Any, out HostPhysicalAddress frame);
            if (room && !KernelAddressSpace.TryMap(new HostVirtualAddress(_start + _mapped), frame, Protection.ReadWrite))
            {
                FrameAllocator.Free(frame, _owner);
                room = false;
            }
            if (room)
                _mapped += Size.Page;
        }
        if (room)
            _used = end;
        _lock.Exit(interrupts);
        if (!room)
            Failure.Fail(FailureKind.OutOfMemory);
        return (void*)(_start + at);
    }
}
