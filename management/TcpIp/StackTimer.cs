using System;

namespace HyperOS.Management.TcpIp;

/// <summary>One thing to be done at a time, in the queue while it runs. Its action is called under the stack's lock.</summary>
internal sealed class StackTimer(TimerQueue queue, Action action)
{
    /// <summary>When it fires, in microseconds of the stack's clock.</summary>
    public long Due { get; set; }

    /// <summary>Its place in the queue's heap; -1 while it does not run.</summary>
    public int Slot { get; set; } = -1;

    public bool IsRunning => Slot >= 0;

    public void Start(long due) => queue.Add(this, due);

    /// <summary>Fires at this time or before; what is not due yet then is the action's to find out.</summary>
    public void StartNoLater(long due)
    {
        if (!IsRunning || due < Due)
            Start(due);
    }

    public void Stop() => queue.Remove(this);

    public void Fire() => action();
}
