namespace HyperOS.Switching;

/// <summary>What a lane needs of the kernel: the way into receivers' fault domains, and somebody who comes back.</summary>
public abstract class LaneHost
{
    /// <summary>Calls <see cref="TransmitLane.Deliver"/> in the fault domain of the receiver's machine. No lock of the switch is held.</summary>
    /// <returns>False if that ended in a fault: the receiver's machine is charged, and the sender goes on.</returns>
    public abstract bool TryDeliver(SwitchPort receiver, TransmitLane lane);

    /// <summary>The port's rate is used up: the device's queue is to be served again at that time, in nanoseconds.</summary>
    public abstract void ResumeAt(ulong time);
}
