using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>What becomes of memory that a guest gives up. Ranges lie in the guest's RAM and are whole pages of 4 KiB; they may come again.</summary>
public abstract class BalloonSink
{
    /// <summary>The guest puts a range into its balloon: it does not need the content any more, and says so before it uses it again.</summary>
    public abstract void Release(GuestPhysicalAddress address, ulong length);

    /// <summary>The guest is about to use a range again that it had in its balloon: it may find zeros or what was there.</summary>
    public abstract void Reclaim(GuestPhysicalAddress address, ulong length);

    /// <summary>
    /// The guest does not need the content of a range any more. Once it has been told that the report was taken, it may use it again without a word: then it
    /// finds zeros or what was there, and from then on what it wrote.
    /// </summary>
    public abstract void Report(GuestPhysicalAddress address, ulong length);

    /// <summary>These were the ranges of a report.</summary>
    public abstract void EndReport();

    /// <summary>
    /// Whether the guest may be told that its reports were taken. Where not, the queue is to be served again after
    /// <see cref="VirtioBalloonDevice.NotifyReports"/>.
    /// </summary>
    public abstract bool IsSettled { get; }

    /// <summary>The guest says how much is in the balloon. Any vCPU.</summary>
    public abstract void Resized();

    /// <summary>The guest has given new statistics.</summary>
    public abstract void StatisticsCame();

    /// <summary>The balloon is empty: its driver has reset the device.</summary>
    public abstract void Reset();
}
