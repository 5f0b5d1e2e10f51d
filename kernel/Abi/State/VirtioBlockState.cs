namespace HyperOS.Abi.State;

/// <summary>Saved state of a virtio block device. What the disk holds is the store's.</summary>
public struct VirtioBlockState
{
    public const uint CurrentVersion = 1;

    public uint Version;

    /// <summary>1 while the cache is written back, 0 while each write goes through.</summary>
    public byte Writeback;

    public VirtioDeviceState Device;
}
