namespace HyperOS.Devices;

/// <summary>
/// The buffers of one descriptor chain, or of several that were taken together: what the device may read, then what it may write. A copy: the
/// guest cannot change it any more.
/// </summary>
public sealed class DescriptorChain
{
    /// <param name="capacity">Buffers that fit, of either kind: the queue's largest size, or more where several chains are taken together.</param>
    public DescriptorChain(GuestRam ram, int capacity)
    {
        Readable = new GuestBuffers(ram, capacity);
        Writable = new GuestBuffers(ram, capacity);
    }

    /// <summary>The descriptor with which the last chain begins, by which the driver knows it.</summary>
    public ushort Head { get; internal set; }

    /// <summary>What the driver gives the device to read.</summary>
    public GuestBuffers Readable { get; }

    /// <summary>What the driver gives the device to write.</summary>
    public GuestBuffers Writable { get; }

    /// <summary>Makes it empty.</summary>
    public void Clear()
    {
        Readable.Clear();
        Writable.Clear();
    }
}
