using System;
using HyperOS.Devices;
using HyperOS.Platform;

namespace HyperOS.Virtualization;

/// <summary>
/// The console's end of a guest's serial line: device code on the console's thread, in a fault domain that charges the machine. Made with the
/// slot, so that it outlasts every run.
/// </summary>
internal sealed class ConsolePort : FaultDomain
{
    private const int ChunkBytes = 256, TypedBytes = 64;

    private readonly VirtualMachineSlot _slot;
    private readonly byte[] _chunk = new byte[ChunkBytes];

    // What was typed for the guest, whoever is typed to by now, and waits for room in its port.
    private readonly ByteRing _typed = new(TypedBytes);

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

    /// <summary>Takes a key for the guest; <see cref="Feed"/> gives it on.</summary>
    /// <returns>False while as many wait as are kept.</returns>
    public bool TryType(byte key) => _typed.TryEnqueue(key);

    /// <summary>Gives the guest what was typed for it, as far as it has room; one that does not run gets nothing any more.</summary>
    /// <returns>Whether some still waits.</returns>
    public bool Feed()
    {
        if (_typed.Count == 0)
            return false;
        _typed.CopyTo(_chunk);
        _count = _typed.Count;
        if (_slot.Machine is not { } machine || !TryRun(machine, isInput: true))
            _typed.Clear();
        else
            _typed.Dequeue(new Span<byte>(_chunk, 0, _count));
        return _typed.Count != 0;
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
