using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

/// <summary>Looks into frames that carry TCP.</summary>
internal static class TcpFrames
{
    private const int Tcp = EthernetLength + IpLength;

    public static bool IsTcp(byte[] frame) => Get16(frame, 12) == 0x0800 && frame[EthernetLength + 9] == 6;

    /// <summary>Makes a SYN's options but the first, MSS, no operations, as an old peer's SYN has none.</summary>
    public static bool StripSynOptions(byte[] frame)
    {
        if (!IsTcp(frame) || (frame[Tcp + 13] & 0x02) == 0)
            return true;
        frame.AsSpan(Tcp + 24).Fill(1);
        Put(frame, Tcp + 16, 0);
        Put(frame, Tcp + 16, Checksum([.. frame[(EthernetLength + 12)..(EthernetLength + 20)], 0, 6, .. Number(frame.Length - Tcp), .. frame[Tcp..]]));
        return true;
    }
}
