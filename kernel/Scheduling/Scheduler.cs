using System;
using System.Runtime.InteropServices;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Interrupts;
using HyperOS.Memory;
using HyperOS.Platform;

namespace HyperOS.Scheduling;

/// <summary>
/// Threads onto processors. Ring-0 code is not preempted: it yields at points of its own choosing; guests are left on a timer interrupt.
/// A thread that waits for its turn may be handed to another processor, by the one that it waits for; the kernel's own stay where they were created.
/// </summary>
public static class Scheduler
{
    private const int MaximumThreads = 1024;

    // How far behind, in virtual time, a thread must be for a processor to take it from another: two slices, so that equals stay where they are.
    private const ulong Ahead = 20_000_000;

    private static readonly RunQueue?[] s_queues = new RunQueue?[Processors.Maximum];
    private static readonly KernelThread[] s_threads = new KernelThread[MaximumThreads];
    private static KernelLock s_lock = new(LockRank.VirtualMachines);
    private static int s_nextQueue;

    /// <summary>Prepares the boot processor: what runs now becomes its idle thread.</summary>
    public static void Initialize()
    {
        for (int i = 0; i < MaximumThreads; i++)
            s_threads[i] = new KernelThread(i);
        InterruptTable.SetHandler(Vectors.Timer, new TimerHandler());
        InterruptTable.SetHandler(Vectors.Reschedule, new RescheduleHandler());
        AddProcessor(Processor.Current, -1);
    }

    /// <summary>Gives a processor its queue; before it starts.</summary>
    /// <param name="idleStack">The stack that it idles on; -1 for the boot stack.</param>
    public static void AddProcessor(Processor processor, int idleStack)
    {
        KernelThread idle = new(-1) { State = ThreadState.Running, StackSlot = idleStack, AddressSpace = KernelAddressSpace.Root };
        RunQueue queue = new(processor, idle);
        idle.Queue = queue;
        s_queues[processor.Index] = queue;
    }

    /// <summary>Makes the calling code, on its own processor, the idle thread.</summary>
    public static void AdoptIdle() => Processor.SetCurrentThread(s_queues[Processor.Current.Index]!.Idle);

    /// <summary>The thread that calls.</summary>
    public static KernelThread Current => Processor.CurrentThread<KernelThread>()!;

    internal static RunQueue Queue(int processor) => s_queues[processor]!;

    internal static KernelThread Slot(int index) => s_threads[index];

    /// <summary>Starts a thread on the processor with the fewest.</summary>
    /// <param name="owner">Who pays for its stack.</param>
    /// <param name="arena">Where its `new` allocates; null for nowhere, once start-up is over.</param>
    /// <param name="group">Whose shares and limit it runs under; null for the kernel's own.</param>
    /// <param name="affinity">Processors that it may run on, a bit for each; one of those that there are at least.</param>
    /// <param name="tables">The process' that it runs in; null for none.</param>
    /// <returns>False when there is no slot, or no frames for a stack.</returns>
    public static bool TryCreate(
        ThreadBody body, FrameOwner owner, Arena? arena, out ThreadHandle handle, ThreadGroup? group = null, ulong affinity = ulong.MaxValue,
        UserPageTables? tables = null)
    {
        handle = default;
        if (!KernelStack.TryCreate(owner, out int stack))
            return false;
        KernelThread? thread = TakeSlot();
        if (thread is null)
        {
            KernelStack.Destroy(stack, owner);
            return false;
        }
        thread.Body = body;
        thread.Owner = owner;
        thread.Arena = arena;
        thread.FaultDomain = 0;
        thread.StackSlot = stack;
        thread.StackPointer = KernelStack.Prepare(stack);
        thread.VirtualTime = 0;
        thread.ProcessorTime = 0;
        thread.WaitingTime = 0;
        thread.WakePending = false;
        thread.IsHeldBack = false;
        thread.RunDeadline = ulong.MaxValue;
        thread.Group = group;
        thread.Affinity = affinity;
        thread.AddressSpace = tables is null ? KernelAddressSpace.Root : tables.Root;
        thread.Queue = ChooseQueue(affinity);
        handle = new ThreadHandle(thread);
        bool interrupts = thread.Queue.Enter();
        thread.Queue.Enqueue(thread);
        thread.Queue.Exit(interrupts);
        return true;
    }

