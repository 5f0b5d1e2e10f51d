using System;
using HyperOS.Core;

namespace HyperOS.Virtualization;

/// <summary>A physical disk as a store whose calls are done when they return: the storage thread's alone, which waits. Whole blocks.</summary>
internal sealed class DiskStore : BlockStore
{
    /// <summary>Requests that zeroes are written with, where the disk cannot by itself.</summary>
    private const int Requests = 4;

    private readonly SyncRequest[] _requests = new SyncRequest[Requests];
    private BlockDevice? _disk;

    /// <param name="memory">At least <see cref="Pages"/>.</param>
    public DiskStore(DmaMemory memory)
    {
        for (int i = 0; i < Requests; i++)
            _requests[i] = new SyncRequest(memory, i * BlockRequest.MaximumPages * DmaMemory.PageBytes, BlockRequest.MaximumPages);
    }

    /// <summary>Pages of memory that it needs.</summary>
    public static int Pages => Requests * BlockRequest.MaximumPages;

    public override ulong Length => _disk!.Length;

    public override bool IsReadOnly => _disk!.IsReadOnly;

    public override int BlockBytes => _disk!.BlockBytes;

    public override int PhysicalBlockBytes => _disk!.PhysicalBlockBytes;

    public override uint DiscardBytes => _disk!.MaximumDiscard != 0 ? (uint)PhysicalBlockBytes : 0;

    /// <summary>Chooses the disk.</summary>
    public void Use(BlockDevice disk) => _disk = disk;

    public override bool Read(ulong offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int length = Math.Min(destination.Length, _disk!.MaximumBytes);
            if (!_requests[0].Do(_disk, BlockOperation.Read, offset, (ulong)length))
                return false;
            _requests[0].Get(0, destination.Slice(0, length));
            destination = destination.Slice(length);
            offset += (uint)length;
        }
        return true;
    }

    public override bool Write(ulong offset, ReadOnlySpan<byte> source)
    {
        Forget();
        bool isDone = true;
        for (int i = 0; !source.IsEmpty && isDone; i = (i + 1) % Requests)
        {
            int length = Math.Min(source.Length, _disk!.MaximumBytes);
            isDone = _requests[i].Wait();
            if (!isDone)
                break;
            _requests[i].Put(0, source.Slice(0, length));
            _requests[i].Begin(_disk, BlockOperation.Write, offset, (ulong)length);
            source = source.Slice(length);
            offset += (uint)length;
        }
        return WaitForAll() && isDone;
    }

    public override bool Flush() => _requests[0].Do(_disk!, BlockOperation.Flush, 0, 0);

    public override bool Discard(ulong offset, ulong length) => ForRange(BlockOperation.Discard, _disk!.MaximumDiscard, offset, length);

    public override bool WriteZeroes(ulong offset, ulong length, bool mayDiscard)
    {
        if (_disk!.MaximumZeroes != 0)
            return ForRange(BlockOperation.WriteZeroes, _disk.MaximumZeroes, offset, length);
        foreach (SyncRequest request in _requests)
            request.Clear(_disk.MaximumBytes);
        return ForRange(BlockOperation.Write, (ulong)_disk.MaximumBytes, offset, length);
    }

    // What became of requests of earlier calls is nobody's business.
    private void Forget()
    {
        foreach (SyncRequest request in _requests)
            request.Status = BlockStatus.Done;
    }

    private bool ForRange(BlockOperation operation, ulong most, ulong offset, ulong length)
    {
        Forget();
        bool isDone = true;
        for (int i = 0; length != 0 && isDone; i = (i + 1) % Requests)
        {
            ulong part = Math.Min(length, most);
            isDone = _requests[i].Wait();
            if (!isDone)
                break;
            _requests[i].Begin(_disk!, operation, offset, part);
            offset += part;
            length -= part;
        }
        return WaitForAll() && isDone;
    }

    private bool WaitForAll()
    {
        bool isDone = true;
        foreach (SyncRequest request in _requests)
            isDone &= request.Wait();
        return isDone;
    }
}
