namespace HyperOS.Devices;

/// <summary>What came of looking for a chain of descriptors. All but the first two are the driver's errors, which end in DEVICE_NEEDS_RESET.</summary>
public enum VirtqueueStatus
{
    /// <summary>There was one.</summary>
    Taken,

    /// <summary>The driver has made none available.</summary>
    Empty,

    /// <summary>The queue's size, or where its parts lie, cannot be.</summary>
    BadLayout,

    /// <summary>More chains are available than the queue has descriptors.</summary>
    BadIndex,

    /// <summary>A chain begins or goes on beyond the table.</summary>
    BadDescriptor,

    /// <summary>A chain has more descriptors than the queue: it is too long, or goes round.</summary>
    TooLong,

    /// <summary>A buffer has no bytes.</summary>
    EmptyBuffer,

    /// <summary>A buffer to read comes behind one to write.</summary>
    BadOrder,

    /// <summary>A buffer to read shares bytes with one to write.</summary>
    Overlap,

    /// <summary>A buffer or table lies, all or in part, where there is no RAM.</summary>
    OutsideRam,

    /// <summary>A table of descriptors that was not negotiated, is no multiple of descriptors long, lies within another, or has a next.</summary>
    BadIndirect,

    /// <summary>The queue is fine; what a device read in a buffer is nothing that it can go on from.</summary>
    BadRequest,
}
