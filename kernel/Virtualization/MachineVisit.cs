using System;
using HyperOS.Platform;

namespace HyperOS.Virtualization;

/// <summary>What the manager does with a running machine's devices.</summary>
internal enum VisitPurpose : byte
{
    PressPowerButton,
    SetMemory,
    AskMemory,

    // A round of giving memory back: see GuestBalloon.
    Mark,
    Unmap,
    Commit,
}

/// <summary>The manager's way to the devices of a running machine: a fault domain that charges it.</summary>
internal sealed class MachineVisit : FaultDomain
{
    // The work at hand.
    private VirtualMachineSlot? _slot;
    private VisitPurpose _purpose;
    private ulong _argument;

    public override ReadOnlySpan<byte> Room => _slot!.Room;

    /// <param name="argument">Of <see cref="VisitPurpose.SetMemory"/>: in bytes.</param>
    public void Make(VirtualMachineSlot slot, VisitPurpose purpose, ulong argument = 0)
    {
        _slot = slot;
        _purpose = purpose;
        _argument = argument;
        if (!TryRun())
            slot.Machine!.Poison();
    }

    protected override void Run()
    {
        VirtualMachine machine = _slot!.Machine!;
        switch (_purpose)
        {
            case VisitPurpose.PressPowerButton:
                machine.PressPowerButton();
                break;
            case VisitPurpose.SetMemory:
                if (!machine.Balloon!.TrySetMemory(_argument))
                    machine.Log.WriteEvent($"balloon: so much memory is not free any more");
                break;
            case VisitPurpose.AskMemory:
                if (!machine.Balloon!.TryAskStatistics())
                    machine.Log.WriteEvent($"balloon: the guest has no driver for it, or has not answered yet");
                break;
            case VisitPurpose.Mark:
                machine.Balloon!.Mark();
                break;
            case VisitPurpose.Unmap:
                machine.Balloon!.Unmap();
                break;
            case VisitPurpose.Commit:
                machine.Balloon!.Commit();
                machine.Balloon.Announce();
                break;
        }
    }
}
