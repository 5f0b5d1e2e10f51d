using System;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Management.TcpIp;
using Microsoft.AspNetCore.Connections;

namespace HyperOS.Management.TcpIpTransport;

/// <summary>
/// Kestrel's transport over a <see cref="NetworkStack"/>: no socket, no poll, no thread of its own. Kestrel finds it as a registered
/// <see cref="IConnectionListenerFactory"/>.
/// <code>
///   link's reader -> NetworkStack -> TcpListener -> ConnectionListener -> Connection -> Kestrel
///                                    TcpConnection &lt;-> pipes ----------------^
/// </code>
/// </summary>
/// <param name="stack">The host's TCP/IP.</param>
/// <param name="settings">Limits of each listener.</param>
public sealed class TransportFactory(NetworkStack stack, TransportSettings settings) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    /// <summary>Takes connections at a port of the host, whichever its address is by then.</summary>
    /// <exception cref="NotSupportedException">The end is no IP address and port.</exception>
    /// <exception cref="AddressInUseException">The port is taken.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The address is another host's.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new ConnectionListener(stack, endpoint as IPEndPoint ?? throw new NotSupportedException($"{endpoint} is no IP address and port."), settings));
}
