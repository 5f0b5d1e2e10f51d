using System.Runtime.CompilerServices;

namespace HyperOS.Abi.State;

/// <summary>The MSI-X vectors of a virtio device's queues.</summary>
[InlineArray(VirtqueueStates.Length)]
public struct VirtioQueueVectors
{
    private ushort _first;
}

/// <summary>Saved state of a virtio device's PCI transport. Configuration space, MSI-X and the device itself have records of their own.</summary>
public struct VirtioPciState
{
    public const uint CurrentVersion = 1;

    public uint Version;
    public uint DeviceFeatureSelect;
    public uint DriverFeatureSelect;
    public ushort QueueSelect;
    public ushort ConfigurationVector;
    public VirtioQueueVectors QueueVectors;

    /// <summary>ISR status.</summary>
    public byte Isr;
}
