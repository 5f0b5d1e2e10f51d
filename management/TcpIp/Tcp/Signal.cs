using System;
using System.Threading;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;

namespace HyperOS.Management.TcpIp;

/// <summary>One waits, without an allocation, until another says so. All but the waiting is done under the stack's lock; the waiter goes on in a thread of the pool.</summary>
internal sealed class Signal(NetworkStack stack) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private bool _isWaiting;

    /// <exception cref="InvalidOperationException">Somebody waits already.</exception>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (_isWaiting)
            throw new InvalidOperationException("Only one can wait for the same side of a connection.");
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        _core.Reset();
        _isWaiting = true;
        ValueTask task = new(this, _core.Version);
        if (cancellationToken.CanBeCanceled)
            _registration = cancellationToken.UnsafeRegister(static (signal, token) => ((Signal)signal!).Cancel(token), this);
        return task;
    }

    public void Set()
    {
        if (!_isWaiting)
            return;
        End();
        _core.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Cancel(CancellationToken token)
    {
        using NetworkStack.Scope scope = stack.Enter();
        if (!_isWaiting || _registration.Token != token)
            return;
        End();
        _core.SetException(new OperationCanceledException(token));
    }

    // Not Dispose, which would wait for a cancellation that itself waits for the stack's lock.
    private void End()
    {
        _isWaiting = false;
        _registration.Unregister();
        _registration = default;
    }
}
