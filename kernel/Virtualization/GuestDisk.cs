using System;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Platform;

namespace HyperOS.Virtualization;

/// <summary>
/// A machine's disk in the host's RAM, made at start-up: what is written outlasts the machine's runs, and ends with the host's. Its frames are
/// taken when first written, from what nobody reserved; an image is read in place, from the bundle.
/// </summary>
internal sealed class GuestDisk : SparseStore
{
    // Configuration.
    private readonly byte[] _name;
    private readonly FrameOwner _owner;
    private readonly HostPhysicalAddress _image;
    private readonly int _imageLength;

    // The queues of the disk share one lock, which is held for the length of one buffer.
    private GuestLock _lock;

    /// <param name="definition">A valid one.</param>
    /// <param name="image">Where the image is; nowhere if it is 0 bytes long.</param>
    public GuestDisk(VirtualMachineSlot slot, in DiskDefinition definition, HostPhysicalAddress image, int imageLength)
        : base(definition.Bytes, (definition.Options & DiskOptions.ReadOnly) != 0)
    {
        _name = new byte[definition.Name.Bytes.Length];
        definition.Name.Bytes.CopyTo(_name);
        _owner = slot.DiskOwner;
        ImageBlob = definition.Image;
        _image = image;
        _imageLength = imageLength;
    }

    /// <summary>Its name, ASCII: the guest sees it as the serial number.</summary>
    public ReadOnlySpan<byte> Name => _name;

    /// <summary>Index of the image in the bundle, or <see cref="VmDefinition.NoBlob"/>.</summary>
    public uint ImageBlob { get; }

    /// <summary>The machine's next disk.</summary>
    public GuestDisk? Next { get; internal set; }

    protected override ReadOnlySpan<byte> Image => PhysicalMemory.Bytes(_image, _imageLength);

    /// <summary>A new run of the machine begins: whoever held the lock in the last one is gone.</summary>
    public void BeginRun() => _lock = default;

    /// <summary>Nobody is to wait for the lock any more. Any thread.</summary>
    public void Poison() => _lock.Poison();

    public override bool Read(ulong offset, Span<byte> destination)
    {
        _lock.Enter();
        bool done = base.Read(offset, destination);
        _lock.Exit();
        return done;
    }

    public override bool Write(ulong offset, ReadOnlySpan<byte> source)
    {
        _lock.Enter();
        bool done = base.Write(offset, source);
        _lock.Exit();
        return done;
    }

    public override bool Discard(ulong offset, ulong length)
    {
        _lock.Enter();
        bool done = base.Discard(offset, length);
        _lock.Exit();
        return done;
    }

    public override bool WriteZeroes(ulong offset, ulong length, bool mayDiscard)
    {
        _lock.Enter();
        bool done = base.WriteZeroes(offset, length, mayDiscard);
        _lock.Exit();
        return done;
    }

    protected override bool TryTake(out HostPhysicalAddress frame) => FrameAllocator.TryAllocateSpare(_owner, out frame);

    protected override void Give(HostPhysicalAddress frame) => FrameAllocator.Free(frame, _owner);

    protected override Span<byte> Bytes(HostPhysicalAddress address, int count) => PhysicalMemory.Bytes(address, count);

    protected override void Copy(ReadOnlySpan<byte> source, Span<byte> destination) => ExtendedState.Copy(source, destination);

    protected override Span<ulong> Table(HostPhysicalAddress frame) => PhysicalMemory.Table(frame);
}
