namespace HyperOS.Specs.Pci;

/// <summary>First byte of a capability; the second is the offset of the next one, or 0. PCI Code and ID Assignment Specification, "Capability IDs".</summary>
public enum PciCapabilityId : byte
{
    PowerManagement = 0x01,
    Msi = 0x05,

    /// <summary>The third byte is the capability's length.</summary>
    VendorSpecific = 0x09,

    PciExpress = 0x10,
    MsiX = 0x11,
}
