namespace HyperOS.Specs.Virtio;

/// <summary>
/// What virtio devices on a PCI bus have in common. Virtio 1.2, section "Virtio Over PCI Bus", "PCI Device Discovery" and "PCI Device Layout".
/// Offsets and lengths are in bytes.
/// </summary>
public static class VirtioPci
{
    public const ushort VendorId = 0x1AF4;

    /// <summary>A device's PCI device ID is this and its <see cref="VirtioDeviceId"/>.</summary>
    public const ushort FirstDeviceId = 0x1040;

    /// <summary>Revision of devices that have no legacy interface.</summary>
    public const byte RevisionId = 1;

    /// <summary>A vector that says nothing; also what a device answers to one that it cannot have.</summary>
    public const ushort VIRTIO_MSI_NO_VECTOR = 0xFFFF;

    /// <summary>ISR status: buffers of a queue were used; the configuration or the status changed.</summary>
    public const byte QueueInterrupt = 1, ConfigurationInterrupt = 2;
}
