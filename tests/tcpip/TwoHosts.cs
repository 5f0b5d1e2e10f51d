using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.TcpIp;

/// <summary>Two stacks, 10.0.0.1 and 10.0.0.2, on one simulated link under one virtual clock.</summary>
internal sealed class TwoHosts : IDisposable
{
    public static readonly IpAddress AddressA = IpAddress.V4(10, 0, 0, 1);
    public static readonly IpAddress AddressB = IpAddress.V4(10, 0, 0, 2);

    public TwoHosts(int seed = 1, TcpSettings? a = null, TcpSettings? b = null)
    {
        LinkA = new SimulatedLink(Time, new MacAddress(0x0200_0000_0001), seed);
        LinkB = new SimulatedLink(Time, new MacAddress(0x0200_0000_0002), seed + 1);
        A = new NetworkStack(LinkA, Time, new SeededRandom(seed + 2), a);
        B = new NetworkStack(LinkB, Time, new SeededRandom(seed + 3), b);
        LinkA.Deliver = frame => B.Receive(frame);
        LinkB.Deliver = frame => A.Receive(frame);
        A.Configure(new IpConfiguration(AddressA, 24, null));
        B.Configure(new IpConfiguration(AddressB, 24, null));
    }

    public VirtualTime Time { get; } = new();

    public SimulatedLink LinkA { get; }

    public SimulatedLink LinkB { get; }

    public NetworkStack A { get; }

    public NetworkStack B { get; }

    public IEnumerable<SimulatedLink> Links => [LinkA, LinkB];

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }

    /// <summary>A connection from A to B's port, as both see it.</summary>
    public (TcpConnection AtA, TcpConnection AtB) Connect(ushort port = 80)
    {
        using TcpListener listener = B.Listen(port);
        TcpConnection atA = A.Connect(new IpEndpoint(AddressB, port));
        TcpConnection? atB = null;
        Time.RunUntil(() => (atB ??= listener.TryAccept()) is not null && atA.State == TcpState.Established, TimeSpan.FromMinutes(3), "connected");
        return (atA, atB!);
    }

    /// <summary>After all is over nothing is left behind but what rests.</summary>
    public void CheckNothingIsHeld()
    {
        Time.AdvanceSeconds(300);
        Assert.Equal((0, 0), (A.Tcp.Connections, B.Tcp.Connections));
        Assert.Equal((0, 0), (A.Tcp.Pool.Held, B.Tcp.Pool.Held));
        Assert.Equal((0, 0), (A.Tcp.HalfOpenConnections, B.Tcp.HalfOpenConnections));
    }
}
