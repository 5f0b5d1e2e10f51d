namespace HyperOS.Core;

/// <summary>
/// Where a device hands over what it transmits: its side of a switch's port. There is one for each of the device's transmit queues; each is used by one
/// thread at a time, in the fault domain of the device's machine and without any lock of it, for receivers' locks are taken behind it.
/// </summary>
public abstract class FramePort
{
    /// <summary>
    /// Forwards or drops frames, the first ones first, at most <see cref="FrameBatch.MaxCount"/>. What was taken is done with on return: nothing refers to
    /// the batch any more, and the sender completes those buffers.
    /// </summary>
    /// <returns>
    /// How many were taken. Fewer than offered, where the port's average rate is used up: the rest stays in the sender's queue, and the host
    /// has the queue served again when there is room (the sender need not watch for it, nor is it to try again by itself).
    /// </returns>
    public abstract int Transmit(FrameBatch batch);

    /// <summary>
    /// The guest gave its device another address, or the one it was made with again. The port's policy decides what follows. For the whole device,
    /// through any of its queues' ports.
    /// </summary>
    public virtual void SetAddress(MacAddress address)
    {
    }

    /// <summary>The guest wants to hear all frames, or only its own again. The port's policy decides. For the whole device, as above.</summary>
    public virtual void SetPromiscuous(bool isPromiscuous)
    {
    }
}
