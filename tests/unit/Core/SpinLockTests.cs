using SpinLock = HyperOS.Core.SpinLock;

namespace HyperOS.Tests.Unit.Core;

public class SpinLockTests
{
    [Fact]
    public void A_free_lock_is_entered_even_if_it_is_poisoned()
    {
        SpinLock spinLock = default;
        bool isPoisoned = true;
        Assert.True(spinLock.TryEnter(in isPoisoned));
        Assert.True(spinLock.IsHeld);
        spinLock.Exit();
        Assert.False(spinLock.IsHeld);
    }

    [Fact]
    public void Nobody_waits_for_a_poisoned_lock()
    {
        SpinLock spinLock = default;
        bool isPoisoned = true;
        spinLock.Enter();
        Assert.False(spinLock.TryEnter(in isPoisoned));
        Assert.False(spinLock.TryEnter(in isPoisoned));
        Assert.True(spinLock.IsHeld);
    }

    [Fact]
    public void Those_who_wait_leave_when_the_lock_is_poisoned()
    {
        Shared shared = new();
        shared.Lock.Enter();
        Task<bool>[] waiters = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => shared.Lock.TryEnter(in shared.IsPoisoned)))];
        Volatile.Write(ref shared.IsPoisoned, true);
        Assert.All(waiters, waiter => Assert.False(waiter.GetAwaiter().GetResult()));
    }

    private sealed class Shared
    {
        public SpinLock Lock;
        public bool IsPoisoned;
    }
}
