using System.Runtime.CompilerServices;

namespace HyperOS.Abi.State;

/// <summary>MAC addresses in place.</summary>
[InlineArray(VirtioNetState.FilterEntries)]
public struct FilterAddresses
{
    private ulong _first;
}

/// <summary>A bit for each VLAN id in place.</summary>
[InlineArray(VirtioNetState.VlanWords)]
public struct VlanBits
{
    private uint _first;
}

/// <summary>Saved state of a virtio network device. Its port's is the switch's.</summary>
public struct VirtioNetState
{
    public const uint CurrentVersion = 1;

    /// <summary>MAC addresses that its filter holds.</summary>
    public const int FilterEntries = 64;

    /// <summary>Words of the VLAN table.</summary>
    public const int VlanWords = 4096 / 32;

    public uint Version;

    /// <summary>1 while the guest was asked to announce itself and has not answered.</summary>
    public byte Announces;

    /// <summary>1 while the driver has asked for all frames.</summary>
    public byte HearsAll;

    /// <summary>Queue pairs that the driver uses.</summary>
    public ushort ActivePairs;

    /// <summary>The offloads of received frames that the driver has on, as feature bits.</summary>
    public ulong Offloads;

    /// <summary>The device's MAC address: 48 bits, its first octet the most significant.</summary>
    public ulong Address;

    /// <summary>Bits: promiscuous, all multicast, all unicast, no multicast, no unicast, no broadcast, VLANs by the table.</summary>
    public uint ReceiveModes;

    /// <summary>Addresses in the filter, which are the first of <see cref="Filter"/>.</summary>
    public uint FilterCount;

    public FilterAddresses Filter;
    public VlanBits Vlans;
    public VirtioDeviceState Device;
}