    /// <summary>Takes back the slot and the stack of a thread that has ended.</summary>
    public static void Reclaim(KernelThread thread)
    {
        // The queue's lock is let go only after the switch away from the ended thread's stack.
        RunQueue queue = EnterQueue(thread, out bool taken);
        queue.Exit(taken);
        KernelStack.Destroy(thread.StackSlot, thread.Owner);
        bool interrupts = s_lock.Enter();
        thread.Body = null;
        thread.Arena = null;
        thread.Group = null;
        thread.Queue.Load--;
        thread.State = ThreadState.Unused;
        s_lock.Exit(interrupts);
    }

    /// <summary>Lets others run; returns when it is this thread's turn again.</summary>
    public static void Yield()
    {
        RunQueue queue = Current.Queue;
        bool interrupts = queue.Enter();
        Switch(queue);
        Current.Queue.Exit(interrupts); // perhaps another processor's than before
    }

    /// <summary>
    /// Another thread of the caller's group, if it waits, goes before the caller, which is to <see cref="Yield"/> next. The group gets no more by it, and
    /// no less.
    /// </summary>
    public static void LetFirst(KernelThread thread)
    {
        KernelThread self = Current;
        RunQueue queue = EnterQueue(thread, out bool interrupts);
        if (thread.State == ThreadState.Ready && thread.Group is not null && thread.Group == self.Group)
            queue.LetFirst(thread, self, Clock.Now);
        queue.Exit(interrupts);
    }

    /// <summary>Whether the calling thread should <see cref="Yield"/>.</summary>
    public static bool NeedsReschedule => Current.Queue.NeedsReschedule;

    /// <summary>Waits for <see cref="Wake"/>, or for a time of <see cref="Clock"/>. Returns at once if a wake came since the last wait.</summary>
    public static void Block(ulong until = ulong.MaxValue)
    {
        KernelThread thread = Current;
        RunQueue queue = thread.Queue;
        bool interrupts = queue.Enter();
        if (!thread.WakePending)
        {
            thread.State = ThreadState.Blocked;
            if (until != ulong.MaxValue)
            {
                thread.WakeAt = until;
                queue.AddSleeper(thread);
            }
            Switch(queue);
        }
        thread.WakePending = false;
        thread.Queue.Exit(interrupts);
    }

    /// <summary>Makes a blocked thread ready; one that runs is interrupted and does not block the next time. Any context.</summary>
    public static void Wake(KernelThread thread)
    {
        RunQueue queue = EnterQueue(thread, out bool interrupts);
        bool pending = thread.WakePending;
        thread.WakePending = true;
        if (thread.State == ThreadState.Blocked && !thread.IsHeldBack)
        {
            queue.RemoveSleeper(thread);
            queue.Enqueue(thread);
        }
        else if (thread.State == ThreadState.Running && !pending && queue.Processor.Index != Processor.Current.Index)
        {
            LocalApic.Send(queue.Processor.ApicId, Vectors.Reschedule);
        }
        queue.Exit(interrupts);
    }

    // The queue of a thread, locked; it may change until then.
    private static RunQueue EnterQueue(KernelThread thread, out bool interrupts)
    {
        while (true)
        {
            RunQueue queue = thread.Queue;
            interrupts = queue.Enter();
            if (thread.Queue == queue)
                return queue;
            queue.Exit(interrupts);
        }
    }

    /// <summary>Answers <see cref="KernelThread.WantsAttention"/>: takes note of the wake, and lets others run if they should.</summary>
    public static void Attend()
    {
        KernelThread thread = Current;
        thread.WakePending = false;
        if (thread.Queue.NeedsReschedule)
            Yield();
    }

    /// <summary>Asks for an interrupt of the running thread at a time of <see cref="Clock"/>; ulong.MaxValue for none.</summary>
    public static void SetRunDeadline(KernelThread thread, ulong deadline)
    {
        if (thread.RunDeadline == deadline)
            return;
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        thread.RunDeadline = deadline;
        thread.Queue.ArmTimer();
        Cpu.RestoreInterrupts(interrupts);
    }

