using System;
using System.Threading;
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
/// A machine whose definition is good can be started again after a refusal, such as for want of memory. A paused one is Running.
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
    private const VmOperation Claimed = (VmOperation)byte.MaxValue;

    private static ReadOnlySpan<byte> RoomPrefix => "vm "u8;

    // The prefix and the name.
    private readonly byte[] _room = new byte[RoomPrefix.Length + DefinitionName.MaxLength];
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

    internal uint Cpus;
    internal ulong MemoryBytes;
    internal ulong ShutdownTimeout;

    /// <summary>There is a definition that can be built.</summary>
    internal bool IsValid;

    // What the manager keeps of a run: whether it is not to be started again when it ends, and when it is stopped if it has not by itself.
    internal bool StaysDown;
    internal ulong Deadline = ulong.MaxValue;

    /// <summary>The manager is taking memory from its balloon.</summary>
    internal bool IsInRound;

    /// <summary>It is to start as soon as its disks are there. The manager's.</summary>
    internal bool AwaitsDisks;

    // What was asked for and not done yet, with its number.
    private int _request;
    private ulong _argument;

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

    /// <summary>What the manager is asked to do; None for nothing.</summary>
    internal VmOperation Request => (VmOperation)Volatile.Read(ref _request) is var request && request != Claimed ? request : VmOperation.None;

    /// <summary>What comes with the request.</summary>
    internal ulong Argument => _argument;

    /// <summary>Leaves a request for the manager. Any thread.</summary>
    /// <returns>False while there is one.</returns>
    internal bool TryRequest(VmOperation operation, ulong argument)
    {
        if (Interlocked.CompareExchange(ref _request, (int)Claimed, (int)VmOperation.None) != (int)VmOperation.None)
            return false;
        _argument = argument;
        Volatile.Write(ref _request, (int)operation);
        return true;
    }

    /// <summary>The request is done, or cannot be.</summary>
    internal void EndRequest() => Volatile.Write(ref _request, (int)VmOperation.None);

    internal void SetName(ReadOnlySpan<byte> name)
    {
        RoomPrefix.CopyTo(_room);
        name.CopyTo(new Span<byte>(_room, RoomPrefix.Length, name.Length));
        _roomLength = RoomPrefix.Length + name.Length;
    }
}
