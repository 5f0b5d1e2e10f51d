using System;
using HyperOS.Platform;

namespace HyperOS.Virtualization;

/// <summary>
/// The console's end of a guest's serial line: device code on the console's thread, in a fault domain that charges the machine. Made with the
/// slot, so that it outlasts every run.
/// </summary>
internal sealed class ConsolePort : FaultDomain
{
    private const int ChunkBytes = 256;

    private readonly VirtualMachineSlot _slot;
    private readonly byte[] _chunk = new byte[ChunkBytes];

    // The work at hand.
    private VirtualMachine? _machine;
    private bool _isInput;
    private int _count;

    public ConsolePort(VirtualMachineSlot slot) => _slot = slot;

    public override ReadOnlySpan<byte> Room => _slot.Room;

    /// <summary>Takes what the guest has written.</summary>
    /// <returns>Holds until the next call.</returns>
    public ReadOnlySpan<byte> Drain()
    {
        VirtualMachine? machine = _slot.Machine;
        if (machine is null || !machine.WantsConsole)
            return default;
        return TryRun(machine, isInput: false) ? new ReadOnlySpan<byte>(_chunk, 0, _count) : default;
    }

    /// <summary>Gives the guest something to receive.</summary>
    /// <returns>Bytes taken; what does not fit waits for the guest.</returns>
    public int Feed(ReadOnlySpan<byte> bytes)
    {
        VirtualMachine? machine = _slot.Machine;
        _count = Math.Min(bytes.Length, ChunkBytes);
        bytes.Slice(0, _count).CopyTo(_chunk);
        return machine is not null && TryRun(machine, isInput: true) ? _count : bytes.Length;
    }

    protected override void Run() =>
        _count = _isInput ? _machine!.FeedConsole(new ReadOnlySpan<byte>(_chunk, 0, _count)) : _machine!.DrainConsole(_chunk);

    private bool TryRun(VirtualMachine machine, bool isInput)
    {
        _machine = machine;
        _isInput = isInput;
        bool completed = TryRun();
        if (!completed)
            machine.Poison();
        _machine = null;
        return completed;
    }
}
