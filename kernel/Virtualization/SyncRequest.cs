using System.Threading;
using HyperOS.Core;
using HyperOS.Scheduling;

namespace HyperOS.Virtualization;

/// <summary>A request that a kernel thread waits for.</summary>
internal sealed class SyncRequest : BlockRequest
{
    private KernelThread? _thread;
    private bool _isOut;

    /// <param name="memory">Where its pages are.</param>
    /// <param name="start">Where they begin, in bytes.</param>
    /// <param name="pages">How many.</param>
    public SyncRequest(DmaMemory memory, int start, int pages)
        : base(memory, start, pages)
    {
    }

    /// <summary>Begins it, for the thread that calls.</summary>
    public void Begin(BlockDevice disk, BlockOperation operation, ulong offset, ulong length)
    {
        _thread = Scheduler.Current;
        Operation = operation;
        Offset = offset;
        Length = length;
        Volatile.Write(ref _isOut, true);
        disk.Submit(this);
    }

    /// <summary>Waits until it is done.</summary>
    /// <returns>Whether all went well; true as well if it was never begun.</returns>
    public bool Wait()
    {
        while (Volatile.Read(ref _isOut))
            Scheduler.Block();
        return Status == BlockStatus.Done;
    }

    public bool Do(BlockDevice disk, BlockOperation operation, ulong offset, ulong length)
    {
        Begin(disk, operation, offset, length);
        return Wait();
    }

    public override void Done()
    {
        KernelThread thread = _thread!;
        Volatile.Write(ref _isOut, false);
        Scheduler.Wake(thread);
    }
}
