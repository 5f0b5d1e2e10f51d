using System;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Platform;
using HyperOS.Switching;

namespace HyperOS.Virtualization;

/// <summary>A network of the bundle: its switch, with the host's clock and a lock of its own. Made at start-up and never freed.</summary>
internal sealed class NetworkSwitch : SwitchHost
{
    private readonly DefinitionName _name;
    private KernelLock _lock = new(LockRank.Switch);
    private VirtualSwitch? _switch;

    public NetworkSwitch(in DefinitionName name) => _name = name;

    public ReadOnlySpan<byte> Name => _name.Bytes;

    /// <summary>NICs that are defined on it.</summary>
    public int NicCount { get; set; }

    public VirtualSwitch Switch => _switch!;

    public override ulong Now => Clock.Now;

    /// <summary>Makes the switch, when all NICs are known.</summary>
    public void Open() => _switch = new VirtualSwitch(this, NicCount, NicCount * VirtualSwitch.GuestAddresses, HostEntropy.Seed());

    public override bool Enter()
    {
        bool interrupts = _lock.Enter();
        FaultPoint.Hit(FaultPlace.Switch);
        return interrupts;
    }

    public override void Exit(bool state) => _lock.Exit(state);
}
