using System;
using System.Runtime.CompilerServices;
using HyperOS.Abi.State;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>What a microvm board is made to.</summary>
public struct MicrovmBoardConfiguration
{
    /// <summary>Number of vCPUs.</summary>
    public int Vcpus;

    /// <summary>RAM below 4 GiB, in bytes, from address 0 on.</summary>
    public ulong LowRamBytes;

    /// <summary>RAM from 4 GiB on, in bytes.</summary>
    public ulong HighRamBytes;

    /// <summary>What the real-time clock reads at power-on: seconds since 1970-01-01, in UTC or in the local time that the guest expects.</summary>
    public long RtcBaseSeconds;

    /// <summary>What becomes of timer ticks that the guest could not take in time.</summary>
    public TickCatchUp PitCatchUp;

    /// <summary>Whether <see cref="TestExit"/> is there.</summary>
    public bool HasTestExit;

    /// <summary>Whether there is a <see cref="PciBus"/>.</summary>
    public bool HasPci;
}

/// <summary>
/// The devices of a VM of class microvm, wired together and laid out over the I/O ports as on a PC. Without PCI, configuration ports 0CF8h and
/// 0CFCh read all ones, which kernels take for that.
/// </summary>
/// <remarks>
/// The caller holds the lock of the VM's legacy devices in every call. After a write it looks at <see cref="BoardEvents.Pending"/>; before
/// it runs a vCPU it arms a timer for <see cref="NextEvent"/> and calls <see cref="Advance"/> when that is due. Local APICs are the vCPUs'
/// own and need no such lock: their page at 0FEE00000h does not come here, and their EOI broadcasts go to <see cref="IoApic"/> by the
/// kernel's <see cref="EndOfInterruptListener"/>.
/// </remarks>
public sealed class MicrovmBoard
{
    /// <summary>First I/O port of the first serial port.</summary>
    public const ushort Com1Port = 0x3F8;

    /// <summary>Interrupt line of the first serial port.</summary>
    public const int Com1Gsi = 4;

    /// <summary>Ports go to devices in groups of eight, the first of which are looked up: one load tells whose an access is.</summary>
    private const int GroupShift = 3, GroupCount = (AcpiPowerManagement.ResetPort >> GroupShift) + 1;

    private const ushort PortB = 0x61, KeyboardCommand = 0x64, RtcIndex = 0x70, RtcData = 0x71, PostCode = 0x80,
        FirmwareConfigSelector = 0x510, FirmwareConfigData = 0x511;

    /// <summary>Command to the keyboard controller that pulses its output port's bit 0, the reset line of a PC AT.</summary>
    private const byte PulseReset = 0xFE;

    private const uint AllOnes = uint.MaxValue;

    // Wiring.
    private readonly TestExit? _testExit;
    private readonly PortGroup[] _groups = new PortGroup[GroupCount];

    // Who answers in a group of ports.
    private enum PortGroup : byte
    {
        None,
        Com1,
        Pic,
        Pit,
        System,
        Rtc,
        PostCode,
        TestExit,
        FirmwareConfig,
        Power,

        // The configuration ports of PCI, and the reset register within them.
        Configuration,
    }

    /// <summary>Puts the board together and on the bus; the 8259A pair interrupts <paramref name="bootProcessor"/>.</summary>
    public MicrovmBoard(in MicrovmBoardConfiguration configuration, ApicBus bus, LocalApic bootProcessor)
    {
        Pic = new ProgrammableInterruptController(bootProcessor);
        IoApic = new IoApic(bus);
        Lines = new InterruptLines(Pic, IoApic);
        Events = new BoardEvents();
        Com1 = new Uart16550(Lines, Com1Gsi);
        Pit = new Pit8254(Lines, configuration.PitCatchUp);
        Rtc = new CmosRtc(Lines, configuration.RtcBaseSeconds, configuration.LowRamBytes, configuration.HighRamBytes);
        FirmwareConfig = new FirmwareConfig((ushort)configuration.Vcpus, configuration.LowRamBytes + configuration.HighRamBytes);
        PowerManagement = new AcpiPowerManagement(Lines, Events);
        _testExit = configuration.HasTestExit ? new TestExit(Events) : null;
        Pci = configuration.HasPci ? new PciBus(bus, Lines, configuration.HighRamBytes) : null;
        Place(Com1Port, PortGroup.Com1);
        Place(ProgrammableInterruptController.PrimaryPort, PortGroup.Pic);
        Place(ProgrammableInterruptController.SecondaryPort, PortGroup.Pic);
        Place(ProgrammableInterruptController.EdgeLevelControlPort, PortGroup.Pic);
        Place(Pit8254.Port, PortGroup.Pit);
        Place(PortB, PortGroup.System);
        Place(RtcIndex, PortGroup.Rtc);
        Place(PostCode, PortGroup.PostCode);
        Place(TestExit.Port, PortGroup.TestExit);
        Place(FirmwareConfigSelector, PortGroup.FirmwareConfig);
        Place(AcpiPowerManagement.BasePort, PortGroup.Power);
        Place(AcpiPowerManagement.BasePort + AcpiPowerManagement.PortCount - 1, PortGroup.Power);
        Place(AcpiPowerManagement.ResetPort, PortGroup.Configuration);
    }

