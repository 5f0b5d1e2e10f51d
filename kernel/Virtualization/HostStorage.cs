using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Storage;

namespace HyperOS.Virtualization;

/// <summary>The machine's disks, as their drivers find them.</summary>
public abstract class DiskSource
{
    /// <summary>The machine has no controller that there is a driver for.</summary>
    public abstract bool IsEmpty { get; }

    /// <summary>Whether all controllers have told what disks they have. Who waits for it is to <see cref="HostStorage.Wake"/>.</summary>
    public abstract bool IsSettled { get; }

    /// <summary>Disks that have a name.</summary>
    public abstract int Count { get; }

    /// <param name="index">Below <see cref="Count"/>.</param>
    public abstract BlockDevice Get(int index);

    /// <summary>Gives a name to those that have none yet.</summary>
    public abstract void NameNew();
}

/// <summary>What the host may do with disks.</summary>
public enum StoragePolicy : byte
{
    /// <summary>Use the first that is HyperOS's; where there is none, make the first blank one so.</summary>
    Auto,

    /// <summary>Use the first that is HyperOS's.</summary>
    Known,

    /// <summary>Leave them alone.</summary>
    Off,
}

/// <summary>
/// What the host keeps on its disks, and the one thread that sees to it: it finds the disk with the volumes, and has machines' volumes ready before the
/// machines start.
/// <code>
///   disks known -> whose is which -> open, or set up a blank one -> machines' volumes: found, or made and filled -> wait for adopt
/// </code>
/// Disks of others are never written, unless somebody says at the host's prompt that they may be.
/// </summary>
public sealed class HostStorage : ThreadBody
{
    /// <summary>Disks that are looked at.</summary>
    private const int MaximumDisks = 16;

    /// <summary>How long disks may take to tell what they are before the host goes on with those that have, in nanoseconds.</summary>
    private const ulong SettleTime = 30_000_000_000;

    private const int None = -1;

    private static HostStorage? s_instance;
    private static KernelThread? s_thread;

    private readonly DiskSource _disks;
    private readonly StoragePolicy _policy;
    private readonly DiskStore _medium;
    private readonly VolumeRegion _region;
    private readonly VolumeStore _store = new();
    private readonly VolumeDisk?[] _volumes = new VolumeDisk?[VolumeTable.Maximum];
    private readonly DiskState[] _states = new DiskState[MaximumDisks];
    private readonly byte[] _lastBlock = new byte[DmaMemory.PageBytes];
    private readonly SyncRequest _flush;
    private int _volumeCount;

    // Written by the storage's thread, read by all.
    private int _known;
    private int _storeDisk = None;

    // What others ask for.
    private int _adopted = None;
    private bool _areImagesVerified;

    private HostStorage(DiskSource disks, StoragePolicy policy, DmaMemory memory)
    {
        _disks = disks;
        _policy = policy;
        _medium = new DiskStore(memory);
        _region = new VolumeRegion(_medium);
        _flush = new SyncRequest(memory, DiskStore.Pages * DmaMemory.PageBytes, 1);
    }

    /// <summary>The host has disks that volumes may be on. After <see cref="Start"/>.</summary>
    public static bool IsThere => s_instance is not null;

    /// <summary>Starts the thread, if there is a disk and the host may use it; during start-up.</summary>
    public static void Start(DiskSource disks, StoragePolicy policy)
    {
        if (policy == StoragePolicy.Off || disks.IsEmpty)
        {
            Log.Write("storage"u8, $"{(disks.IsEmpty ? "no disk"u8 : "disks are left alone"u8)}: what is to last lies in the host's RAM, and ends with it");
            return;
        }
        if (!DmaBuffer.TryAllocate(DiskStore.Pages + 1, FrameOwner.Kernel, FrameZone.Any, out DmaBuffer? memory))
            Panic.Stop($"too little memory");
        HostStorage storage = new(disks, policy, memory!);
        if (!Scheduler.TryCreate(storage, FrameOwner.Kernel, null, out ThreadHandle handle) || !handle.TryGet(out s_thread))
            Panic.Stop($"too little memory");
        s_instance = storage;
    }

    /// <summary>Has the thread look at its disks. Any context.</summary>
    public static void Wake()
    {
        if (s_thread is not null)
            Scheduler.Wake(s_thread);
    }

    /// <summary>A machine's disk that is to be ready before the machine starts; during start-up.</summary>
    /// <returns>False if there are too many.</returns>
    internal static bool TryAdd(VolumeDisk volume)
    {
        HostStorage storage = s_instance!;
        bool isRoom = storage._volumeCount < storage._volumes.Length;
        if (isRoom)
            storage._volumes[storage._volumeCount++] = volume;
        return isRoom;
    }

    /// <summary>The images in the bundle are known to be whole or not, as the volumes' disks say.</summary>
    internal static void ImagesVerified()
    {
        if (s_instance is null)
            return;
        Volatile.Write(ref s_instance._areImagesVerified, true);
        Wake();
    }

