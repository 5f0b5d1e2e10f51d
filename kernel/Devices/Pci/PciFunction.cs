using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.Pci;

namespace HyperOS.Devices;

/// <summary>
/// A function on a guest's PCI bus: its configuration space with a type 0 header, base address registers, capabilities, MSI-X and an INTx
/// pin. PCI Local Bus Specification 3.0, "Configuration Space" and "Message Signaled Interrupts". What it does is a class derived from it,
/// whose constructor declares registers and capabilities.
/// </summary>
/// <remarks>
/// The bus calls with the lock of the VM's devices held; accesses of <see cref="ReadBar"/> and <see cref="WriteBar"/> never leave a double
/// word. <see cref="SetInterrupt"/> and <see cref="MsixTable.Signal"/> may be called by any thread.
/// </remarks>
public abstract class PciFunction
{
    /// <summary>Largest memory that a register may ask for, in bytes.</summary>
    public const ulong LargestMemory = 1 * Size.GiB;

    private struct Bar
    {
        public PciBarKind Kind;
        public ulong Length;
    }

    // Configuration: the registers as after reset, and which of their bits a guest can write.
    private readonly byte[] _initial = new byte[PciConfiguration.Length];
    private readonly byte[] _writable = new byte[PciConfiguration.Length];
    private readonly Bar[] _bars = new Bar[PciConfiguration.BaseAddressCount];
    private int _lastCapability;
    private int _capabilitiesEnd = PciConfiguration.HeaderLength;
    private int _msixCapability;
    private int _msixBar;
    private uint _tableOffset;
    private uint _pendingOffset;

    // Wiring.
    private PciBus? _bus;

    // Guest-visible state.
    private readonly byte[] _registers = new byte[PciConfiguration.Length];
    private bool _interrupt;
    private bool _isPinAsserted;

    /// <summary>A function with nothing but its header.</summary>
    protected PciFunction(in PciIdentity identity)
    {
        const PciCommand Writable = PciCommand.BusMaster | PciCommand.ParityErrorResponse | PciCommand.SerrEnable | PciCommand.InterruptDisable;
        Put16(_initial, PciConfiguration.VendorId, identity.VendorId);
        Put16(_initial, PciConfiguration.DeviceId, identity.DeviceId);
        Put32(_initial, PciConfiguration.RevisionId, identity.ClassCode << 8 | identity.RevisionId);
        Put16(_initial, PciConfiguration.SubsystemVendorId, identity.SubsystemVendorId);
        Put16(_initial, PciConfiguration.SubsystemId, identity.SubsystemId);
        Put16(_writable, PciConfiguration.Command, (ushort)Writable);
        _writable[PciConfiguration.CacheLineSize] = byte.MaxValue;
        _writable[PciConfiguration.LatencyTimer] = byte.MaxValue;
        _writable[PciConfiguration.InterruptLine] = byte.MaxValue;
    }

    /// <summary>Device and function number as in a configuration address: bits 7:3 and 2:0.</summary>
    public int Number { get; private set; }

    /// <summary>Its pin: 1 for INTA# to 4 for INTD#; 0 when it has none.</summary>
    public int InterruptPin => _initial[PciConfiguration.InterruptPin];

    /// <summary>The MSI-X table, where it has one.</summary>
    public MsixTable? Msix { get; private set; }

    /// <summary>Whether the guest lets it access memory and send messages.</summary>
    public bool IsBusMaster => (Command & PciCommand.BusMaster) != 0;

    /// <summary>Whether the guest uses MSI-X: then the pin stays silent.</summary>
    public bool IsMsixEnabled => Msix is not null && (MessageControl & MsixCapability.Enable) != 0;

    private PciCommand Command => (PciCommand)Get16(_registers, PciConfiguration.Command);

    private ushort MessageControl => Get16(_registers, _msixCapability + MsixCapability.MessageControl);

    /// <summary>A guest's load from what base address register <paramref name="bar"/> maps, but for the MSI-X table.</summary>
    /// <param name="bar">The register.</param>
    /// <param name="offset">In bytes, within its length.</param>
    /// <param name="width">1, 2 or 4.</param>
    public virtual uint ReadBar(int bar, uint offset, int width) => RegisterBytes.Mask(width);

    /// <summary>A guest's store; <paramref name="value"/> is zero-extended.</summary>
    public virtual void WriteBar(int bar, uint offset, int width, uint value)
    {
    }