    /// <summary>The lines that the devices drive, for those who join them.</summary>
    public InterruptLines Lines { get; }

    /// <summary>The 8259A pair, which the vCPU loop asks for the vector of an ExtINT.</summary>
    public ProgrammableInterruptController Pic { get; }

    /// <summary>The I/O APIC, which wants to hear of EOI broadcasts.</summary>
    public IoApic IoApic { get; }

    /// <summary>What the guest asks of its VM.</summary>
    public BoardEvents Events { get; }

    /// <summary>The first serial port, which the kernel's console drains and feeds.</summary>
    public Uart16550 Com1 { get; }

    /// <summary>The timer.</summary>
    public Pit8254 Pit { get; }

    /// <summary>The real-time clock.</summary>
    public CmosRtc Rtc { get; }

    /// <summary>The fw_cfg device; files are added before the guest starts.</summary>
    public FirmwareConfig FirmwareConfig { get; }

    /// <summary>The ACPI fixed hardware with the power button.</summary>
    public AcpiPowerManagement PowerManagement { get; }

    /// <summary>The PCI bus, where the VM has one; functions are added before the guest starts.</summary>
    public PciBus? Pci { get; }

    /// <summary>Guest time in nanoseconds at which <see cref="Advance"/> is to be called next; ulong.MaxValue when nothing is due.</summary>
    public ulong NextEvent => Math.Min(Math.Min(Com1.NextEvent, Pit.NextEvent), Math.Min(Rtc.NextEvent, PowerManagement.NextEvent));

    /// <summary>Raises what is due at <paramref name="now"/>.</summary>
    public void Advance(ulong now)
    {
        Com1.Advance(now);
        FaultPoint.Hit(FaultPlace.BoardTimers);
        Pit.Advance(now);
        Rtc.Advance(now);
        PowerManagement.Advance(now);
    }

    /// <summary>The board's reset line. The real-time clock goes on; local APICs are reset with their vCPUs.</summary>
    public void Reset(ulong now)
    {
        Com1.Reset();
        Pit.Reset(now);
        Rtc.Reset(now);
        FirmwareConfig.Reset();
        PowerManagement.Reset(now);
        Pci?.Reset();
        Pic.Reset();
        IoApic.Reset();
    }

    /// <summary>Whether some device may answer the port. Elsewhere a read gives all ones and a write does nothing, and no lock is needed to say so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsInhabited(ushort port, int width) => (port & 7) + width > 8 || GroupOf(port) != PortGroup.None || Pci is not null && Pci.HasPorts;

    // PCI functions are asked where no other device answers near the port, wherever a guest has moved them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private PortGroup GroupOf(ushort port)
    {
        PortGroup[] groups = _groups;
        int group = port >> GroupShift;
        return group < groups.Length ? groups[group] : PortGroup.None;
    }

    private void Place(int port, PortGroup group) => _groups[port >> GroupShift] = group;

    /// <summary>Whether a read of the port can move <see cref="NextEvent"/>: the serial port's receiver and the real-time clock's register C do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ReadMovesEvents(ushort port) => port is Com1Port or RtcData or RtcIndex;

    /// <summary>
    /// A guest's IN of <paramref name="width"/> 1, 2 or 4 bytes. A wide access to devices of eight bits is one to as many consecutive ports,
    /// as on the bus; <paramref name="value"/> is zero-extended.
    /// </summary>
    public PortAccess ReadPort(ushort port, int width, ulong now, out uint value)
    {
        if (width == 1)
        {
            PortAccess access = ReadByte(port, now, out byte single);
            value = single;
            return access;
        }
        return ReadWide(port, width, now, out value);
    }

    /// <summary>A guest's OUT of <paramref name="width"/> 1, 2 or 4 bytes, split as <see cref="ReadPort"/> splits.</summary>
    public PortAccess WritePort(ushort port, int width, uint value, ulong now)
    {
        return width == 1 ? WriteByte(port, unchecked((byte)value), now) : WriteWide(port, width, value, now);
    }

