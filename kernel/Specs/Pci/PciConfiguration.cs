namespace HyperOS.Specs.Pci;

/// <summary>
/// Offsets of the registers of a function's configuration space with a type 0 header, in bytes. PCI Local Bus Specification 3.0,
/// "Configuration Space Organization", figure "Type 00h Configuration Space Header".
/// </summary>
public static class PciConfiguration
{
    public const int VendorId = 0x00, DeviceId = 0x02, Command = 0x04, Status = 0x06, RevisionId = 0x08, ClassCode = 0x09, CacheLineSize = 0x0C,
        LatencyTimer = 0x0D, HeaderType = 0x0E, Bist = 0x0F, BaseAddress0 = 0x10, CardbusCisPointer = 0x28, SubsystemVendorId = 0x2C,
        SubsystemId = 0x2E, ExpansionRomBaseAddress = 0x30, CapabilitiesPointer = 0x34, InterruptLine = 0x3C, InterruptPin = 0x3D,
        MinimumGrant = 0x3E, MaximumLatency = 0x3F;

    /// <summary>The header's length; what follows is the function's own, capabilities above all.</summary>
    public const int HeaderLength = 0x40;

    /// <summary>Bytes of configuration space that every function has.</summary>
    public const int Length = 0x100;

    /// <summary>Bytes of configuration space that a function of PCI Express has: PCI Express Base Specification, "PCI Express Enhanced Configuration Access Mechanism".</summary>
    public const int ExtendedLength = 0x1000;

    /// <summary>Number of base address registers in a type 0 header.</summary>
    public const int BaseAddressCount = 6;

    /// <summary>In the header type of function 0: the device has further functions.</summary>
    public const byte Multifunction = 0x80;

    /// <summary>What a read of VendorId gives where there is no function.</summary>
    public const ushort NoVendor = 0xFFFF;

    /// <summary>Devices on a bus, and functions of a device.</summary>
    public const int DeviceCount = 32, FunctionCount = 8;
}
