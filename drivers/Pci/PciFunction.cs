using HyperOS.Core;
using HyperOS.Specs.Pci;

namespace HyperOS.Pci;

/// <summary>One of the host's PCI functions. What its registers say is checked where it is used: a broken function misleads nobody.</summary>
public sealed class PciFunction
{
    // A list of capabilities cannot be longer: they are aligned, and behind the header.
    private const int MaximumCapabilities = (PciConfiguration.Length - PciConfiguration.HeaderLength) / 4;

    private const uint Enabled = (uint)(PciCommand.MemorySpace | PciCommand.BusMaster);

    private readonly ConfigurationSpace _space;
    private readonly uint _identity;

    // As firmware left them; written back before each use.
    private readonly uint[] _baseAddresses = new uint[PciConfiguration.BaseAddressCount];
    private readonly PciBar[] _bars = new PciBar[PciConfiguration.BaseAddressCount];

    public PciFunction(ConfigurationSpace space, PciAddress address)
    {
        _space = space;
        Address = address;
        _identity = space.Read(address, PciConfiguration.VendorId);
        ClassCode = space.Read(address, PciConfiguration.RevisionId) >> 8;
        HeaderType = unchecked((byte)(space.Read(address, PciConfiguration.CacheLineSize) >> 16));
        uint interrupt = space.Read(address, PciConfiguration.InterruptLine);
        InterruptLine = unchecked((byte)interrupt);
        InterruptPin = unchecked((byte)(interrupt >> 8));
    }

    public PciAddress Address { get; }

    public ushort VendorId => unchecked((ushort)_identity);

    public ushort DeviceId => (ushort)(_identity >> 16);

    /// <summary>As <see cref="PciClass"/> has them.</summary>
    public uint ClassCode { get; }

    public byte HeaderType { get; }

    /// <summary>What firmware says that INTx is connected to; 0xFF for nothing.</summary>
    public byte InterruptLine { get; }

    /// <summary>1 to 4 for INTA to INTD, 0 for none.</summary>
    public byte InterruptPin { get; }

    /// <summary>The bus behind a bridge; 0 where there is none.</summary>
    public byte SecondaryBus => (HeaderType & ~PciConfiguration.Multifunction) == PciBridgeConfiguration.HeaderType
        ? unchecked((byte)(_space.Read(Address, PciBridgeConfiguration.PrimaryBus) >> 8)) : (byte)0;

    /// <summary>Whether the function that was found there still answers.</summary>
    public bool IsPresent => _space.Read(Address, PciConfiguration.VendorId) == _identity;

    /// <summary>Whether it still answers as <see cref="TryEnable"/> left it; one that was put in its place does not.</summary>
    public bool IsEnabled => IsPresent && (Read(PciConfiguration.Command) & Enabled) == Enabled;

    /// <param name="offset">A multiple of 4, below <see cref="PciConfiguration.Length"/>.</param>
    public uint Read(int offset) => _space.Read(Address, offset);

    /// <inheritdoc cref="Read"/>
    public void Write(int offset, uint value) => _space.Write(Address, offset, value);

    /// <summary>What a base address register asks for; after <see cref="ReadBaseAddresses"/>.</summary>
    /// <param name="index">Any number: what does not exist has no size.</param>
    public PciBar Bar(int index) => (uint)index < PciConfiguration.BaseAddressCount ? _bars[index] : default;

    /// <summary>The next capability of a kind behind another one; 0 to begin.</summary>
    /// <returns>Its offset; 0 if there is none.</returns>
    public int FindCapability(PciCapabilityId id, int after = 0)
    {
        if ((Read(PciConfiguration.Command) >> 16 & (uint)PciStatus.CapabilitiesList) == 0)
            return 0;
        int at = after == 0 ? (int)(Read(PciConfiguration.CapabilitiesPointer) & 0xFC) : (int)(Read(after) >> 8 & 0xFC);
        for (int i = 0; i < MaximumCapabilities && at >= PciConfiguration.HeaderLength; i++)
        {
            uint header = Read(at);
            if ((header & byte.MaxValue) == (byte)id)
                return at;
            at = (int)(header >> 8 & 0xFC);
        }
        return 0;
    }