    /// <summary>A guest's load of <paramref name="width"/> 1, 2, 4 or 8 bytes from memory-mapped registers: the I/O APIC's, then those of PCI.</summary>
    /// <returns>False, with all ones, when there is no device at <paramref name="address"/>.</returns>
    public bool TryReadMmio(GuestPhysicalAddress address, int width, out ulong value)
    {
        value = ValueMask(width);
        ulong offset = unchecked(address.Value - IoApic.BaseAddress);
        if (offset < IoApic.Length)
        {
            // Registers have 32 bits; nobody answers for more.
            value &= IoApic.Read((uint)offset) | ~(ulong)uint.MaxValue;
            return true;
        }
        return Pci is not null && width is 1 or 2 or 4 or 8 && Pci.TryReadMemory(address.Value, width, out value);
    }

    /// <summary>A guest's store of <paramref name="width"/> 1, 2, 4 or 8 bytes to memory-mapped registers.</summary>
    /// <returns>False when there is no device at <paramref name="address"/>.</returns>
    public bool TryWriteMmio(GuestPhysicalAddress address, int width, ulong value)
    {
        ulong offset = unchecked(address.Value - IoApic.BaseAddress);
        if (offset < IoApic.Length)
        {
            IoApic.Write((uint)offset, unchecked((uint)(value & ValueMask(width))));
            return true;
        }
        return Pci is not null && width is 1 or 2 or 4 or 8 && Pci.TryWriteMemory(address.Value, width, value);
    }

    /// <summary>Saves the devices, after the console has drained the UART and no event is pending.</summary>
    public void Save(out MicrovmBoardState state)
    {
        state = default;
        Com1.Save(out state.Com1);
        Pit.Save(out state.Pit);
        Rtc.Save(out state.Rtc);
        FirmwareConfig.Save(out state.FirmwareConfig);
        PowerManagement.Save(out state.PowerManagement);
        Pci?.Save(out state.Pci);
        Pic.Save(out state.Pic);
        IoApic.Save(out state.IoApic);
    }

    /// <summary>
    /// Restores a new board at guest time <paramref name="now"/>, which is that of saving; the vCPUs' local APICs come after it. The interrupt
    /// controllers come last here, so that what they send while devices drive their lines anew is void: PCI functions come before the board. After
    /// a refusal the board is of no use.
    /// </summary>
    public RestoreStatus Restore(in MicrovmBoardState state, ulong now)
    {
        RestoreStatus status = Com1.Restore(state.Com1, now);
        if (status == RestoreStatus.Restored)
            status = Pit.Restore(state.Pit, now);
        if (status == RestoreStatus.Restored)
            status = Rtc.Restore(state.Rtc, now);
        if (status == RestoreStatus.Restored)
            status = FirmwareConfig.Restore(state.FirmwareConfig);
        if (status == RestoreStatus.Restored)
            status = PowerManagement.Restore(state.PowerManagement, now);
        if (status == RestoreStatus.Restored && Pci is not null)
            status = Pci.Restore(state.Pci);
        if (status == RestoreStatus.Restored)
            status = Pic.Restore(state.Pic);
        if (status == RestoreStatus.Restored)
            status = IoApic.Restore(state.IoApic);
        return status;
    }

    private PortAccess ReadByte(ushort port, ulong now, out byte value)
    {
        switch (GroupOf(port))
        {
            case PortGroup.Com1:
                value = Com1.Read(port & 7, now);
                return PortAccess.Claimed;
            case PortGroup.Pic when (port & 6) == 0:
                value = Pic.Read(port);
                return PortAccess.Claimed;
            case PortGroup.Pit when port < Pit8254.Port + Pit8254.PortCount:
                value = Pit.Read(port & 3, now);
                return PortAccess.Claimed;
            case PortGroup.System when port == PortB:
                value = Pit.ReadPortB(now);
                return PortAccess.Claimed;
            case PortGroup.Rtc when port == RtcData:
                value = Rtc.ReadData(now);
                return PortAccess.Claimed;
            case PortGroup.FirmwareConfig when port == FirmwareConfigData:
                value = FirmwareConfig.ReadData();
                return PortAccess.Claimed;
            case PortGroup.Power:
                value = (byte)PowerManagement.Read(port - AcpiPowerManagement.BasePort, 1, now);
                return PortAccess.Claimed;
            case PortGroup.Configuration when port == AcpiPowerManagement.ResetPort:
                value = PowerManagement.ReadResetControl();
                return PortAccess.Claimed;
            case PortGroup.None or PortGroup.Configuration when Pci is not null:
                PortAccess access = Pci.ReadPort(port, 1, out uint single);
                value = unchecked((byte)single);
                return access;
            case PortGroup.TestExit when port == TestExit.Port && _testExit is not null:
                value = 0;
                return PortAccess.Claimed;
            default:
                value = byte.MaxValue;
                return port is PostCode or RtcIndex ? PortAccess.Claimed : PortAccess.Unclaimed;
        }
    }

