using System.Runtime.CompilerServices;
using System.Threading;
using HyperOS.Core;

namespace HyperOS.Platform;

/// <summary>
/// A spinlock of one machine, held inside a fault domain with interrupts on, never while waiting for anything else. It keeps no record of who
/// holds it: a holder that ends in a fault never lets go, the machine poisons its locks, and those who wait for one leave their domains too.
/// </summary>
public struct GuestLock
{
    private SpinLock _lock;
    private bool _isPoisoned;

    /// <summary>Takes the lock. Does not return once it is poisoned and somebody still holds it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter()
    {
        if (!_lock.TryEnter(in _isPoisoned))
            FaultDomain.Abandon();
    }

    public void Exit() => _lock.Exit();

    /// <summary>Nobody is to wait for the lock any more. Any thread.</summary>
    public void Poison() => Volatile.Write(ref _isPoisoned, true);
}
