using System;

namespace HyperOS.Specs.Virtio;

/// <summary>Flags of a frame's header. Virtio 1.2, section "Network Device", "Device Operation".</summary>
[Flags]
public enum VirtioNetHeaderFlags : byte
{
    VIRTIO_NET_HDR_F_NEEDS_CSUM = 1,
    VIRTIO_NET_HDR_F_DATA_VALID = 2,
}

/// <summary>Status in the configuration. Virtio 1.2, section "Network Device", "Device configuration layout".</summary>
[Flags]
public enum VirtioNetStatus : ushort
{
    VIRTIO_NET_S_LINK_UP = 1,
    VIRTIO_NET_S_ANNOUNCE = 2,
}

/// <summary>Classes of control commands. Virtio 1.2, section "Control Virtqueue".</summary>
public enum VirtioNetControlClass : byte
{
    VIRTIO_NET_CTRL_RX = 0,
    VIRTIO_NET_CTRL_MAC = 1,
    VIRTIO_NET_CTRL_VLAN = 2,
    VIRTIO_NET_CTRL_ANNOUNCE = 3,
    VIRTIO_NET_CTRL_MQ = 4,
    VIRTIO_NET_CTRL_GUEST_OFFLOADS = 5,
}

/// <summary>Feature bits, configuration, header and commands of the network device, offsets in bytes. Virtio 1.2, section "Network Device".</summary>
public static class VirtioNet
{
    public const ulong VIRTIO_NET_F_CSUM = 1ul << 0;
    public const ulong VIRTIO_NET_F_GUEST_CSUM = 1ul << 1;
    public const ulong VIRTIO_NET_F_CTRL_GUEST_OFFLOADS = 1ul << 2;
    public const ulong VIRTIO_NET_F_MTU = 1ul << 3;
    public const ulong VIRTIO_NET_F_MAC = 1ul << 5;
    public const ulong VIRTIO_NET_F_GUEST_TSO4 = 1ul << 7;
    public const ulong VIRTIO_NET_F_GUEST_TSO6 = 1ul << 8;
    public const ulong VIRTIO_NET_F_GUEST_ECN = 1ul << 9;
    public const ulong VIRTIO_NET_F_HOST_TSO4 = 1ul << 11;
    public const ulong VIRTIO_NET_F_HOST_TSO6 = 1ul << 12;
    public const ulong VIRTIO_NET_F_HOST_ECN = 1ul << 13;
    public const ulong VIRTIO_NET_F_MRG_RXBUF = 1ul << 15;
    public const ulong VIRTIO_NET_F_STATUS = 1ul << 16;
    public const ulong VIRTIO_NET_F_CTRL_VQ = 1ul << 17;
    public const ulong VIRTIO_NET_F_CTRL_RX = 1ul << 18;
    public const ulong VIRTIO_NET_F_CTRL_VLAN = 1ul << 19;
    public const ulong VIRTIO_NET_F_CTRL_RX_EXTRA = 1ul << 20;
    public const ulong VIRTIO_NET_F_GUEST_ANNOUNCE = 1ul << 21;
    public const ulong VIRTIO_NET_F_MQ = 1ul << 22;
    public const ulong VIRTIO_NET_F_CTRL_MAC_ADDR = 1ul << 23;
    public const ulong VIRTIO_NET_F_GUEST_USO4 = 1ul << 54;
    public const ulong VIRTIO_NET_F_GUEST_USO6 = 1ul << 55;
    public const ulong VIRTIO_NET_F_HOST_USO = 1ul << 56;

    /// <summary>Configuration: mac (6), status (2), max_virtqueue_pairs (2), mtu (2).</summary>
    public const int Mac = 0, Status = 6, MaxVirtqueuePairs = 8, Mtu = 10, ConfigurationBytes = 12;

    /// <summary>A frame's header: flags (1), gso_type (1), then six of 2 bytes.</summary>
    public const int GsoType = 1, HdrLen = 2, GsoSize = 4, CsumStart = 6, CsumOffset = 8, NumBuffers = 10, HeaderBytes = 12;

    /// <summary>In gso_type beside the kind: the frame has CWR set.</summary>
    public const byte VIRTIO_NET_HDR_GSO_ECN = 0x80;

    /// <summary>Commands of VIRTIO_NET_CTRL_RX; each takes a byte, 0 or 1.</summary>
    public const byte VIRTIO_NET_CTRL_RX_PROMISC = 0, VIRTIO_NET_CTRL_RX_ALLMULTI = 1, VIRTIO_NET_CTRL_RX_ALLUNI = 2, VIRTIO_NET_CTRL_RX_NOMULTI = 3,
        VIRTIO_NET_CTRL_RX_NOUNI = 4, VIRTIO_NET_CTRL_RX_NOBCAST = 5;

    /// <summary>Commands of VIRTIO_NET_CTRL_MAC: two tables, each a number (4) and addresses (6 each); an address.</summary>
    public const byte VIRTIO_NET_CTRL_MAC_TABLE_SET = 0, VIRTIO_NET_CTRL_MAC_ADDR_SET = 1;

    /// <summary>Commands of VIRTIO_NET_CTRL_VLAN; each takes an id (2).</summary>
    public const byte VIRTIO_NET_CTRL_VLAN_ADD = 0, VIRTIO_NET_CTRL_VLAN_DEL = 1;

    /// <summary>Command of VIRTIO_NET_CTRL_ANNOUNCE.</summary>
    public const byte VIRTIO_NET_CTRL_ANNOUNCE_ACK = 0;

    /// <summary>Command of VIRTIO_NET_CTRL_MQ; takes a number (2).</summary>
    public const byte VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET = 0;

    /// <summary>Command of VIRTIO_NET_CTRL_GUEST_OFFLOADS; takes feature bits (8).</summary>
    public const byte VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET = 0;

    /// <summary>A command's last byte.</summary>
    public const byte VIRTIO_NET_OK = 0, VIRTIO_NET_ERR = 1;
}
