using System;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Virtualization;

/// <summary>
/// Life of a machine; the manager's thread makes every change but the last:
/// <code>
///   Stopped -- start --> Running -- its vCPU's thread has ended --> Ended -- all taken back --> Stopped
///      |                                                                                          |
///      +-- refused: its definition or its images are bad --> Refused          restart ------------+
/// </code>
/// </summary>
public enum VirtualMachineState : byte
{
    Stopped,
    Running,
    Ended,
    Refused,
}

/// <summary>What there is of a machine whether it runs or not. Made at start-up and never freed.</summary>
public sealed class VirtualMachineSlot
{
    private readonly byte[] _name = new byte[VmDefinition.MaxNameLength];
    private int _nameLength;

    internal readonly int Index;
    internal readonly FrameOwner Owner;
    internal volatile VirtualMachineState State;

    // While it runs.
    internal VirtualMachine? Machine;
    internal ThreadHandle Thread;
    internal int ArenaSlot;

    /// <summary>Guards <see cref="Machine"/> against the console's thread.</summary>
    internal KernelLock Lock = new(LockRank.VirtualMachine);

    // Of its definition.
    internal VmConsole Console;
    internal VmRestart Restart;
    internal bool Autostart;

    internal VirtualMachineSlot(int index)
    {
        Index = index;
        Owner = FrameOwner.VirtualMachine(index);
    }

    public ReadOnlySpan<byte> Name => new(_name, 0, _nameLength);

    internal void SetName(ReadOnlySpan<byte> name)
    {
        name.CopyTo(_name);
        _nameLength = name.Length;
    }
}
