using System;

namespace HyperOS.Core;

/// <summary>
/// A physical network card, as a switch sees it. To connect one: hand <see cref="Receiver"/> to the switch, open a lane there, then
/// <see cref="Connect"/>.
/// </summary>
public abstract class Uplink
{
    /// <summary>What configurations call it: nic0, nic1 and so on in the order of the cards' PCI addresses.</summary>
    public abstract ReadOnlySpan<byte> Name { get; }

    /// <summary>The card's own address.</summary>
    public abstract MacAddress Address { get; }

    /// <summary>Frames can go out.</summary>
    public abstract bool IsLinkUp { get; }

    /// <summary>Where frames go out. It copies each, under a lock of its own, and refuses what the card's queue has no room for.</summary>
    public abstract FrameReceiver Receiver { get; }

    /// <summary>What went by so far. Any thread; the numbers need not be of one moment.</summary>
    public abstract UplinkStatistics Statistics { get; }

    /// <summary>Where frames that come in go from now on, in batches, on the card's own thread; null: nowhere.</summary>
    /// <param name="port">Used by that thread alone.</param>
    /// <param name="listener">Is told the state of the link at once on that thread, and each change. Null where nobody listens.</param>
    public abstract void Connect(FramePort? port, UplinkListener? listener);
}

/// <summary>Is told of an uplink's changes, on the card's thread.</summary>
public abstract class UplinkListener
{
    public abstract void LinkChanged(bool isUp);
}

/// <summary>Counts of an uplink since the host's start.</summary>
public struct UplinkStatistics
{
    public ulong ReceivedFrames, ReceivedBytes, TransmittedFrames, TransmittedBytes;

    /// <summary>The card said that a frame is damaged, or in pieces.</summary>
    public ulong ReceiveErrors;

    /// <summary>Came in while nobody was connected, or the switch would not take them.</summary>
    public ulong ReceiveDrops;

    /// <summary>Refused for want of room in the card's queue, or of a link.</summary>
    public ulong TransmitDrops;

    /// <summary>Times that the card gave a number that cannot be: an index, a length or an identifier.</summary>
    public ulong Lies;

    /// <summary>Times that the card was reset because it hung or lied.</summary>
    public ulong Resets;
}