    /// <summary>Saves configuration space and MSI-X.</summary>
    public void SaveFunction(out PciFunctionState state)
    {
        state = default;
        state.Version = PciFunctionState.CurrentVersion;
        state.Interrupt = Volatile.Read(ref _interrupt);
        _registers.AsSpan().CopyTo(state.Configuration);
        Msix?.Save(ref state);
    }

    /// <summary>Restores a saved function on the bus; it sends and asserts nothing before <see cref="PciBus.Restore"/>.</summary>
    public RestoreStatus RestoreFunction(in PciFunctionState state)
    {
        if (state.Version != PciFunctionState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        ReadOnlySpan<byte> saved = state.Configuration;
        for (int i = 0; i < PciConfiguration.Length; i++)
        {
            if (((saved[i] ^ _initial[i]) & ~_writable[i]) != 0)
                return RestoreStatus.InvalidValue;
        }
        RestoreStatus status = Msix is null ? RestoreStatus.Restored : Msix.Restore(in state);
        if (status != RestoreStatus.Restored)
            return status;
        saved.CopyTo(_registers);
        Volatile.Write(ref _interrupt, state.Interrupt);
        return RestoreStatus.Restored;
    }

    /// <summary>
    /// The device wants its pin asserted, or no longer. Any thread: the line follows at the end of the guest's access that caused it, else with
    /// <see cref="PciBus.Attend"/>.
    /// </summary>
    protected void SetInterrupt(bool asserted)
    {
        if (Volatile.Read(ref _interrupt) == asserted)
            return;
        Volatile.Write(ref _interrupt, asserted);
        _bus?.RequestAttention();
    }

    /// <summary>Declares base address register <paramref name="index"/>. Constructors alone.</summary>
    /// <param name="index">The register; one of 64 bits takes the next as well.</param>
    /// <param name="kind">What it holds.</param>
    /// <param name="length">In bytes, a power of two.</param>
    /// <param name="isPrefetchable">Whether reads of the memory have no side effects.</param>
    protected void DeclareBar(int index, PciBarKind kind, ulong length, bool isPrefetchable = false)
    {
        _bars[index] = new Bar { Kind = kind, Length = length };
        int offset = PciConfiguration.BaseAddress0 + 4 * index;
        uint low = unchecked((uint)~(length - 1));
        PciCommand decode = PciCommand.MemorySpace;
        if (kind == PciBarKind.Io)
        {
            decode = PciCommand.IoSpace;
            Put32(_initial, offset, PciBaseAddress.IoSpace);
            Put32(_writable, offset, low & PciBaseAddress.IoAddressMask & ushort.MaxValue);
        }
        else
        {
            Put32(_initial, offset, (kind == PciBarKind.Memory64 ? PciBaseAddress.Memory64 : 0) | (isPrefetchable ? PciBaseAddress.Prefetchable : 0));
            Put32(_writable, offset, low & PciBaseAddress.MemoryAddressMask);
            if (kind == PciBarKind.Memory64)
                Put32(_writable, offset + 4, uint.MaxValue);
        }
        Put16(_writable, PciConfiguration.Command, (ushort)(Get16(_writable, PciConfiguration.Command) | (int)decode));
    }

    /// <summary>Appends a capability of <paramref name="length"/> bytes, with the two of its header. Constructors alone.</summary>
    /// <returns>Its offset, for <see cref="SetCapability"/>.</returns>
    protected int AddCapability(PciCapabilityId id, int length)
    {
        int offset = _capabilitiesEnd;
        _capabilitiesEnd = (offset + length + 3) & ~3;
        Put16(_initial, PciConfiguration.Status, (ushort)PciStatus.CapabilitiesList);
        _initial[_lastCapability == 0 ? PciConfiguration.CapabilitiesPointer : _lastCapability + 1] = (byte)offset;
        _initial[offset] = (byte)id;
        _lastCapability = offset;
        return offset;
    }

    /// <summary>
    /// Gives bytes of a capability their values, and the guest leave to write those bits of them that are set in <paramref name="writable"/>.
    /// Constructors alone.
    /// </summary>
    protected void SetCapability(int offset, ReadOnlySpan<byte> values, ReadOnlySpan<byte> writable = default)
    {
        values.CopyTo(_initial.AsSpan(offset, values.Length));
        writable.CopyTo(_writable.AsSpan(offset, writable.Length));
    }

    /// <summary>Gives it a pin: 1 for INTA# to 4 for INTD#. Constructors alone.</summary>
    protected void DeclareInterruptPin(int pin)
    {
        const byte NoConnection = 0xFF;
        _initial[PciConfiguration.InterruptPin] = (byte)pin;
        _initial[PciConfiguration.InterruptLine] = NoConnection;
    }

    /// <summary>Gives it MSI-X. Constructors alone.</summary>
    /// <param name="vectors">At most <see cref="MsixTable.MaximumVectors"/>.</param>
    /// <param name="bar">The register that maps table and pending bits, declared before.</param>
    /// <param name="tableOffset">A multiple of 8, from the register's address.</param>
    /// <param name="pendingOffset">A multiple of 8, from the register's address.</param>
    protected void DeclareMsix(int vectors, int bar, uint tableOffset, uint pendingOffset)
    {
        Msix = new MsixTable(vectors);
        Msix.Reset();
        _msixBar = bar;
        _tableOffset = tableOffset;
        _pendingOffset = pendingOffset;
        _msixCapability = AddCapability(PciCapabilityId.MsiX, MsixCapability.Length);
        Put16(_initial, _msixCapability + MsixCapability.MessageControl, (ushort)(vectors - 1));
        Put16(_writable, _msixCapability + MsixCapability.MessageControl, MsixCapability.FunctionMask | MsixCapability.Enable);
        Put32(_initial, _msixCapability + MsixCapability.Table, tableOffset | (uint)bar);
        Put32(_initial, _msixCapability + MsixCapability.PendingBits, pendingOffset | (uint)bar);
    }

    /// <summary>The registers at <paramref name="offset"/> as the guest left them.</summary>
    protected ReadOnlySpan<byte> Configuration(int offset, int length) => _registers.AsSpan(offset, length);

    /// <summary>Length of what a base address register maps, in bytes; 0 for none.</summary>
    protected ulong BarLength(int bar) => bar >= 0 && bar < _bars.Length ? _bars[bar].Length : 0;

    /// <summary>A guest is about to read registers: what is not simply stored is brought up to date by <see cref="SetConfiguration"/>.</summary>
    protected virtual void OnConfigurationRead(int offset, int width)
    {
    }

    /// <summary>A guest has written registers.</summary>
    protected virtual void OnConfigurationWritten(int offset, int width)
    {
    }

    /// <summary>Changes what the guest reads, for a register that is no plain storage.</summary>
    protected void SetConfiguration(int offset, ReadOnlySpan<byte> values) => values.CopyTo(_registers.AsSpan(offset, values.Length));

    /// <summary>The device as after power-on; its configuration space is so already.</summary>
    protected virtual void OnReset()
    {
    }

    // What follows is the bus's.

    internal void Attach(PciBus bus, ApicBus apics, int number)
    {
        _bus = bus;
        Number = number;
        Msix?.Attach(apics);
        _initial.AsSpan().CopyTo(_registers);
    }

    /// <summary>Marks function 0 of a device that has more.</summary>
    internal void SetMultifunction()
    {
        _initial[PciConfiguration.HeaderType] |= PciConfiguration.Multifunction;
        _registers[PciConfiguration.HeaderType] |= PciConfiguration.Multifunction;
    }

    /// <summary>What base address register <paramref name="index"/> asks for.</summary>
    internal PciBarKind DescribeBar(int index, out ulong length)
    {
        length = _bars[index].Length;
        return _bars[index].Kind;
    }

    /// <summary>Sets the address that the register holds after reset.</summary>
    internal void Place(int index, ulong address)
    {
        int offset = PciConfiguration.BaseAddress0 + 4 * index;
        Put32(_initial, offset, Get32(_initial, offset) | unchecked((uint)address));
        if (_bars[index].Kind == PciBarKind.Memory64)
            Put32(_initial, offset + 4, (uint)(address >> 32));
    }

    /// <summary>Where the register is and answers.</summary>
    /// <returns>False where it does not: there is none, or the command register says no.</returns>
    internal bool TryGetDecoded(int index, out bool isIo, out ulong first, out ulong last)
    {
        int offset = PciConfiguration.BaseAddress0 + 4 * index;
        Bar bar = _bars[index];
        isIo = bar.Kind == PciBarKind.Io;
        first = Get32(_registers, offset) & (isIo ? PciBaseAddress.IoAddressMask : PciBaseAddress.MemoryAddressMask);
        if (bar.Kind == PciBarKind.Memory64)
            first |= (ulong)Get32(_registers, offset + 4) << 32;
        last = unchecked(first + bar.Length - 1);
        return bar.Kind != PciBarKind.None && (Command & (isIo ? PciCommand.IoSpace : PciCommand.MemorySpace)) != 0;
    }

    internal void Reset()
    {
        _initial.AsSpan().CopyTo(_registers);
        Msix?.Reset();
        Volatile.Write(ref _interrupt, false);
        OnReset();
        Apply();
    }

    /// <summary>A load from configuration space that does not leave it.</summary>
    internal uint ReadConfiguration(int offset, int width)
    {
        OnConfigurationRead(offset, width);
        uint value = 0;
        for (int i = width - 1; i >= 0; i--)
            value = value << 8 | _registers[offset + i];
        if (offset <= PciConfiguration.Status && offset + width > PciConfiguration.Status && Volatile.Read(ref _interrupt))
            value |= (uint)PciStatus.InterruptStatus << 8 * (PciConfiguration.Status - offset);
        return value;
    }

    /// <summary>A store to configuration space that does not leave it.</summary>
    internal void WriteConfiguration(int offset, int width, uint value)
    {
        for (int i = 0; i < width; i++)
        {
            int at = offset + i;
            byte written = unchecked((byte)(value >> (8 * i)));
            _registers[at] = (byte)(_registers[at] & ~_writable[at] | written & _writable[at]);
        }
        FaultPoint.Hit(FaultPlace.PciConfiguration);
        if (offset < PciConfiguration.Status && offset + width > PciConfiguration.Command)
        {
            Apply();
            _bus?.Remap();
        }
        else if (offset < PciConfiguration.CardbusCisPointer && offset + width > PciConfiguration.BaseAddress0)
        {
            _bus?.Remap();
        }
        else if (_msixCapability != 0 && offset < _msixCapability + MsixCapability.Table && offset + width > _msixCapability)
        {
            Apply();
        }
        OnConfigurationWritten(offset, width);
    }

    /// <summary>A load from what a register maps, the MSI-X table too.</summary>
    internal uint Read(int bar, uint offset, int width)
    {
        if (Msix is not null && bar == _msixBar)
        {
            if (unchecked(offset - _tableOffset) < (uint)Msix.Count * MsixCapability.EntryLength)
                return Msix.ReadTable(offset - _tableOffset, width);
            if (unchecked(offset - _pendingOffset) < sizeof(ulong))
                return Msix.ReadPending(offset - _pendingOffset, width);
        }
        return ReadBar(bar, offset, width);
    }

    /// <summary>A store to what a register maps, the MSI-X table too.</summary>
    internal void Write(int bar, uint offset, int width, uint value)
    {
        if (Msix is not null && bar == _msixBar && unchecked(offset - _tableOffset) < (uint)Msix.Count * MsixCapability.EntryLength)
            Msix.WriteTable(offset - _tableOffset, width, value);
        else
            WriteBar(bar, offset, width, value);
    }

    /// <summary>Brings messages and pin in line with the registers.</summary>
    internal void Apply()
    {
        ushort control = Msix is null ? (ushort)0 : MessageControl;
        Msix?.SetOpen((control & (MsixCapability.Enable | MsixCapability.FunctionMask)) == MsixCapability.Enable && IsBusMaster);
        bool asserted = InterruptPin != 0 && Volatile.Read(ref _interrupt) && (Command & PciCommand.InterruptDisable) == 0 && (control & MsixCapability.Enable) == 0;
        if (asserted == _isPinAsserted)
            return;
        _isPinAsserted = asserted;
        _bus?.DrivePin(this, asserted);
    }

    /// <summary>Forgets what the pin was driven to, for the bus has.</summary>
    internal void ReleasePin() => _isPinAsserted = false;

    private static ushort Get16(byte[] registers, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(registers.AsSpan(offset, sizeof(ushort)));

    private static uint Get32(byte[] registers, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(registers.AsSpan(offset, sizeof(uint)));

    private static void Put16(byte[] registers, int offset, ushort value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(registers.AsSpan(offset, sizeof(ushort)), value);

    private static void Put32(byte[] registers, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(registers.AsSpan(offset, sizeof(uint)), value);
}