    /// <summary>Measures what the base address registers ask for, with the function deaf in the meantime. Only a function that nobody uses.</summary>
    public void ReadBaseAddresses()
    {
        uint command = Read(PciConfiguration.Command) & ushort.MaxValue;
        SetCommand(command & ~(uint)(PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster));
        for (int i = 0; i < PciConfiguration.BaseAddressCount; i++)
            _baseAddresses[i] = Read(Register(i));
        for (int i = 0; i < PciConfiguration.BaseAddressCount; i++)
        {
            uint low = _baseAddresses[i];
            if ((low & PciBaseAddress.IoSpace) != 0)
            {
                ulong ports = Size(Measure(i) & PciBaseAddress.IoAddressMask | 0xFFFF_0000u, upper: uint.MaxValue);
                _bars[i] = new PciBar { IsIo = true, Address = low & PciBaseAddress.IoAddressMask, Size = ports };
                continue;
            }
            bool is64 = (low & PciBaseAddress.Memory64) != 0 && i + 1 < PciConfiguration.BaseAddressCount;
            uint lowSize = Measure(i) & PciBaseAddress.MemoryAddressMask;
            ulong address = low & PciBaseAddress.MemoryAddressMask | (is64 ? (ulong)_baseAddresses[i + 1] << 32 : 0);
            _bars[i] = new PciBar { Address = address, Size = Size(lowSize, is64 ? Measure(i + 1) : uint.MaxValue) };
            if (is64)
                i++;
        }
        SetCommand(command & ~(uint)PciCommand.BusMaster);
    }

    /// <summary>Gives the function its addresses again and lets it answer and access memory.</summary>
    /// <returns>False if it does not answer.</returns>
    public bool TryEnable()
    {
        if (!IsPresent)
            return false;
        for (int i = 0; i < PciConfiguration.BaseAddressCount; i++)
            Write(Register(i), _baseAddresses[i]);
        SetCommand(Enabled);
        return true;
    }

    /// <summary>Takes away what lets the function access memory, raise interrupts by its pin and send messages.</summary>
    public void Disable()
    {
        uint command = Read(PciConfiguration.Command) & ushort.MaxValue;
        SetCommand(command & ~(uint)PciCommand.BusMaster | (uint)PciCommand.InterruptDisable);
    }

    /// <summary>Lets the function send its one message.</summary>
    /// <param name="capability">Of MSI.</param>
    /// <param name="address">Below 4 GiB.</param>
    /// <param name="data">Vector and kind.</param>
    public void SetMessage(int capability, uint address, ushort data)
    {
        uint header = Read(capability);
        bool is64 = (header >> 16 & MsiCapability.Address64) != 0;
        uint disabled = header & ~((uint)(MsiCapability.Enable | MsiCapability.MultipleMessageEnable) << 16);
        Write(capability, disabled);
        Write(capability + MsiCapability.MessageAddress, address);
        if (is64)
            Write(capability + MsiCapability.MessageUpperAddress, 0);
        Write(capability + (is64 ? MsiCapability.MessageData64 : MsiCapability.MessageData32), data);
        Write(capability, disabled | (uint)MsiCapability.Enable << 16);
    }

    /// <summary>Where the table of MSI-X's messages is, and how many there are.</summary>
    /// <param name="capability">Of MSI-X.</param>
    /// <param name="address">Of the table.</param>
    /// <returns>0 if it is nowhere.</returns>
    public int FindMessageTable(int capability, out HostPhysicalAddress address)
    {
        int messages = (int)(Read(capability) >> 16 & MsixCapability.TableSizeMask) + 1;
        uint table = Read(capability + MsixCapability.Table);
        PciBar bar = Bar((int)(table & MsixCapability.BarIndicatorMask));
        return bar.TryGetMemory(table & ~MsixCapability.BarIndicatorMask, (ulong)(messages * MsixCapability.EntryLength), out address) ? messages : 0;
    }

    /// <summary>Puts MSI-X into use, or out of it.</summary>
    public void UseMessageTable(int capability, bool isUsed)
    {
        uint header = Read(capability) & ~((uint)(MsixCapability.FunctionMask | MsixCapability.Enable) << 16);
        Write(capability, isUsed ? header | (uint)MsixCapability.Enable << 16 : header);
    }

    // The status bits beside the command are cleared by writing ones: zeros leave them.
    private void SetCommand(uint command) => Write(PciConfiguration.Command, command & ushort.MaxValue);

    private static int Register(int index) => PciConfiguration.BaseAddress0 + 4 * index;

    // Which bits a register has.
    private uint Measure(int index)
    {
        Write(Register(index), uint.MaxValue);
        uint mask = Read(Register(index));
        Write(Register(index), _baseAddresses[index]);
        return mask;
    }

    // A range's size is the lowest address bit that there is.
    private static ulong Size(uint lower, uint upper)
    {
        ulong mask = (ulong)upper << 32 | lower;
        return lower == 0 && upper is 0 or uint.MaxValue ? 0 : mask & unchecked(0 - mask);
    }
}
