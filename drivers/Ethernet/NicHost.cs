using HyperOS.Core;

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

/// <summary>What a card's logic needs of the kernel. The lock is that of its transmit side; its thread calls <see cref="NicService.Serve"/>.</summary>
public abstract class NicHost : DeviceHost
{
    /// <summary>For the log. On the card's thread.</summary>
    public abstract void Report(NicEvent what);
}
