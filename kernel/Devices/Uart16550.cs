using System;
using HyperOS.Abi.State;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// Asynchronous serial port, a 16550A as PCs have it: National Semiconductor PC16550D data sheet, "Registers". Its interrupt reaches the
/// line while MCR.OUT2 is set, as on a PC's board.
/// </summary>
/// <remarks>
/// Sending takes no time: a byte written to THR is at once in the output ring. While the ring has no room for a FIFO's worth, THR reads
/// occupied, so that a guest goes at the console's pace; the kernel drains or discards, so that it never hangs. Of a guest that writes all
/// the same the oldest byte gives way, and <see cref="DroppedOutput"/> counts it. Input waits in a second ring until the FIFO has room, so the receiver only overruns in loopback.
/// The caller holds the lock of the VM's legacy devices.
/// </remarks>
public sealed class Uart16550
{
    /// <summary>I/O ports that the device occupies.</summary>
    public const int PortCount = 8;

    /// <summary>Bytes of output that wait for the console.</summary>
    public const int OutputCapacity = 4096;

    /// <summary>Bytes of input that wait for the guest, beyond the FIFO.</summary>
    public const int InputCapacity = Bytes256.Length;

    private const int FifoDepth = Bytes16.Length;

    // Register offsets: RBR/THR/DLL, IER/DLM, IIR/FCR, LCR, MCR, LSR, MSR, SCR.
    private const int RBR = 0, IER = 1, IIR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6;

    private const byte IER_ERBFI = 0x01, IER_ETBEI = 0x02, IER_ELSI = 0x04, IER_EDSSI = 0x08, IER_Writable = 0x0F;
    private const byte IIR_None = 0x01, IIR_ModemStatus = 0x00, IIR_ThrEmpty = 0x02, IIR_DataAvailable = 0x04, IIR_LineStatus = 0x06,
        IIR_CharacterTimeout = 0x0C, IIR_FifosEnabled = 0xC0;
    private const byte FCR_Enable = 0x01, FCR_ResetReceiver = 0x02, FCR_Kept = 0xC9;
    private const byte LCR_DLAB = 0x80;
    private const byte MCR_DTR = 0x01, MCR_RTS = 0x02, MCR_OUT1 = 0x04, MCR_OUT2 = 0x08, MCR_LOOP = 0x10, MCR_Writable = 0x1F;
    private const byte LSR_DR = 0x01, LSR_OE = 0x02, LSR_THRE = 0x20, LSR_TEMT = 0x40, LSR_Idle = LSR_THRE | LSR_TEMT;
    private const byte MSR_DeltaMask = 0x0F, MSR_TERI = 0x04, MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80;
    private const byte MSR_Connected = MSR_CTS | MSR_DSR | MSR_DCD;

    /// <summary>Divisor after reset: 9600 bit/s. The data sheet leaves it undefined.</summary>
    private const ushort ResetDivisor = 12;

    /// <summary>Nanoseconds a bit takes per unit of the divisor: 16 clocks of 1.8432 MHz are 1/115200 s.</summary>
    private const ulong BitNanoseconds = 8681;

    /// <summary>Characters of silence after which fewer bytes than the trigger level are reported.</summary>
    private const ulong TimeoutCharacters = 4;

    // Configuration.
    private readonly int _gsi;

    // Wiring.
    private readonly InterruptLines _lines;
    private readonly ByteRing _output = new(OutputCapacity);
    private readonly ByteRing _input = new(InputCapacity);

    // Guest-visible state.
    private readonly ByteRing _received = new(FifoDepth);
    private byte _interruptEnable;
    private byte _fifoControl;
    private byte _lineControl;
    private byte _modemControl;
    private byte _lineStatus;
    private byte _modemStatus;
    private byte _scratch;
    private bool _transmitterInterrupt;
    private bool _characterTimeout;
    private ushort _divisor;
    private ulong _receiverActivity;

    /// <summary>A port whose interrupt drives line <paramref name="gsi"/>.</summary>
    public Uart16550(InterruptLines lines, int gsi)
    {
        _lines = lines;
        _gsi = gsi;
        Reset();
    }

    /// <summary>Bytes of output that were lost because the console did not drain them in time.</summary>
    public ulong DroppedOutput { get; private set; }

    /// <summary>Bytes of output that wait for the console.</summary>
    public int OutputCount => _output.Count;

    /// <summary>Guest time in nanoseconds of the pending character timeout; ulong.MaxValue when none.</summary>
    public ulong NextEvent { get; private set; }

