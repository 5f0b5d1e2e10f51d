namespace HyperOS.Specs.Pci;

/// <summary>Ports and fields of PCI Local Bus Specification 3.0, "Generating Configuration Transactions", "Configuration Mechanism #1".</summary>
public static class ConfigurationMechanism1
{
    /// <summary>Takes accesses of double words alone.</summary>
    public const ushort CONFIG_ADDRESS = 0xCF8;

    /// <summary>Four ports, for the bytes of the double word that CONFIG_ADDRESS names.</summary>
    public const ushort CONFIG_DATA = 0xCFC;

    /// <summary>In CONFIG_ADDRESS: accesses of CONFIG_DATA are configuration accesses.</summary>
    public const uint Enable = 1u << 31;

    /// <summary>Bits of CONFIG_ADDRESS that exist: the enable bit, bus, device, function and register.</summary>
    public const uint Writable = Enable | 0x00FF_FFFC;

    public const int BusShift = 16, FunctionShift = 8;
}
