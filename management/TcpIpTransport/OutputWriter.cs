using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Management.TcpIp;

namespace HyperOS.Management.TcpIpTransport;

/// <summary>
/// The output pipe: gathers what is written, and gives it to the connection when it is flushed, so that it leaves in full segments. A flush waits
/// until the connection has taken all; nothing else waits, and nobody is blocked.
/// </summary>
internal sealed class OutputWriter(TcpConnection connection) : PipeWriter
{
    private const int BlockSize = 4096;

    // Full blocks, and the one that is being filled, of which nothing is given away before a flush.
    private readonly List<ArraySegment<byte>> _full = [];
    private readonly Lock _lock = new(); // of what CancelPendingFlush touches: any thread may call it
    private byte[] _block = [];
    private int _filled;
    private int _given;
    private long _unflushed;
    private bool _isFlushing;
    private bool _isCancelled;
    private bool _isCompleted;
    private CancellationTokenSource? _waiting;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _unflushed;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _block.AsMemory(_filled);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _block.AsSpan(_filled);
    }

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _block.Length - _filled);
        _filled += bytes;
        _unflushed += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        return TryGive() ? ValueTask.FromResult(Result()) : GiveAllAsync(cancellationToken);
    }

    public override void CancelPendingFlush()
    {
        lock (_lock)
        {
            _isCancelled = true;
            _waiting?.Cancel();
        }
    }

    /// <summary>
    /// No more is written: FIN, behind what was. What was never flushed goes with it as far as there is room; if there is not, or the
    /// application has failed, the peer is reset, so that it does not take for whole what is not.
    /// </summary>
    public override void Complete(Exception? exception = null)
    {
        if (_isCompleted)
            return;
        _isCompleted = true;
        if (exception is null && TryGive())
            connection.CloseOutput();
        else
            connection.Abort();
        // Blocks that a flush is about to give away are left to the garbage collector.
        if (!_isFlushing)
            ReturnBlocks();
    }

    private void Reserve(int sizeHint)
    {
        if (_isCompleted)
            throw new InvalidOperationException("The output was completed.");
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        if (_block.Length - _filled >= Math.Max(1, sizeHint))
            return;
        PutAway();
        _block = ArrayPool<byte>.Shared.Rent(Math.Max(BlockSize, sizeHint));
    }

    private void PutAway()
    {
        if (_filled != 0)
            _full.Add(new ArraySegment<byte>(_block, 0, _filled));
        else if (_block.Length != 0)
            ArrayPool<byte>.Shared.Return(_block);
        _block = [];
        _filled = 0;
    }

    /// <returns>True if nothing is left to wait for: the connection has taken all, or takes no more.</returns>
    private bool TryGive()
    {
        if (_unflushed == 0)
            return true;
        if (connection.State == TcpState.Closed)
        {
            ReturnBlocks();
            return true;
        }
        PutAway();
        int blocks = 0;
        while (blocks < _full.Count)
        {
            ReadOnlySpan<byte> rest = _full[blocks].AsSpan(_given);
            int taken = connection.Write(rest, moreFollows: blocks < _full.Count - 1);
            _given += taken;
            _unflushed -= taken;
            if (taken < rest.Length)
                break;
            ArrayPool<byte>.Shared.Return(_full[blocks++].Array!);
            _given = 0;
        }
        _full.RemoveRange(0, blocks);
        return _full.Count == 0;
    }

    private async ValueTask<FlushResult> GiveAllAsync(CancellationToken cancellationToken)
    {
        _isFlushing = true;
        using CancellationTokenSource waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            lock (_lock)
            {
                _waiting = waiting;
                if (_isCancelled)
                    return Result();
            }
            do
            {
                await connection.WaitForOutputAsync(waiting.Token).ConfigureAwait(false);
            }
            while (!_isCompleted && !TryGive());
            return Result();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Result();
        }
        finally
        {
            lock (_lock)
                _waiting = null;
            _isFlushing = false;
        }
    }

    private FlushResult Result()
    {
        lock (_lock)
        {
            bool isCancelled = _isCancelled;
            _isCancelled = false;
            return new FlushResult(isCancelled, isCompleted: _isCompleted || connection.State == TcpState.Closed);
        }
    }

    private void ReturnBlocks()
    {
        PutAway();
        foreach (ArraySegment<byte> block in _full)
            ArrayPool<byte>.Shared.Return(block.Array!);
        _full.Clear();
        _given = 0;
        _unflushed = 0;
    }
}
