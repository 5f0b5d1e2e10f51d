using System;
using System.Runtime.CompilerServices;
using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>What a guest wants of the frames that reach its network device, as bits.</summary>
[Flags]
internal enum ReceiveModes : uint
{
    None = 0,

    /// <summary>All frames.</summary>
    Promiscuous = 1 << 0,

    /// <summary>All multicast.</summary>
    AllMulticast = 1 << 1,

    /// <summary>All unicast.</summary>
    AllUnicast = 1 << 2,

    /// <summary>No multicast.</summary>
    NoMulticast = 1 << 3,

    /// <summary>No unicast.</summary>
    NoUnicast = 1 << 4,

    /// <summary>No broadcast.</summary>
    NoBroadcast = 1 << 5,

    /// <summary>Of frames with a VLAN tag only those whose id is in the table.</summary>
    Vlans = 1 << 6,

    /// <summary>All that a driver sets.</summary>
    Settable = (1 << 6) - 1,
}

/// <summary>
/// A network device's own filter: virtio 1.2, section "Control Virtqueue", "Packet Receive Filtering" and those that follow. The control queue's
/// owner changes it while receive queues' owners ask it; one that asks meanwhile may judge by either.
/// </summary>
internal sealed class ReceiveFilter
{
    private const int TagOffset = 2 * MacAddress.Length, HeaderBytes = TagOffset + 4;
    private const ushort VlanMask = 0xFFF;

    // Guest-visible state.
    private readonly ulong[] _addresses = new ulong[VirtioNetState.FilterEntries];
    private readonly uint[] _vlans = new uint[VirtioNetState.VlanWords];
    private int _count;
    private uint _modes;
    private ulong _own;

    /// <summary>The device's own address.</summary>
    public MacAddress Own
    {
        get => new(Volatile.Read(ref _own));
        set => Volatile.Write(ref _own, value.Value);
    }

    /// <summary>What is let through beside addresses in the table.</summary>
    public ReceiveModes Modes
    {
        get => (ReceiveModes)Volatile.Read(ref _modes);
        set => Volatile.Write(ref _modes, (uint)value);
    }

    /// <summary>Empties the tables and lets all through: a driver that never speaks of filters wants none.</summary>
    public void Reset(MacAddress own)
    {
        Own = own;
        Modes = ReceiveModes.Promiscuous;
        ClearAddresses();
        _vlans.AsSpan().Clear();
    }

    /// <summary>Empties the table of addresses.</summary>
    public void ClearAddresses() => Volatile.Write(ref _count, 0);

    /// <returns>False when the table is full.</returns>
    public bool TryAddAddress(MacAddress address)
    {
        int count = _count;
        if (count == _addresses.Length)
            return false;
        _addresses[count] = address.Value;
        Volatile.Write(ref _count, count + 1);
        return true;
    }

    /// <summary>Adds or removes a VLAN; <paramref name="vlan"/> is less than 4096.</summary>
    public void SetVlan(ushort vlan, bool isWanted)
    {
        uint bit = 1u << (vlan & 31);
        _vlans[vlan >> 5] = isWanted ? _vlans[vlan >> 5] | bit : _vlans[vlan >> 5] & ~bit;
    }

    /// <summary>Whether the guest wants a frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Wants(in Frame frame)
    {
        ReceiveModes modes = Modes;
        return (modes & (ReceiveModes.Promiscuous | ReceiveModes.Vlans)) == ReceiveModes.Promiscuous || Wants(in frame, modes);
    }

    private bool Wants(in Frame frame, ReceiveModes modes)
    {
        ReadOnlySpan<byte> header = frame.From(0);
        if (header.Length >= HeaderBytes)
            return Wants(header, modes);
        Span<byte> copy = stackalloc byte[HeaderBytes];
        return Wants(copy.Slice(0, frame.CopyTo(0, copy)), modes);
    }

    private bool Wants(ReadOnlySpan<byte> header, ReceiveModes modes)
    {
        if ((modes & ReceiveModes.Vlans) != 0 && header.Length >= HeaderBytes && header[TagOffset] == 0x81 && header[TagOffset + 1] == 0x00)
        {
            int vlan = (header[TagOffset + 2] << 8 | header[TagOffset + 3]) & VlanMask;
            if ((_vlans[vlan >> 5] >> (vlan & 31) & 1) == 0)
                return false;
        }
        if ((modes & ReceiveModes.Promiscuous) != 0)
            return true;
        MacAddress destination = MacAddress.Read(header);
        if (!destination.IsGroup)
        {
            return (modes & ReceiveModes.NoUnicast) == 0
                && (destination.Value == Own.Value || (modes & ReceiveModes.AllUnicast) != 0 || HasAddress(destination.Value));
        }
        if (destination.Value == MacAddress.Broadcast.Value)
            return (modes & ReceiveModes.NoBroadcast) == 0;
        return (modes & ReceiveModes.NoMulticast) == 0 && ((modes & ReceiveModes.AllMulticast) != 0 || HasAddress(destination.Value));
    }

    private bool HasAddress(ulong address)
    {
        int count = Volatile.Read(ref _count);
        for (int i = 0; i < count; i++)
        {
            if (_addresses[i] == address)
                return true;
        }
        return false;
    }

    /// <summary>Saves the filter.</summary>
    public void Save(ref VirtioNetState state)
    {
        state.Address = _own;
        state.ReceiveModes = _modes;
        state.FilterCount = (uint)_count;
        for (int i = 0; i < _count; i++)
            state.Filter[i] = _addresses[i];
        for (int i = 0; i < _vlans.Length; i++)
            state.Vlans[i] = _vlans[i];
    }

    /// <summary>Whether <see cref="Restore"/> takes a record.</summary>
    public static bool CanRestore(in VirtioNetState state) =>
        (state.ReceiveModes & ~(uint)(ReceiveModes.Settable | ReceiveModes.Vlans)) == 0 && state.FilterCount <= VirtioNetState.FilterEntries;

    /// <summary>Restores a record that <see cref="CanRestore"/>.</summary>
    public void Restore(in VirtioNetState state)
    {
        Own = new MacAddress(state.Address);
        Modes = (ReceiveModes)state.ReceiveModes;
        for (int i = 0; i < (int)state.FilterCount; i++)
            _addresses[i] = state.Filter[i];
        Volatile.Write(ref _count, (int)state.FilterCount);
        for (int i = 0; i < _vlans.Length; i++)
            _vlans[i] = state.Vlans[i];
    }
}