    /// <summary>Master reset. Output that waits for the console stays.</summary>
    public void Reset()
    {
        _received.Clear();
        _input.Clear();
        _interruptEnable = 0;
        _fifoControl = 0;
        _lineControl = 0;
        _modemControl = 0;
        _lineStatus = HasRoom ? LSR_Idle : (byte)0;
        _modemStatus = MSR_Connected;
        _scratch = 0;
        _transmitterInterrupt = false;
        _divisor = ResetDivisor;
        _receiverActivity = 0;
        Update(0);
    }

    /// <summary>Reads the register at <paramref name="offset"/> 0-7.</summary>
    public byte Read(int offset, ulong now)
    {
        // The line status is what a guest polls: all it needs is in the field.
        if (offset == LSR)
            return (_lineStatus & LSR_OE) == 0 ? _lineStatus : ReadOverrun(now);
        switch (offset)
        {
            case RBR: return DivisorLatchAccess ? unchecked((byte)_divisor) : ReadReceived(now);
            case IER: return DivisorLatchAccess ? (byte)(_divisor >> 8) : _interruptEnable;
            case IIR: return ReadInterruptIdentification(now);
            case LCR: return _lineControl;
            case MCR: return _modemControl;
            case MSR: return ReadModemStatus(now);
            default: return _scratch;
        }
    }

    /// <summary>Writes the register at <paramref name="offset"/> 0-7.</summary>
    public void Write(int offset, byte value, ulong now)
    {
        switch (offset)
        {
            case RBR:
                if (DivisorLatchAccess)
                    _divisor = (ushort)(_divisor & 0xFF00 | value);
                else
                    Transmit(value, now);
                break;
            case IER:
                if (DivisorLatchAccess)
                    _divisor = (ushort)(_divisor & 0x00FF | value << 8);
                else
                    WriteInterruptEnable(value);
                break;
            case IIR: WriteFifoControl(value, now); break;
            case LCR: _lineControl = value; break;
            case MCR: WriteModemControl(value); break;
            case LSR: break;
            case MSR: break;
            default: _scratch = value; return;
        }
        FaultPoint.Hit(FaultPlace.Uart);
        Update(now);
    }

    /// <summary>Hands over console input.</summary>
    /// <returns>How many bytes, from the first, were taken; the caller keeps the rest until the guest has read some.</returns>
    public int EnqueueInput(ReadOnlySpan<byte> input, ulong now)
    {
        int taken = 0;
        while (taken < input.Length && _input.TryEnqueue(input[taken]))
            taken++;
        FaultPoint.Hit(FaultPlace.ConsoleInput);
        Update(now);
        return taken;
    }

    /// <summary>Takes output, oldest first, as much as there is and fits.</summary>
    /// <returns>The number of bytes taken.</returns>
    public int DequeueOutput(Span<byte> destination, ulong now)
    {
        int taken = _output.Dequeue(destination);
        FaultPoint.Hit(FaultPlace.ConsoleOutput);
        AcceptMore(now);
        return taken;
    }

    /// <summary>Throws away what waits, where there is no console.</summary>
    public void DiscardOutput(ulong now)
    {
        _output.Clear();
        AcceptMore(now);
    }

    /// <summary>Raises what is due at <paramref name="now"/>.</summary>
    public void Advance(ulong now)
    {
        if (now >= NextEvent)
            Update(now);
    }

    /// <summary>Saves all but the output, which the console drains first.</summary>
    public void Save(out Uart16550State state)
    {
        state = default;
        state.Version = Uart16550State.CurrentVersion;
        state.InterruptEnable = _interruptEnable;
        state.FifoControl = _fifoControl;
        state.LineControl = _lineControl;
        state.ModemControl = _modemControl;
        state.LineStatus = _lineStatus;
        state.ModemStatus = _modemStatus;
        state.Scratch = _scratch;
        state.TransmitterInterruptPending = _transmitterInterrupt ? (byte)1 : (byte)0;
        state.Divisor = _divisor;
        state.ReceivedCount = (byte)_received.Count;
        _received.CopyTo(state.Received);
        state.InputCount = (ushort)_input.Count;
        _input.CopyTo(state.Input);
        state.ReceiverActivity = _receiverActivity;
        state.DroppedOutput = DroppedOutput;
    }

