using System;
using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Platform;

namespace HyperOS.Scheduling;

/// <summary>What a thread does. Lives in the arena of whoever the thread works for.</summary>
public abstract class ThreadBody
{
    public abstract void Run();

    /// <summary>
    /// The thread, which waits for its turn, is to go on on another processor: this one keeps nothing of it. On the processor that it waits for, with
    /// interrupts off and the scheduler's lock held.
    /// </summary>
    /// <returns>False if it must stay.</returns>
    public virtual bool TryLeaveProcessor() => false;
}

/// <summary>
/// States and their changes:
/// <code>
///   Unused -- Create --> Ready -- picked --> Running -- Block, or its group's limit --> Blocked
///                          ^                  |    \                 |
///                          +---- Yield -------+     +-- body ends    |
///                          +---------------- Wake -------------------+
///   Ended -- Reclaim --> Unused
/// </code>
/// </summary>
public enum ThreadState
{
    Unused,
    Ready,
    Running,
    Blocked,
    Ended,
}

/// <summary>A slot for a kernel thread: made once, at start-up, and used again and again, so that a stale reference still finds a thread.</summary>
public sealed class KernelThread
{
    /// <summary>Weight of a thread without a group, and of a group that nobody gave another.</summary>
    public const uint DefaultShares = 1000;

    internal volatile ThreadState State;
    internal ThreadBody? Body;
    internal int StackSlot = -1;
    internal ulong StackPointer;
    internal FrameOwner Owner;

    /// <summary>Changes, with its lock held, while the thread is ready but does not run.</summary>
    internal volatile RunQueue Queue = null!;

    /// <summary>Whose shares and limit it runs under; null for the kernel's own.</summary>
    internal ThreadGroup? Group;

    /// <summary>Processors that it may run on, by their numbers.</summary>
    internal ulong Affinity = ulong.MaxValue;

    // While it does not run: what belongs to it of the processor's words.
    internal Arena? Arena;
    internal nint FaultDomain;

    /// <summary>What CR3 holds while it runs: the kernel's tables, or a process' with the kernel's half in them.</summary>
    internal HostPhysicalAddress AddressSpace;

    // The queue's: its place in the ready list, and its place in line.
    internal KernelThread? NextReady;
    internal ulong VirtualTime;

    // The queue's: when to wake a blocked thread; ulong.MaxValue for never.
    internal KernelThread? NextSleeper;
    internal ulong WakeAt = ulong.MaxValue;

    /// <summary>It sleeps because its group has used up its time: nobody wakes it before.</summary>
    internal bool IsHeldBack;

    /// <summary>The queue's: since when it could run and does not.</summary>
    internal ulong WaitsSince;

    /// <summary>Set by <see cref="Scheduler.Wake"/> while it runs: its next <see cref="Scheduler.Block"/> returns at once.</summary>
    internal volatile bool WakePending;

    /// <summary>A time of <see cref="Clock"/> at which the processor must interrupt what this thread runs; ulong.MaxValue for none.</summary>
    internal ulong RunDeadline = ulong.MaxValue;

    /// <summary>Counts the slot's uses, for <see cref="ThreadHandle"/>.</summary>
    internal uint Generation;

    internal readonly int Index;

    internal KernelThread(int index) => Index = index;

    /// <summary>Times that it was given a processor: while this stays the same, nothing else has run there.</summary>
    public ulong Switches { get; internal set; }

    /// <summary>A wake is pending, or another thread should run: a look with interrupts off, right before entering a guest.</summary>
    public bool WantsAttention => WakePending || Queue.NeedsReschedule;

    /// <summary>The local APIC of the processor that it runs on.</summary>
    public uint ApicId => Queue.Processor.ApicId;

    public bool HasEnded => State == ThreadState.Ended;

    /// <summary>It could run and does not. Any processor, as a hint.</summary>
    public bool IsWaiting => State == ThreadState.Ready;

    /// <summary>Nanoseconds of processor time so far, up to its last switch.</summary>
    public ulong ProcessorTime { get; internal set; }

    /// <summary>Nanoseconds in which it could have run and did not, for others or for its group's limit, up to when it was last given a processor.</summary>
    public ulong WaitingTime { get; internal set; }
}

/// <summary>A thread as others may keep it: finds nothing once the slot is another's.</summary>
public readonly struct ThreadHandle
{
    private readonly int _index;
    private readonly uint _generation;

    internal ThreadHandle(KernelThread thread)
    {
        _index = thread.Index;
        _generation = thread.Generation;
    }

    public bool TryGet(out KernelThread? thread)
    {
        thread = _generation == 0 ? null : Scheduler.Slot(_index);
        if (thread is not null && thread.Generation != _generation)
            thread = null;
        return thread is not null;
    }
}
