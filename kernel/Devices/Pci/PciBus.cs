using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.Pci;

namespace HyperOS.Devices;

/// <summary>
/// A guest's PCI bus 0 with its host bridge: configuration space by ports (PCI Local Bus Specification 3.0, "Configuration Mechanism #1") and
/// by memory (PCI Express Base Specification, "PCI Express Enhanced Configuration Access Mechanism"), base address registers, INTx pins.
/// </summary>
/// <remarks>
/// <code>
///   access -> ECAM: function's configuration space          MSI-X: function -> ApicBus
///          -> sorted ranges: function, register, offset      INTx:  function -> Attend -> InterruptLines 16-23 -> I/O APIC
/// </code>
/// The caller holds the lock of the VM's devices in every call but <see cref="HasPorts"/> and <see cref="NeedsAttention"/>. Functions
/// may have changed their pins without it, from any thread: whoever lets them work looks at <see cref="NeedsAttention"/> afterwards, takes the
/// lock and calls <see cref="Attend"/>. The guest's own accesses do so themselves.
/// </remarks>
public sealed class PciBus
{
    /// <summary>The first interrupt line of the pins, and how many there are.</summary>
    public const int FirstLine = 16, LineCount = 8;

    private const int FunctionShift = 12, RegisterMask = PciConfiguration.ExtendedLength - 1;

    // Wiring.
    private readonly ApicBus _apics;
    private readonly InterruptLines _lines;
    private readonly PciFunction?[] _functions = new PciFunction?[PciConfiguration.DeviceCount * PciConfiguration.FunctionCount];
    private int _registerCount;

    // Where the next registers are placed.
    private ulong _nextPort = PciWindows.PortStart;
    private ulong _nextMemory = PciWindows.MemoryStart;
    private ulong _nextHighMemory;

    // Guest-visible state; the maps follow from the functions' registers.
    private uint _configurationAddress;
    private readonly PciAddressMap _memory = new();
    private readonly PciAddressMap _ports = new();
    private readonly int[] _assertedPins = new int[LineCount];
    private volatile bool _needsAttention;

    /// <summary>A bus with its host bridge as device 0.</summary>
    /// <param name="apics">Where messages go.</param>
    /// <param name="lines">Where pins lead.</param>
    /// <param name="highRamBytes">RAM from 4 GiB on, in bytes.</param>
    public PciBus(ApicBus apics, InterruptLines lines, ulong highRamBytes)
    {
        _apics = apics;
        _lines = lines;
        HighMemoryStart = PciWindows.HighMemoryStart(highRamBytes);
        _nextHighMemory = HighMemoryStart;
        TryAdd(new PciHostBridge(), 0, 0);
    }

    /// <summary>Where the memory above RAM begins; it is <see cref="PciWindows.HighMemoryLength"/> bytes long.</summary>
    public ulong HighMemoryStart { get; }

    /// <summary>Whether a function's pin waits for <see cref="Attend"/>. Any thread.</summary>
    public bool NeedsAttention => _needsAttention;

    /// <summary>Whether functions answer any I/O ports. Without the lock, as a first look.</summary>
    public bool HasPorts => _ports.Count != 0;

    /// <summary>The interrupt line that a pin of a device leads to: neighbours take turns.</summary>
    /// <param name="device">Its number on the bus.</param>
    /// <param name="pin">1 for INTA# to 4 for INTD#.</param>
    public static int LineOf(int device, int pin) => FirstLine + (device + pin - 1) % LineCount;

    /// <summary>The pins that functions of a device have: bit n for pin n.</summary>
    public uint PinsOf(int device)
    {
        uint pins = 0;
        for (int i = 0; i < PciConfiguration.FunctionCount; i++)
        {
            int pin = _functions[device * PciConfiguration.FunctionCount + i]?.InterruptPin ?? 0;
            pins |= pin == 0 ? 0 : 1u << pin;
        }
        return pins;
    }

    /// <summary>The function with a number, which holds device and function as a configuration address does.</summary>
    public PciFunction? Find(int number) => _functions[number];

    /// <summary>Puts a function on the bus and places its base address registers. While the machine is put together.</summary>
    public PciAddStatus TryAdd(PciFunction function, int device, int functionNumber)
    {
        if (device is < 0 or >= PciConfiguration.DeviceCount || functionNumber is < 0 or >= PciConfiguration.FunctionCount)
            return PciAddStatus.BadNumber;
        int number = device * PciConfiguration.FunctionCount + functionNumber;
        PciFunction? first = _functions[number - functionNumber];
        if (_functions[number] is not null)
            return PciAddStatus.Taken;
        if (functionNumber != 0 && first is null)
            return PciAddStatus.NoFirstFunction;
        if (!TryPlace(function))
            return PciAddStatus.NoRoom;
        if (functionNumber != 0)
            first!.SetMultifunction();
        _functions[number] = function;
        function.Attach(this, _apics, number);
        _memory.Reserve(_registerCount);
        _ports.Reserve(_registerCount);
        Remap();
        return PciAddStatus.Added;
    }

