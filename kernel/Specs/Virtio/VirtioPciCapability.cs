namespace HyperOS.Specs.Virtio;

/// <summary>What a capability tells the place of. Virtio 1.2, section "Virtio Structure PCI Capabilities", field cfg_type.</summary>
public enum VirtioPciCapabilityType : byte
{
    VIRTIO_PCI_CAP_COMMON_CFG = 1,
    VIRTIO_PCI_CAP_NOTIFY_CFG = 2,
    VIRTIO_PCI_CAP_ISR_CFG = 3,
    VIRTIO_PCI_CAP_DEVICE_CFG = 4,

    /// <summary>Access to the other places by configuration space.</summary>
    VIRTIO_PCI_CAP_PCI_CFG = 5,
}

/// <summary>Fields of struct virtio_pci_cap and of those that begin with it: offsets in bytes. Virtio 1.2, section "Virtio Structure PCI Capabilities".</summary>
public static class VirtioPciCapability
{
    public const int cap_len = 2, cfg_type = 3, bar = 4, offset = 8, length = 12;

    /// <summary>Bytes of struct virtio_pci_cap.</summary>
    public const int Length = 16;

    /// <summary>Of struct virtio_pci_notify_cap.</summary>
    public const int notify_off_multiplier = 16;

    /// <summary>Of struct virtio_pci_cfg_cap.</summary>
    public const int pci_cfg_data = 16;

    /// <summary>Bytes of those two.</summary>
    public const int ExtendedLength = 20;
}
