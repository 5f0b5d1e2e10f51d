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

    private readonly void Wait(uint ticket)
    {
        while (Volatile.Read(in _serving) != ticket)
            Thread.SpinWait(1);
    }

    public bool TryEnter()
    {
        uint serving = Volatile.Read(ref _serving);
        return Interlocked.CompareExchange(ref _next, unchecked(serving + 1), serving) == serving;
    }

    public void Exit() => Volatile.Write(ref _serving, unchecked(_serving + 1));

    public bool IsHeld => Volatile.Read(ref _next) != Volatile.Read(ref _serving);
}
