using System.Numerics;
using HyperOS.Abi.State;

namespace HyperOS.Devices;

/// <summary>
/// One 8259A: Intel 8259A data sheet, "Programming the 8259A". Of the processor interfaces the 8086's is modelled; buffered mode and the
/// slave address have no effect in a PC. LTIM of ICW1 is replaced by the edge/level control register, as in PC chip sets.
/// </summary>
/// <remarks>
/// An input that rises by edge is remembered until it is acknowledged even if it falls before, so that devices may pulse; an input that is
/// level-triggered requests exactly while it is high.
/// </remarks>
internal sealed class I8259A
{
    private const byte ICW1 = 0x10, ICW1_IC4 = 0x01, ICW1_SNGL = 0x02;
    private const byte ICW4_AEOI = 0x02, ICW4_SFNM = 0x10;
    private const byte OCW2_LevelMask = 0x07, OCW2_EOI = 0x20, OCW2_SL = 0x40, OCW2_R = 0x80;
    private const byte OCW3 = 0x08, OCW3_RIS = 0x01, OCW3_RR = 0x02, OCW3_P = 0x04, OCW3_SMM = 0x20, OCW3_ESMM = 0x40;
    private const byte PollRequest = 0x80;
    private const int SpuriousInput = 7;

    // Configuration: inputs to which another 8259A is cascaded, and inputs that can be made level-triggered.
    private readonly byte _cascaded;
    private readonly byte _levelCapable;

    private I8259AState _state;

    /// <param name="cascaded">Mask of the inputs that another 8259A drives: they follow its output.</param>
    /// <param name="levelCapable">Mask of the inputs that the edge/level control register may make level-triggered.</param>
    internal I8259A(byte cascaded, byte levelCapable)
    {
        _cascaded = cascaded;
        _levelCapable = levelCapable;
        Reset();
    }

    /// <summary>INT, to the processor or to the 8259A above.</summary>
    internal bool Output => Requested >= 0;

    internal byte EdgeLevelControl
    {
        get => _state.LevelTriggered;
        set
        {
            _state.LevelTriggered = (byte)(value & _levelCapable);
            _state.EdgeRequests = (byte)(_state.EdgeRequests & ~_state.LevelTriggered);
        }
    }

    /// <summary>
    /// A chip that waits for ICW1 and, unlike the real one, which has no reset pin, has all inputs masked. The levels of its inputs stay.
    /// </summary>
    internal void Reset()
    {
        byte inputs = _state.Inputs;
        _state = default;
        _state.Inputs = inputs;
        _state.Mask = 0xFF;
        _state.LowestPriority = 7;
    }

    internal void SetInput(int input, bool asserted)
    {
        byte bit = (byte)(1 << input);
        if (!asserted)
        {
            _state.Inputs = (byte)(_state.Inputs & ~bit);
            return;
        }
        if ((_state.Inputs & bit) == 0)
            _state.EdgeRequests = (byte)(_state.EdgeRequests | bit & ~FollowedInputs);
        _state.Inputs |= bit;
    }

    /// <summary>The processor's INTA cycles: the input whose vector the chip gives, 7 if none requests any more (the "default IR7").</summary>
    internal int Acknowledge()
    {
        int input = Requested;
        if (input < 0)
            return SpuriousInput;
        byte bit = (byte)(1 << input);
        _state.EdgeRequests = (byte)(_state.EdgeRequests & ~bit);
        if (!Has(I8259AFlags.AutoEoi))
            _state.InService |= bit;
        else if (Has(I8259AFlags.RotateInAutoEoi))
            _state.LowestPriority = (byte)input;
        return input;
    }

    internal byte VectorOf(int input) => (byte)(_state.VectorBase | input);

    /// <summary>A read of the port with A0 = 0, or with A0 = 1.</summary>
    internal byte Read(bool odd)
    {
        if (Has(I8259AFlags.Poll))
        {
            Put(I8259AFlags.Poll, false);
            return Output ? (byte)(PollRequest | Acknowledge()) : (byte)0;
        }
        return odd ? _state.Mask : Has(I8259AFlags.ReadsInService) ? _state.InService : Requests;
    }

    /// <summary>A write to the port with A0 = 0, or with A0 = 1.</summary>
    internal void Write(bool odd, byte value)
    {
        if (odd && _state.ExpectedIcw == 0)
            _state.Mask = value;
        else if (odd)
            ContinueInitialization(value);
        else if ((value & ICW1) != 0)
            BeginInitialization(value);
        else if ((value & OCW3) != 0)
            WriteOperation3(value);
        else
            WriteOperation2(value);
    }

    internal void Save(out I8259AState state) => state = _state;

    internal bool IsValid(in I8259AState state) =>
        (state.LevelTriggered & ~_levelCapable) == 0 && (state.EdgeRequests & (_cascaded | state.LevelTriggered)) == 0 &&
        (state.VectorBase & 7) == 0 && state.LowestPriority < 8 && state.ExpectedIcw is 0 or >= 2 and <= 4;

