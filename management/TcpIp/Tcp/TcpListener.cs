using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace HyperOS.Management.TcpIp;

/// <summary>A TCP port where connections are taken. It may be used from any thread; one waits at a time.</summary>
public sealed class TcpListener : IDisposable
{
    private readonly TcpLayer _layer;
    private readonly int _backlog;
    private readonly Queue<TcpConnection> _ready = new();
    private readonly Signal _signal;
    private bool _isClosed;

    internal TcpListener(TcpLayer layer, ushort port, int backlog)
    {
        _layer = layer;
        _backlog = backlog;
        _signal = new Signal(layer.Stack);
        Port = port;
    }

    /// <summary>The port.</summary>
    public ushort Port { get; }

    /// <summary>More connections wait to be taken than are let wait: peers are answered when some have been.</summary>
    internal bool IsFull => _ready.Count >= _backlog;

    /// <summary>Takes a connection that is there.</summary>
    /// <returns>Null if there is none now.</returns>
    public TcpConnection? TryAccept()
    {
        using NetworkStack.Scope scope = _layer.Stack.Enter();
        return _ready.TryDequeue(out TcpConnection? connection) ? connection : null;
    }

    /// <summary>Takes the next connection.</summary>
    /// <returns>Null when the listener was closed.</returns>
    public async ValueTask<TcpConnection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            ValueTask next;
            using (_layer.Stack.Enter())
            {
                if (_ready.TryDequeue(out TcpConnection? connection))
                    return connection;
                if (_isClosed)
                    return null;
                next = _signal.WaitAsync(cancellationToken);
            }
            await next.ConfigureAwait(false);
        }
    }

    /// <summary>Takes no more connections; those that nobody has taken are reset.</summary>
    public void Dispose()
    {
        using NetworkStack.Scope scope = _layer.Stack.Enter();
        if (_isClosed)
            return;
        _isClosed = true;
        _layer.Close(this);
        while (_ready.TryDequeue(out TcpConnection? connection))
            connection.Abort();
        _signal.Set();
    }

    internal void Add(TcpConnection connection)
    {
        _ready.Enqueue(connection);
        _signal.Set();
    }
}
