using System;
using System.Collections.Generic;

namespace HyperOS.Management.TcpIp;

/// <summary>The stack's timers in a binary heap, the earliest first. Times are microseconds of the stack's clock.</summary>
internal sealed class TimerQueue
{
    private readonly List<StackTimer> _heap = [];

    /// <summary>When the earliest timer is due; never: <see cref="long.MaxValue"/>.</summary>
    public long Next => _heap.Count == 0 ? long.MaxValue : _heap[0].Due;

    public void RunDue(long now)
    {
        while (_heap.Count != 0 && _heap[0].Due <= now)
        {
            StackTimer timer = _heap[0];
            Remove(timer);
            timer.Fire();
        }
    }

    public void Add(StackTimer timer, long due)
    {
        if (timer.Slot < 0)
        {
            timer.Slot = _heap.Count;
            _heap.Add(timer);
        }
        timer.Due = due;
        Sift(timer);
    }

    public void Remove(StackTimer timer)
    {
        int slot = timer.Slot;
        if (slot < 0)
            return;
        StackTimer last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        timer.Slot = -1;
        if (last == timer)
            return;
        Put(last, slot);
        Sift(last);
    }

    private void Sift(StackTimer timer)
    {
        while (timer.Slot > 0 && _heap[(timer.Slot - 1) / 2] is { } parent && timer.Due < parent.Due)
            Swap(timer, parent);
        while (Child(timer.Slot) is { } child && child.Due < timer.Due)
            Swap(child, timer);
    }

    private StackTimer? Child(int slot)
    {
        int left = (2 * slot) + 1;
        if (left >= _heap.Count)
            return null;
        return left + 1 < _heap.Count && _heap[left + 1].Due < _heap[left].Due ? _heap[left + 1] : _heap[left];
    }

    private void Swap(StackTimer up, StackTimer down)
    {
        int slot = up.Slot;
        Put(up, down.Slot);
        Put(down, slot);
    }

    private void Put(StackTimer timer, int slot)
    {
        timer.Slot = slot;
        _heap[slot] = timer;
    }
}
