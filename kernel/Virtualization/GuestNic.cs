using System;
using System.Diagnostics.CodeAnalysis;
using System.Threading;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Platform;
using HyperOS.Switching;

namespace HyperOS.Virtualization;

/// <summary>
/// A machine's network device at its port: what arrives goes into the guest's buffers on the sender's thread, in the receiver's domain, under
/// a lock for each queue pair.
/// </summary>
internal sealed class GuestNic : FrameReceiver
{
    private const int None = -1;

    // Bytes after which another sender may have the queue.
    private const int MostCopied = 128 * 1024;

    private readonly ReceiveQueue[] _queues;

    // Set once, when the device is whole.
    private VirtioNetDevice? _device;

    private struct ReceiveQueue
    {
        public GuestLock Lock;

        // Frames that the guest does not know of yet. Written with the lock held.
        public bool HasNews;
    }

    private GuestNic(VirtualMachine machine, int pairs)
    {
        Machine = machine;
        _queues = new ReceiveQueue[pairs];
    }

    public VirtualMachine Machine { get; }

    public VirtioNetDevice Device => _device!;

    /// <summary>Who serves its queues; there before a driver is.</summary>
    public QueueService? Service { get; set; }

    public override FrameOffloads Accepts => Volatile.Read(ref _device) is { } device ? device.Accepts : FrameOffloads.None;

    /// <summary>Makes a machine's device and connects it: a queue pair for each vCPU. While the machine is being built, in its arena.</summary>
    /// <returns>False if the switch has no port for it.</returns>
    public static bool TryCreate(VirtualMachine machine, NicSlot slot, [NotNullWhen(true)] out GuestNic? nic)
    {
        int pairs = Math.Min(machine.Vcpus.Length, VirtioNetDevice.MostPairs);
        VirtualSwitch network = slot.Network.Switch;
        nic = new GuestNic(machine, pairs);
        if (network.TryConnect(slot.Group, slot.Address, nic, VirtualSwitch.GuestAddresses, out slot.Port) != ConnectStatus.Connected)
            return false;
        FramePort[] lanes = new FramePort[pairs];
        for (int i = 0; i < pairs; i++)
            lanes[i] = network.OpenLane(slot.Port!, new NicLane(nic, 2 * i + 1));
        VirtioNetConfiguration configuration = new() { Address = slot.Address };
        Volatile.Write(ref nic._device, new VirtioNetDevice(machine.Memory, in configuration, lanes));
        return true;
    }

    public override void Deliver(FrameRun run)
    {
        VirtioNetDevice? device = Volatile.Read(ref _device);
        QueueRings rings = default;
        int open = None, copied = 0;
        while (run.TryNext(out Frame frame))
        {
            FaultPoint.Hit(FaultPlace.FrameDelivery);
            if (device is null)
            {
                run.Settle(DeliveryStatus.NotReady);
                continue;
            }
            int pair = device.SelectPair(in frame);
            if (pair != open || copied > MostCopied)
            {
                if (open != None)
                    _queues[open].Lock.Exit();
                _queues[pair].Lock.Enter();
                device.Open(pair, out rings);
                open = pair;
                copied = 0;
            }
            copied = unchecked(copied + frame.Length);
            DeliveryStatus status = device.Deliver(pair, in frame, ref rings);
            if (status == DeliveryStatus.Delivered)
                _queues[pair].HasNews = true;
            run.Settle(status);
        }
        if (open != None)
            _queues[open].Lock.Exit();
        Announce();
    }

    // What was delivered is shown to the guest.
    private void Announce()
    {
        for (int i = 0; i < _queues.Length; i++)
        {
            ref ReceiveQueue queue = ref _queues[i];
            if (!Volatile.Read(ref queue.HasNews))
                continue;
            queue.Lock.Enter();
            if (queue.HasNews)
                Device.Flush(i);
            queue.HasNews = false;
            queue.Lock.Exit();
        }
        // An interrupt that is no message takes the board's lock, which is its own machine's to take.
        if (Machine.Pci!.NeedsAttention)
            Machine.WakeForQueues();
    }

    /// <summary>On return nobody delivers, and nobody will until <see cref="ReleaseReceivers"/>.</summary>
    public void HoldReceivers()
    {
        for (int i = 0; i < _queues.Length; i++)
            _queues[i].Lock.Enter();
    }

    public void ReleaseReceivers()
    {
        for (int i = 0; i < _queues.Length; i++)
        {
            _queues[i].HasNews = false;
            _queues[i].Lock.Exit();
        }
    }

    /// <summary>Nobody is to wait for its locks any more. Any thread.</summary>
    public void Poison()
    {
        for (int i = 0; i < _queues.Length; i++)
            _queues[i].Lock.Poison();
    }
}
