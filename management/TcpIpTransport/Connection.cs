using System;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Management.TcpIp;
using Microsoft.AspNetCore.Connections;

namespace HyperOS.Management.TcpIpTransport;

/// <summary>
/// A TCP connection as Kestrel takes it. Nothing is read before Kestrel asks for it, so that the window closes behind a slow application; and a flush
/// waits until the connection has taken all, so that a slow peer holds the application back.
/// <code>
///   peer's FIN         -> the input ends; the output goes on
///   output completed   -> FIN, after what was written
///   peer's RST, Abort  -> both fail; <see cref="DefaultConnectionContext.ConnectionClosed"/>
///   disposal           -> what was written is still delivered; a peer whose data was not read is reset
/// </code>
/// </summary>
internal sealed class Connection : DefaultConnectionContext, IDuplexPipe
{
    private readonly TcpConnection _connection;
    private readonly ConnectionListener _listener;
    private readonly OutputWriter _output;
    private readonly CancellationTokenSource _closed = new();
    private readonly Task _watch;
    private int _isDisposed;

    public Connection(TcpConnection connection, string id, ConnectionListener listener)
        : base(id)
    {
        _connection = connection;
        _listener = listener;
        _output = new OutputWriter(connection);
        Input = PipeReader.Create(new ConnectionStream(connection), new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));
        Transport = this;
        LocalEndPoint = connection.Local.ToIPEndPoint();
        RemoteEndPoint = connection.Remote.ToIPEndPoint();
        ConnectionClosed = _closed.Token;
        _watch = WatchAsync();
    }

    public PipeReader Input { get; }

    PipeWriter IDuplexPipe.Output => _output;

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) => _connection.Abort();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        await Input.CompleteAsync().ConfigureAwait(false);
        await _output.CompleteAsync().ConfigureAwait(false);
        _connection.Dispose();
        // The connection itself may live on for a while, to deliver what was written and to rest; what Kestrel may have of them is counted.
        _listener.Release(_connection.Remote.Address);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private async Task WatchAsync()
    {
        await _connection.WaitForEndAsync().ConfigureAwait(false);
        await _closed.CancelAsync().ConfigureAwait(false);
    }
}
