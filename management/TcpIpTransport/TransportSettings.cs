using System;

namespace HyperOS.Management.TcpIpTransport;

/// <summary>Limits of a listener.</summary>
public sealed record TransportSettings
{
    /// <summary>How many connections may wait to be taken; more stay half-open (<see cref="TcpIp.NetworkStack.Listen"/>).</summary>
    public int Backlog { get; init; } = 128;

    /// <summary>The most connections that are open at once; more wait until one ends.</summary>
    public int MaximumConnections { get; init; } = 1024;

    /// <summary>The most of them from one address, so that one host cannot take them all; one more is reset.</summary>
    public int MaximumOfOneAddress { get; init; } = 256;

    /// <summary>After so long a silence a peer is asked whether it is still there (<see cref="TcpIp.TcpConnection.KeepAlive"/>).</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(2);
}
