namespace HyperOS.Abi.State;

/// <summary>
/// Saved state of a 16550A. Output that the console has not drained is not part of it: the console drains the device before it is saved.
/// </summary>
public struct Uart16550State
{
    public const uint CurrentVersion = 1;

    public uint Version;
    public byte InterruptEnable;
    public byte FifoControl;
    public byte LineControl;
    public byte ModemControl;
    public byte LineStatus;
    public byte ModemStatus;
    public byte Scratch;

    /// <summary>1 while the transmitter's interrupt is pending, else 0.</summary>
    public byte TransmitterInterruptPending;

    public ushort Divisor;

    /// <summary>Bytes in the receiver FIFO, which are the first of <see cref="Received"/>, oldest first.</summary>
    public byte ReceivedCount;

    public Bytes16 Received;

    /// <summary>Bytes of console input that wait for room in the FIFO, which are the first of <see cref="Input"/>, oldest first.</summary>
    public ushort InputCount;

    public Bytes256 Input;

    /// <summary>Guest time in nanoseconds at which the receiver was last filled or read.</summary>
    public ulong ReceiverActivity;

    /// <summary>Bytes lost because the console did not drain the output in time.</summary>
    public ulong DroppedOutput;
}
