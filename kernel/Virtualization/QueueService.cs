using System.Numerics;
using System.Threading;
using HyperOS.Devices;
using HyperOS.Platform;

namespace HyperOS.Virtualization;

/// <summary>
/// Serves the queues of one virtio device, on the threads of its machine's vCPUs, which are charged for it: a notification marks a queue, and
/// before the vCPU enters its guest again it serves what is marked. Whoever is first owns the device until all is done; others leave him theirs.
/// </summary>
internal sealed class QueueService : VirtioNotifications
{
    // Bytes before the thread looks around.
    private const int Budget = 256 * 1024;

    // Wiring.
    private readonly VirtualMachine _machine;
    private readonly VirtioDevice _device;

    // Queues to serve, one bit each; whether somebody owns the device.
    private ulong _due;
    private int _isOwned;

    public QueueService(VirtualMachine machine, VirtioDevice device)
    {
        _machine = machine;
        _device = device;
    }

    public override void Notified(VirtioDevice device, int queue)
    {
        Interlocked.Or(ref _due, 1ul << queue);
        _machine.RequestQueueWork();
    }

    public override void BeginReset(VirtioDevice device)
    {
        // The owner is at work on another processor, with a budget; one that ended in a fault never lets go.
        while (Interlocked.CompareExchange(ref _isOwned, 1, 0) != 0)
        {
            if (_machine.IsPoisoned)
                FaultDomain.Abandon();
            Thread.SpinWait(1);
        }
        Interlocked.Exchange(ref _due, 0);
    }

    public override void ResetDone(VirtioDevice device) => Interlocked.Exchange(ref _isOwned, 0);

    /// <summary>Serves what is due, each queue for one budget. Without the board's lock.</summary>
    /// <returns>Whether there is more to do.</returns>
    public bool Serve()
    {
        while (Volatile.Read(ref _due) != 0)
        {
            if (Interlocked.CompareExchange(ref _isOwned, 1, 0) != 0)
                return false; // its owner looks again
            ulong more = 0;
            for (ulong due = Interlocked.Exchange(ref _due, 0); due != 0; due &= due - 1)
            {
                int queue = BitOperations.TrailingZeroCount(due);
                if (_device.Service(queue, Budget) == ServiceOutcome.More)
                    more |= 1ul << queue;
            }
            Interlocked.Or(ref _due, more);
            Interlocked.Exchange(ref _isOwned, 0);
            if (more != 0)
                return true;
        }
        return false;
    }
}
