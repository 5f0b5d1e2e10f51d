using System;
using HyperOS.Abi;

namespace HyperOS.Switching;

/// <summary>
/// What passed a port since it was connected, seen from the switch.
/// <code>
///   Received = Forwarded + the drops of the reasons up to NoDestination
///   Offered  = Delivered + the drops of the other reasons + copies on their way
/// </code>
/// </summary>
public sealed class PortCounters
{
    private readonly ulong[] _drops = new ulong[DropReasons.Count];

    /// <summary>Frames that the port's device handed over.</summary>
    public ulong Received { get; private set; }

    /// <summary>Bytes of <see cref="Received"/>.</summary>
    public ulong ReceivedBytes { get; private set; }

    /// <summary>Frames among <see cref="Received"/> for which there was a destination.</summary>
    public ulong Forwarded { get; private set; }

    /// <summary>Frames that were meant for the port's device.</summary>
    public ulong Offered { get; private set; }

    /// <summary>Frames that the port's device took.</summary>
    public ulong Delivered { get; private set; }

    /// <summary>Bytes of <see cref="Delivered"/>.</summary>
    public ulong DeliveredBytes { get; private set; }

    public ulong Drops(DropReason reason) => (int)reason < _drops.Length ? _drops[(int)reason] : 0;

    /// <summary>Makes this a copy.</summary>
    public void CopyFrom(PortCounters other)
    {
        other._drops.AsSpan().CopyTo(_drops);
        Received = other.Received;
        ReceivedBytes = other.ReceivedBytes;
        Forwarded = other.Forwarded;
        Offered = other.Offered;
        Delivered = other.Delivered;
        DeliveredBytes = other.DeliveredBytes;
    }

    internal void Clear()
    {
        _drops.AsSpan().Clear();
        Received = ReceivedBytes = Forwarded = Offered = Delivered = DeliveredBytes = 0;
    }

    internal void CountReceived(uint frames, ulong bytes)
    {
        unchecked
        {
            Received += frames;
            ReceivedBytes += bytes;
        }
    }

    internal void CountForwarded(uint frames) => Forwarded = unchecked(Forwarded + frames);

    internal void CountOffered(uint frames) => Offered = unchecked(Offered + frames);

    internal void CountDelivered(uint frames, ulong bytes)
    {
        unchecked
        {
            Delivered += frames;
            DeliveredBytes += bytes;
        }
    }

    internal void CountDrops(DropReason reason, uint frames) => _drops[(int)reason] = unchecked(_drops[(int)reason] + frames);
}
