using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.TwoHosts;

namespace HyperOS.Tests.TcpIp;

/// <summary>Whole streams between two stacks, on good and bad links.</summary>
public class TcpTransferTests
{
    [Fact]
    public void Streams_go_both_ways_and_end_in_order()
    {
        using TwoHosts hosts = new();
        Run(hosts, 3_000_000, TimeSpan.FromSeconds(5));
        Assert.Equal(0, hosts.A.Counters.Retransmissions + hosts.B.Counters.Retransmissions);
        hosts.CheckNothingIsHeld();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Streams_go_both_ways_on_a_link_that_loses_repeats_and_reorders(int seed)
    {
        using TwoHosts hosts = new(seed);
        foreach (SimulatedLink link in hosts.Links)
            (link.Loss, link.Repetition, link.Reordering) = (0.05, 0.05, 0.2);
        Run(hosts, 1_000_000, TimeSpan.FromMinutes(5));
        Assert.NotEqual(0, hosts.A.Counters.Retransmissions);
        hosts.CheckNothingIsHeld();
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void Streams_go_both_ways_to_a_peer_without_SACK_timestamps_and_scaling(int seed)
    {
        using TwoHosts hosts = new(seed);
        foreach (SimulatedLink link in hosts.Links)
        {
            (link.Loss, link.Repetition, link.Reordering) = (0.05, 0.05, 0.2);
            link.Filter = TcpFrames.StripSynOptions;
        }
        Run(hosts, 300_000, TimeSpan.FromMinutes(10));
        hosts.CheckNothingIsHeld();
    }

    [Fact]
    public void Even_a_link_that_loses_a_third_gets_a_little_through()
    {
        using TwoHosts hosts = new(7);
        foreach (SimulatedLink link in hosts.Links)
            link.Loss = 0.3;
        Run(hosts, 20_000, TimeSpan.FromMinutes(60));
    }

    [Fact]
    public void Small_buffers_only_make_it_slower()
    {
        TcpSettings small = new() { ReceiveBuffer = 5000, SendBuffer = 3000, Memory = 1 };
        using TwoHosts hosts = new(8, small, small);
        foreach (SimulatedLink link in hosts.Links)
            link.Loss = 0.02;
        Run(hosts, 200_000, TimeSpan.FromMinutes(30));
        hosts.CheckNothingIsHeld();
    }

    [Fact]
    public void A_link_whose_MTU_changes_loses_nothing()
    {
        using TwoHosts hosts = new(9);
        (TcpConnection atA, TcpConnection atB) = hosts.Connect();
        Transfer there = new(atA, atB, 3_000_000, 1);
        int[] mtus = [1500, 600, 9000, 576, 1400];
        int step = 0;
        hosts.Time.RunUntil(() =>
        {
            if (there.Received > 500_000 * (step + 1) && step < mtus.Length - 1)
            {
                step++;
                foreach (SimulatedLink link in hosts.Links)
                    link.Mtu = mtus[step];
            }
            there.Pump();
            return there.IsDone;
        }, TimeSpan.FromMinutes(2), "all has come");
        Assert.Equal(mtus.Length - 1, step);
    }

    [Fact]
    public void A_path_that_swallows_large_packets_without_a_word_is_got_through_with_small_ones()
    {
        using TwoHosts hosts = new(10);
        (TcpConnection atA, TcpConnection atB) = hosts.Connect();
        hosts.LinkA.PathMtu = 1000;
        Transfer there = new(atA, atB, 20_000, 1);
        hosts.Time.RunUntil(() =>
        {
            there.Pump();
            return there.IsDone;
        }, TimeSpan.FromMinutes(5), "all has come");
    }

    [Fact]
    public void A_slow_and_long_link_is_filled()
    {
        using TwoHosts hosts = new(11);
        foreach (SimulatedLink link in hosts.Links)
            (link.Delay, link.BytesPerSecond) = (TimeSpan.FromMilliseconds(20), 4_000_000);
        long start = hosts.Time.Now;
        Run(hosts, 8_000_000, TimeSpan.FromMinutes(1));
        Assert.InRange((hosts.Time.Now - start) / (double)TimeSpan.TicksPerSecond, 2, 4);
    }

    [Fact]
    public void Two_thousand_connections_at_once_all_get_through()
    {
        using TwoHosts hosts = new(12);
        using TcpListener listener = hosts.B.Listen(80, 4000);
        foreach (SimulatedLink link in hosts.Links)
            link.Loss = 0.01;
        const int Count = 2000, Length = 10_000;
        TcpConnection[] clients = new TcpConnection[Count];
        for (int i = 0; i < Count; i++)
        {
            hosts.Time.Advance(TimeSpan.FromMicroseconds(50));
            clients[i] = hosts.A.Connect(new IpEndpoint(AddressB, 80));
        }
        hosts.Time.AdvanceSeconds(20);
        Dictionary<IpEndpoint, TcpConnection> servers = [];
        while (listener.TryAccept() is { } server)
            servers.Add(server.Remote, server);
        byte[] buffer = new byte[20_000];
        int[] sent = new int[Count], received = new int[Count];
        bool Pump(int i)
        {
            if (sent[i] < Length && (sent[i] += clients[i].Write(Enumerable.Repeat((byte)i, Length - sent[i]).ToArray())) == Length)
                clients[i].CloseOutput();
            if (!servers.TryGetValue(clients[i].Local, out TcpConnection? server))
                return false;
            int count;
            while ((count = server.Read(buffer)) != 0)
            {
                Assert.Equal(-1, buffer.AsSpan(0, count).IndexOfAnyExcept((byte)i));
                received[i] += count;
            }
            return server.IsInputEnded;
        }
        bool isDone = false;
        for (int round = 0; round < 1000 && !isDone; round++)
        {
            isDone = true;
            while (listener.TryAccept() is { } server)
                servers.Add(server.Remote, server);
            for (int i = 0; i < Count; i++)
                isDone &= Pump(i);
            hosts.Time.AdvanceSeconds(0.1);
        }
        Assert.True(isDone);
        Assert.All(received, total => Assert.Equal(Length, total));
        foreach (TcpConnection server in servers.Values)
            server.Dispose();
        hosts.Time.AdvanceSeconds(60);
        Assert.All(clients, client => Assert.Contains(client.State, (TcpState[])[TcpState.TimeWait, TcpState.Closed]));
        listener.Dispose();
        hosts.CheckNothingIsHeld();
    }

    private static void Run(TwoHosts hosts, long length, TimeSpan within)
    {
        (TcpConnection atA, TcpConnection atB) = hosts.Connect();
        Transfer there = new(atA, atB, length, 1), back = new(atB, atA, length, 2);
        hosts.Time.RunUntil(() =>
        {
            there.Pump();
            back.Pump();
            return there.IsDone && back.IsDone;
        }, within, "all has come");
        Assert.Equal((TcpError.None, TcpError.None), (atA.Error, atB.Error));
    }
}