    /// <summary>Puts a function on the first device number that is free.</summary>
    public PciAddStatus TryAdd(PciFunction function)
    {
        for (int device = 1; device < PciConfiguration.DeviceCount; device++)
        {
            if (_functions[device * PciConfiguration.FunctionCount] is null)
                return TryAdd(function, device, 0);
        }
        return PciAddStatus.Taken;
    }

    /// <summary>A guest's load of 1, 2, 4 or 8 bytes from memory that is not RAM.</summary>
    /// <returns>False, with all ones, where nobody answers.</returns>
    public bool TryReadMemory(ulong address, int width, out ulong value)
    {
        if (width == 8)
        {
            bool isLowThere = TryReadMemory(address, 4, out ulong low), isHighThere = TryReadMemory(unchecked(address + 4), 4, out ulong high);
            value = low | high << 32;
            return isLowThere || isHighThere;
        }
        bool isThere = true;
        value = RegisterBytes.Mask(width);
        ulong offset = unchecked(address - PciWindows.ConfigurationStart);
        if (offset < PciWindows.ConfigurationLength)
            value = ReadConfiguration((int)(offset >> FunctionShift), (int)(offset & RegisterMask), width);
        else if (_memory.TryFind(address, width, out int index))
            value = Read(in _memory.At(index), address, width);
        else
            isThere = false;
        AttendIfNeeded();
        return isThere;
    }

    /// <summary>A guest's store of 1, 2, 4 or 8 bytes to memory that is not RAM.</summary>
    /// <returns>False where nobody answers.</returns>
    public bool TryWriteMemory(ulong address, int width, ulong value)
    {
        if (width == 8)
        {
            bool isLowThere = TryWriteMemory(address, 4, value & uint.MaxValue);
            return TryWriteMemory(unchecked(address + 4), 4, value >> 32) || isLowThere;
        }
        bool isThere = true;
        uint written = unchecked((uint)value) & RegisterBytes.Mask(width);
        ulong offset = unchecked(address - PciWindows.ConfigurationStart);
        if (offset < PciWindows.ConfigurationLength)
            WriteConfiguration((int)(offset >> FunctionShift), (int)(offset & RegisterMask), width, written);
        else if (_memory.TryFind(address, width, out int index))
            Write(in _memory.At(index), address, width, written);
        else
            isThere = false;
        AttendIfNeeded();
        return isThere;
    }

    /// <summary>A guest's IN of 1, 2 or 4 bytes from ports that no other device of the board answers.</summary>
    public PortAccess ReadPort(ushort port, int width, out uint value)
    {
        value = RegisterBytes.Mask(width);
        if (port == ConfigurationMechanism1.CONFIG_ADDRESS && width == 4)
        {
            value = _configurationAddress;
        }
        else if (port >> 2 == ConfigurationMechanism1.CONFIG_DATA >> 2 && RegisterBytes.IsWithin(port, width))
        {
            if (!TrySelect(port, out int number, out int register))
                return PortAccess.Unclaimed;
            value = ReadConfiguration(number, register, width);
        }
        else if (_ports.TryFind(port, width, out int index))
        {
            value = Read(in _ports.At(index), port, width);
        }
        else
        {
            return PortAccess.Unclaimed;
        }
        AttendIfNeeded();
        return PortAccess.Claimed;
    }

    /// <summary>A guest's OUT of 1, 2 or 4 bytes to ports that no other device of the board answers.</summary>
    public PortAccess WritePort(ushort port, int width, uint value)
    {
        value &= RegisterBytes.Mask(width);
        if (port == ConfigurationMechanism1.CONFIG_ADDRESS && width == 4)
        {
            _configurationAddress = value & ConfigurationMechanism1.Writable;
        }
        else if (port >> 2 == ConfigurationMechanism1.CONFIG_DATA >> 2 && RegisterBytes.IsWithin(port, width))
        {
            if (!TrySelect(port, out int number, out int register))
                return PortAccess.Unclaimed;
            WriteConfiguration(number, register, width, value);
        }
        else if (_ports.TryFind(port, width, out int index))
        {
            Write(in _ports.At(index), port, width, value);
        }
        else
        {
            return PortAccess.Unclaimed;
        }
        AttendIfNeeded();
        return PortAccess.Claimed;
    }

    /// <summary>The bus's reset: all functions as they were placed.</summary>
    public void Reset()
    {
        _configurationAddress = 0;
        foreach (PciFunction? function in _functions)
            function?.Reset();
        Remap();
    }

    /// <summary>Drives the lines as the functions want them.</summary>
    public void Attend()
    {
        _needsAttention = false;
        Interlocked.MemoryBarrier(); // a function that asks from here on asks again
        foreach (PciFunction? function in _functions)
            function?.Apply();
    }

    /// <summary>Saves the bus; its functions have records of their own.</summary>
    public void Save(out PciBusState state) =>
        state = new PciBusState { Version = PciBusState.CurrentVersion, ConfigurationAddress = _configurationAddress };

