using HyperOS.Abi.State;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// The PC's pair of 8259As, the secondary cascaded to IR2 of the primary, with the edge/level control registers: Intel 8259A data sheet;
/// 82371SB (PIIX3) data sheet, "ELCR1, ELCR2—Edge/Level Control Registers". INTR goes to the bootstrap processor's LINT0.
/// </summary>
/// <remarks>The caller holds the lock of the VM's legacy devices, also for <see cref="TryAcknowledge"/>.</remarks>
public sealed class ProgrammableInterruptController : InterruptController
{
    /// <summary>First of the primary's two ports.</summary>
    public const ushort PrimaryPort = 0x20;

    /// <summary>First of the secondary's two ports.</summary>
    public const ushort SecondaryPort = 0xA0;

    /// <summary>First of the two edge/level control ports: IRQ 0-7, then 8-15.</summary>
    public const ushort EdgeLevelControlPort = 0x4D0;

    private const int CascadeInput = 2;

    // Inputs that PC boards fix to edges: the timer, keyboard and cascade; the clock and the coprocessor.
    private const byte PrimaryLevelCapable = 0xF8, SecondaryLevelCapable = 0xDE;

    // Wiring.
    private readonly LocalApic? _bootProcessor;

    // Guest-visible state.
    private readonly I8259A _primary = new(1 << CascadeInput, PrimaryLevelCapable);
    private readonly I8259A _secondary = new(0, SecondaryLevelCapable);
    private bool _intr;

    /// <summary>A pair whose INTR drives LINT0 of <paramref name="bootProcessor"/>, or nothing but <see cref="Intr"/>.</summary>
    public ProgrammableInterruptController(LocalApic? bootProcessor) => _bootProcessor = bootProcessor;

    /// <summary>The pair's output to the processor.</summary>
    public bool Intr => _intr;

    /// <summary>Uninitialized, with all inputs masked.</summary>
    public void Reset()
    {
        _primary.Reset();
        _secondary.Reset();
        Propagate();
    }

    /// <summary>A byte from one of the six ports; all ones from any other.</summary>
    public byte Read(ushort port)
    {
        FaultPoint.Hit(FaultPlace.Pic);
        byte value;
        switch (port)
        {
            case PrimaryPort:
            case PrimaryPort + 1:
                value = _primary.Read(odd: port != PrimaryPort);
                break;
            case SecondaryPort:
            case SecondaryPort + 1:
                value = _secondary.Read(odd: port != SecondaryPort);
                break;
            case EdgeLevelControlPort: return _primary.EdgeLevelControl;
            case EdgeLevelControlPort + 1: return _secondary.EdgeLevelControl;
            default: return 0xFF;
        }
        // A poll acknowledges.
        Propagate();
        return value;
    }

    /// <summary>A byte to one of the six ports; nothing happens at any other.</summary>
    public void Write(ushort port, byte value)
    {
        switch (port)
        {
            case PrimaryPort:
            case PrimaryPort + 1:
                _primary.Write(odd: port != PrimaryPort, value);
                break;
            case SecondaryPort:
            case SecondaryPort + 1:
                _secondary.Write(odd: port != SecondaryPort, value);
                break;
            case EdgeLevelControlPort:
                _primary.EdgeLevelControl = value;
                break;
            case EdgeLevelControlPort + 1:
                _secondary.EdgeLevelControl = value;
                break;
        }
        Propagate();
    }

    /// <summary>Drives IRQ <paramref name="input"/>, 0-15. IRQ 2 is the cascade, which only the secondary drives.</summary>
    public override void SetInput(int input, bool asserted)
    {
        if (input >= 8)
            _secondary.SetInput(input - 8, asserted);
        else if (input != CascadeInput)
            _primary.SetInput(input, asserted);
        Propagate();
    }

    /// <summary>The processor's INTA cycles, where INTR is asserted.</summary>
    /// <returns>False: the request has gone since the local APIC reported it; nothing is to be injected.</returns>
    public bool TryAcknowledge(out int vector)
    {
        vector = 0;
        if (!_intr)
            return false;
        vector = Acknowledge();
        return true;
    }

    /// <summary>
    /// INTA cycles in any case: without a request the primary answers with IRQ 7's vector and puts nothing in service. 8259A data sheet,
    /// "Edge and Level Triggered Modes".
    /// </summary>
    public int Acknowledge()
    {
        int input = _primary.Acknowledge();
        int vector = _primary.VectorOf(input);
        if (input == CascadeInput)
            vector = _secondary.VectorOf(_secondary.Acknowledge());
        Propagate();
        return vector;
    }

    public void Save(out ProgrammableInterruptControllerState state)
    {
        state = default;
        state.Version = ProgrammableInterruptControllerState.CurrentVersion;
        _primary.Save(out state.Primary);
        _secondary.Save(out state.Secondary);
    }

    /// <summary>Restores a saved state and drives INTR by it. For the order see <see cref="LocalApic.Restore"/>.</summary>
    public RestoreStatus Restore(in ProgrammableInterruptControllerState state)
    {
        if (state.Version != ProgrammableInterruptControllerState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        if (!_primary.IsValid(in state.Primary) || !_secondary.IsValid(in state.Secondary))
            return RestoreStatus.InvalidValue;
        _primary.Restore(in state.Primary);
        _secondary.Restore(in state.Secondary);
        Propagate();
        return RestoreStatus.Restored;
    }

    private void Propagate()
    {
        _primary.SetInput(CascadeInput, _secondary.Output);
        bool intr = _primary.Output;
        if (intr == _intr)
            return;
        _intr = intr;
        _bootProcessor?.SetLint0(intr);
    }
}
