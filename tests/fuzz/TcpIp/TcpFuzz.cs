using HyperOS.Management.TcpIp;
using HyperOS.Tests.TcpIp;

namespace HyperOS.Tests.Fuzz.TcpIp;

/// <summary>Segments of any content, at any time of a connection's life, never fault the stack, exceed its limits, or leave anything behind.</summary>
public class TcpFuzz
{
    private static readonly TcpSettings s_settings = new() { ReceiveBuffer = 20_000, SendBuffer = 10_000, Memory = 100_000, MaximumConnections = 4, MaximumHalfOpen = 3, MaximumAtRest = 2 };

    [Fact]
    public void A_peer_that_sends_anything_breaks_nothing() => FuzzRun.Run(random =>
    {
        using TcpBench bench = new(s_settings);
        List<TcpConnection> connections = [];
        byte[]? options = random.Next(3) == 0 ? TcpBench.Mss1000 : TcpBench.Mss1000AndSack;
        if (random.Next(4) != 0)
            connections.Add(random.Next(4) == 0 ? bench.Connect(options).Connection : bench.Accept(options));
        for (int count = random.Next(1, 25); count > 0; count--)
        {
            if (random.Next(3) == 0)
                Act(random, bench, connections);
            else
                Send(random, bench, connections.Count == 0 ? (ushort)80 : connections[^1].Local.Port);
            Assert.InRange(bench.Stack.Tcp.Pool.Held, 0, 24 + (2 * s_settings.MaximumConnections));
            Assert.InRange(bench.Stack.Tcp.Connections, 0, s_settings.MaximumConnections);
            Assert.InRange(bench.Stack.Tcp.HalfOpenConnections, 0, s_settings.MaximumHalfOpen);
        }
        foreach (byte[] frame in bench.Host.Link.Sent)
            NetworkStackFuzz.Check(frame, bench.Host.Link);
        bench.Host.Link.Take();
        bench.Listener.Dispose();
        foreach (TcpConnection connection in connections)
        {
            FuzzRun.Saw(connection.State);
            FuzzRun.Saw(connection.Error);
            connection.Dispose();
        }
        bench.Time.AdvanceSeconds(2000);
        Assert.Equal((0, 0), (bench.Stack.Tcp.Connections, bench.Stack.Tcp.Pool.Held));
    });

    private static void Send(Random random, TcpBench bench, ushort port)
    {
        byte flags = random.Next(4) switch
        {
            0 => (byte)random.Next(64),
            1 => TcpBench.Fin | TcpBench.Ack,
            _ => TcpBench.Ack,
        };
        byte[] data = new byte[random.Next(3) == 0 ? random.Next(1400) : 0];
        bench.Send(flags, Near(random), Near(random), data, DrawOptions(random, bench), random.Next(4) == 0 ? random.Next(3) : random.Next(65536), port, (ushort)(1000 + (random.Next(8) / 7)));
    }

    private static byte[] DrawOptions(Random random, TcpBench bench)
    {
        byte[] any = new byte[random.Next(41)];
        random.NextBytes(any);
        return random.Next(6) switch
        {
            0 => any,
            1 => bench.Sack((Near(random), Near(random)), (Near(random), Near(random)), (Near(random), Near(random))),
            2 => TcpBench.Timestamps((uint)random.Next(2000), bench.LastTimestamp),
            3 => [.. TcpBench.Mss1000AndSack, 1, 3, 3, (byte)random.Next(20), .. TcpBench.Timestamps(1, 0)],
            _ => [],
        };
    }

    private static uint Near(Random random) => random.Next(6) switch
    {
        0 => (uint)random.NextInt64(1L << 32),
        1 => (uint)random.Next(30_000),
        2 => 0,
        3 => (uint)random.Next(1, 12) * 1000,
        _ => (uint)random.Next(1, 3),
    };

    private static void Act(Random random, TcpBench bench, List<TcpConnection> connections)
    {
        if (bench.Listener.TryAccept() is { } accepted)
            connections.Add(accepted);
        if (random.Next(3) == 0)
            bench.Time.AdvanceSeconds(random.Next(3) == 0 ? random.Next(200) : random.NextDouble());
        if (connections.Count == 0)
            return;
        TcpConnection connection = connections[random.Next(connections.Count)];
        switch (random.Next(8))
        {
            case 0: connection.CloseOutput(); break;
            case 1: connection.Dispose(); break;
            case 2: connection.KeepAlive = TimeSpan.FromSeconds(random.Next(1, 100)); break;
            case 3: connection.Read(new byte[random.Next(3000)]); break;
            case 4: bench.Host.Link.Mtu = random.Next(576, 1600); break;
            default:
                if (!connection.Sender.IsEnding)
                    connection.Write(new byte[random.Next(12_000)]);
                break;
        }
    }
}
