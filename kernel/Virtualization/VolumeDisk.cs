using System;
using System.Threading;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Storage;

namespace HyperOS.Virtualization;

/// <summary>How far a volume is.</summary>
internal enum VolumeDiskState
{
    /// <summary>The storage's thread has not seen to it yet.</summary>
    Awaited,

    /// <summary>It is there, with what it should hold.</summary>
    Ready,

    /// <summary>There is no disk that it could be on: those that there are hold something else.</summary>
    NoDisk,

    /// <summary>The host has no disk at all: it lies in the host's RAM.</summary>
    InMemory,

    /// <summary>No room is left for it.</summary>
    Full,

    /// <summary>It is there, and has another size than the definition says.</summary>
    OtherSize,

    /// <summary>Its image is not what it was.</summary>
    ImageTampered,

    /// <summary>The disk fails.</summary>
    MediumError,
}

/// <summary>A machine's disk that lasts: a volume, which <see cref="HostStorage"/> finds, or makes, before the machine can start.</summary>
internal sealed class VolumeDisk : GuestDisk
{
    private const int Pieces = 16, PagesOfPiece = 8;

    private readonly byte[] _volumeName;
    private readonly bool _isReadOnly;
    private readonly Queue _queue;
    private readonly RamDisk _inMemory;
    private int _state;
    private QueueService? _service;

    // Once it is ready.
    private BlockDevice? _disk;
    private Volume? _volume;

    /// <param name="slot">Whose it is.</param>
    /// <param name="definition">A valid one.</param>
    /// <param name="image">Where the image is; nowhere if it is 0 bytes long.</param>
    /// <param name="imageLength">In bytes.</param>
    /// <param name="memory">At least <see cref="Pages"/>, for what is under way.</param>
    public VolumeDisk(VirtualMachineSlot slot, in DiskDefinition definition, HostPhysicalAddress image, int imageLength, DmaMemory memory)
        : base(in definition, image, imageLength)
    {
        _volumeName = new byte[slot.Name.Length + 1 + Name.Length];
        slot.Name.CopyTo(_volumeName);
        _volumeName[slot.Name.Length] = (byte)'/';
        Name.CopyTo(new Span<byte>(_volumeName, slot.Name.Length + 1, Name.Length));
        Bytes = definition.Bytes;
        _isReadOnly = (definition.Options & DiskOptions.ReadOnly) != 0;
        _queue = new Queue(this, memory);
        _inMemory = new RamDisk(slot, in definition, image, imageLength);
    }

    /// <summary>Pages of memory that each needs.</summary>
    public static int Pages => Pieces * PagesOfPiece;

    /// <summary>The volume's name: "VM/DISK".</summary>
    public ReadOnlySpan<byte> VolumeName => _volumeName;

    /// <summary>As the definition says.</summary>
    public ulong Bytes { get; }

    /// <summary>How far it is. The storage's thread changes it; others may read it at any time.</summary>
    public VolumeDiskState State
    {
        get => (VolumeDiskState)Volatile.Read(ref _state);
        set => Volatile.Write(ref _state, (int)value);
    }

    /// <summary>Its image in the bundle is what it was when that was made. Known once <see cref="HostStorage.ImagesVerified"/>.</summary>
    public bool IsImageIntact { get; set; }

    public override bool IsAwaited => State == VolumeDiskState.Awaited;

    public override ReadOnlySpan<byte> Problem => State switch
    {
        VolumeDiskState.NoDisk => "there is no disk that its volumes could be on; disks lists why"u8,
        VolumeDiskState.Full => "there is no room for its volumes"u8,
        VolumeDiskState.OtherSize => "one of its volumes has another size than its file says"u8,
        VolumeDiskState.ImageTampered => "the image of one of its volumes was tampered with (SHA-256 differs)"u8,
        VolumeDiskState.MediumError => "the disk with its volumes fails"u8,
        _ => default,
    };

    /// <summary>It is there.</summary>
    public void SetReady(BlockDevice disk, Volume volume)
    {
        _disk = disk;
        _volume = volume;
        State = VolumeDiskState.Ready;
    }

    public override VirtioBlockDevice CreateDevice(GuestRam memory, int queues) =>
        State == VolumeDiskState.InMemory ? _inMemory.CreateDevice(memory, queues) : new VirtioBlockDevice(memory, _queue, Name);

    public override void Poison() => _inMemory.Poison();

    public override void Connect(QueueService service) => Volatile.Write(ref _service, service);

    public override void Disconnect() => Volatile.Write<QueueService?>(ref _service, null);

    /// <summary>What is under way between the guest and the volume. Of the owner of the device's one queue.</summary>
    private sealed class Queue : BlockQueue
    {
        private readonly VolumeDisk _owner;

        public Queue(VolumeDisk owner, DmaMemory memory)
            : base(memory, Pieces, PagesOfPiece) => _owner = owner;

        public override ulong Length => _owner._volume!.Length;

        public override bool IsReadOnly => _owner._isReadOnly || Disk.IsReadOnly;

        public override int BlockBytes => Disk.BlockBytes;

        public override int PhysicalBlockBytes => Disk.PhysicalBlockBytes;

        public override uint DiscardBytes => Disk.MaximumDiscard != 0 ? (uint)Disk.PhysicalBlockBytes : 0;

        public override ulong MaximumDiscard => Disk.MaximumDiscard;

        public override ulong MaximumZeroes => Disk.MaximumZeroes;

        private BlockDevice Disk => _owner._disk!;

        public override ulong Fit(BlockPiece piece, BlockOperation operation, ulong offset, ulong length)
        {
            ulong most = operation switch
            {
                BlockOperation.Discard => MaximumDiscard,
                BlockOperation.WriteZeroes => MaximumZeroes,
                _ => (ulong)Math.Min(piece.Capacity, Disk.MaximumBytes),
            };
            return Math.Min(Math.Min(length, most), _owner._volume!.Find(offset, out _));
        }

        protected override void OnProgress() => Volatile.Read(ref _owner._service)?.ResumeOf(0);

        protected override void Submit(BlockPiece piece, ulong offset)
        {
            ulong at = 0;
            if (piece.Operation != BlockOperation.Flush)
                _owner._volume!.Find(offset, out at);
            piece.Offset = at;
            Disk.Submit(piece);
        }
    }
}
