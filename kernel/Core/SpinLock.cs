using System.Runtime.CompilerServices;
using System.Threading;

namespace HyperOS.Core;

/// <summary>Fair ticket lock: waiters enter in the order in which they came. Not reentrant. Use through Scheduling's guards where ranks are checked.</summary>
public struct SpinLock
{
    private uint _next;
    private uint _serving;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter()
    {
        uint ticket = unchecked(Interlocked.Add(ref _next, 1) - 1);
        if (Volatile.Read(ref _serving) != ticket)
            Wait(ticket);
    }

    // Not on the way of those who need not wait.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly void Wait(uint ticket)
    {
        while (Volatile.Read(in _serving) != ticket)
            Thread.SpinWait(1);
    }

    /// <summary>Enters, unless it has to wait and <paramref name="isPoisoned"/> is or becomes set.</summary>
    /// <returns>False if so: then the lock is lost for good, and nobody may wait for it but in this way.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnter(ref readonly bool isPoisoned)
    {
        uint ticket = unchecked(Interlocked.Add(ref _next, 1) - 1);
        return Volatile.Read(ref _serving) == ticket || TryWait(ticket, in isPoisoned);
    }

    // Not on the way of those who need not wait.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly bool TryWait(uint ticket, ref readonly bool isPoisoned)
    {
        while (Volatile.Read(in _serving) != ticket)
        {
            if (Volatile.Read(in isPoisoned))
                return false;
            Thread.SpinWait(1);
        }
        return true;
    }

    public void Exit() => Volatile.Write(ref _serving, unchecked(_serving + 1));

    public bool IsHeld => Volatile.Read(ref _next) != Volatile.Read(ref _serving);
}
