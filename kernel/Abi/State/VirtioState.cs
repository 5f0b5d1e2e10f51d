using System.Runtime.CompilerServices;

namespace HyperOS.Abi.State;

/// <summary>Saved state of a virtqueue none of whose chains is in work.</summary>
public struct VirtqueueState
{
    /// <summary>Guest-physical addresses of the descriptor table, the available and the used ring.</summary>
    public ulong DescriptorArea;
    public ulong DriverArea;
    public ulong DeviceArea;

    /// <summary>Descriptors.</summary>
    public ushort Size;

    /// <summary>1 while the driver has the queue enabled, else 0.</summary>
    public byte Enabled;

    /// <summary>Index of the chain to be taken next, as the available ring counts.</summary>
    public ushort NextAvailable;

    /// <summary>Index of the chain to be given back next, as the used ring counts.</summary>
    public ushort NextUsed;
}

/// <summary>The queues of a virtio device in place.</summary>
[InlineArray(Length)]
public struct VirtqueueStates
{
    public const int Length = 33;

    private VirtqueueState _first;
}

/// <summary>Saved state that all virtio devices share; what is left of it belongs to the transport and to the device.</summary>
public struct VirtioDeviceState
{
    public const uint CurrentVersion = 1;

    public uint Version;

    /// <summary>The device status field.</summary>
    public byte Status;

    /// <summary>Changes with each change of the configuration.</summary>
    public byte ConfigurationGeneration;

    /// <summary>The feature bits that the driver has accepted.</summary>
    public ulong AcceptedFeatures;

    /// <summary>The queues that the device has, then unused ones.</summary>
    public VirtqueueStates Queues;
}
