using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Management.TcpIp;
using Microsoft.AspNetCore.Connections;
using TcpListener = HyperOS.Management.TcpIp.TcpListener;

namespace HyperOS.Management.TcpIpTransport;

/// <summary>A port whose connections go to Kestrel, as many at once as the settings allow.</summary>
internal sealed class ConnectionListener : IConnectionListener
{
    private readonly TransportSettings _settings;
    private readonly TcpListener _listener;
    private readonly SemaphoreSlim _free;
    private readonly CancellationTokenSource _unbound = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<IpAddress, int> _open = [];
    private long _accepted;

    public ConnectionListener(NetworkStack stack, IPEndPoint endpoint, TransportSettings settings)
    {
        IPAddress address = endpoint.Address;
        if (!address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && IpAddress.From(address) != stack.Configuration?.Address)
            throw new SocketException((int)SocketError.AddressNotAvailable);
        EndPoint = endpoint;
        _settings = settings;
        _free = new SemaphoreSlim(settings.MaximumConnections);
        try
        {
            _listener = stack.Listen((ushort)endpoint.Port, settings.Backlog);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException($"Port {endpoint.Port} is taken.", exception);
        }
    }

    public EndPoint EndPoint { get; }

    /// <summary>The next connection, once there may be one more.</summary>
    /// <returns>Null when no more are taken.</returns>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        if (!_free.Wait(0, CancellationToken.None) && !await WaitUntilFreeAsync(cancellationToken).ConfigureAwait(false))
            return null;
        while (await _listener.AcceptAsync(cancellationToken).ConfigureAwait(false) is { } connection)
        {
            if (TryCount(connection.Remote.Address))
            {
                connection.KeepAlive = _settings.KeepAlive;
                return new Connection(connection, Interlocked.Increment(ref _accepted).ToString("X8", CultureInfo.InvariantCulture), this);
            }
            connection.Abort();
        }
        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _unbound.Cancel();
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    /// <summary>A connection is over: another one may come.</summary>
    public void Release(IpAddress remote)
    {
        lock (_lock)
        {
            if (--_open[remote] == 0)
                _open.Remove(remote);
        }
        _free.Release();
    }

    private async ValueTask<bool> WaitUntilFreeAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _unbound.Token);
        try
        {
            await _free.WaitAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (System.OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private bool TryCount(IpAddress remote)
    {
        lock (_lock)
        {
            int count = _open.GetValueOrDefault(remote);
            if (count >= _settings.MaximumOfOneAddress)
                return false;
            _open[remote] = count + 1;
            return true;
        }
    }
}
