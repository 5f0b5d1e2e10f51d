namespace HyperOS.Specs.Pci;

/// <summary>The MSI capability: offsets in bytes. PCI Local Bus Specification 3.0, "MSI Capability Structure".</summary>
public static class MsiCapability
{
    /// <summary>Registers, from the capability's first byte. MessageData stands behind the upper address where there is one.</summary>
    public const int MessageControl = 2, MessageAddress = 4, MessageUpperAddress = 8, MessageData32 = 8, MessageData64 = 12;

    /// <summary>Message control: MSI in use; how many messages are enabled, as an exponent; addresses have 64 bits.</summary>
    public const ushort Enable = 1 << 0, MultipleMessageEnable = 7 << 4, Address64 = 1 << 7;
}