    /// <summary>Restores a saved port at guest time <paramref name="now"/> and drives its line anew.</summary>
    public RestoreStatus Restore(in Uart16550State state, ulong now)
    {
        if (state.Version != Uart16550State.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        bool valid = (state.InterruptEnable & ~IER_Writable) == 0 && (state.FifoControl & ~FCR_Kept) == 0 &&
            (state.ModemControl & ~MCR_Writable) == 0 && (state.LineStatus & ~(LSR_DR | LSR_OE)) == LSR_Idle &&
            state.TransmitterInterruptPending <= 1 && state.InputCount <= InputCapacity &&
            state.ReceivedCount <= ((state.FifoControl & FCR_Enable) != 0 ? FifoDepth : 1) && state.ReceiverActivity <= now;
        if (!valid)
            return RestoreStatus.InvalidValue;
        _interruptEnable = state.InterruptEnable;
        _fifoControl = state.FifoControl;
        _lineControl = state.LineControl;
        _modemControl = state.ModemControl;
        _lineStatus = state.LineStatus;
        _modemStatus = state.ModemStatus;
        _scratch = state.Scratch;
        _transmitterInterrupt = state.TransmitterInterruptPending != 0;
        _divisor = state.Divisor;
        _received.Clear();
        for (int i = 0; i < state.ReceivedCount; i++)
            _received.TryEnqueue(state.Received[i]);
        _input.Clear();
        for (int i = 0; i < state.InputCount; i++)
            _input.TryEnqueue(state.Input[i]);
        _receiverActivity = state.ReceiverActivity;
        DroppedOutput = state.DroppedOutput;
        Update(now);
        return RestoreStatus.Restored;
    }

    private bool HasRoom => OutputCapacity - _output.Count >= FifoDepth;

    private bool DivisorLatchAccess => (_lineControl & LCR_DLAB) != 0;

    private bool FifosEnabled => (_fifoControl & FCR_Enable) != 0;

    private bool Loopback => (_modemControl & MCR_LOOP) != 0;

    private int ReceiverCapacity => FifosEnabled ? FifoDepth : 1;

    private int TriggerLevel => !FifosEnabled ? 1 : (_fifoControl >> 6) switch { 0 => 1, 1 => 4, 2 => 8, _ => 14 };

    /// <summary>The highest of the pending interrupts, in the order of the data sheet's table "Interrupt Control Functions".</summary>
    private byte PendingInterrupt
    {
        get
        {
            if ((_interruptEnable & IER_ELSI) != 0 && (_lineStatus & LSR_OE) != 0)
                return IIR_LineStatus;
            if ((_interruptEnable & IER_ERBFI) != 0 && _received.Count >= TriggerLevel)
                return IIR_DataAvailable;
            if ((_interruptEnable & IER_ERBFI) != 0 && _characterTimeout)
                return IIR_CharacterTimeout;
            if ((_interruptEnable & IER_ETBEI) != 0 && _transmitterInterrupt)
                return IIR_ThrEmpty;
            if ((_interruptEnable & IER_EDSSI) != 0 && (_modemStatus & MSR_DeltaMask) != 0)
                return IIR_ModemStatus;
            return IIR_None;
        }
    }

    /// <summary>Time that <see cref="TimeoutCharacters"/> take on the wire at the speed and format that the guest has set.</summary>
    private ulong TimeoutNanoseconds
    {
        get
        {
            // Start bit, data bits, parity, stop bits; one and a half stop bits count as two.
            int bits = 1 + 5 + (_lineControl & 3) + (_lineControl >> 3 & 1) + 1 + (_lineControl >> 2 & 1);
            return TimeoutCharacters * (ulong)bits * _divisor * BitNanoseconds;
        }
    }

    /// <summary>Fills the receiver from the input ring, then derives the timeout, the line and the next event from the registers.</summary>
    private void Update(ulong now)
    {
        if (!Loopback)
        {
            while (_received.Count < ReceiverCapacity && _input.TryDequeue(out byte value))
            {
                _received.TryEnqueue(value);
                _receiverActivity = now;
            }
        }
        _lineStatus = (byte)(_received.Count != 0 ? _lineStatus | LSR_DR : _lineStatus & ~LSR_DR);

        bool waits = FifosEnabled && _received.Count != 0 && _received.Count < TriggerLevel;
        ulong deadline = unchecked(_receiverActivity + TimeoutNanoseconds);
        _characterTimeout = waits && now >= deadline;
        NextEvent = waits && !_characterTimeout && (_interruptEnable & IER_ERBFI) != 0 ? deadline : ulong.MaxValue;

        // In loopback the outputs that MCR drives are inactive, OUT2 among them.
        bool gated = (_modemControl & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
        _lines.Set(_gsi, gated && PendingInterrupt != IIR_None);
    }

    private byte ReadReceived(ulong now)
    {
        if (_received.TryDequeue(out byte value))
        {
            _receiverActivity = now;
            Update(now);
        }
        return value;
    }

    private byte ReadOverrun(ulong now)
    {
        byte value = _lineStatus;
        _lineStatus &= unchecked((byte)~LSR_OE);
        Update(now);
        return value;
    }

    private byte ReadInterruptIdentification(ulong now)
    {
        Update(now);
        byte pending = PendingInterrupt;
        if (pending == IIR_ThrEmpty)
        {
            _transmitterInterrupt = false;
            Update(now);
        }
        return FifosEnabled ? (byte)(pending | IIR_FifosEnabled) : pending;
    }

    private byte ReadModemStatus(ulong now)
    {
        byte value = _modemStatus;
        if ((value & MSR_DeltaMask) != 0)
        {
            _modemStatus &= unchecked((byte)~MSR_DeltaMask);
            Update(now);
        }
        return value;
    }

    private void Transmit(byte value, ulong now)
    {
        if (Loopback)
        {
            ReceiveLoopback(value, now);
        }
        else
        {
            if (_output.IsFull)
            {
                _output.TryDequeue(out _);
                DroppedOutput = unchecked(DroppedOutput + 1);
            }
            _output.TryEnqueue(value);
        }
        _transmitterInterrupt = HasRoom;
        if (!HasRoom)
            _lineStatus &= unchecked((byte)~LSR_Idle);
    }

    /// <summary>The transmitter is empty again once half of the ring is: an interrupt for each byte would serve nobody.</summary>
    private void AcceptMore(ulong now)
    {
        if ((_lineStatus & LSR_THRE) != 0 || _output.Count > OutputCapacity / 2)
            return;
        _lineStatus |= LSR_Idle;
        _transmitterInterrupt = true;
        Update(now);
    }

    private void ReceiveLoopback(byte value, ulong now)
    {
        int wordLength = 5 + (_lineControl & 3);
        value &= (byte)((1 << wordLength) - 1);
        if (_received.Count == ReceiverCapacity)
        {
            // An overrun loses the new character where there is a FIFO, and the held one where there is none.
            _lineStatus |= LSR_OE;
            if (FifosEnabled)
                return;
            _received.Clear();
        }
        _received.TryEnqueue(value);
        _receiverActivity = now;
    }

    private void WriteInterruptEnable(byte value)
    {
        // Enabling its interrupt while THR is empty raises it, even if an earlier read of IIR has cleared it.
        if ((value & IER_ETBEI) == 0)
            _transmitterInterrupt = false;
        else if ((_interruptEnable & IER_ETBEI) == 0)
            _transmitterInterrupt = (_lineStatus & LSR_THRE) != 0;
        _interruptEnable = (byte)(value & IER_Writable);
    }

    private void WriteFifoControl(byte value, ulong now)
    {
        bool switches = ((value ^ _fifoControl) & FCR_Enable) != 0;
        bool enabled = (value & FCR_Enable) != 0;
        if (switches || enabled && (value & FCR_ResetReceiver) != 0)
        {
            _received.Clear();
            _receiverActivity = now;
        }
        // The other bits are programmed only together with the enable bit.
        _fifoControl = enabled ? (byte)(value & FCR_Kept) : (byte)0;
    }

    private void WriteModemControl(byte value)
    {
        _modemControl = (byte)(value & MCR_Writable);
        int inputs = MSR_Connected;
        if (Loopback)
        {
            inputs = ((_modemControl & MCR_RTS) != 0 ? MSR_CTS : 0) | ((_modemControl & MCR_DTR) != 0 ? MSR_DSR : 0) |
                ((_modemControl & MCR_OUT1) != 0 ? MSR_RI : 0) | ((_modemControl & MCR_OUT2) != 0 ? MSR_DCD : 0);
        }
        // Each input's change sets its delta bit four below; of the ring indicator only the trailing edge counts.
        int changed = (inputs ^ _modemStatus) & ~MSR_DeltaMask;
        int deltas = changed >> 4 & ~MSR_TERI;
        if ((changed & MSR_RI) != 0 && (inputs & MSR_RI) == 0)
            deltas |= MSR_TERI;
        _modemStatus = (byte)(inputs | _modemStatus & MSR_DeltaMask | deltas);
    }
}
