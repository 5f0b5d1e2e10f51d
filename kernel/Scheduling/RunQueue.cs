using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Interrupts;
using HyperOS.Platform;

namespace HyperOS.Scheduling;

/// <summary>
/// One processor's threads: those that are ready, by virtual time (processor time divided by shares), and those that sleep, by wake-up
/// time. The lock is held across the switch from one thread to the next, which lets it go.
/// </summary>
internal sealed class RunQueue
{
    private const ulong Slice = 10_000_000;
    private const ulong Never = ulong.MaxValue;
    private const ulong RateUnit = 1024;

    // A minute, of which a thread of the smallest share in the largest machine can still be weighed: one that runs alone may do so for days.
    private const ulong Horizon = 60_000_000_000;

    public readonly Processor Processor;
    public readonly KernelThread Idle;

    private KernelLock _lock = new(LockRank.Scheduler);
    private KernelThread _current;
    private KernelThread? _ready, _sleepers;
    private ulong _startedAt, _limitAt = Never, _armed = Never, _virtualTime;

    // What 1,024 ns of the running thread weigh. Kept here for other processors: its group may end while they look.
    private ulong _rate = RateUnit;

    // Threads that other processors have handed over, linked as ready ones.
    private KernelLock _handover = new(LockRank.Handover);
    private volatile KernelThread? _received;

    /// <summary>Threads that are not ended; for placing new ones.</summary>
    public int Load;

    /// <summary>Set when the running thread should give way; a vCPU leaves its guest on it.</summary>
    public volatile bool NeedsReschedule;

    /// <summary>While the idle thread waits for an interrupt.</summary>
    public volatile bool IsHalted;

    /// <summary>Counts passages through the scheduler, for <see cref="Quiescence"/>.</summary>
    public ulong Passages;

    public RunQueue(Processor processor, KernelThread idle)
    {
        Processor = processor;
        Idle = idle;
        _current = idle;
    }

    public KernelThread Current => _current;

    public bool Enter() => _lock.Enter();

    public void Exit(bool interrupts) => _lock.Exit(interrupts);

    /// <summary>It has nothing to run. Any processor, as a hint.</summary>
    public bool IsIdle => _current == Idle && _ready is null && _received is null;

    /// <summary>How far the running thread has come by now. Any processor, as a hint.</summary>
    public ulong VirtualTimeAt(ulong now)
    {
        KernelThread current = _current;
        ulong startedAt = Volatile.Read(ref _startedAt);
        return current == Idle || now <= startedAt ? _virtualTime : current.VirtualTime + Math.Min(now - startedAt, Horizon) * _rate / RateUnit;
    }

    /// <summary>Makes a thread ready; with the lock held.</summary>
    public void Enqueue(KernelThread thread)
    {
        thread.State = ThreadState.Ready;
        if (thread.Group is ThreadGroup group)
            Interlocked.Increment(ref group.Runnable);
        // One that slept does not get the time back that it did not use, nor does a processor that had nothing to run.
        ulong now = Clock.Now;
        if (IsIdle)
            _virtualTime = Math.Max(_virtualTime, Scheduler.LeastVirtualTime(now));
        thread.VirtualTime = Math.Max(thread.VirtualTime, _virtualTime);
        if (!thread.IsHeldBack)
            thread.WaitsSince = now;
        thread.IsHeldBack = false;
        Insert(thread);
        NeedsReschedule = true;
        if (Processor.Index != Processor.Current.Index)
            LocalApic.Send(Processor.ApicId, Vectors.Reschedule);
    }

    /// <summary>Puts the running thread, about to block, on the list of sleepers; with the lock held.</summary>
    public void AddSleeper(KernelThread thread)
    {
        ref KernelThread? link = ref _sleepers;
        while (link is not null && link.WakeAt <= thread.WakeAt)
            link = ref link.NextSleeper;
        thread.NextSleeper = link;
        link = thread;
    }

    public void RemoveSleeper(KernelThread thread)
    {
        ref KernelThread? link = ref _sleepers;
        while (link is not null && link != thread)
            link = ref link.NextSleeper;
        if (link is null)
            return;
        link = thread.NextSleeper;
        thread.NextSleeper = null;
        thread.WakeAt = Never;
    }

    /// <summary>
    /// Finds a ready thread that is better off on another processor: one with nothing to run, or with what it runs so far ahead that it would let this
    /// one run first. With the lock held, on its processor.
    /// </summary>
    public bool TryGiveAway(ulong now)
    {
        // The first runs here, unless the running thread goes on.
        ref KernelThread? link = ref _ready;
        if (link is not null && (_current == Idle || _current.State != ThreadState.Running))
            link = ref link.NextReady;
        for (; link is KernelThread thread; link = ref thread.NextReady)
        {
            if (Scheduler.FindBetter(this, thread.Affinity, thread.VirtualTime, now) is not RunQueue target)
            {
                if (thread.Affinity == ulong.MaxValue)
                    return false; // nor do those behind it find one, which have come farther
                continue;
            }
            if (!thread.Body!.TryLeaveProcessor())
                continue;
            link = thread.NextReady;
            thread.Queue = target;
            target.Receive(thread);
            return true;
        }
        return false;
    }

