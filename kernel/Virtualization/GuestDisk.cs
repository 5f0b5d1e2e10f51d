using System;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Memory;

namespace HyperOS.Virtualization;

/// <summary>What there is of a machine's disk whether the machine runs or not. Made at start-up and never freed.</summary>
internal abstract class GuestDisk
{
    private readonly byte[] _name;
    private readonly HostPhysicalAddress _image;
    private readonly int _imageLength;

    /// <param name="definition">A valid one.</param>
    /// <param name="image">Where the image is; nowhere if it is 0 bytes long.</param>
    protected GuestDisk(in DiskDefinition definition, HostPhysicalAddress image, int imageLength)
    {
        _name = new byte[definition.Name.Bytes.Length];
        definition.Name.Bytes.CopyTo(_name);
        ImageBlob = definition.Image;
        _image = image;
        _imageLength = imageLength;
    }

    /// <summary>Its name, ASCII: the guest sees it as the serial number.</summary>
    public ReadOnlySpan<byte> Name => _name;

    /// <summary>Index of the image in the bundle, or <see cref="VmDefinition.NoBlob"/>.</summary>
    public uint ImageBlob { get; }

    /// <summary>The machine's next disk.</summary>
    public GuestDisk? Next { get; init; }

    /// <summary>What it holds at first, in the bundle.</summary>
    public ReadOnlySpan<byte> Image => PhysicalMemory.Bytes(_image, _imageLength);

    /// <summary>Why a machine cannot start with it; empty if it can.</summary>
    public virtual ReadOnlySpan<byte> Problem => default;

    /// <summary>A machine that is to start waits for it.</summary>
    public virtual bool IsAwaited => false;

    /// <summary>The device for a new run of the machine, in whose arena it is made.</summary>
    public abstract VirtioBlockDevice CreateDevice(GuestRam memory, int queues);

    /// <summary>Who serves the device's queues.</summary>
    public virtual void Connect(QueueService service)
    {
    }

    /// <summary>The machine is about to be taken apart. Others may be telling it something until every processor was quiescent.</summary>
    public virtual void Disconnect()
    {
    }

    /// <summary>Nobody is to wait for the disk's lock any more. Any thread.</summary>
    public virtual void Poison()
    {
    }
}
