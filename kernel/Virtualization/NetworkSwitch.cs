using System;
using System.Numerics;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Platform;
using HyperOS.Switching;

namespace HyperOS.Virtualization;

/// <summary>A network of the bundle: its switch, with the host's clock and a lock of its own. Made at start-up and never freed.</summary>
internal sealed class NetworkSwitch : SwitchHost
{
    private readonly DefinitionName _name;
    private readonly uint _uplinks;
    private readonly PortCounters _counters = new();
    private KernelLock _lock = new(LockRank.Switch);
    private VirtualSwitch? _switch;

    // By port: the card that it leads to.
    private Uplink?[]? _cards;

    /// <param name="definition">A valid one.</param>
    /// <param name="uplinks">The host's cards: bit n stands for nicn.</param>
    public NetworkSwitch(in NetworkDefinition definition, uint uplinks)
    {
        _name = definition.Name;
        _uplinks = definition.Uplinks & uplinks;
    }

    public ReadOnlySpan<byte> Name => _name.Bytes;

    /// <summary>NICs that are defined on it.</summary>
    public int NicCount { get; set; }

    public VirtualSwitch Switch => _switch!;

    /// <summary>What a connected port belongs to: a card's name, or a machine's.</summary>
    public ReadOnlySpan<byte> OwnerOf(SwitchPort port)
    {
        if (_cards![port.Index] is { } card)
            return card.Name;
        for (int i = 0; i < VirtualMachines.Count; i++)
        {
            VirtualMachineSlot slot = VirtualMachines.Slot(i);
            for (NicSlot? nic = slot.FirstNic; nic is not null; nic = nic.Next)
            {
                if (nic.Port == port)
                    return slot.Name;
            }
        }
        return default;
    }

    /// <summary>A port's counters, all of one moment of the host's clock; until the next call. The console's thread.</summary>
    public PortCounters ReadCounters(SwitchPort port, out ulong now)
    {
        _switch!.ReadCounters(port, _counters, out now);
        return _counters;
    }

    public override ulong Now => Clock.Now;

    /// <summary>Makes the switch, when all NICs are known, and connects its uplinks.</summary>
    /// <param name="uplinks">The host's cards, nic0 first.</param>
    public void Open(ReadOnlySpan<Uplink> uplinks)
    {
        int count = BitOperations.PopCount(_uplinks);
        int addresses = NicCount * VirtualSwitch.GuestAddresses + count * VirtualSwitch.UplinkAddresses;
        _cards = new Uplink?[NicCount + count];
        _switch = new VirtualSwitch(this, NicCount + count, addresses, HostEntropy.Seed());
        for (uint rest = _uplinks; rest != 0; rest &= rest - 1)
        {
            Uplink uplink = uplinks[BitOperations.TrailingZeroCount(rest)];
            if (_switch.TryConnectUplink(uplink.Receiver, VirtualSwitch.UplinkAddresses, out SwitchPort? port) != ConnectStatus.Connected)
                continue;
            _cards[port!.Index] = uplink;
            uplink.Connect(_switch.OpenLane(port, new NicLane(null, 0)), new LinkListener(this, uplink, port));
        }
    }

    public override bool Enter()
    {
        bool interrupts = _lock.Enter();
        FaultPoint.Hit(FaultPlace.Switch);
        return interrupts;
    }

    public override void Exit(bool state) => _lock.Exit(state);

    // Tells the switch, and the log, whether an uplink's frames can go out.
    private sealed class LinkListener : UplinkListener
    {
        private readonly NetworkSwitch _network;
        private readonly Uplink _uplink;
        private readonly SwitchPort _port;

        public LinkListener(NetworkSwitch network, Uplink uplink, SwitchPort port)
        {
            _network = network;
            _uplink = uplink;
            _port = port;
        }

        public override void LinkChanged(bool isUp)
        {
            _network.Switch.SetLink(_port, isUp);
            Log.Write("networks"u8, $"{_network.Name}: uplink {_uplink.Name} is {(isUp ? "up"u8 : "down"u8)}");
        }
    }
}
