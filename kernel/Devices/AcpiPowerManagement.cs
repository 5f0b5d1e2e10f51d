using HyperOS.Abi.State;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// ACPI fixed hardware: PM1a event and control blocks, PM timer, general-purpose event block 0 and the reset register: ACPI Specification,
/// "ACPI Hardware Specification". The system is in ACPI mode from power-on: there is no SMI command port. The SCI is interrupt line 9,
/// level.
/// </summary>
/// <remarks>The caller holds the lock of the VM's legacy devices.</remarks>
public sealed class AcpiPowerManagement
{
    /// <summary>The first of the I/O ports of the blocks below.</summary>
    public const ushort BasePort = 0x600;

    /// <summary>Number of ports from <see cref="BasePort"/>.</summary>
    public const int PortCount = 0x10;

    /// <summary>Ports of the blocks, as the FADT tells.</summary>
    public const ushort Pm1aEventBlock = BasePort, Pm1aControlBlock = BasePort + 4, PmTimerBlock = BasePort + 8, Gpe0Block = BasePort + 0xC;

    /// <summary>Lengths of the blocks in bytes.</summary>
    public const byte Pm1EventLength = 4, Pm1ControlLength = 2, PmTimerLength = 4, Gpe0Length = 2;

    /// <summary>I/O port of the reset register.</summary>
    public const ushort ResetPort = 0xCF9;

    /// <summary>What the FADT says to write to the reset register.</summary>
    public const byte ResetValue = 0x06;

    /// <summary>The SCI's interrupt line.</summary>
    public const byte SciInterrupt = 9;

    /// <summary>SLP_TYP of S5, soft off, as the DSDT's \_S5 tells. It is the only sleeping state there is.</summary>
    public const byte SleepTypeS5 = 0;

    private const ushort TMR = 0x0001, GBL = 0x0020, PWRBTN = 0x0100, RTC = 0x0400, WAK = 0x8000;
    private const ushort StatusBits = TMR | GBL | PWRBTN | RTC | WAK, EnableBits = TMR | GBL | PWRBTN | RTC;
    private const ushort SCI_EN = 0x0001, BM_RLD = 0x0002, SLP_TYP = 0x1C00, SLP_EN = 0x2000;
    private const ushort ControlBits = BM_RLD | SLP_TYP;
    private const int SLP_TYP_Shift = 10;
    private const byte ResetCpu = 0x04, ResetControlKept = 0x0A;

    /// <summary>TMR_STS is set when the timer's most significant bit, of 32, changes.</summary>
    private const int TimerTopBit = 31;

    // Wiring.
    private readonly InterruptLines _lines;
    private readonly BoardEvents _events;

    // Guest-visible state.
    private ushort _status;
    private ushort _enable;
    private ushort _control;
    private byte _gpe0Status;
    private byte _gpe0Enable;
    private byte _resetControl;
    private ulong _checkedTo;

    /// <summary>Registers as after power-on, whose SCI drives a line and whose requests go to <paramref name="events"/>.</summary>
    public AcpiPowerManagement(InterruptLines lines, BoardEvents events)
    {
        _lines = lines;
        _events = events;
        Reset(0);
    }

    /// <summary>Guest time in nanoseconds of the timer's next interrupt; ulong.MaxValue when none comes.</summary>
    public ulong NextEvent { get; private set; }

    /// <summary>The PM timer: 32 bits at 3.579545 MHz.</summary>
    public static uint Timer(ulong now) => unchecked((uint)GuestFrequency.PowerManagementTimer.TicksAt(now));

    /// <summary>As at power-on: in ACPI mode, with no event pending or enabled.</summary>
    public void Reset(ulong now)
    {
        _status = 0;
        _enable = 0;
        _control = SCI_EN;
        _gpe0Status = 0;
        _gpe0Enable = 0;
        _resetControl = 0;
        _checkedTo = now;
        Update();
    }

    /// <summary>Reads <paramref name="width"/> bytes, 1, 2 or 4, at <see cref="BasePort"/> + <paramref name="offset"/>.</summary>
    public uint Read(int offset, int width, ulong now)
    {
        Check(now);
        FaultPoint.Hit(FaultPlace.AcpiPowerManagement);
        // The registers as they lie in the port space; an access takes the bytes it covers, all of one moment.
        ulong registers = offset < 8
            ? _status | (ulong)_enable << 16 | (ulong)_control << 32
            : Timer(now) | (ulong)_gpe0Status << 32 | (ulong)_gpe0Enable << 40;
        ulong value = registers >> (8 * (offset & 7));
        return unchecked((uint)value) & (uint.MaxValue >> (32 - 8 * width));
    }

