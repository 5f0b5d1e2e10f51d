using HyperOS.Abi.State;
using HyperOS.Devices;
using HyperOS.Specs.Pci;

namespace HyperOS.Tests.Unit.Devices.Pci;

/// <summary>A function with a register of each kind, MSI-X and a pin, that remembers what is stored to it.</summary>
internal sealed class SampleFunction : PciFunction
{
    public const int IoBar = 0, Memory32Bar = 1, Memory64Bar = 2, MsixBar = 4;

    public const uint Vectors = 3, TableOffset = 0x100, PendingOffset = 0x800;

    public SampleFunction(int pin = 1, ulong highLength = 0x10000, int vectors = (int)Vectors)
        : base(new PciIdentity { VendorId = 0x1234, DeviceId = 0x5678, RevisionId = 9, ClassCode = 0xFF0102, SubsystemVendorId = 0xAABB, SubsystemId = 0xCCDD })
    {
        DeclareBar(IoBar, PciBarKind.Io, 32);
        DeclareBar(Memory32Bar, PciBarKind.Memory32, 0x2000);
        DeclareBar(Memory64Bar, PciBarKind.Memory64, highLength, isPrefetchable: true);
        DeclareBar(MsixBar, PciBarKind.Memory32, 0x1000);
        DeclareInterruptPin(pin);
        Vendor = AddCapability(PciCapabilityId.VendorSpecific, 8);
        SetCapability(Vendor + 2, [8, 1, 2, 3, 4, 5], [0, 0, 0xF0, 0, 0, 0xFF]);
        DeclareMsix(vectors, MsixBar, TableOffset, PendingOffset);
    }

    public int Vendor { get; }

    public List<(int Bar, uint Offset, int Width, uint Value)> Stores { get; } = [];

    public List<(int Offset, int Width)> ConfigurationWrites { get; } = [];

    /// <summary>Each byte of a register says which register it is of and where.</summary>
    public override uint ReadBar(int bar, uint offset, int width) => 0xDDCC_BBAA + (uint)bar * 0x0101_0101 >> (int)(offset & 3) * 8 & uint.MaxValue >> (32 - 8 * width);

    public override void WriteBar(int bar, uint offset, int width, uint value) => Stores.Add((bar, offset, width, value));

    public void Interrupt(bool asserted) => SetInterrupt(asserted);

    protected override void OnConfigurationWritten(int offset, int width) => ConfigurationWrites.Add((offset, width));
}

/// <summary>A PCI bus before local APICs and an I/O APIC, and a driver's ways to it.</summary>
internal sealed class PciMachine
{
    public PciMachine(ulong highRam = 0)
    {
        Apics = ApicMachine.XApic(2);
        Bus = new PciBus(Apics.Bus, Apics.Lines, highRam);
    }

    public ApicMachine Apics { get; }

    public PciBus Bus { get; }

    public SampleFunction Add(int device, int function = 0, int pin = 1)
    {
        var added = new SampleFunction(pin);
        Assert.Equal(PciAddStatus.Added, Bus.TryAdd(added, device, function));
        return added;
    }

    public static uint Address(int device, int function, int register) => 0x8000_0000u | (uint)device << 11 | (uint)function << 8 | (uint)register & 0xFC;

    public uint Read(int device, int register, int width = 4, int function = 0)
    {
        Assert.Equal(PortAccess.Claimed, Bus.WritePort(0xCF8, 4, Address(device, function, register)));
        Assert.Equal(PortAccess.Claimed, Bus.ReadPort((ushort)(0xCFC + (register & 3)), width, out uint value));
        return value;
    }

    public void Write(int device, int register, uint value, int width = 4, int function = 0)
    {
        Assert.Equal(PortAccess.Claimed, Bus.WritePort(0xCF8, 4, Address(device, function, register)));
        Assert.Equal(PortAccess.Claimed, Bus.WritePort((ushort)(0xCFC + (register & 3)), width, value));
    }

    public ulong Ecam(int device, int register, int function = 0) =>
        PciWindows.ConfigurationStart + ((ulong)device << 15 | (ulong)function << 12 | (uint)register);

    public ulong Load(ulong address, int width = 4)
    {
        Bus.TryReadMemory(address, width, out ulong value);
        return value;
    }

    public void Store(ulong address, ulong value, int width = 4) => Bus.TryWriteMemory(address, width, value);

    public void Enable(int device, PciCommand command = PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster, int function = 0) =>
        Write(device, PciConfiguration.Command, (uint)command, 2, function);

    public ulong BarAddress(int device, int bar, int function = 0)
    {
        uint low = Read(device, PciConfiguration.BaseAddress0 + 4 * bar, function: function);
        if ((low & 1) != 0)
            return low & ~3u;
        return low & ~0xFu | ((low & 6) == 4 ? (ulong)Read(device, PciConfiguration.BaseAddress0 + 4 * bar + 4, function: function) << 32 : 0);
    }

    /// <summary>The offset of the first capability with an id, by the list.</summary>
    public int Capability(int device, PciCapabilityId id, int function = 0)
    {
        for (int at = (int)Read(device, PciConfiguration.CapabilitiesPointer, 1, function); at != 0; at = (int)Read(device, at + 1, 1, function))
        {
            if (Read(device, at, 1, function) == (uint)id)
                return at;
        }
        return 0;
    }
}
