namespace HyperOS.Ethernet;

/// <summary>What happens to a card that the log should know of.</summary>
public enum NicEvent : byte
{
    /// <summary>The card runs, for the first time or again.</summary>
    Started,

    /// <summary>The card could not be brought up; it is tried again.</summary>
    NotStarted,
    LinkUp,
    LinkDown,

    /// <summary>What was to be transmitted stays where it is.</summary>
    Hung,

    /// <summary>The card has said too much that cannot be.</summary>
    Lied,

    /// <summary>The card does not answer: unplugged.</summary>
    Gone,
}

/// <summary>What a card's logic needs of the kernel.</summary>
public abstract class NicHost
{
    /// <summary>In nanoseconds, not going back.</summary>
    public abstract ulong Now { get; }

    /// <summary>Lets time go by, as data sheets demand it; no more than some milliseconds, and only while a card is brought up.</summary>
    public abstract void Delay(ulong nanoseconds);

    /// <summary>Takes the lock of the card's transmit side: one a card, held for a copy at most.</summary>
    /// <returns>What <see cref="Exit"/> wants back.</returns>
    public abstract bool Enter();

    /// <summary>Lets the lock go.</summary>
    public abstract void Exit(bool state);

    /// <summary>Lets the card answer, access memory and interrupt.</summary>
    /// <returns>False if it is not there.</returns>
    public abstract bool TryAttach();

    /// <summary>The card is there, and as <see cref="TryAttach"/> left it: not another one in its place.</summary>
    public abstract bool IsAttached { get; }

    /// <summary>Takes away what lets the card access memory and interrupt.</summary>
    public abstract void Detach();

    /// <summary>Has <see cref="NicService.Serve"/> called soon. Any context.</summary>
    public abstract void Wake();

    /// <summary>For the log. On the card's thread.</summary>
    public abstract void Report(NicEvent what);
}
