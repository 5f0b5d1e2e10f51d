using System;
using HyperOS.Platform;
using HyperOS.Switching;

namespace HyperOS.Virtualization;

/// <summary>The kernel's side of a transmit queue's way through a switch, or of an uplink's.</summary>
internal sealed class NicLane : LaneHost
{
    private readonly GuestNic? _nic;
    private readonly int _queue;
    private readonly Delivery _delivery = new();

    /// <param name="nic">The sender; null for an uplink, whose rate has no limit.</param>
    /// <param name="queue">The transmit queue's number.</param>
    public NicLane(GuestNic? nic, int queue)
    {
        _nic = nic;
        _queue = queue;
    }

    public override bool TryDeliver(SwitchPort receiver, TransmitLane lane)
    {
        // An uplink's driver copies under a lock of the host's. One that has left, or come, since the frames were decided about: the lane sees that.
        if (receiver.Receiver is not GuestNic nic)
        {
            lane.Deliver();
            return true;
        }
        if (_delivery.TryRun(nic, lane))
            return true;
        nic.Machine.Poison();
        return false;
    }

    public override void ResumeAt(ulong time) => _nic?.Service?.ResumeAt(_queue, time);

    // What is done for the receiver, on the sender's thread. A fault ends the receiver's run.
    private sealed class Delivery : FaultDomain
    {
        private GuestNic? _receiver;
        private TransmitLane? _lane;

        public override ReadOnlySpan<byte> Room => _receiver!.Machine.Log.Room;

        public bool TryRun(GuestNic receiver, TransmitLane lane)
        {
            _receiver = receiver;
            _lane = lane;
            return TryRun();
        }

        protected override void Run() => _lane!.Deliver();
    }
}
