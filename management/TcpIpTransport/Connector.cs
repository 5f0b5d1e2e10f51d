using System;
using System.IO;
using System.Net.Http;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Management.TcpIp;

namespace HyperOS.Management.TcpIpTransport;

/// <summary>Connects an HttpClient by a <see cref="NetworkStack"/>: <c>new SocketsHttpHandler { ConnectCallback = new Connector(stack).ConnectAsync }</c>.</summary>
public sealed class Connector(NetworkStack stack)
{
    /// <summary>Asks for the host's addresses and connects to the first that answers.</summary>
    /// <exception cref="SocketException">There is no such host, or none of its addresses takes the connection.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        DnsAnswer answer = await DnsClient.ResolveAsync(stack, context.DnsEndPoint.Host).WaitAsync(cancellationToken).ConfigureAwait(false);
        SocketException failure = new((int)(answer.Status == DnsStatus.NoAnswer ? SocketError.TryAgain : SocketError.HostNotFound));
        foreach (IpAddress address in answer.Addresses)
        {
            try
            {
                return new TcpStream(await stack.ConnectAsync(new IpEndpoint(address, (ushort)context.DnsEndPoint.Port), cancellationToken).ConfigureAwait(false));
            }
            catch (SocketException exception)
            {
                failure = exception;
            }
        }
        throw failure;
    }
}
