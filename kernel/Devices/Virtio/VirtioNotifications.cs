namespace HyperOS.Devices;

/// <summary>What a driver asks of the host by way of a transport: the kernel's side, which decides who serves a queue and when.</summary>
public abstract class VirtioNotifications
{
    /// <summary>
    /// The driver made buffers available, on a running device and an enabled queue: <see cref="VirtioDevice.Service"/> is due. Called by the
    /// vCPU that notified; may serve at once.
    /// </summary>
    public abstract void Notified(VirtioDevice device, int queue);

    /// <summary>
    /// The driver resets the device. On return no queue of it is being served by anybody, and none will be until <see cref="ResetDone"/>.
    /// </summary>
    public abstract void BeginReset(VirtioDevice device);

    /// <summary>The device is as new; its queues may be served as soon as they are enabled again.</summary>
    public abstract void ResetDone(VirtioDevice device);
}