    /// <summary>What a processor does when there is nothing to do: clears free memory, then halts until an interrupt. Does not return.</summary>
    public static void Idle()
    {
        RunQueue queue = Current.Queue;
        while (true)
        {
            Cpu.DisableInterrupts();
            if (queue.NeedsReschedule)
            {
                Yield();
                Cpu.EnableInterrupts();
            }
            else if (FrameAllocator.WantsScrub)
            {
                Cpu.EnableInterrupts();
                FrameAllocator.TryScrub();
            }
            else
            {
                queue.Passages++;
                queue.IsHalted = true;
                Cpu.Halt();
                queue.IsHalted = false;
            }
        }
    }

    // With the queue's lock held; returns, on this thread, with it held.
    private static void Switch(RunQueue queue)
    {
        KernelThread from = queue.Current;
        ulong now = Clock.Now;
        while (queue.TryGiveAway(now))
        {
        }
        KernelThread to = queue.PickNext(now);
        queue.ArmTimer();
        if (from == to)
            return;
        from.Arena = Arena.Use(to.Arena);
        from.FaultDomain = FaultDomain.Exchange(to.FaultDomain);
        to.Switches++;
        Processor.SetCurrentThread(to);
        if (from.AddressSpace.Value != to.AddressSpace.Value)
            ControlRegister.WriteCr3(to.AddressSpace.Value);
        StackSwitch.Switch(ref from.StackPointer, to.StackPointer);
    }

    /// <summary>A processor where a waiting thread would run at once; null if it had better stay.</summary>
    internal static RunQueue? FindBetter(RunQueue queue, ulong affinity, ulong virtualTime, ulong now)
    {
        RunQueue? best = null;
        ulong ahead = virtualTime + Ahead;
        for (int i = 0; i < Processors.Count; i++)
        {
            RunQueue candidate = s_queues[i]!;
            if (candidate == queue || (affinity >> i & 1) == 0)
                continue;
            if (candidate.IsIdle)
                return candidate;
            ulong reached = candidate.VirtualTimeAt(now);
            if (reached <= ahead)
                continue;
            ahead = reached;
            best = candidate;
        }
        return best;
    }

    /// <summary>Of the processors that run something, how far the one has come that is the farthest behind; 0 if none does.</summary>
    internal static ulong LeastVirtualTime(ulong now)
    {
        ulong least = ulong.MaxValue;
        for (int i = 0; i < Processors.Count; i++)
        {
            if (!s_queues[i]!.IsIdle)
                least = Math.Min(least, s_queues[i]!.VirtualTimeAt(now));
        }
        return least == ulong.MaxValue ? 0 : least;
    }

    private static RunQueue ChooseQueue(ulong affinity)
    {
        bool interrupts = s_lock.Enter();
        int count = Processors.Count;
        RunQueue? chosen = null;
        for (int i = 0; i < count; i++)
        {
            RunQueue candidate = s_queues[(s_nextQueue + i) % count]!;
            if ((affinity >> candidate.Processor.Index & 1) != 0 && (chosen is null || candidate.Load < chosen.Load))
                chosen = candidate;
        }
        RunQueue best = chosen ?? s_queues[0]!;
        s_nextQueue = (best.Processor.Index + 1) % count;
        best.Load++;
        s_lock.Exit(interrupts);
        return best;
    }

    private static KernelThread? TakeSlot()
    {
        bool interrupts = s_lock.Enter();
        KernelThread? taken = null;
        for (int i = 0; i < s_threads.Length && taken is null; i++)
        {
            if (s_threads[i].State == ThreadState.Unused)
                taken = s_threads[i];
        }
        if (taken is not null)
        {
            taken.State = ThreadState.Blocked;
            taken.Generation = unchecked(taken.Generation + 1);
        }
        s_lock.Exit(interrupts);
        return taken;
    }

    // The first thing on a new thread's stack; ThreadEntry in Processor.asm calls it.
    [UnmanagedCallersOnly(EntryPoint = "KernelThreadMain")]
    private static void ThreadMain()
    {
        KernelThread thread = Current;
        thread.Queue.Exit(interrupts: true); // taken by whoever switched to us
        thread.Body!.Run();
        thread.Queue.Enter();
        thread.State = ThreadState.Ended;
        Switch(thread.Queue);
        Panic.Stop($"an ended thread ran again");
    }

    private sealed class TimerHandler : InterruptHandler
    {
        public override void Handle() => s_queues[Processor.Current.Index]!.OnTimer(Clock.Now);
    }

    // The interrupt itself is the message: it ends a halt or a guest's run.
    private sealed class RescheduleHandler : InterruptHandler
    {
        public override void Handle() { }
    }
}
