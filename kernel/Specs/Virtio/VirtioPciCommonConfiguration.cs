namespace HyperOS.Specs.Virtio;

/// <summary>Fields of struct virtio_pci_common_cfg: offsets in bytes. Virtio 1.2, section "Common configuration structure layout".</summary>
public static class VirtioPciCommonConfiguration
{
    public const int device_feature_select = 0x00, device_feature = 0x04, driver_feature_select = 0x08, driver_feature = 0x0C, config_msix_vector = 0x10,
        num_queues = 0x12, device_status = 0x14, config_generation = 0x15, queue_select = 0x16, queue_size = 0x18, queue_msix_vector = 0x1A,
        queue_enable = 0x1C, queue_notify_off = 0x1E, queue_desc = 0x20, queue_driver = 0x28, queue_device = 0x30;

    /// <summary>Bytes up to the fields of features that few devices offer.</summary>
    public const int Length = 0x38;
}
