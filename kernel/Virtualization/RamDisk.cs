using System;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Memory;
using HyperOS.Platform;

namespace HyperOS.Virtualization;

/// <summary>
/// A machine's disk in the host's RAM: what is written outlasts the machine's runs, and ends with the host's. Its frames are
/// taken when first written, from what nobody reserved; an image is read in place, from the bundle.
/// </summary>
internal sealed class RamDisk : GuestDisk
{
    private readonly Store _store;

    /// <inheritdoc cref="GuestDisk(in DiskDefinition, HostPhysicalAddress, int)"/>
    public RamDisk(VirtualMachineSlot slot, in DiskDefinition definition, HostPhysicalAddress image, int imageLength)
        : base(in definition, image, imageLength) => _store = new Store(this, slot.DiskOwner, in definition);

    public override VirtioBlockDevice CreateDevice(GuestRam memory, int queues)
    {
        _store.BeginRun();
        return new VirtioBlockDevice(memory, _store, Name, queues);
    }

    public override void Poison() => _store.Poison();

    private sealed class Store : SparseStore
    {
        // Configuration.
        private readonly RamDisk _disk;
        private readonly FrameOwner _owner;

        // The queues of the disk share one lock, which is held for the length of one buffer.
        private GuestLock _lock;

        public Store(RamDisk disk, FrameOwner owner, in DiskDefinition definition)
            : base(definition.Bytes, (definition.Options & DiskOptions.ReadOnly) != 0)
        {
            _disk = disk;
            _owner = owner;
        }

        protected override ReadOnlySpan<byte> Image => _disk.Image;

        /// <summary>A new run of the machine begins: whoever held the lock in the last one is gone.</summary>
        public void BeginRun() => _lock = default;

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
}
