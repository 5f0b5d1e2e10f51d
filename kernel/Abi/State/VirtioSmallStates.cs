namespace HyperOS.Abi.State;

/// <summary>Saved state of a virtio console.</summary>
public struct VirtioConsoleState
{
    public const uint CurrentVersion = 1;

    public uint Version;

    /// <summary>In characters.</summary>
    public ushort Columns;
    public ushort Rows;

    public VirtioDeviceState Device;
}

/// <summary>Saved state of a virtio entropy device.</summary>
public struct VirtioEntropyState
{
    public const uint CurrentVersion = 1;

    public uint Version;
    public VirtioDeviceState Device;
}

/// <summary>Saved state of a virtio memory balloon. Which pages are in it is known from the guest's memory.</summary>
public struct VirtioBalloonState
{
    public const uint CurrentVersion = 1;

    public uint Version;

    /// <summary>Pages of 4 KiB that the host wants in the balloon.</summary>
    public uint Target;

    /// <summary>Pages of 4 KiB that the guest says are in it.</summary>
    public uint Actual;

    public VirtioDeviceState Device;
}
