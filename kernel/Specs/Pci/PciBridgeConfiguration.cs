namespace HyperOS.Specs.Pci;

/// <summary>
/// Offsets of the registers of a bridge's configuration space with a type 1 header, in bytes, as far as they differ from those of
/// <see cref="PciConfiguration"/>. PCI-to-PCI Bridge Architecture Specification 1.2, "Configuration Space Format".
/// </summary>
public static class PciBridgeConfiguration
{
    /// <summary>What the header type of a bridge to another bus says, without the bit for several functions.</summary>
    public const byte HeaderType = 1;

    public const int PrimaryBus = 0x18, SecondaryBus = 0x19, SubordinateBus = 0x1A;
}
