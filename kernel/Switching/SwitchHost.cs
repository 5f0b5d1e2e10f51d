namespace HyperOS.Switching;

/// <summary>What a switch needs of the kernel: the time, and a lock.</summary>
/// <remarks>
/// One lock a switch. It is the host's, because several machines share what it guards: a fault while it is held is the host's. It is held for a
/// bounded time, in which only the switch's own code runs: to decide about up to 32 frames (a step a frame, for group addresses a step a port),
/// to count what one receiver took, and to configure. Frames are looked at before, and copied behind it.
/// </remarks>
public abstract class SwitchHost
{
    /// <summary>In nanoseconds, not going back but by what processors' clocks differ.</summary>
    public abstract ulong Now { get; }

    /// <summary>Takes the lock.</summary>
    /// <returns>What <see cref="Exit"/> wants back.</returns>
    public abstract bool Enter();

    /// <summary>Lets the lock go.</summary>
    public abstract void Exit(bool state);
}
