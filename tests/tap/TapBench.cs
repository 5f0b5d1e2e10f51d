using System.Net;
using System.Net.Sockets;
using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.Tap;

/// <summary>The stack, 10.9.0.2, and a Linux of its own, 10.9.0.1, on one link.</summary>
internal sealed class TapBench : IDisposable
{
    public const ushort Port = 80;

    public static readonly IpAddress LinuxAddress = IpAddress.V4(10, 9, 0, 1);
    public static readonly IpAddress StackAddress = IpAddress.V4(10, 9, 0, 2);
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private TcpListener? _listener;

    /// <param name="settings">Of the stack's TCP.</param>
    /// <param name="badness">Makes the link bad: by the seed both ways, 5 % lost, 2 % repeated, 5 % out of order; null for a link that is good.</param>
    /// <param name="isWatched">The test will look at frames, or hold them back.</param>
    public TapBench(TcpSettings? settings = null, int? badness = null, bool isWatched = false)
    {
        Link = Linux.Run(() => new TapLink("tap0"));
        if (isWatched)
            (Link.Incoming, Link.Outgoing) = (new Impairment(0), new Impairment(0));
        if (badness is { } seed)
        {
            Link.Incoming = new Impairment(seed) { Loss = 0.05, Repetition = 0.02, Reordering = 0.05 };
            Link.Outgoing = new Impairment(seed + 1) { Loss = 0.05, Repetition = 0.02, Reordering = 0.05 };
        }
        Linux.Ip($"addr add {LinuxAddress}/24 dev tap0");
        Linux.Ip("link set tap0 up");
        Stack = new NetworkStack(Link, TimeProvider.System, new SystemRandomSource(), settings);
        Link.Start(Stack);
        Stack.Configure(new IpConfiguration(StackAddress, 24, LinuxAddress));
    }

    public NetworkNamespace Linux { get; } = new();

    public TapLink Link { get; }

    public NetworkStack Stack { get; }

    /// <summary>The stack's listener at the port.</summary>
    public TcpListener Listener => _listener ??= Stack.Listen(Port, backlog: 4096);

    public void Dispose()
    {
        Stack.Dispose();
        Link.Dispose();
        Linux.Dispose();
    }

    /// <summary>A socket of Linux'.</summary>
    public Socket NewSocket(ProtocolType protocol = ProtocolType.Tcp) =>
        Linux.Run(() => new Socket(AddressFamily.InterNetwork, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol));

    /// <summary>A connection that Linux asks for.</summary>
    public async Task<(Socket Linux, TcpConnection Stack)> AcceptAsync(Action<Socket>? prepare = null)
    {
        TcpListener listener = Listener;
        Socket socket = NewSocket();
        prepare?.Invoke(socket);
        await socket.ConnectAsync(new IpEndpoint(StackAddress, Port).ToIPEndPoint()).WaitAsync(Patience);
        TcpConnection? connection = await listener.AcceptAsync().AsTask().WaitAsync(Patience);
        return (socket, connection!);
    }

    /// <summary>A connection that the stack asks for.</summary>
    public async Task<(Socket Linux, TcpConnection Stack)> ConnectAsync()
    {
        using Socket listener = NewSocket();
        listener.Bind(new IPEndPoint(IPAddress.Any, Port));
        listener.Listen();
        Task<TcpConnection> connecting = Stack.ConnectAsync(new IpEndpoint(LinuxAddress, Port)).AsTask();
        Socket socket = await listener.AcceptAsync().WaitAsync(Patience);
        return (socket, await connecting.WaitAsync(Patience));
    }

    /// <summary>Until something is so, looking whenever a frame has passed or a moment has.</summary>
    public static async Task UntilAsync(Func<bool> isSo, string what)
    {
        using CancellationTokenSource patience = new(Patience);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(5));
        while (!isSo())
            Assert.True(!patience.IsCancellationRequested && await timer.WaitForNextTickAsync(CancellationToken.None), $"not within {Patience}: {what}");
    }
}
