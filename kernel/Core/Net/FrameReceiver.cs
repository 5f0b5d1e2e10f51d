namespace HyperOS.Core;

/// <summary>What became of a frame at its receiver.</summary>
public enum DeliveryStatus : byte
{
    Delivered,

    /// <summary>No buffer is free; the frame is dropped there, so that the others need not wait.</summary>
    NoBuffer,

    /// <summary>Longer than the receiver's buffers can ever take.</summary>
    TooLong,

    /// <summary>The device is not running: not set up, reset, broken or without a link.</summary>
    NotReady,

    /// <summary>The device's own filters do not want it.</summary>
    Filtered,
}

/// <summary>
/// Where frames for a device arrive: the device's side of a port. Called by senders' threads, several at a time, in the fault domain of
/// the receiver's machine and without any lock: the receiver takes its own. Never waits for room.
/// </summary>
public abstract class FrameReceiver
{
    /// <summary>What the receiver takes as it is; may change whenever its guest negotiates anew. The port resolves all else before it delivers.</summary>
    public abstract FrameOffloads Accepts { get; }

    /// <summary>Takes all frames of a run: copies each to where it shall lie, once, or refuses it; and announces together what it copied.</summary>
    public abstract void Deliver(FrameRun run);
}
