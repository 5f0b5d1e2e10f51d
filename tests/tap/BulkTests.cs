using System.Net;
using System.Net.Sockets;
using HyperOS.Management.TcpIp;
using static HyperOS.Tests.Tap.TapBench;

namespace HyperOS.Tests.Tap;

/// <summary>Whole streams between the stack and Linux, both ways at once, over good links and bad ones.</summary>
public class BulkTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Streams_go_both_ways_on_a_good_link(bool linuxAsks)
    {
        using TapBench bench = new();
        await RunAsync(bench, linuxAsks, 20_000_000);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public async Task Streams_go_both_ways_on_a_link_that_loses_repeats_and_reorders(int seed, bool linuxAsks)
    {
        using TapBench bench = new(badness: 10 * seed);
        await RunAsync(bench, linuxAsks, 2_000_000);
        Assert.NotEqual(0, bench.Stack.Counters.Retransmissions);
    }

    [Theory]
    [InlineData("tcp_sack")]
    [InlineData("tcp_timestamps")]
    [InlineData("tcp_window_scaling")]
    public async Task A_Linux_without_one_of_the_extensions_is_spoken_to_without(string knob)
    {
        using TapBench bench = new(badness: 40);
        bench.Linux.Set($"ipv4/{knob}", "0");
        await RunAsync(bench, linuxAsks: true, 500_000);
    }

    [Fact]
    public async Task The_links_MTU_changes_under_way()
    {
        using TapBench bench = new();
        int[] mtus = [1280, 4000, 576, 1500];
        int step = 0;
        byte[] sent = Streams.Bytes(20_000_000, 1);
        (Socket linux, TcpConnection stack) = await bench.AcceptAsync();
        using NetworkStream there = new(linux, ownsSocket: true);
        using TcpStream here = new(stack);
        Task<string> received = Streams.SumAsync(there), echoed = Streams.SumAsync(here);
        Task sending = Streams.SendAsync(there, sent, () => linux.Shutdown(SocketShutdown.Send));
        for (int at = 0; at < sent.Length; at += 1_000_000)
        {
            if (at % 4_000_000 == 0 && step < mtus.Length)
            {
                bench.Linux.Ip($"link set tap0 mtu {mtus[step]}");
                bench.Link.Mtu = mtus[step++];
            }
            await here.WriteAsync(sent.AsMemory(at, 1_000_000)).AsTask().WaitAsync(Patience);
        }
        stack.CloseOutput();
        await sending.WaitAsync(Patience);
        Assert.Equal((Streams.Sum(sent), Streams.Sum(sent)), (await received.WaitAsync(Patience), await echoed.WaitAsync(Patience)));
    }

    [Fact]
    public async Task A_narrow_link_behind_a_router_is_found_by_its_word()
    {
        using TapBench bench = new();
        using NetworkNamespace far = new();
        // tap0 - Linux as the router - 1200 bytes wide - a far host.
        bench.Linux.Ip("link add narrow type veth peer name wide");
        bench.Linux.Ip("addr add 10.9.1.1/24 dev narrow");
        bench.Linux.Ip("link set narrow mtu 1200 up");
        bench.Linux.Ip($"link set wide netns {far.ThreadId}");
        bench.Linux.Set("ipv4/ip_forward", "1");
        far.Ip("addr add 10.9.1.2/24 dev wide");
        far.Ip("link set wide up");
        far.Ip("route add default via 10.9.1.1");
        using Socket listener = far.Run(() => new Socket(SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(IPAddress.Any, Port));
        listener.Listen();
        Task<TcpConnection> connecting = bench.Stack.ConnectAsync(new IpEndpoint(IpAddress.V4(10, 9, 1, 2), Port)).AsTask();
        using NetworkStream there = new(await listener.AcceptAsync().WaitAsync(Patience), ownsSocket: true);
        TcpConnection connection = await connecting.WaitAsync(Patience);
        Assert.Equal(1448, connection.SegmentSize);
        byte[] sent = Streams.Bytes(1_000_000, 1);
        Task<string> received = Streams.SumAsync(there);
        await Streams.SendAsync(new TcpStream(connection), sent, connection.CloseOutput).WaitAsync(Patience);
        Assert.Equal(Streams.Sum(sent), await received.WaitAsync(Patience));
        Assert.Equal(1148, connection.SegmentSize);
    }

    [Fact]
    public async Task Two_thousand_connections_at_once_all_get_their_answers()
    {
        const int Count = 2000;
        using TapBench bench = new();
        TcpListener listener = bench.Listener;
        List<Task> echoes = [];
        Task accepting = Task.Run(async () =>
        {
            while (echoes.Count < Count && await listener.AcceptAsync() is { } connection)
                echoes.Add(EchoAsync(connection));
        });
        Socket[] sockets = [.. Enumerable.Range(0, Count).Select(_ => bench.NewSocket())];
        await Task.WhenAll(sockets.Select(socket => socket.ConnectAsync(new IpEndpoint(StackAddress, Port).ToIPEndPoint()))).WaitAsync(Patience);
        await accepting.WaitAsync(Patience);
        Assert.Equal(Count, bench.Stack.Tcp.Connections);
        await Task.WhenAll(sockets.Select(async (socket, number) =>
        {
            using NetworkStream stream = new(socket, ownsSocket: true);
            byte[] sent = Streams.Bytes(3000, number);
            Task<string> received = Streams.SumAsync(stream);
            await Streams.SendAsync(stream, sent, () => socket.Shutdown(SocketShutdown.Send));
            Assert.Equal(Streams.Sum(sent), await received);
        })).WaitAsync(Patience);
        await Task.WhenAll(echoes).WaitAsync(Patience);
        await UntilAsync(() => bench.Stack.Tcp is { Connections: 0, Pool.Held: 0, HalfOpenConnections: 0 }, "all are over");
    }

    private static async Task EchoAsync(TcpConnection connection)
    {
        using TcpStream stream = new(connection);
        await stream.CopyToAsync(stream);
        connection.CloseOutput();
        await connection.WaitForEndAsync();
    }

    private static async Task RunAsync(TapBench bench, bool linuxAsks, int length)
    {
        (Socket linux, TcpConnection stack) = await (linuxAsks ? bench.AcceptAsync() : bench.ConnectAsync());
        using NetworkStream there = new(linux, ownsSocket: true);
        using TcpStream here = new(stack);
        byte[] fromLinux = Streams.Bytes(length, 1), fromStack = Streams.Bytes(length, 2);
        Task<string> atStack = Streams.SumAsync(here), atLinux = Streams.SumAsync(there);
        await Task.WhenAll(
            Streams.SendAsync(there, fromLinux, () => linux.Shutdown(SocketShutdown.Send)),
            Streams.SendAsync(here, fromStack, stack.CloseOutput),
            atStack,
            atLinux).WaitAsync(Patience);
        Assert.Equal((Streams.Sum(fromLinux), Streams.Sum(fromStack)), (await atStack, await atLinux));
        await stack.WaitForEndAsync().AsTask().WaitAsync(Patience);
        Assert.Equal(TcpError.None, stack.Error);
    }
}
