namespace HyperOS.Specs.Net;

/// <summary>Offsets in an Ethernet frame, in bytes: IEEE 802.3, section "MAC frame and packet specifications". Fields are big-endian.</summary>
public static class EthernetHeader
{
    public const int Destination = 0;
    public const int Source = 6;

    /// <summary>An <see cref="Net.EtherType"/>; of a tagged frame, that of the tag.</summary>
    public const int EtherType = 12;

    /// <summary>Of a frame without tag.</summary>
    public const int Length = 14;

    /// <summary>The longest packet of an ordinary link.</summary>
    public const int StandardPayload = 1500;
}
