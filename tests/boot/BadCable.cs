namespace HyperOS.Tests.Boot;

/// <summary>A cable between two cards that loses frames, delivers others late, behind those that came after them, and some twice.</summary>
internal sealed class BadCable : IAsyncDisposable
{
    private const int Lost = 40, Late = 25, Twice = 60, LateBy = 4;

    private readonly CancellationTokenSource _end = new();
    private readonly Task _ways;
    private long _passed, _lost, _late, _strange;

    /// <param name="isExpected">Whether a frame may be on the cable.</param>
    public BadCable(Func<byte[], bool> isExpected)
    {
        IsExpected = isExpected;
        _ways = Task.WhenAll(Carry(Left, Right, seed: 1), Carry(Right, Left, seed: 2));
    }

    public Wire Left { get; } = new();

    public Wire Right { get; } = new();

    public long Passed => Interlocked.Read(ref _passed);

    public long LostFrames => Interlocked.Read(ref _lost);

    public long LateFrames => Interlocked.Read(ref _late);

    /// <summary>Frames that were not expected.</summary>
    public long Strange => Interlocked.Read(ref _strange);

    private Func<byte[], bool> IsExpected { get; }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _ways.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Left.Dispose();
        Right.Dispose();
        _end.Dispose();
    }

    private async Task Carry(Wire from, Wire to, int seed)
    {
        Random random = new(seed);
        byte[]? held = null;
        for (int heldSince = 0; ; heldSince++)
        {
            byte[] frame = await from.Receive(_end.Token);
            if (!IsExpected(frame))
                Interlocked.Increment(ref _strange);
            if (random.Next(Lost) == 0)
            {
                Interlocked.Increment(ref _lost);
                continue;
            }
            if (held is null && random.Next(Late) == 0)
            {
                Interlocked.Increment(ref _late);
                held = frame;
                heldSince = 0;
                continue;
            }
            to.Send(frame);
            Interlocked.Increment(ref _passed);
            if (random.Next(Twice) == 0)
                to.Send(frame);
            if (held is not null && heldSince >= LateBy)
            {
                to.Send(held);
                held = null;
            }
        }
    }
}