    /// <summary>Takes over a state that is valid.</summary>
    internal void Restore(in I8259AState state) => _state = state;

    private byte FollowedInputs => (byte)(_cascaded | _state.LevelTriggered);

    /// <summary>The interrupt request register.</summary>
    private byte Requests => (byte)(_state.EdgeRequests | _state.Inputs & FollowedInputs);

    /// <summary>The input that requests service with success: unmasked, and of higher priority than what is in service. -1: none.</summary>
    private int Requested
    {
        get
        {
            uint requests = Rotate(Requests & ~_state.Mask & 0xFF);
            if (requests == 0)
                return -1;
            int inService = _state.InService;
            if (Has(I8259AFlags.SpecialMask))
                inService &= ~_state.Mask;
            if (Has(I8259AFlags.SpecialFullyNested))
                inService &= ~_cascaded;
            int rank = BitOperations.TrailingZeroCount(requests);
            return rank < BitOperations.TrailingZeroCount(Rotate(inService)) ? Unrotate(rank) : -1;
        }
    }

    /// <summary>Inputs in order of priority: bit 0 is the highest.</summary>
    private uint Rotate(int inputs)
    {
        int highest = _state.LowestPriority + 1 & 7;
        return (uint)(inputs >> highest | inputs << 8 - highest) & 0xFF;
    }

    private int Unrotate(int rank) => rank + _state.LowestPriority + 1 & 7;

    private void BeginInitialization(byte icw1)
    {
        _state.EdgeRequests = 0;
        _state.InService = 0;
        _state.Mask = 0;
        _state.LowestPriority = 7;
        // Special mask mode ends, reads give IRR, and what an ICW4 selects is off until one comes.
        _state.Flags = I8259AFlags.None;
        Put(I8259AFlags.NeedsIcw4, (icw1 & ICW1_IC4) != 0);
        Put(I8259AFlags.Single, (icw1 & ICW1_SNGL) != 0);
        _state.ExpectedIcw = 2;
    }

    private void ContinueInitialization(byte value)
    {
        byte afterCascade = Has(I8259AFlags.NeedsIcw4) ? (byte)4 : (byte)0;
        switch (_state.ExpectedIcw)
        {
            case 2:
                _state.VectorBase = (byte)(value & 0xF8);
                _state.ExpectedIcw = Has(I8259AFlags.Single) ? afterCascade : (byte)3;
                break;
            case 3:
                // Who is cascaded where is the board's wiring.
                _state.ExpectedIcw = afterCascade;
                break;
            default:
                Put(I8259AFlags.AutoEoi, (value & ICW4_AEOI) != 0);
                Put(I8259AFlags.SpecialFullyNested, (value & ICW4_SFNM) != 0);
                _state.ExpectedIcw = 0;
                break;
        }
    }

    private void WriteOperation2(byte value)
    {
        int level = value & OCW2_LevelMask;
        switch (value & (OCW2_R | OCW2_SL | OCW2_EOI))
        {
            case 0:
                Put(I8259AFlags.RotateInAutoEoi, false);
                break;
            case OCW2_R:
                Put(I8259AFlags.RotateInAutoEoi, true);
                break;
            case OCW2_EOI:
                EndHighest(rotates: false);
                break;
            case OCW2_R | OCW2_EOI:
                EndHighest(rotates: true);
                break;
            case OCW2_SL | OCW2_EOI:
                _state.InService = (byte)(_state.InService & ~(1 << level));
                break;
            case OCW2_R | OCW2_SL | OCW2_EOI:
                _state.InService = (byte)(_state.InService & ~(1 << level));
                _state.LowestPriority = (byte)level;
                break;
            case OCW2_R | OCW2_SL:
                _state.LowestPriority = (byte)level;
                break;
        }
    }

    /// <summary>Non-specific EOI. In special mask mode it does not end what is masked.</summary>
    private void EndHighest(bool rotates)
    {
        uint inService = Rotate(Has(I8259AFlags.SpecialMask) ? _state.InService & ~_state.Mask : _state.InService);
        if (inService == 0)
            return;
        int input = Unrotate(BitOperations.TrailingZeroCount(inService));
        _state.InService = (byte)(_state.InService & ~(1 << input));
        if (rotates)
            _state.LowestPriority = (byte)input;
    }

    private void WriteOperation3(byte value)
    {
        if ((value & OCW3_P) != 0)
            Put(I8259AFlags.Poll, true);
        else if ((value & OCW3_RR) != 0)
            Put(I8259AFlags.ReadsInService, (value & OCW3_RIS) != 0);
        if ((value & OCW3_ESMM) != 0)
            Put(I8259AFlags.SpecialMask, (value & OCW3_SMM) != 0);
    }

    private bool Has(I8259AFlags flag) => (_state.Flags & flag) != 0;

    private void Put(I8259AFlags flag, bool value) => _state.Flags = value ? _state.Flags | flag : _state.Flags & ~flag;
}
