namespace HyperOS.Tests.Tap;

/// <summary>One direction of a bad link: loses, repeats and reorders by a seed, and holds everything back when it is told to.</summary>
internal sealed class Impairment : IDisposable
{
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromMilliseconds(4);

    private readonly Lock _lock = new();
    private readonly Random _random;
    private readonly Queue<byte[]> _ready = new();
    private readonly List<(byte[] Frame, int After)> _late = [];
    private readonly Timer _timer;
    private bool _isHolding;
    private bool _isDelivering;

    public Impairment(int seed)
    {
        _random = new Random(seed);
        _timer = new Timer(_ => Flush());
    }

    public double Loss { get; set; }

    public double Repetition { get; set; }

    /// <summary>Of so many frames each is overtaken by up to four.</summary>
    public double Reordering { get; set; }

    /// <summary>Sees every frame that came to this point; false has it lost.</summary>
    public Func<byte[], bool> Filter { get; set; } = _ => true;

    /// <summary>Where frames go.</summary>
    public Action<byte[]> Deliver { get; set; } = _ => { };

    public bool IsHolding
    {
        get => _isHolding;
        set
        {
            lock (_lock)
                _isHolding = value;
            DeliverReady();
        }
    }

    public void Pass(ReadOnlySpan<byte> frame)
    {
        byte[] copy = frame.ToArray();
        lock (_lock)
        {
            for (int i = _late.Count - 1; i >= 0; i--)
            {
                _late[i] = (_late[i].Frame, _late[i].After - 1);
                if (_late[i].After == 0)
                    Release(i);
            }
            if (!Filter(copy) || _random.NextDouble() < Loss)
                return;
            if (_random.NextDouble() < Reordering)
            {
                _late.Add((copy, 1 + _random.Next(4)));
                _timer.Change(s_longestDelay, Timeout.InfiniteTimeSpan);
            }
            else
                _ready.Enqueue(copy);
            if (_random.NextDouble() < Repetition)
                _ready.Enqueue(copy);
        }
        DeliverReady();
    }

    public void Dispose()
    {
        lock (_lock)
            Deliver = _ => { };
        _timer.Dispose();
    }

    private void Flush()
    {
        lock (_lock)
        {
            for (int i = _late.Count - 1; i >= 0; i--)
                Release(i);
        }
        DeliverReady();
    }

    private void Release(int index)
    {
        _ready.Enqueue(_late[index].Frame);
        _late.RemoveAt(index);
    }

    // Not under the lock, for the stack calls Pass under its own; one thread delivers at a time, so that nothing is overtaken but what is meant to be.
    private void DeliverReady()
    {
        while (true)
        {
            byte[]? frame;
            lock (_lock)
            {
                if (_isDelivering || _isHolding || !_ready.TryDequeue(out frame))
                    return;
                _isDelivering = true;
            }
            Deliver(frame);
            lock (_lock)
                _isDelivering = false;
        }
    }
}
