using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

/// <summary>One stack, 10.0.0.1/24 with the router 10.0.0.254, on a link whose other stations are played by the test.</summary>
internal sealed class HostBench : IDisposable
{
    public static readonly IpAddress Host = IpAddress.V4(10, 0, 0, 1);
    public static readonly IpAddress Peer = IpAddress.V4(10, 0, 0, 2);
    public static readonly IpAddress Router = IpAddress.V4(10, 0, 0, 254);
    public static readonly IpAddress Far = IpAddress.V4(192, 0, 2, 7);
    public static readonly MacAddress PeerMac = new(0x0200_0000_0002);
    public static readonly MacAddress RouterMac = new(0x0200_0000_00FE);

    public HostBench(bool isConfigured = true, TcpSettings? settings = null)
    {
        Stack = new NetworkStack(Link, Time, new SeededRandom(1), settings);
        if (!isConfigured)
            return;
        Stack.Configure(new IpConfiguration(Host, 24, Router));
        Link.Take();
    }

    public VirtualTime Time { get; } = new();

    public RecordingLink Link { get; } = new();

    public NetworkStack Stack { get; }

    public MacAddress HostMac => Link.Address;

    public void Dispose() => Stack.Dispose();

    /// <summary>Has the host learn the peer's and the router's station, as their questions do.</summary>
    public HostBench KnowNeighbours()
    {
        Stack.Receive(Frame(MacAddress.Broadcast, PeerMac, 0x0806, Arp(1, PeerMac, Peer, default, Host)));
        Stack.Receive(Frame(MacAddress.Broadcast, RouterMac, 0x0806, Arp(1, RouterMac, Router, default, Host)));
        Link.Take();
        return this;
    }

    /// <summary>From now on the peer's station answers ARP for all.</summary>
    public HostBench AnswerArp()
    {
        Link.OnSent = frame =>
        {
            IpAddress target = IpAddress.V4(frame.Length == 42 ? Get32(frame, 38) : 0);
            if (Get16(frame, 12) == 0x0806 && target != Host)
                Time.Schedule(TimeSpan.Zero, () => Stack.Receive(Frame(HostMac, PeerMac, 0x0806, Arp(2, PeerMac, target, HostMac, Host))));
        };
        return this;
    }

    /// <summary>A packet from the peer's station.</summary>
    public void ReceiveIp(byte[] packet) => Stack.Receive(Frame(HostMac, PeerMac, 0x0800, packet));

    /// <summary>The IPv4 packets among what was sent.</summary>
    public List<byte[]> TakePackets() => [.. Link.Take().Where(frame => Get16(frame, 12) == 0x0800).Select(frame => frame[EthernetLength..])];

    public long Drops(DropReason reason) => Stack.Counters.Drops(reason);
}