    private PortAccess WriteByte(ushort port, byte value, ulong now)
    {
        switch (GroupOf(port))
        {
            case PortGroup.Com1:
                Com1.Write(port & 7, value, now);
                return PortAccess.Claimed;
            case PortGroup.Pic when (port & 6) == 0:
                Pic.Write(port, value);
                return PortAccess.Claimed;
            case PortGroup.Pit when port < Pit8254.Port + Pit8254.PortCount:
                Pit.Write(port & 3, value, now);
                return PortAccess.Claimed;
            case PortGroup.System when port == PortB:
                Pit.WritePortB(value, now);
                return PortAccess.Claimed;
            case PortGroup.System when port == KeyboardCommand && value == PulseReset:
                Events.Raise(BoardEvent.Reset);
                return PortAccess.Claimed;
            case PortGroup.Rtc when port == RtcIndex:
                Rtc.WriteIndex(value);
                return PortAccess.Claimed;
            case PortGroup.Rtc when port == RtcData:
                Rtc.WriteData(value, now);
                return PortAccess.Claimed;
            case PortGroup.PostCode when port == PostCode:
                return PortAccess.Claimed;
            case PortGroup.Power:
                PowerManagement.Write(port - AcpiPowerManagement.BasePort, 1, value, now);
                return PortAccess.Claimed;
            case PortGroup.Configuration when port == AcpiPowerManagement.ResetPort:
                PowerManagement.WriteResetControl(value);
                return PortAccess.Claimed;
            case PortGroup.None or PortGroup.Configuration when Pci is not null:
                return Pci.WritePort(port, 1, value);
            case PortGroup.TestExit when port == TestExit.Port && _testExit is not null:
                _testExit.Write(value);
                return PortAccess.Claimed;
            default:
                return PortAccess.Unclaimed;
        }
    }

    /// <summary>Registers wider than a byte take the access whole; a dword at 0CF8h belongs to PCI, not to the reset register within it.</summary>
    private PortAccess ReadWide(ushort port, int width, ulong now, out uint value)
    {
        value = width == 2 ? ushort.MaxValue : AllOnes;
        if (width is not (2 or 4))
            return PortAccess.Unclaimed;
        if (IsLeftToPci(port, width))
            return Pci is null ? PortAccess.Unclaimed : Pci.ReadPort(port, width, out value);
        if (IsWithinPowerManagement(port, width))
        {
            value = PowerManagement.Read(port - AcpiPowerManagement.BasePort, width, now);
            return PortAccess.Claimed;
        }
        if (port == TestExit.Port && _testExit is not null)
        {
            value = 0;
            return PortAccess.Claimed;
        }
        value = 0;
        PortAccess access = PortAccess.Unclaimed;
        for (int i = 0; i < width; i++)
        {
            if (ReadByte(unchecked((ushort)(port + i)), now, out byte single) == PortAccess.Claimed)
                access = PortAccess.Claimed;
            value |= (uint)single << (8 * i);
        }
        return access;
    }

    private PortAccess WriteWide(ushort port, int width, uint value, ulong now)
    {
        if (width is not (2 or 4))
            return PortAccess.Unclaimed;
        if (IsLeftToPci(port, width))
            return Pci is null ? PortAccess.Unclaimed : Pci.WritePort(port, width, value);
        if (IsWithinPowerManagement(port, width))
        {
            PowerManagement.Write(port - AcpiPowerManagement.BasePort, width, value, now);
            return PortAccess.Claimed;
        }
        if (port == FirmwareConfigSelector && width == 2)
        {
            FirmwareConfig.Select(unchecked((ushort)value));
            return PortAccess.Claimed;
        }
        if (port == TestExit.Port && _testExit is not null)
        {
            _testExit.Write(width == 2 ? value & ushort.MaxValue : value);
            return PortAccess.Claimed;
        }
        PortAccess access = PortAccess.Unclaimed;
        for (int i = 0; i < width; i++)
        {
            if (WriteByte(unchecked((ushort)(port + i)), unchecked((byte)(value >> (8 * i))), now) == PortAccess.Claimed)
                access = PortAccess.Claimed;
        }
        return access;
    }

    // What begins below CONFIG_DATA is PCI's or nobody's; what leaves a group is split.
    private bool IsLeftToPci(ushort port, int width) => GroupOf(port) is PortGroup.None or PortGroup.Configuration && (port & 7) + width <= 8;

    private static ulong ValueMask(int width) => width switch { 1 => byte.MaxValue, 2 => ushort.MaxValue, 4 => uint.MaxValue, _ => ulong.MaxValue };

    private static bool IsWithinPowerManagement(ushort port, int width) =>
        port >= AcpiPowerManagement.BasePort && port + width <= AcpiPowerManagement.BasePort + AcpiPowerManagement.PortCount;
}