    /// <summary>
    /// A waiting thread goes before the running one of its group, here or on another processor: they change places in line, at most by a slice, so that
    /// the group gets what it would have got. With the lock held, on the running thread's processor.
    /// </summary>
    public void LetFirst(KernelThread thread, KernelThread running, ulong now)
    {
        ulong exchanged = thread.VirtualTime > running.VirtualTime ? Math.Min(thread.VirtualTime - running.VirtualTime, Slice) : 0;
        ref KernelThread? link = ref _ready;
        while (link is not null && link != thread)
            link = ref link.NextReady;
        thread.VirtualTime -= exchanged;
        running.VirtualTime += exchanged;
        if (link is null)
            return; // handed over, and not yet put in line
        link = thread.NextReady;
        Insert(thread);
        if (_ready != thread || _current == running || thread.VirtualTime >= VirtualTimeAt(now))
            return;
        NeedsReschedule = true;
        LocalApic.Send(Processor.ApicId, Vectors.Reschedule);
    }

    // From another processor, without this one's lock.
    private void Receive(KernelThread thread)
    {
        bool interrupts = _handover.Enter();
        thread.NextReady = _received;
        _received = thread;
        _handover.Exit(interrupts);
        NeedsReschedule = true;
        LocalApic.Send(Processor.ApicId, Vectors.Reschedule);
    }

    private void TakeReceived()
    {
        if (_received is null)
            return;
        bool interrupts = _handover.Enter();
        KernelThread? next = _received;
        _received = null;
        _handover.Exit(interrupts);
        while (next is KernelThread thread)
        {
            next = thread.NextReady;
            Insert(thread);
        }
    }

    /// <summary>Wakes who is due; with the lock held.</summary>
    public void WakeSleepers(ulong now)
    {
        while (_sleepers is KernelThread thread && thread.WakeAt <= now)
        {
            RemoveSleeper(thread);
            Enqueue(thread);
        }
    }

    /// <summary>Charges the running thread and chooses the next; with the lock held. The running one is on no list if it may not go on.</summary>
    public KernelThread PickNext(ulong now)
    {
        KernelThread current = _current;
        ulong used = now - _startedAt;
        current.ProcessorTime += used;
        _startedAt = now;
        if (current != Idle)
            PutBack(current, used, now);
        NeedsReschedule = false;
        TakeReceived(); // after that, for who comes later sets it again
        FaultPoint.Hit(FaultPlace.Scheduler);
        KernelThread next = _ready ?? Idle;
        if (next != Idle)
        {
            _ready = next.NextReady;
            next.NextReady = null;
            _virtualTime = Math.Max(_virtualTime, next.VirtualTime);
        }
        next.State = ThreadState.Running;
        if (now > next.WaitsSince && next != Idle)
            next.WaitingTime += now - next.WaitsSince;
        _current = next;
        _rate = Weigh(next, RateUnit);
        ulong allowance = next.Group?.Allowance ?? Never;
        _limitAt = allowance == Never ? Never : now + allowance;
        Passages++;
        return next;
    }

    // The thread that ran is charged; if it could go on it is ready, unless its group has used up its time.
    private void PutBack(KernelThread current, ulong used, ulong now)
    {
        ThreadGroup? group = current.Group;
        current.VirtualTime += Weigh(current, used);
        group?.Charge(used, now);
        current.WaitsSince = now;
        if (current.State == ThreadState.Running && group is not null && group.IsExhausted(now, out ulong resumeAt))
        {
            current.State = ThreadState.Blocked;
            current.IsHeldBack = true;
            current.WakeAt = resumeAt;
            AddSleeper(current);
        }
        if (current.State == ThreadState.Running)
        {
            current.State = ThreadState.Ready;
            Insert(current);
        }
        else if (group is not null)
        {
            Interlocked.Decrement(ref group.Runnable);
        }
    }

    /// <summary>Sets the timer for whatever comes first: a sleeper, the end of the slice if somebody waits, the running thread's deadline.</summary>
    public void ArmTimer()
    {
        ulong next = Math.Min(_sleepers?.WakeAt ?? Never, _current.RunDeadline);
        if (!NeedsReschedule)
            next = Math.Min(next, _limitAt);
        if (_ready is not null && _current != Idle && !NeedsReschedule)
            next = Math.Min(next, _startedAt + Slice);
        if (next == _armed)
            return;
        if (next == Never)
            LocalApic.DisarmTimer();
        else
            LocalApic.ArmTimer(next);
        _armed = next; // only now: a guest's domain may end on the way
    }

    /// <summary>The timer's interrupt.</summary>
    public void OnTimer(ulong now)
    {
        FaultPoint.Hit(FaultPlace.TimerInterrupt);
        bool interrupts = _lock.Enter();
        _armed = Never;
        WakeSleepers(now);
        if (now >= _limitAt || _ready is not null && now >= _startedAt + Slice)
            NeedsReschedule = true;
        // A deadline that has passed is a wake for the running thread; it sets the next.
        if (_current.RunDeadline <= now)
        {
            _current.RunDeadline = Never;
            _current.WakePending = true;
        }
        ArmTimer();
        _lock.Exit(interrupts);
    }

    private static ulong Weigh(KernelThread thread, ulong used) => thread.Group?.Weigh(used) ?? used;

    private void Insert(KernelThread thread)
    {
        ref KernelThread? link = ref _ready;
        while (link is not null && link.VirtualTime <= thread.VirtualTime)
            link = ref link.NextReady;
        thread.NextReady = link;
        link = thread;
    }
}
