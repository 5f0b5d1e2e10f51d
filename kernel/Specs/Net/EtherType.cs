namespace HyperOS.Specs.Net;

/// <summary>What follows the addresses of an Ethernet frame: IEEE 802 Numbers (IANA), "Ether Types".</summary>
public enum EtherType : ushort
{
    IPv4 = 0x0800,
    ARP = 0x0806,

    /// <summary>Customer VLAN tag: IEEE 802.1Q, section "Tag Protocol Identification".</summary>
    CustomerTag = 0x8100,
    IPv6 = 0x86DD,

    /// <summary>Service VLAN tag: IEEE 802.1Q, section "Tag Protocol Identification".</summary>
    ServiceTag = 0x88A8,

    /// <summary>Tags of switches older than the service tag.</summary>
    OldServiceTag1 = 0x9100,

    /// <summary>As <see cref="OldServiceTag1"/>.</summary>
    OldServiceTag2 = 0x9200,

    /// <summary>As <see cref="OldServiceTag1"/>.</summary>
    OldServiceTag3 = 0x9300,
}
