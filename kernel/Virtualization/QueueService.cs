using System.Numerics;
using System.Threading;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Platform;

namespace HyperOS.Virtualization;

/// <summary>
/// Serves the queues of one virtio device, on the threads of its machine's vCPUs, which are charged for it: a notification marks a queue, and
/// before the vCPU enters its guest again it serves what is marked. Whoever is first owns a queue until it is done; others leave him theirs.
/// </summary>
internal sealed class QueueService : VirtioNotifications
{
    // Bytes before the thread looks around.
    private const int Budget = 256 * 1024;

    // Wiring. The other side of a network device, whose receive queues are senders' to serve.
    private readonly VirtualMachine _machine;
    private readonly VirtioDevice _device;
    private readonly GuestNic? _nic;

    // One bit for each queue: it is to be served; somebody owns it; it is to be served when its back end has room again.
    private ulong _due;
    private ulong _owned;
    private ulong _waiting;

    // Where the next round begins: no queue is to have the first of what several share, such as their port's rate, each time.
    private int _first;

    public QueueService(VirtualMachine machine, VirtioDevice device, GuestNic? nic)
    {
        _machine = machine;
        _device = device;
        _nic = nic;
    }

    private ulong All => (1ul << _device.QueueCount) - 1;

    public override void Notified(VirtioDevice device, int queue)
    {
        Interlocked.Or(ref _due, 1ul << queue);
        _machine.RequestQueueWork();
    }

    public override void BeginReset(VirtioDevice device)
    {
        // Owners are at work on other processors, with a budget; one that ended in a fault never lets go.
        for (ulong taken = 0; taken != All; taken |= All & ~Interlocked.Or(ref _owned, All))
        {
            if (_machine.IsPoisoned)
                FaultDomain.Abandon();
            Thread.SpinWait(1);
        }
        Interlocked.Exchange(ref _due, 0);
        Interlocked.Exchange(ref _waiting, 0);
        _nic?.HoldReceivers();
    }

    public override void ResetDone(VirtioDevice device)
    {
        _nic?.ReleaseReceivers();
        Interlocked.Exchange(ref _owned, 0);
    }

    /// <summary>A queue's back end takes no more before a time of <see cref="Clock"/>. By the queue's owner.</summary>
    public void ResumeAt(int queue, ulong time)
    {
        Interlocked.Or(ref _waiting, 1ul << queue);
        _machine.ResumeQueuesAt(time);
    }

    /// <summary>Queues that wait for their back end are to be served.</summary>
    public void Resume()
    {
        Interlocked.Or(ref _due, Interlocked.Exchange(ref _waiting, 0));
        _machine.RequestQueueWork();
    }

    /// <summary>A queue has something to do that its guest knows nothing of. Any thread, until every processor was quiescent after the machine's end.</summary>
    public void ResumeOf(int queue)
    {
        Interlocked.Or(ref _due, 1ul << queue);
        _machine.WakeForQueues();
    }

    /// <summary>Nobody is to wait for the locks of a network device any more.</summary>
    public void Poison() => _nic?.Poison();

    /// <summary>Serves what is due, each queue for one budget. Without the board's lock.</summary>
    /// <returns>Whether there is more to do.</returns>
    public bool Serve()
    {
        ulong due = Volatile.Read(ref _due);
        if (due == 0)
            return false;
        bool more = false;
        int first = Volatile.Read(ref _first);
        due = due >> first | due << 64 - first;
        Volatile.Write(ref _first, first + BitOperations.TrailingZeroCount(due) + 1 & 63);
        for (; due != 0; due &= due - 1)
            more |= Serve(first + BitOperations.TrailingZeroCount(due) & 63);
        return more;
    }

    private bool Serve(int queue)
    {
        ulong bit = 1ul << queue;
        while ((Volatile.Read(ref _due) & bit) != 0)
        {
            if ((Interlocked.Or(ref _owned, bit) & bit) != 0)
                return false; // its owner looks again
            Interlocked.And(ref _due, ~bit);
            FaultPoint.Hit(FaultPlace.QueueService);
            bool more = _device.Service(queue, Budget) == ServiceOutcome.More;
            if (more)
                Interlocked.Or(ref _due, bit);
            Interlocked.And(ref _owned, ~bit);
            if (more)
                return true;
        }
        return false;
    }
}
