using System;
using HyperOS.Management.TcpIp;
using Microsoft.AspNetCore.Connections;

namespace HyperOS.Management.TcpIpTransport;

/// <summary>What the input pipe reads from: a connection whose failures are those that Kestrel knows.</summary>
internal sealed class ConnectionStream(TcpConnection connection) : TcpStream(connection)
{
    /// <inheritdoc/>
    protected override Exception Failure(TcpError error) => error == TcpError.Aborted
        ? new ConnectionAbortedException($"The connection to {Connection.Remote} was given up.")
        : new ConnectionResetException($"The connection to {Connection.Remote} has ended: {error}.");
}
