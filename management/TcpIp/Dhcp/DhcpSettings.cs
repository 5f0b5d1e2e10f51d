using System;

namespace HyperOS.Management.TcpIp;

/// <summary>How a host asks for its address.</summary>
public sealed record DhcpSettings
{
    /// <summary>The name that the server may publish; null: none.</summary>
    public string? HostName { get; init; }

    /// <summary>What the host is called as long as no server answers; null: nothing.</summary>
    public IpConfiguration? Fallback { get; init; }

    /// <summary>How long it waits for a server before it takes the fallback; it goes on asking then.</summary>
    public TimeSpan FallbackAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often it asks whether somebody has the address already (RFC 2131 section 4.4.1, RFC 5227 section 2.1).</summary>
    public int Probes { get; init; } = 1;

    /// <summary>How long it waits for the answer each time. RFC 5227 has three probes, a second or two apart; a server's word makes one quick one do.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromMilliseconds(200);
}
