using System;
using HyperOS.Devices;
using HyperOS.Platform;
using HyperOS.Specs.Virtio;

namespace HyperOS.Virtualization;

/// <summary>
/// The host's end of a machine's virtio console: what the guest writes goes to the host's console beside the serial port's output, and what is typed
/// comes here instead of there once the guest's driver is up. In the machine's arena.
/// </summary>
internal sealed class GuestLine : ConsoleLine
{
    private const int OutputBytes = 4096, InputBytes = 1024;

    private readonly VirtualMachine _machine;
    private readonly bool _isHeard;
    private readonly ByteRing _output = new(OutputBytes), _input = new(InputBytes);
    private GuestLock _lock;

    // Whether the guest has more to say than there was room for.
    private bool _isFull;

    /// <param name="isHeard">Whether anybody takes the output; else it is dropped.</param>
    public GuestLine(VirtualMachine machine, bool isHeard)
    {
        _machine = machine;
        _isHeard = isHeard;
    }

    /// <summary>The guest's end; set once, before a driver comes.</summary>
    public VirtioConsoleDevice? Device { get; set; }

    /// <summary>Whether there is output. Any thread, as a hint.</summary>
    public bool HasOutput => _output.Count != 0;

    public override int Write(ReadOnlySpan<byte> output)
    {
        if (!_isHeard)
            return output.Length;
        int taken = 0;
        _lock.Enter();
        while (taken < output.Length && _output.TryEnqueue(output[taken]))
            taken++;
        _isFull = taken < output.Length;
        _lock.Exit();
        HostConsole.Wake();
        return taken;
    }

    public override int Read(Span<byte> input)
    {
        _lock.Enter();
        int count = _input.Dequeue(input);
        _lock.Exit();
        return count;
    }

    public override void WriteEmergency(byte character) => Write([character]);

    /// <summary>Takes what the guest wrote. The console's thread, in the machine's domain.</summary>
    public int Drain(Span<byte> destination)
    {
        _lock.Enter();
        int count = _output.Dequeue(destination);
        bool wasFull = _isFull;
        _isFull = false;
        _lock.Exit();
        if (wasFull)
            Serve(VirtioConsole.TransmitQueue);
        return count;
    }

    /// <summary>Gives the guest something to read. The console's thread, in the machine's domain.</summary>
    /// <returns>Bytes taken; what does not fit waits for the guest.</returns>
    public int Feed(ReadOnlySpan<byte> bytes)
    {
        int taken = 0;
        _lock.Enter();
        while (taken < bytes.Length && _input.TryEnqueue(bytes[taken]))
            taken++;
        _lock.Exit();
        Serve(VirtioConsole.ReceiveQueue);
        return taken;
    }

    /// <summary>Nobody is to wait for the lock any more. Any thread.</summary>
    public void Poison() => _lock.Poison();

    private void Serve(int queue)
    {
        Device!.Notify((uint)queue);
        _machine.WakeForQueues();
    }
}
