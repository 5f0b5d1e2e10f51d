using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>What becomes of memory that a guest gives up. Ranges lie in the guest's RAM and are whole pages of 4 KiB; they may come again.</summary>
public abstract class BalloonSink
{
    /// <summary>
    /// The guest does not need the content of a range any more, and may touch it again without a word: then it finds zeros or what was there.
    /// </summary>
    public abstract void Release(GuestPhysicalAddress address, ulong length);

    /// <summary>The guest is about to use a range again that it had given up by inflating its balloon.</summary>
    public abstract void Reclaim(GuestPhysicalAddress address, ulong length);
}
