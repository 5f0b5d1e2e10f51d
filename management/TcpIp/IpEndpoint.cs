using System;
using System.Net;

namespace HyperOS.Management.TcpIp;

/// <summary>An address and a UDP or TCP port.</summary>
public readonly record struct IpEndpoint(IpAddress Address, ushort Port)
{
    /// <summary>From System.Net's type.</summary>
    public static IpEndpoint From(IPEndPoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return new(IpAddress.From(endpoint.Address), (ushort)endpoint.Port);
    }

    /// <summary>To System.Net's type.</summary>
    public IPEndPoint ToIPEndPoint() => new(Address.ToIPAddress(), Port);

    /// <inheritdoc/>
    public override string ToString() => Address.IsV4 ? $"{Address}:{Port}" : $"[{Address}]:{Port}";
}
