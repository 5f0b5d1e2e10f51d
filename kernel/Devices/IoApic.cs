using System.Numerics;
using HyperOS.Abi.State;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// I/O APIC with 24 pins: Intel 82093AA data sheet, "Register Description"; the EOI register of version 20H: Intel I/O Controller Hub
/// data sheets, "EOIR—EOI Register".
/// </summary>
/// <remarks>
/// Messages leave at once, so that delivery status always reads as idle. Polarity is kept and means nothing, for pins are driven by
/// meaning and not by voltage. An edge on a masked pin is lost; a level is looked at again when the pin is unmasked or its EOI comes.
/// NMI, INIT and ExtINT are edges whatever the trigger mode says; SMI is ignored. The caller holds the lock of the VM's legacy devices.
/// </remarks>
public sealed class IoApic : InterruptController
{
    /// <summary>Guest-physical address of the registers.</summary>
    public const ulong BaseAddress = 0xFEC0_0000;

    /// <summary>Bytes that the registers occupy.</summary>
    public const ulong Length = 0x1000;

    public const int PinCount = RedirectionTable.Count;

    // Offsets of the directly addressed registers, and what IOREGSEL selects.
    private const uint IOREGSEL = 0x00, IOWIN = 0x10, EOIR = 0x40;
    private const int IOAPICID = 0x00, IOAPICVER = 0x01, IOAPICARB = 0x02, IOREDTBL = 0x10;

    private const uint VersionValue = 0x20 | (PinCount - 1) << 16;
    private const int IdShift = 24;
    private const byte IdMask = 0xF;

    private const ulong Logical = 1 << 11, RemoteIrr = 1 << 14, LevelTriggered = 1 << 15, Masked = 1 << 16;
    private const int ModeShift = 8, DestinationShift = 56;
    private const ulong Writable = 0xFFul << DestinationShift | Masked | LevelTriggered | 1 << 13 | Logical | 7 << ModeShift | 0xFF;
    private const uint AllPins = (1u << PinCount) - 1;

    // Wiring.
    private readonly ApicBus _bus;

    // Guest-visible state; entries without their remote IRR, which is a set of pins.
    private readonly ulong[] _redirections = new ulong[PinCount];
    private byte _select;
    private byte _id;
    private uint _inputs;
    private uint _remoteIrr;

    public IoApic(ApicBus bus)
    {
        _bus = bus;
        Reset();
    }

    /// <summary>All pins masked; the levels of the pins stay what their drivers make them.</summary>
    public void Reset()
    {
        _select = 0;
        _id = 0;
        _remoteIrr = 0;
        for (int pin = 0; pin < PinCount; pin++)
            _redirections[pin] = Masked;
    }

    /// <summary>A load at <paramref name="offset"/> from the base: 32 bits, of which a narrower access takes the low ones.</summary>
    public uint Read(uint offset) => offset switch
    {
        IOREGSEL => _select,
        IOWIN => ReadSelected(),
        _ => 0,
    };

    /// <summary>A store at <paramref name="offset"/> from the base; a narrower one than 32 bits is extended with zeros.</summary>
    public void Write(uint offset, uint value)
    {
        switch (offset)
        {
            case IOREGSEL:
                _select = (byte)(value & 0xFF);
                FaultPoint.Hit(FaultPlace.IoApic);
                break;
            case IOWIN:
                WriteSelected(value);
                break;
            case EOIR:
                EndOfInterrupt((int)(value & 0xFF));
                break;
        }
    }

    public override void SetInput(int input, bool asserted)
    {
        uint bit = 1u << input;
        uint before = _inputs;
        _inputs = asserted ? before | bit : before & ~bit;
        if (_inputs != before && asserted)
            Serve(input, hasRisen: true);
    }

    /// <summary>A local APIC broadcasts the EOI of <paramref name="vector"/>: pins whose level is still asserted send again.</summary>
    public void EndOfInterrupt(int vector)
    {
        for (uint waiting = _remoteIrr; waiting != 0; waiting &= waiting - 1)
        {
            int pin = BitOperations.TrailingZeroCount(waiting);
            if ((int)(_redirections[pin] & 0xFF) != vector)
                continue;
            _remoteIrr &= ~(1u << pin);
            Serve(pin, hasRisen: false);
        }
    }

