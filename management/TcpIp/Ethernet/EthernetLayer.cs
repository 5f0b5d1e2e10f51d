using System;
using System.Buffers.Binary;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// Ethernet II frames (RFC 894):
/// <code>
///   0           6         12     14
///   | to        | from    | type | payload
/// </code>
/// A link's padding behind the payload is the payload's to cut off.
/// </summary>
internal sealed class EthernetLayer(ILink link, StackCounters counters)
{
    public const int HeaderLength = 14;

    private bool _hasSent;

    public MacAddress Address { get; } = link.Address;

    public int Mtu => Math.Clamp(link.Mtu, Ipv4Layer.MinimumMtu, PacketBuffer.Capacity);

    /// <summary>Reads a frame's header.</summary>
    /// <returns>False if it is too short, not for this station, or from none.</returns>
    public bool TryParse(ReadOnlySpan<byte> frame, out EtherType type, out bool isBroadcast)
    {
        type = default;
        isBroadcast = false;
        if (frame.Length < HeaderLength)
            return Drop(DropReason.Truncated);
        MacAddress to = MacAddress.Read(frame), from = MacAddress.Read(frame[MacAddress.Length..]);
        isBroadcast = to.IsGroup;
        type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        if (from.IsGroup || from == Address)
            return Drop(DropReason.BadSource);
        return to == Address || to == MacAddress.Broadcast || Drop(DropReason.NotForUs);
    }

    /// <summary>Writes the header in front of a payload that is already in place, and sends the frame.</summary>
    public void Send(Span<byte> frame, MacAddress to, EtherType type)
    {
        to.Write(frame);
        Address.Write(frame[MacAddress.Length..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], (ushort)type);
        _hasSent = true;
        if (link.TryTransmit(frame))
            counters.FramesSent++;
        else
            counters.Drop(DropReason.LinkFull);
    }

    public void Flush()
    {
        if (_hasSent)
            link.Flush();
        _hasSent = false;
    }

    private bool Drop(DropReason reason)
    {
        counters.Drop(reason);
        return false;
    }
}