    /// <summary>What guests have written outlasts a power cut, whether they have asked for it or not. The manager's thread, which waits.</summary>
    internal static void Flush()
    {
        if (s_instance is { } storage && Volatile.Read(ref storage._storeDisk) is var disk && disk != None && !storage._flush.Do(storage._disks.Get(disk), BlockOperation.Flush, 0, 0))
            Log.Write("storage"u8, $"{storage._disks.Get(disk).Name} does not flush: what was written last may be lost");
    }

    /// <summary>Disks that there is something to say of. Any thread.</summary>
    internal static int DiskCount => s_instance is null ? 0 : Volatile.Read(ref s_instance._known);

    /// <summary>A disk, and what it is used for.</summary>
    /// <param name="index">Below <see cref="DiskCount"/>.</param>
    /// <param name="use">In words.</param>
    internal static BlockDevice Disk(int index, out ReadOnlySpan<byte> use)
    {
        HostStorage storage = s_instance!;
        BlockDevice disk = storage._disks.Get(index);
        use = disk.HasFailed ? "has failed"u8 : index == Volatile.Read(ref storage._storeDisk) ? "holds the volumes"u8 : Describe(storage._states[index]);
        return disk;
    }

    /// <summary>Somebody says that a disk is to be HyperOS's, whatever is on it. Any thread; the log tells what becomes of it.</summary>
    /// <returns>Why not; empty if it is taken.</returns>
    internal static ReadOnlySpan<byte> Adopt(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < DiskCount; i++)
        {
            BlockDevice disk = Disk(i, out _);
            if (!disk.Name.SequenceEqual(name))
                continue;
            if (Volatile.Read(ref s_instance!._storeDisk) is var store && store != None)
                return store == i ? "holds the volumes already"u8 : "another disk holds the volumes, and there is one such disk"u8;
            if (disk.HasFailed || disk.IsReadOnly || s_instance._states[i] is DiskState.TooSmall or DiskState.Unreadable)
                return "cannot be written, or not be read, or is too small"u8;
            Volatile.Write(ref s_instance._adopted, i);
            Wake();
            return default;
        }
        return "there is no such disk; disks lists them"u8;
    }

    public override void Run()
    {
        for (ulong end = Clock.Now + SettleTime; !_disks.IsSettled && Clock.Now < end;)
            Scheduler.Block(end);
        _disks.NameNew();
        FindStore();
        while (!Volatile.Read(ref _areImagesVerified))
            Scheduler.Block();
        while (true)
        {
            PrepareAll();
            Scheduler.Block();
            _disks.NameNew();
            if (_storeDisk == None)
                LookAtNew();
            int adopted = Interlocked.Exchange(ref _adopted, None);
            if (adopted != None && _storeDisk == None && TrySetUp(adopted))
                AwaitAgain();
        }
    }

    // Which disk is to have the volumes: the first that is HyperOS's, else the first blank one.
    private void FindStore()
    {
        LookAtNew();
        int blank = None;
        for (int i = 0; i < _known && _storeDisk == None; i++)
        {
            if (_states[i] == DiskState.Open)
                TryOpen(i);
            else if (_states[i] == DiskState.Blank && blank == None && !_disks.Get(i).IsReadOnly)
                blank = i;
        }
        if (_storeDisk != None)
            return;
        if (blank != None && _policy == StoragePolicy.Auto)
            TrySetUp(blank);
        if (_known == 0)
            Log.Write("storage"u8, $"no disk: what is to last lies in the host's RAM, and ends with it");
        else if (_storeDisk == None)
            Log.Write("storage"u8, $"no disk holds volumes, and none is blank that could: machines with volumes do not start");
    }

    // Disks that were not looked at yet; while no volumes are open, whose table is in the same place.
    private void LookAtNew()
    {
        for (int i = _known; i < _disks.Count && i < MaximumDisks; i++)
        {
            BlockDevice disk = _disks.Get(i);
            _medium.Use(disk);
            _states[i] = _store.TryOpen(_medium, out ReadOnlySpan<byte> found);
            switch (_states[i])
            {
                case DiskState.Open or DiskState.Blank:
                    break;
                case DiskState.Foreign:
                    Log.Write("storage"u8, $"{disk.Name} is not used: it holds {found}. To lose that, and have volumes there, type: adopt {disk.Name}");
                    break;
                default:
                    Log.Write("storage"u8, $"{disk.Name} is not used: {Describe(_states[i])}");
                    break;
            }
            Volatile.Write(ref _known, i + 1);
        }
    }

    private bool TryOpen(int index)
    {
        BlockDevice disk = _disks.Get(index);
        _medium.Use(disk);
        DiskState state = _store.TryOpen(_medium, out _);
        _states[index] = state;
        if (state != DiskState.Open)
            return false;
        if (_store.WasCut)
            Log.Write("storage"u8, $"{disk.Name}: a change was cut off by the last power cut, and has not happened");
        if (_store.IsDegraded)
            Log.Write("storage"u8, $"{disk.Name}: one of the two places of its table cannot be read: what is to last should move to another disk");
        int volumes = 0;
        foreach (Volume volume in _store.Table.Places)
            volumes += volume.IsUsed ? 1 : 0;
        Log.Write("storage"u8, $"{disk.Name} holds {volumes} volume(s), {_store.Table.FreeUnits} MiB are free, table {_store.Generation}");
        Volatile.Write(ref _storeDisk, index);
        return true;
    }

    private bool TrySetUp(int index)
    {
        BlockDevice disk = _disks.Get(index);
        _medium.Use(disk);
        _store.TryOpen(_medium, out _);
        if (_store.TryFormat(HostEntropy.Seed(), HostEntropy.Seed()) && TryOpen(index))
        {
            Log.Write("storage"u8, $"{disk.Name} is set up for volumes");
            return true;
        }
        Log.Write("storage"u8, $"{disk.Name} could not be set up for volumes");
        return false;
    }

    // Machines' disks that had no place may have one now.
    private void AwaitAgain()
    {
        for (int i = 0; i < _volumeCount; i++)
        {
            if (_volumes[i]!.State == VolumeDiskState.NoDisk)
                _volumes[i]!.State = VolumeDiskState.Awaited;
        }
    }

    private void PrepareAll()
    {
        for (int i = 0; i < _volumeCount; i++)
        {
            VolumeDisk volume = _volumes[i]!;
            if (!volume.IsAwaited)
                continue;
            VolumeDiskState state = _storeDisk != None ? Prepare(volume) : _known == 0 ? VolumeDiskState.InMemory : VolumeDiskState.NoDisk;
            if (state != VolumeDiskState.Ready)
                volume.State = state;
        }
        VirtualMachines.WakeManager();
    }

    // Finds a volume, or makes it: first its place, then what it should hold, and only then is it ready. What a cut leaves unfilled is filled anew.
    private VolumeDiskState Prepare(VolumeDisk wanted)
    {
        Volume? volume = _store.Table.Find(wanted.VolumeName);
        ulong length = Alignment.Up(wanted.Bytes, Size.Page);
        if (volume is { IsReady: true })
        {
            if (volume.Length != length)
            {
                Log.Write("storage"u8, $"{wanted.VolumeName} has {volume.Length} bytes, and not {length}: it is left as it is");
                return VolumeDiskState.OtherSize;
            }
            wanted.SetReady(_disks.Get(_storeDisk), volume);
            return VolumeDiskState.Ready;
        }
        if (!wanted.IsImageIntact)
            return VolumeDiskState.ImageTampered;
        if (volume is not null && volume.Length != length && _store.TryDelete(volume) == VolumeStatus.Done)
            volume = null;
        if (volume is null)
        {
            VolumeStatus status = _store.TryCreate(wanted.VolumeName, length, out volume);
            if (status != VolumeStatus.Done)
            {
                Log.Write("storage"u8, $"{wanted.VolumeName} of {wanted.Bytes / Size.MiB} MiB could not be made: {(status == VolumeStatus.Full ? "the disk is full"u8 : "the disk fails"u8)}");
                return status == VolumeStatus.Full ? VolumeDiskState.Full : VolumeDiskState.MediumError;
            }
        }
        if (!TryFill(volume!, wanted.Image) || _store.TrySetReady(volume!) != VolumeStatus.Done)
        {
            Log.Write("storage"u8, $"{wanted.VolumeName} could not be filled: the disk fails");
            return VolumeDiskState.MediumError;
        }
        Log.Write("storage"u8, $"{wanted.VolumeName} is made: {wanted.Bytes / Size.MiB} MiB");
        wanted.SetReady(_disks.Get(_storeDisk), volume!);
        return VolumeDiskState.Ready;
    }

    // The image, and zeros behind it: nothing of what others had there before.
    private bool TryFill(Volume volume, ReadOnlySpan<byte> image)
    {
        _region.Use(volume);
        uint block = (uint)_region.BlockBytes;
        ulong whole = Alignment.Down((ulong)image.Length, block);
        if (!_region.Write(0, image.Slice(0, (int)whole)))
            return false;
        ulong at = whole;
        if (whole != (ulong)image.Length)
        {
            Span<byte> last = new(_lastBlock, 0, (int)block);
            last.Clear();
            image.Slice((int)whole).CopyTo(last);
            if (!_region.Write(whole, last))
                return false;
            at += block;
        }
        return _region.WriteZeroes(at, volume.Length - at, mayDiscard: true) && _region.Flush();
    }

    private static ReadOnlySpan<byte> Describe(DiskState state) => state switch
    {
        DiskState.Open => "is set up for volumes, and not used: another disk holds them"u8,
        DiskState.Blank => "is blank"u8,
        DiskState.Foreign => "holds what is not HyperOS's"u8,
        DiskState.NewerVersion => "was set up by a newer version of HyperOS"u8,
        DiskState.Damaged => "was set up by HyperOS, and is damaged"u8,
        DiskState.Unreadable => "cannot be read where it must be"u8,
        _ => "is smaller than 8 MiB"u8,
    };
}