    public void Save(out IoApicState state)
    {
        state = default;
        state.Version = IoApicState.CurrentVersion;
        state.Select = _select;
        state.Id = _id;
        state.Inputs = _inputs;
        for (int pin = 0; pin < PinCount; pin++)
            state.Redirections[pin] = Entry(pin);
    }

    /// <summary>Restores a saved state and sends nothing: what was sent is in the local APICs. For the order see <see cref="LocalApic.Restore"/>.</summary>
    public RestoreStatus Restore(in IoApicState state)
    {
        if (state.Version != IoApicState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        if ((state.Id & ~IdMask) != 0 || (state.Inputs & ~AllPins) != 0)
            return RestoreStatus.InvalidValue;
        for (int pin = 0; pin < PinCount; pin++)
        {
            ulong entry = state.Redirections[pin];
            if ((entry & ~(Writable | RemoteIrr)) != 0 || (entry & RemoteIrr) != 0 && !IsLevelSensitive(entry))
                return RestoreStatus.InvalidValue;
        }
        _select = state.Select;
        _id = state.Id;
        _inputs = state.Inputs;
        _remoteIrr = 0;
        for (int pin = 0; pin < PinCount; pin++)
        {
            ulong entry = state.Redirections[pin];
            _redirections[pin] = entry & Writable;
            if ((entry & RemoteIrr) != 0)
                _remoteIrr |= 1u << pin;
        }
        return RestoreStatus.Restored;
    }

    private ulong Entry(int pin) => _redirections[pin] | ((_remoteIrr >> pin & 1) != 0 ? RemoteIrr : 0);

    private uint ReadSelected()
    {
        switch (_select)
        {
            case IOAPICID:
            case IOAPICARB:
                return (uint)_id << IdShift;
            case IOAPICVER:
                return VersionValue;
        }
        int index = _select - IOREDTBL;
        if (index is < 0 or >= PinCount * 2)
            return 0;
        ulong entry = Entry(index >> 1);
        return unchecked((uint)((index & 1) == 0 ? entry : entry >> 32));
    }

    private void WriteSelected(uint value)
    {
        if (_select == IOAPICID)
            _id = (byte)(value >> IdShift & IdMask);
        int index = _select - IOREDTBL;
        if (index is < 0 or >= PinCount * 2)
            return;
        int pin = index >> 1;
        ref ulong entry = ref _redirections[pin];
        entry = ((index & 1) == 0 ? entry & 0xFFFF_FFFF_0000_0000 | value : entry & 0xFFFF_FFFF | (ulong)value << 32) & Writable;
        // Making an entry edge-triggered forgets its remote IRR: so systems without an EOI register end an interrupt.
        if (!IsLevelSensitive(entry))
            _remoteIrr &= ~(1u << pin);
        Serve(pin, hasRisen: false);
    }

    /// <summary>Sends what the pin's level, or the edge that it has just risen by, asks for.</summary>
    private void Serve(int pin, bool hasRisen)
    {
        ulong entry = _redirections[pin];
        uint bit = 1u << pin;
        bool isLevel = IsLevelSensitive(entry);
        if ((entry & Masked) != 0 || (isLevel ? (_inputs & ~_remoteIrr & bit) == 0 : !hasRisen))
            return;
        var message = new InterruptMessage(InterruptMessage.Widen((byte)(entry >> DestinationShift)), (entry & Logical) != 0, ModeOf(entry),
            (byte)(entry & 0xFF), isLevel);
        if (_bus.Deliver(in message) && isLevel)
            _remoteIrr |= bit;
    }

    private static DeliveryMode ModeOf(ulong entry) => (DeliveryMode)(entry >> ModeShift & 7);

    private static bool IsLevelSensitive(ulong entry) =>
        (entry & LevelTriggered) != 0 && ModeOf(entry) is DeliveryMode.Fixed or DeliveryMode.LowestPriority;
}
