namespace HyperOS.Specs.Virtio;

/// <summary>Feature bits that all devices share; devices' own are bits 0 to 23. Virtio 1.2, section "Reserved Feature Bits".</summary>
public static class VirtioFeatures
{
    /// <summary>Descriptors may refer to tables of descriptors.</summary>
    public const ulong VIRTIO_F_INDIRECT_DESC = 1ul << 28;

    /// <summary>Either side tells the other by an index when it wants to hear next.</summary>
    public const ulong VIRTIO_F_EVENT_IDX = 1ul << 29;

    /// <summary>The device is none of the time before virtio 1.0.</summary>
    public const ulong VIRTIO_F_VERSION_1 = 1ul << 32;

    /// <summary>The device's accesses go where the platform's DMA goes, through an IOMMU if there is one.</summary>
    public const ulong VIRTIO_F_ACCESS_PLATFORM = 1ul << 33;
}
