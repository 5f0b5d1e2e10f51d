using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using HyperOS.Management.TcpIp;
using HyperOS.Tests.Tap;

namespace HyperOS.Tests.NetBench;

/// <summary>
/// What one server does for a second of its processor's time. Clients are Linux' sockets in either case, in a network of their own: by a TAP device to
/// the stack, by a veth pair to Linux' sockets.
/// </summary>
/// <param name="Requests">Small requests answered.</param>
/// <param name="Sent">MB sent.</param>
/// <param name="Received">MB received.</param>
internal sealed record Run(double Requests, double Sent, double Received)
{
    public static readonly IpAddress ClientAddress = IpAddress.V4(10, 9, 0, 1);
    public static readonly IpAddress ServerAddress = IpAddress.V4(10, 9, 0, 2);

    private const int Connections = 32;
    private const int RequestsOfOne = 1500;
    private const int Megabytes = 512;
    private const int Rounds = 3;

    private static readonly byte[] s_request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray();

    public static async Task<Run> MeasureAsync(bool isStack)
    {
        using NetworkNamespace clients = new(), servers = new();
        if (!isStack)
        {
            clients.Ip($"link add client0 type veth peer name server0 netns {servers.ThreadId}");
            clients.Ip($"addr add {ClientAddress}/24 dev client0");
            clients.Ip("link set client0 up");
            servers.Ip($"addr add {ServerAddress}/24 dev server0");
            servers.Ip("link set server0 up");
        }
        ProcessStartInfo start = new(Environment.ProcessPath!, ["serve", isStack ? "stack" : "sockets"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Insert(0, typeof(Run).Assembly.Location);
        // The stack's device has to be in the clients' network, to which it leads.
        using Process server = (isStack ? clients : servers).Run(() => Process.Start(start)!);
        try
        {
            if (await server.StandardOutput.ReadLineAsync() != "ready")
                throw new InvalidOperationException("The server does not start.");
            if (isStack)
            {
                clients.Ip($"addr add {ClientAddress}/24 dev tap0");
                clients.Ip("link set tap0 up");
            }
            return new Run(
                await BestAsync(server, Connections * RequestsOfOne, () => RequestAsync(clients)),
                await BestAsync(server, Megabytes * 1.048576, () => ReceiveAsync(clients)),
                await BestAsync(server, Megabytes * 1.048576, () => SendAsync(clients)));
        }
        finally
        {
            server.Kill();
        }
    }

    // The best of some rounds, the first of which warms up, is the least disturbed one.
    private static async Task<double> BestAsync(Process server, double work, Func<Task> load)
    {
        double best = 0;
        for (int round = 0; round <= Rounds; round++)
        {
            long before = await UsageAsync(server);
            await load();
            double used = (await UsageAsync(server) - before) / 1e6;
            if (round > 0)
                best = Math.Max(best, work / used);
        }
        return best;
    }

    private static async Task<long> UsageAsync(Process server)
    {
        await server.StandardInput.WriteLineAsync();
        return long.Parse((await server.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
    }

    private static Task RequestAsync(NetworkNamespace clients) => Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ =>
    {
        using Socket socket = await ConnectAsync(clients);
        byte[] buffer = new byte[4096];
        int answer = 0;
        for (int i = 0; i < RequestsOfOne; i++)
        {
            await socket.SendAsync(s_request);
            // The first answer tells how long each is.
            int received = 0;
            do
            {
                int count = await socket.ReceiveAsync(buffer.AsMemory(received));
                received = count > 0 ? received + count : throw new InvalidOperationException("The server ends the connection.");
            }
            while (answer == 0 ? !Encoding.ASCII.GetString(buffer, 0, received).EndsWith("world!", StringComparison.Ordinal) : received < answer);
            answer = received;
        }
    }));

    private static async Task ReceiveAsync(NetworkNamespace clients)
    {
        using Socket socket = await ConnectAsync(clients);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /bulk?{Megabytes} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        byte[] buffer = new byte[256 * 1024];
        long received = 0;
        while (await socket.ReceiveAsync(buffer) is > 0 and int count)
            received += count;
        if (received < Megabytes * 1048576L)
            throw new InvalidOperationException($"Only {received} bytes came.");
    }

    private static async Task SendAsync(NetworkNamespace clients)
    {
        using Socket socket = await ConnectAsync(clients);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Megabytes * 1048576L}\r\n\r\n"));
        byte[] buffer = new byte[256 * 1024];
        for (int i = 0; i < Megabytes * 4; i++)
            await socket.SendAsync(buffer);
        if (await socket.ReceiveAsync(buffer) == 0)
            throw new InvalidOperationException("The server does not answer.");
    }

    private static async Task<Socket> ConnectAsync(NetworkNamespace clients)
    {
        Socket socket = clients.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        await socket.ConnectAsync(new IpEndpoint(ServerAddress, Server.Port).ToIPEndPoint());
        return socket;
    }
}
