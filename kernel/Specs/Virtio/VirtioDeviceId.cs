namespace HyperOS.Specs.Virtio;

/// <summary>What a device is. Virtio 1.2, section "Device Types".</summary>
public enum VirtioDeviceId : ushort
{
    Network = 1,
    Block = 2,
    Console = 3,
    Entropy = 4,
    Balloon = 5,
}
