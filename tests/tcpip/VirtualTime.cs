namespace HyperOS.Tests.TcpIp;

/// <summary>A clock that stands still until it is advanced, and then does what is due in order; what is due together in the order it was asked for.</summary>
internal sealed class VirtualTime : TimeProvider
{
    private readonly PriorityQueue<Action, (long Due, long Order)> _events = new();
    private long _order;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Ticks of 100 ns since the start.</summary>
    public long Now { get; private set; }

    public override long GetTimestamp() => Now;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddYears(56).AddTicks(Now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        VirtualTimer timer = new(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>May be called from any thread; only one advances the clock.</summary>
    public void Schedule(TimeSpan after, Action action)
    {
        lock (_events)
            _events.Enqueue(action, (Now + after.Ticks, _order++));
    }

    /// <summary>Goes to the next event and does it.</summary>
    /// <returns>False if none is left before the limit, at which the clock then stands.</returns>
    public bool Step(long limit)
    {
        Action? next;
        lock (_events)
        {
            bool isDue = _events.TryPeek(out next, out (long Due, long Order) at) && at.Due <= limit;
            Now = Math.Max(Now, isDue ? at.Due : limit);
            if (!isDue)
                return false;
            _events.Dequeue();
        }
        next!();
        return true;
    }

    public void Advance(TimeSpan by)
    {
        long limit = Now + by.Ticks;
        while (Step(limit))
        {
        }
    }

    public void AdvanceSeconds(double seconds) => Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Goes on until something is so.</summary>
    public void RunUntil(Func<bool> isDone, TimeSpan within, string what)
    {
        long limit = Now + within.Ticks;
        while (!isDone())
            Assert.True(Step(limit), $"not within {within}: {what}");
    }

    private sealed class VirtualTimer(VirtualTime time, Action action) : ITimer
    {
        private int _generation;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            int generation = ++_generation;
            if (dueTime >= TimeSpan.Zero)
            {
                time.Schedule(dueTime, () =>
                {
                    if (generation == _generation)
                        action();
                });
            }
            return true;
        }

        public void Dispose() => _generation++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
