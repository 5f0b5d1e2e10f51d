namespace HyperOS.Management.TcpIp;

/// <summary>What a frame carries (IEEE 802 numbers, "EtherType").</summary>
internal enum EtherType : ushort
{
    Ipv4 = 0x0800,
    Arp = 0x0806,
}
