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
///   Stopped -- start --> Running -- its vCPUs' threads have ended --> Ended -- all taken back --> Stopped
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
    private static ReadOnlySpan<byte> RoomPrefix => "vm "u8;

    // The prefix and the name.
    private readonly byte[] _room = new byte[RoomPrefix.Length + VmDefinition.MaxNameLength];
    private int _roomLength;

    internal readonly int Index;
    internal readonly FrameOwner Owner;
    internal readonly FrameOwner DiskOwner;
    internal volatile VirtualMachineState State;

    /// <summary>
    /// While it runs; the manager's thread changes it. Another thread may use what it reads here until it next yields: the machine is taken apart
    /// only after <see cref="Quiescence"/>.
    /// </summary>
    internal volatile VirtualMachine? Machine;
    internal int ArenaSlot;

    /// <summary>The console's end of its serial line.</summary>
    internal readonly ConsolePort ConsolePort;

    /// <summary>Of its NICs; each leads to the next.</summary>
    internal NicSlot? FirstNic;

    /// <summary>Of its disks, which outlast its runs; each leads to the next.</summary>
    internal GuestDisk? FirstDisk;

    // Of its definition.
    internal VmConsole Console;
    internal VmRestart Restart;
    internal bool Autostart;

    /// <summary>The processors that its vCPUs may run on, a bit for each.</summary>
    internal ulong Affinity;

    internal VirtualMachineSlot(int index)
    {
        Index = index;
        Owner = FrameOwner.VirtualMachine(index);
        DiskOwner = FrameOwner.Disks(index);
        ConsolePort = new ConsolePort(this);
    }

    public ReadOnlySpan<byte> Name => Room.Slice(RoomPrefix.Length);

    /// <summary>As whom the log has it: "vm NAME".</summary>
    public ReadOnlySpan<byte> Room => new(_room, 0, _roomLength);

    internal void SetName(ReadOnlySpan<byte> name)
    {
        RoomPrefix.CopyTo(_room);
        name.CopyTo(new Span<byte>(_room, RoomPrefix.Length, name.Length));
        _roomLength = RoomPrefix.Length + name.Length;
    }
}
