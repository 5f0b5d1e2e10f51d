using System;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// A host's TCP/IP on one Ethernet link. Frames come in by <see cref="Receive(ReadOnlySpan{byte})"/> and go out by the link; one timer of the
/// <see cref="TimeProvider"/> does all that is to be done at a time.
/// <code>
///   frame -> Ethernet -> ARP
///                     -> IPv4 -> ICMP
///                             -> UDP -> socket's receiver
///                             -> TCP -> connection -> its reader
/// </code>
/// All of it runs under one lock, in the thread that calls; nothing blocks. Any thread may call anything.
/// </summary>
public sealed class NetworkStack : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer _timer;
    private readonly StackContext _context;
    private readonly EthernetLayer _ethernet;
    private readonly ArpLayer _arp;
    private readonly Ipv4Layer _ip;
    private readonly IcmpLayer _icmp;
    private readonly UdpLayer _udp;
    private readonly TcpLayer _tcp;
    private int _depth;
    private long _timerDue = long.MaxValue;
    private bool _isDisposed;

    /// <summary>A stack without an address; <see cref="Configure"/> gives it one.</summary>
    public NetworkStack(ILink link, TimeProvider time, IRandomSource random, TcpSettings? tcp = null)
    {
        ArgumentNullException.ThrowIfNull(link);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        _time = time;
        _start = time.GetTimestamp();
        _context = new StackContext(random);
        _ethernet = new EthernetLayer(link, _context.Counters);
        _arp = new ArpLayer(_context, _ethernet);
        _ip = new Ipv4Layer(_context, _ethernet, _arp);
        _icmp = new IcmpLayer(_context, _ip) { OnError = ReceiveError };
        _udp = new UdpLayer(this, _context, _ip, _icmp);
        _tcp = new TcpLayer(this, _context, _ip, tcp ?? new TcpSettings());
        _timer = time.CreateTimer(static stack => ((NetworkStack)stack!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The host's address and network; null while it has none.</summary>
    public IpConfiguration? Configuration => _ip.Configuration;

    /// <summary>What went through, and what did not.</summary>
    public StackCounters Counters => _context.Counters;

    /// <summary>The station's address on its link.</summary>
    public MacAddress MacAddress => _ethernet.Address;

    internal StackContext Context => _context;

    internal ArpLayer Arp => _arp;

    internal TcpLayer Tcp => _tcp;

    /// <summary>Gives the host its address, or takes it away; connections from an address that is gone are reset.</summary>
    /// <exception cref="ArgumentException">The configuration contradicts itself (<see cref="IpConfiguration.IsValid"/>).</exception>
    public void Configure(IpConfiguration? configuration)
    {
        if (configuration is { IsValid: false })
            throw new ArgumentException($"{configuration} is no host's configuration.", nameof(configuration));
        using Scope scope = Enter();
        if (configuration?.Address != _ip.Configuration?.Address)
            _tcp.EndAll();
        _ip.Configure(configuration);
    }

    /// <summary>Takes one frame from the link, without its check sequence.</summary>
    public void Receive(ReadOnlySpan<byte> frame)
    {
        using Scope scope = Enter();
        Take(frame);
    }

    /// <summary>Takes all frames that a batch has.</summary>
    public void Receive<TBatch>(scoped ref TBatch batch)
        where TBatch : IFrameBatch, allows ref struct
    {
        using Scope scope = Enter();
        while (batch.TryNext(out ReadOnlySpan<byte> frame))
            Take(frame);
    }

    /// <summary>Takes a UDP port.</summary>
    /// <param name="port">The port, or 0 for a free one that cannot be guessed (RFC 6056).</param>
    /// <param name="receiver">Who is told what comes.</param>
    /// <exception cref="SocketException">The port is taken.</exception>
    public UdpSocket BindUdp(ushort port, IUdpReceiver receiver) => _udp.Bind(port, receiver);

    /// <summary>Takes connections at a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="backlog">How many may wait to be taken.</param>
    /// <exception cref="SocketException">The port is taken.</exception>
    public TcpListener Listen(ushort port, int backlog = 128) => _tcp.Listen(port, backlog);

    /// <summary>Asks for a connection; <see cref="TcpConnection.WaitForConnectionAsync"/> tells what came of it.</summary>
    /// <exception cref="SocketException">The host has no address, the peer none that can be reached, or there are too many connections.</exception>
    public TcpConnection Connect(IpEndpoint remote) => _tcp.Connect(remote);

    /// <summary>Asks for a connection and waits until it is set up.</summary>
    /// <exception cref="SocketException">It could not be.</exception>
    public async ValueTask<TcpConnection> ConnectAsync(IpEndpoint remote, CancellationToken cancellationToken = default)
    {
        TcpConnection connection = Connect(remote);
        try
        {
            await connection.WaitForConnectionAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            connection.Abort();
            throw;
        }
        return connection.Error switch
        {
            TcpError.None => connection,
            TcpError.TimedOut => throw new SocketException((int)SocketError.TimedOut),
            TcpError.Aborted => throw new SocketException((int)SocketError.ConnectionAborted),
            _ => throw new SocketException((int)SocketError.ConnectionRefused),
        };
    }

    /// <summary>Does no more: nothing is taken from the link, no timer runs.</summary>
    public void Dispose()
    {
        using (Enter())
            _isDisposed = true;
        _timer.Dispose();
    }

    /// <summary>Takes the lock and brings the clock up to date; the scope's end sends what is left to send and sets the timer.</summary>
    internal Scope Enter()
    {
        _lock.Enter();
        if (_depth++ == 0)
            _context.Now = _time.GetElapsedTime(_start).Ticks / TimeSpan.TicksPerMicrosecond;
        return new Scope(this);
    }

    private void Leave()
    {
        if (--_depth == 0 && !_isDisposed)
        {
            _ethernet.Flush();
            SetTimer();
        }
        _lock.Exit();
    }

    private void Take(ReadOnlySpan<byte> frame)
    {
        if (_isDisposed)
            return;
        _context.Counters.FramesReceived++;
        if (!_ethernet.TryParse(frame, out EtherType type, out bool isBroadcast))
            return;
        ReadOnlySpan<byte> payload = frame[EthernetLayer.HeaderLength..];
        if (type == EtherType.Arp)
            _arp.Receive(payload);
        else if (type != EtherType.Ipv4)
            _context.Counters.Drop(DropReason.NotForUs);
        else if (_ip.TryReceive(payload, isBroadcast, out IpPacket packet))
            Deliver(packet);
    }

    private void Deliver(in IpPacket packet)
    {
        switch (packet.Protocol)
        {
            case IpProtocol.Icmp:
                _icmp.Receive(packet);
                break;
            case IpProtocol.Udp:
                _udp.Receive(packet);
                break;
            case IpProtocol.Tcp:
                _tcp.Receive(packet);
                break;
            default:
                _context.Counters.Drop(DropReason.NotForUs);
                _icmp.SendProtocolUnreachable(packet);
                break;
        }
    }

    private void ReceiveError(IpProtocol protocol, IpAddress destination, ReadOnlySpan<byte> quoted, IcmpError error, int mtu)
    {
        if (protocol == IpProtocol.Udp)
            _udp.ReceiveError(destination, quoted, error);
        else if (protocol == IpProtocol.Tcp)
            _tcp.ReceiveError(destination, quoted, error, mtu);
    }

    private void OnTimer()
    {
        using Scope scope = Enter();
        _timerDue = long.MaxValue;
        if (!_isDisposed)
            _context.Timers.RunDue(_context.Now);
    }

    // The timer may fire too early and then finds nothing to do, which costs less than setting it anew whenever a deadline moves back.
    private void SetTimer()
    {
        long due = _context.Timers.Next;
        if (due >= _timerDue)
            return;
        _timerDue = due;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(0, (due - _context.Now + 999) / 1000)), Timeout.InfiniteTimeSpan);
    }

    /// <summary>The stack is held as long as this is.</summary>
    internal readonly ref struct Scope(NetworkStack stack)
    {
        public void Dispose() => stack.Leave();
    }
}
