using System;
using HyperOS.Firmware;
using HyperOS.Interrupts;
using HyperOS.Serial;
using HyperOS.Virtualization;

namespace HyperOS.Startup;

/// <summary>What is typed at COM1: its interrupt wakes the console's thread, which reads the port.</summary>
internal sealed class SerialInput : ConsoleSource
{
    private const ushort PolarityMask = 0x3, ActiveLow = 0x3, TriggerMask = 0xC, LevelTriggered = 0xC; // MPS INTI flags

    private readonly SerialPort _port;

    private SerialInput(SerialPort port) => _port = port;

    /// <returns>Null when the port's interrupt reaches no pin that the kernel serves: then nothing can be typed.</returns>
    public static SerialInput? Start(SerialPort port, AcpiTables acpi)
    {
        uint pin = acpi.Interrupts.GlobalSystemInterruptOf(SerialPort.InterruptRequest, out ushort flags);
        if (pin >= Vectors.Pins)
            return null;
        InterruptTable.SetHandler(Vectors.FirstPin + (int)pin, new Waker());
        IoApic.Route((int)pin, LocalApic.CurrentId, (flags & TriggerMask) == LevelTriggered, (flags & PolarityMask) == ActiveLow);
        port.EnableReceiveInterrupt();
        return new SerialInput(port);
    }

    public override int Read(Span<byte> destination) => _port.Read(destination);

    private sealed class Waker : InterruptHandler
    {
        public override void Handle() => HostConsole.Wake();
    }
}