    /// <summary>Writes <paramref name="width"/> bytes, 1, 2 or 4, at <see cref="BasePort"/> + <paramref name="offset"/>.</summary>
    public void Write(int offset, int width, uint value, ulong now)
    {
        Check(now);
        for (int i = 0; i < width; i++)
            WriteByte(offset + i, unchecked((byte)(value >> (8 * i))));
        Update();
        if (offset <= Pm1aControlBlock - BasePort + 1 && offset + width > Pm1aControlBlock - BasePort + 1)
            Sleep(unchecked((byte)(value >> (8 * (Pm1aControlBlock - BasePort + 1 - offset)))));
    }

    /// <summary>Reads the reset register.</summary>
    public byte ReadResetControl() => _resetControl;

    /// <summary>Writes the reset register: bit 2 going from 0 to 1 resets the system.</summary>
    public void WriteResetControl(byte value)
    {
        _resetControl = (byte)(value & ResetControlKept);
        if ((value & ResetCpu) != 0)
            _events.Raise(BoardEvent.Reset);
    }

    /// <summary>Someone presses the power button.</summary>
    public void PressPowerButton(ulong now)
    {
        Check(now);
        _status |= PWRBTN;
        Update();
    }

    /// <summary>Raises what is due at <paramref name="now"/>.</summary>
    public void Advance(ulong now)
    {
        if (now < NextEvent)
            return;
        Check(now);
        Update();
    }

    /// <summary>Saves the registers; the timer is guest time and needs no saving.</summary>
    public void Save(out AcpiPowerManagementState state)
    {
        state = default;
        state.Version = AcpiPowerManagementState.CurrentVersion;
        state.Pm1Status = _status;
        state.Pm1Enable = _enable;
        state.Pm1Control = _control;
        state.Gpe0Status = _gpe0Status;
        state.Gpe0Enable = _gpe0Enable;
        state.ResetControl = _resetControl;
        state.CheckedTo = _checkedTo;
    }

    /// <summary>Restores saved registers at guest time <paramref name="now"/> and drives the SCI anew.</summary>
    public RestoreStatus Restore(in AcpiPowerManagementState state, ulong now)
    {
        if (state.Version != AcpiPowerManagementState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        bool valid = (state.Pm1Status & ~StatusBits) == 0 && (state.Pm1Enable & ~EnableBits) == 0 &&
            (state.Pm1Control & ~ControlBits) == SCI_EN && (state.ResetControl & ~ResetControlKept) == 0 && state.CheckedTo <= now;
        if (!valid)
            return RestoreStatus.InvalidValue;
        _status = state.Pm1Status;
        _enable = state.Pm1Enable;
        _control = state.Pm1Control;
        _gpe0Status = state.Gpe0Status;
        _gpe0Enable = state.Gpe0Enable;
        _resetControl = state.ResetControl;
        _checkedTo = state.CheckedTo;
        Check(now);
        Update();
        return RestoreStatus.Restored;
    }

    private void WriteByte(int offset, byte value)
    {
        switch (offset)
        {
            // Status bits are cleared by writing ones.
            case 0: _status = (ushort)(_status & ~value); break;
            case 1: _status = (ushort)(_status & ~(value << 8)); break;
            case 2: _enable = (ushort)((_enable & 0xFF00 | value) & EnableBits); break;
            case 3: _enable = (ushort)((_enable & 0x00FF | value << 8) & EnableBits); break;
            case 4: _control = (ushort)((_control & 0xFF00 | value) & ControlBits | SCI_EN); break;
            case 5: _control = (ushort)((_control & 0x00FF | value << 8) & ControlBits | SCI_EN); break;
            case 12: _gpe0Status = (byte)(_gpe0Status & ~value); break;
            case 13: _gpe0Enable = value; break;
        }
    }

    /// <summary>Takes the upper byte of PM1_CNT, with SLP_TYP and SLP_EN. Sleep types other than that of S5 are not offered and do nothing.</summary>
    private void Sleep(byte control)
    {
        int written = control << 8;
        if ((written & SLP_EN) != 0 && (written & SLP_TYP) >> SLP_TYP_Shift == SleepTypeS5)
            _events.Raise(BoardEvent.PowerOff);
    }

    private static ulong HalfTurns(ulong now) => GuestFrequency.PowerManagementTimer.TicksAt(now) >> TimerTopBit;

    private void Check(ulong now)
    {
        if (now <= _checkedTo)
            return;
        if (HalfTurns(now) != HalfTurns(_checkedTo))
            _status |= TMR;
        _checkedTo = now;
    }

    private void Update()
    {
        _lines.Set(SciInterrupt, (_status & _enable) != 0 || (_gpe0Status & _gpe0Enable) != 0);
        NextEvent = (_enable & TMR) != 0 && (_status & TMR) == 0
            ? GuestFrequency.PowerManagementTimer.TimeOf((HalfTurns(_checkedTo) + 1) << TimerTopBit)
            : ulong.MaxValue;
    }
}
