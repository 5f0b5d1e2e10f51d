using System;
using System.Threading;
using HyperOS.Platform;

namespace HyperOS.Scheduling;

/// <summary>
/// Threads that share what processor time they get, such as a machine's vCPUs: the group has shares, however many of its threads want to
/// run, and perhaps a limit. Lives in the arena of whoever the threads work for.
/// </summary>
public sealed class ThreadGroup
{
    // What an idle group may use at once above its rate; and the least that a thread runs before its group is looked at again.
    private const ulong Burst = 100_000_000;
    private const ulong Quantum = 500_000;

    private readonly uint _shares;
    private readonly uint _limit;
    private ulong _time;

    // Nanoseconds of processor time that the limit allows now, and when that was last added to.
    private long _credit;
    private ulong _addedAt;

    /// <summary>Threads that run or could; at least one of them is charged.</summary>
    internal int Runnable;

    // Three days without a switch: more would not fit with 64 threads.
    private const ulong MostWeighed = 1ul << 48;

    /// <param name="shares">Weight against other groups, from 1 on.</param>
    /// <param name="limit">Most processor time, in per cent of one processor; 0 for as much as there is.</param>
    public ThreadGroup(uint shares, uint limit)
    {
        _shares = shares;
        _limit = limit;
        _addedAt = Clock.Now;
    }

    /// <summary>Nanoseconds of processor time so far, up to each thread's last switch.</summary>
    public ulong ProcessorTime => Volatile.Read(ref _time);

    /// <summary>What a thread's use of the processor weighs: nanoseconds of a group with <see cref="KernelThread.DefaultShares"/> and one thread.</summary>
    internal ulong Weigh(ulong used) => Math.Min(used, MostWeighed) * KernelThread.DefaultShares * (uint)Math.Max(Volatile.Read(ref Runnable), 1) / _shares;

    /// <summary>A thread of the group has used so much.</summary>
    internal void Charge(ulong used, ulong now)
    {
        Interlocked.Add(ref _time, used);
        if (_limit == 0)
            return;
        ulong before = Volatile.Read(ref _addedAt);
        // Of several processors one adds; what the others know of the time is little older.
        if (now > before && Interlocked.CompareExchange(ref _addedAt, now, before) == before)
            Add(Allowed(Math.Min(now - before, Burst * 1000)));
        Interlocked.Add(ref _credit, -(long)used);
    }

    /// <summary>Whether the group has used more than it may; until <paramref name="resumeAt"/> its threads are to wait then.</summary>
    internal bool IsExhausted(ulong now, out ulong resumeAt)
    {
        long credit = Volatile.Read(ref _credit);
        resumeAt = now;
        if (_limit == 0 || credit >= 0)
            return false;
        resumeAt = now + Math.Max((ulong)-credit * 100 / _limit, Quantum);
        return true;
    }

    /// <summary>How long a thread may run before the group must be looked at: ulong.MaxValue without a limit.</summary>
    internal ulong Allowance
    {
        get
        {
            long credit = Volatile.Read(ref _credit);
            return _limit == 0 ? ulong.MaxValue : Math.Max(credit > 0 ? (ulong)credit : 0, Quantum);
        }
    }

    private ulong Allowed(ulong elapsed) => elapsed * _limit / 100;

    private void Add(ulong allowed)
    {
        long most = (long)Allowed(Burst);
        long before = Volatile.Read(ref _credit);
        while (true)
        {
            long seen = Interlocked.CompareExchange(ref _credit, Math.Min(before + (long)allowed, most), before);
            if (seen == before)
                return;
            before = seen;
        }
    }
}