    /// <summary>
    /// Restores a saved bus whose functions are restored: they answer where their registers say, and drive their pins anew. Interrupt
    /// controllers come after it.
    /// </summary>
    public RestoreStatus Restore(in PciBusState state)
    {
        if (state.Version != PciBusState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        if ((state.ConfigurationAddress & ~ConfigurationMechanism1.Writable) != 0)
            return RestoreStatus.InvalidValue;
        _configurationAddress = state.ConfigurationAddress;
        for (int i = 0; i < LineCount; i++)
            _assertedPins[i] = 0;
        foreach (PciFunction? function in _functions)
            function?.ReleasePin();
        Remap();
        Attend();
        return RestoreStatus.Restored;
    }

    internal void RequestAttention() => _needsAttention = true;

    internal void DrivePin(PciFunction function, bool asserted)
    {
        int line = LineOf(function.Number / PciConfiguration.FunctionCount, function.InterruptPin);
        ref int count = ref _assertedPins[line - FirstLine];
        count += asserted ? 1 : -1;
        _lines.Set(line, count != 0);
    }

    /// <summary>Builds the maps anew, for registers have changed. Functions with lower numbers come first where registers overlap.</summary>
    internal void Remap()
    {
        _memory.Clear();
        _ports.Clear();
        foreach (PciFunction? function in _functions)
        {
            for (int bar = 0; function is not null && bar < PciConfiguration.BaseAddressCount; bar++)
            {
                if (function.TryGetDecoded(bar, out bool isIo, out ulong first, out ulong last))
                    (isIo ? _ports : _memory).Add(first, last, function, bar);
            }
        }
    }

    private void AttendIfNeeded()
    {
        if (_needsAttention)
            Attend();
    }

    /// <summary>What CONFIG_ADDRESS selects.</summary>
    /// <returns>False when CONFIG_DATA is ports like any other.</returns>
    private bool TrySelect(ushort port, out int number, out int register)
    {
        uint address = _configurationAddress;
        int bus = (int)(address >> ConfigurationMechanism1.BusShift & 0xFF);
        number = bus == 0 ? (int)(address >> ConfigurationMechanism1.FunctionShift & 0xFF) : -1;
        register = (int)(address & 0xFC) | port & 3;
        return (address & ConfigurationMechanism1.Enable) != 0;
    }

    /// <summary>A load from configuration space: all ones where there is no function, and behind the 256 bytes that a function without PCI Express has.</summary>
    private uint ReadConfiguration(int number, int register, int width) =>
        number >= 0 && register + width <= PciConfiguration.Length && _functions[number] is PciFunction function
            ? function.ReadConfiguration(register, width)
            : RegisterBytes.Mask(width);

    private void WriteConfiguration(int number, int register, int width, uint value)
    {
        if (number >= 0 && register + width <= PciConfiguration.Length && _functions[number] is PciFunction function)
            function.WriteConfiguration(register, width, value);
    }

    /// <summary>A load from a register's memory or ports; one that crosses a double word goes byte by byte.</summary>
    private static uint Read(in PciAddressMap.Range range, ulong address, int width)
    {
        uint offset = (uint)(address - range.Base);
        if (RegisterBytes.IsWithin(offset, width))
            return range.Function.Read(range.Bar, offset, width);
        uint value = 0;
        for (int i = width - 1; i >= 0; i--)
            value = value << 8 | range.Function.Read(range.Bar, offset + (uint)i, 1) & byte.MaxValue;
        return value;
    }

    private static void Write(in PciAddressMap.Range range, ulong address, int width, uint value)
    {
        uint offset = (uint)(address - range.Base);
        if (RegisterBytes.IsWithin(offset, width))
        {
            range.Function.Write(range.Bar, offset, width, value);
            return;
        }
        for (int i = 0; i < width; i++)
            range.Function.Write(range.Bar, offset + (uint)i, 1, value >> (8 * i) & byte.MaxValue);
    }

    private bool TryPlace(PciFunction function)
    {
        for (int bar = 0; bar < PciConfiguration.BaseAddressCount; bar++)
        {
            PciBarKind kind = function.DescribeBar(bar, out ulong length);
            if (kind == PciBarKind.None)
                continue;
            ulong address;
            bool isPlaced = kind == PciBarKind.Io
                ? TryTake(ref _nextPort, length, ushort.MaxValue, out address)
                : TryTake(ref _nextMemory, length, PciWindows.MemoryLast, out address)
                    || kind == PciBarKind.Memory64 && TryTake(ref _nextHighMemory, length, HighMemoryStart + PciWindows.HighMemoryLength - 1, out address);
            if (!isPlaced)
                return false;
            function.Place(bar, address);
            _registerCount++;
        }
        return true;
    }

    private static bool TryTake(ref ulong next, ulong length, ulong last, out ulong address)
    {
        address = Alignment.Up(next, length);
        if (address > last || length - 1 > last - address)
            return false;
        next = address + length;
        return true;
    }
}
