using System;
using HyperOS.Core;
using HyperOS.Platform;

namespace HyperOS.Memory;

/// <summary>
/// A part of the kernel's address space cut into slots of one size, each used from its start with at least one page at its end left
/// unmapped: a guard against running over into the next.
/// </summary>
internal sealed class VirtualRanges
{
    private readonly HostVirtualAddress _base;
    private readonly ulong _slotBytes;
    private readonly bool[] _used;
    private KernelLock _lock = new(LockRank.Pool);
    private int _next;

    public VirtualRanges(HostVirtualAddress start, ulong slotBytes, int slots)
    {
        _base = start;
        _slotBytes = slotBytes;
        _used = new bool[slots];
    }

    /// <summary>Takes a slot, the one unused for longest first.</summary>
    public bool TryTake(out int slot)
    {
        bool interrupts = _lock.Enter();
        bool found = false;
        slot = _next;
        for (int i = 0; i < _used.Length && !found; i++)
        {
            slot = (_next + i) % _used.Length;
            found = !_used[slot];
        }
        if (found)
        {
            _used[slot] = true;
            _next = (slot + 1) % _used.Length;
        }
        _lock.Exit(interrupts);
        return found;
    }

    public void Return(int slot)
    {
        bool interrupts = _lock.Enter();
        _used[slot] = false;
        _lock.Exit(interrupts);
    }

    public HostVirtualAddress Start(int slot) => _base.Offset((ulong)slot * _slotBytes);
}
