using System.Collections.Immutable;

namespace HyperOS.Management.TcpIp;

/// <summary>What the host is called on its network, from the administrator or from DHCP.</summary>
/// <param name="Address">The host's own address, a unicast one.</param>
/// <param name="PrefixLength">How many bits of the address name the network, 1 to 32.</param>
/// <param name="Gateway">The router to other networks; null if there is none.</param>
public sealed record IpConfiguration(IpAddress Address, int PrefixLength, IpAddress? Gateway)
{
    /// <summary>Name servers, the preferred one first.</summary>
    public ImmutableArray<IpAddress> DnsServers { get; init; } = [];

    /// <summary>Time servers, the preferred one first.</summary>
    public ImmutableArray<IpAddress> NtpServers { get; init; } = [];

    /// <summary>The network's domain, to be put behind short names; null if unknown.</summary>
    public string? Domain { get; init; }

    /// <summary>An IPv4 host's address in a network that leaves room for hosts, with a gateway, if any, that is another host of that network.</summary>
    public bool IsValid =>
        Address is { IsV4: true, IsUnicast: true } && PrefixLength is >= 1 and <= 32 && !IsBroadcast(Address)
        && (PrefixLength >= 31 || (Address.Number & ~Mask) != 0)
        && (Gateway is not { } gateway || (gateway is { IsV4: true, IsUnicast: true } && gateway != Address && !IsBroadcast(gateway) && IsOnLink(gateway)));

    /// <summary>Reached without a router.</summary>
    internal bool IsOnLink(IpAddress address) => Address.SharesPrefix(address, PrefixLength);

    /// <summary>The network's own broadcast address, of which a network of two has none (RFC 3021).</summary>
    internal bool IsBroadcast(IpAddress address) =>
        address == IpAddress.BroadcastV4 || (PrefixLength < 31 && IsOnLink(address) && (address.Number | Mask) == uint.MaxValue);

    private uint Mask => uint.MaxValue << (32 - PrefixLength);
}
