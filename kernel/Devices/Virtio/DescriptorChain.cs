namespace HyperOS.Devices;

/// <summary>
/// The buffers of one descriptor chain, or of several that were taken together: what the device may read, then what it may write. A copy: the
/// guest cannot change it any more.
/// </summary>
public sealed class DescriptorChain
{
    /// <param name="ram">Where the buffers lie.</param>
    /// <param name="readable">Buffers to read that fit: the queue's largest size, 0 where the device reads none, or more for several chains.</param>
    /// <param name="writable">The same for buffers to write. A chain that does not fit breaks the device.</param>
    public DescriptorChain(GuestRam ram, int readable, int writable)
    {
        Readable = new GuestBuffers(ram, readable);
        Writable = new GuestBuffers(ram, writable);
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
