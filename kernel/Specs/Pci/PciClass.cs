namespace HyperOS.Specs.Pci;

/// <summary>
/// Base class, sub-class and programming interface in one number, as at <see cref="PciConfiguration.ClassCode"/>. PCI Code and ID Assignment
/// Specification, "Class Codes".
/// </summary>
public static class PciClass
{
    public const uint SerialAta = 0x010601, NonVolatileMemory = 0x010802, MassStorageOther = 0x018000, Ethernet = 0x020000, HostBridge = 0x060000, CommunicationOther = 0x078000;

    /// <summary>Fits no class.</summary>
    public const uint Other = 0xFF0000;
}
