using HyperOS.Userworld;

namespace HyperOS.Tests.Unit.Userworld;

public class FutexTableTests
{
    private readonly FutexTable _table = new(4);

    [Fact]
    public void Who_waits_longest_is_woken_first()
    {
        _table.Add(2, 0x1000, FutexTable.AnyBit);
        _table.Add(0, 0x1000, FutexTable.AnyBit);
        _table.Add(1, 0x2000, FutexTable.AnyBit);
        Assert.True(_table.TryWake(0x1000, FutexTable.AnyBit, out int thread));
        Assert.Equal(2, thread);
        Assert.False(_table.IsWaiting(2));
        Assert.True(_table.TryWake(0x1000, FutexTable.AnyBit, out thread));
        Assert.Equal(0, thread);
        Assert.False(_table.TryWake(0x1000, FutexTable.AnyBit, out _));
        Assert.True(_table.IsWaiting(1));
    }

    [Fact]
    public void Bits_choose_among_the_waiters()
    {
        _table.Add(0, 0x1000, 1);
        _table.Add(1, 0x1000, 2);
        Assert.True(_table.TryWake(0x1000, 2, out int thread));
        Assert.Equal(1, thread);
        Assert.False(_table.TryWake(0x1000, 4, out _));
    }

    [Fact]
    public void Who_gave_up_is_not_woken()
    {
        _table.Add(3, 0x1000, FutexTable.AnyBit);
        _table.Remove(3);
        Assert.False(_table.TryWake(0x1000, FutexTable.AnyBit, out _));
    }
}
