using System;
using System.Threading;
using HyperOS.Firmware;
using HyperOS.Interrupts;
using HyperOS.Serial;
using HyperOS.Virtualization;

namespace HyperOS.Startup;

/// <summary>
/// What is typed at COM1. Its interrupt empties the port, which holds no more than comes in a millisecond or two, and wakes the console's thread,
/// which may have a line to write first. What comes while the ring is full is lost.
/// </summary>
internal sealed class SerialInput : ConsoleSource
{
    private const ushort PolarityMask = 0x3, ActiveLow = 0x3, TriggerMask = 0xC, LevelTriggered = 0xC; // MPS INTI flags

    private const int RingBytes = 1024, ChunkBytes = 16;

    private readonly SerialPort _port;
    private readonly byte[] _ring = new byte[RingBytes];

    // Bytes put into the ring by the interrupt, and taken out by the console's thread; they wrap around.
    private int _put, _taken;

    private SerialInput(SerialPort port) => _port = port;

    /// <returns>Null when the port's interrupt reaches no pin that the kernel serves: then nothing can be typed.</returns>
    public static SerialInput? Start(SerialPort port, AcpiTables acpi)
    {
        uint pin = acpi.Interrupts.GlobalSystemInterruptOf(SerialPort.InterruptRequest, out ushort flags);
        if (pin >= Vectors.Pins)
            return null;
        SerialInput input = new(port);
        InterruptTable.SetHandler(Vectors.FirstPin + (int)pin, new Receiver(input));
        IoApic.Route((int)pin, LocalApic.CurrentId, (flags & TriggerMask) == LevelTriggered, (flags & PolarityMask) == ActiveLow);
        port.EnableReceiveInterrupt();
        return input;
    }

    public override bool TryRead(out byte key)
    {
        key = _ring[_taken & (RingBytes - 1)];
        if (_taken == Volatile.Read(ref _put))
            return false;
        Volatile.Write(ref _taken, unchecked(_taken + 1));
        return true;
    }

    private void Receive()
    {
        Span<byte> chunk = stackalloc byte[ChunkBytes];
        for (int count = _port.Read(chunk); count != 0; count = _port.Read(chunk))
        {
            count = Math.Min(count, RingBytes - unchecked(_put - Volatile.Read(ref _taken)));
            for (int i = 0; i < count; i++)
                _ring[unchecked(_put + i) & (RingBytes - 1)] = chunk[i];
            Volatile.Write(ref _put, unchecked(_put + count));
        }
    }

    private sealed class Receiver : InterruptHandler
    {
        private readonly SerialInput _input;

        public Receiver(SerialInput input) => _input = input;

        public override void Handle()
        {
            _input.Receive();
            HostConsole.Wake();
        }
    }
}
