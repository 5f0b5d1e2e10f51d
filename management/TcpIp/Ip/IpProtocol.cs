namespace HyperOS.Management.TcpIp;

/// <summary>What an IP packet carries (IANA, "Protocol Numbers").</summary>
internal enum IpProtocol : byte
{
    Icmp = 1,
    Tcp = 6,
    Udp = 17,
}
