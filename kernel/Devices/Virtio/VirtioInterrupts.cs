namespace HyperOS.Devices;

/// <summary>
/// What a virtio device raises, for its transport to carry. Called by whoever serves a queue, so by several threads at a time, with that
/// queue owned.
/// </summary>
public abstract class VirtioInterrupts
{
    /// <summary>Buffers of a queue were used, and the driver wants to hear of it. Virtio 1.2, "Used Buffer Notification".</summary>
    public abstract void RaiseQueue(int queue);

    /// <summary>The configuration or the status changed. Virtio 1.2, "Device Configuration Change Notification".</summary>
    public abstract void RaiseConfiguration();
}
