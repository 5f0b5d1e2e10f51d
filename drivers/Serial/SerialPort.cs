using System;
using System.Threading;
using HyperOS.Diagnostics;
using HyperOS.Platform;

namespace HyperOS.Serial;

/// <summary>The host's own 16550 at COM1: 115200 baud, 8N1, FIFOs on. PC16550D data sheet, "Registers".</summary>
public sealed class SerialPort : ConsoleSink
{
    /// <summary>ISA interrupt of COM1.</summary>
    public const int InterruptRequest = 4;

    private const ushort Base = 0x3F8;
    private const ushort Data = Base, InterruptEnable = Base + 1, FifoControl = Base + 2, LineControl = Base + 3, ModemControl = Base + 4;
    private const ushort LineStatus = Base + 5, Scratch = Base + 7;
    private const byte DataReady = 0x01, HoldingRegisterEmpty = 0x20, TransmitterEmpty = 0x40, ReceiveInterrupt = 0x01;
    private const int FifoBytes = 16;
    private const int SpinsBeforeGivingUp = 100_000;

    private SerialPort() { }

    /// <returns>Null when there is no UART at COM1.</returns>
    public static SerialPort? Detect()
    {
        Port.Write8(Scratch, 0x5A);
        if (Port.Read8(Scratch) != 0x5A)
            return null;
        Port.Write8(InterruptEnable, 0);
        Port.Write8(LineControl, 0x80); // divisor latch
        Port.Write8(Data, 1);
        Port.Write8(InterruptEnable, 0);
        Port.Write8(LineControl, 0x03);
        Port.Write8(FifoControl, 0x07);
        Port.Write8(ModemControl, 0x0B); // DTR, RTS, and OUT2, which lets the interrupt through
        return new SerialPort();
    }

    /// <summary>Raises <see cref="InterruptRequest"/> from here on when a byte comes in.</summary>
    public void EnableReceiveInterrupt() => Port.Write8(InterruptEnable, ReceiveInterrupt);

    /// <summary>Takes what was received.</summary>
    public int Read(Span<byte> destination)
    {
        int count = 0;
        while (count < destination.Length && (Port.Read8(LineStatus) & DataReady) != 0)
            destination[count++] = Port.Read8(Data);
        return count;
    }

    /// <summary>Waits for room where the FIFO is full. A port whose transmitter hangs loses bytes, not the host.</summary>
    public override void Write(ReadOnlySpan<byte> bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            WaitFor(HoldingRegisterEmpty);
            for (int room = FifoBytes; room > 0 && at < bytes.Length; room--)
                Port.Write8(Data, bytes[at++]);
        }
    }

    public override void Complete() => WaitFor(TransmitterEmpty);

    private static void WaitFor(byte status)
    {
        for (int spins = 0; (Port.Read8(LineStatus) & status) == 0 && spins < SpinsBeforeGivingUp; spins++)
            Thread.SpinWait(1);
    }
}
