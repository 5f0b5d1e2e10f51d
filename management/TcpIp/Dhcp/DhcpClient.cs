using System;
using System.Buffers.Binary;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// Asks a DHCP server for the host's address and keeps the lease (RFC 2131 section 4.4), or takes a fixed address where there is no server.
/// <code>
///   Selecting --offer--> Requesting --ACK--> Probing --free--> Bound --T1--> Renewing --T2--> Rebinding
///      ^   ^                 | NAK              | taken         ^  +-----------ACK-+-----------ACK-+ |
///      |   +-----------------+                  | DECLINE       +----------------------------------+ | NAK, lease over
///      +----------------------------------------+-----------------------------------------------------+
/// </code>
/// </summary>
public sealed class DhcpClient : IUdpReceiver, IDisposable
{
    private const ushort ClientPort = 68;
    private const ushort ServerPort = 67;
    private const long Second = 1_000_000;
    private const long Never = long.MaxValue;
    private const int MaximumRequests = 4;

    private readonly NetworkStack _stack;
    private readonly StackContext _context;
    private readonly DhcpSettings _settings;
    private readonly UdpSocket _socket;
    private readonly StackTimer _timer;
    private readonly StackTimer _fallbackTimer;
    private uint _transaction;
    private long _startedAt;
    private long _askedAt;
    private int _tries;
    private IpConfiguration? _offer;
    private IpAddress _server;
    private long _renewAt = Never;
    private long _rebindAt = Never;
    private long _overAt = Never;

    /// <summary>Begins to ask.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The port is taken: there is a client already.</exception>
    public DhcpClient(NetworkStack stack, DhcpSettings settings)
    {
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(settings);
        _stack = stack;
        _settings = settings;
        _context = stack.Context;
        using NetworkStack.Scope scope = stack.Enter();
        _socket = stack.BindUdp(ClientPort, this);
        _timer = new StackTimer(_context.Timers, OnTimer);
        _fallbackTimer = new StackTimer(_context.Timers, TakeFallback);
        if (settings.Fallback is not null)
            _fallbackTimer.Start(_context.Now + Microseconds(settings.FallbackAfter));
        Discover();
    }

    /// <summary>Where it is with the lease.</summary>
    public DhcpState State { get; private set; }

    /// <summary>The host has the fixed address for want of a server.</summary>
    public bool IsFallback { get; private set; }

    /// <summary>Stops asking; the host keeps what it has.</summary>
    public void Dispose()
    {
        using NetworkStack.Scope scope = _stack.Enter();
        State = DhcpState.Stopped;
        _timer.Stop();
        _fallbackTimer.Stop();
        _socket.Dispose();
    }

    void IUdpReceiver.Refused(IpEndpoint remote)
    {
    }

    void IUdpReceiver.Receive(ReadOnlySpan<byte> payload, IpEndpoint from)
    {
        if (from.Port != ServerPort || !DhcpMessage.TryParse(payload, out DhcpMessage message)
            || message.Transaction != _transaction || message.Client != _stack.MacAddress)
        {
            _context.Counters.Drop(DropReason.Unexpected);
            return;
        }
        switch (State, message.Type)
        {
            case (DhcpState.Selecting, DhcpMessage.Offer) when message is { Server: { } server, Configuration: { } offer, Lease: not null }:
                _server = server;
                _offer = offer;
                _tries = 0;
                State = DhcpState.Requesting;
                Ask();
                break;
            case (DhcpState.Requesting, DhcpMessage.Acknowledgement) when message.Server == _server && message.Configuration?.Address == _offer!.Address:
                SetLease(message);
                State = DhcpState.Probing;
                _timer.Stop();
                _stack.Arp.Probe(_offer.Address, _settings.Probes, Microseconds(_settings.ProbeInterval), EndProbe);
                break;
            case (DhcpState.Renewing or DhcpState.Rebinding, DhcpMessage.Acknowledgement) when message.Configuration?.Address == _offer!.Address:
                SetLease(message);
                Bind();
                break;
            case (DhcpState.Requesting, DhcpMessage.Refusal) when message.Server == _server:
                Discover();
                break;
            case (DhcpState.Renewing or DhcpState.Rebinding, DhcpMessage.Refusal):
                LoseLease();
                break;
            default:
                _context.Counters.Drop(DropReason.Unexpected);
                break;
        }
    }

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    private void OnTimer()
    {
        long now = _context.Now;
        switch (State)
        {
            case DhcpState.Selecting:
                Ask();
                break;
            case DhcpState.Requesting when _tries == MaximumRequests:
                Discover();
                break;
            case DhcpState.Requesting:
                Ask();
                break;
            case DhcpState.Bound or DhcpState.Renewing or DhcpState.Rebinding when now >= _overAt:
                LoseLease();
                break;
            case DhcpState.Bound or DhcpState.Renewing or DhcpState.Rebinding:
                if (State == DhcpState.Bound)
                    _transaction = NewTransaction();
                State = now >= _rebindAt ? DhcpState.Rebinding : DhcpState.Renewing;
                AskForMoreTime(now);
                break;
        }
    }

    private void Discover()
    {
        State = DhcpState.Selecting;
        _transaction = NewTransaction();
        _startedAt = _context.Now;
        _tries = 0;
        Ask();
    }

    // RFC 2131 section 4.1: 4 seconds, then twice as long each time up to 64, each a second more or less so that hosts do not keep in step.
    private void Ask()
    {
        if (State == DhcpState.Selecting)
            Send(DhcpMessage.Discover, IpAddress.AnyV4, null, null, IpAddress.BroadcastV4);
        else
            Send(DhcpMessage.Request, IpAddress.AnyV4, _offer!.Address, _server, IpAddress.BroadcastV4);
        _askedAt = _context.Now;
        long wait = (4 * Second) << Math.Min(_tries++, 4);
        _timer.Start(_context.Now + wait - Second + (_context.RandomUInt16() * 2 * Second / 65536));
    }

    // RFC 2131 section 4.4.5: again after half of the time that is left, at least a minute.
    private void AskForMoreTime(long now)
    {
        bool isRenewing = State == DhcpState.Renewing;
        Send(DhcpMessage.Request, _offer!.Address, null, null, isRenewing ? _server : IpAddress.BroadcastV4);
        _askedAt = now;
        long until = isRenewing ? _rebindAt : _overAt;
        _timer.Start(Math.Min(until, now + Math.Max(60 * Second, (until - now) / 2)));
    }

    private void SetLease(in DhcpMessage message)
    {
        const uint Forever = uint.MaxValue, Shortest = 60;
        _offer = message.Configuration;
        _server = message.Server ?? _server;
        uint lease = Math.Max(Shortest, message.Lease ?? Shortest);
        if (lease == Forever)
        {
            _renewAt = _rebindAt = _overAt = Never;
            return;
        }
        // RFC 2131 section 4.4.5: half, and seven eighths, unless the server tells something that makes sense. The lease counts from the question.
        long rebind = message.Rebinding is { } told && told > 0 && told < lease ? told : lease * 7L / 8;
        long renew = message.Renewal is { } first && first > 0 && first < rebind ? first : Math.Min(lease / 2, rebind);
        (_renewAt, _rebindAt, _overAt) = (_askedAt + (renew * Second), _askedAt + (rebind * Second), _askedAt + (lease * Second));
    }

    private void EndProbe(bool isTaken)
    {
        if (State != DhcpState.Probing)
            return;
        if (!isTaken)
        {
            Bind();
            return;
        }
        // RFC 2131 section 3.1, step 5: the server is told, and asked again after ten seconds.
        Send(DhcpMessage.Decline, IpAddress.AnyV4, _offer!.Address, _server, IpAddress.BroadcastV4);
        State = DhcpState.Selecting;
        _transaction = NewTransaction();
        _tries = 0;
        _timer.Start(_context.Now + (10 * Second));
    }

    private void Bind()
    {
        State = DhcpState.Bound;
        IsFallback = false;
        _fallbackTimer.Stop();
        if (_stack.Configuration != _offer)
            _stack.Configure(_offer);
        _timer.Stop();
        if (_renewAt != Never)
            _timer.Start(_renewAt);
    }

    private void LoseLease()
    {
        _stack.Configure(null);
        if (_settings.Fallback is not null)
            _fallbackTimer.Start(_context.Now + Microseconds(_settings.FallbackAfter));
        Discover();
    }

    private void TakeFallback()
    {
        IsFallback = true;
        _stack.Configure(_settings.Fallback);
    }

    private void Send(byte type, IpAddress current, IpAddress? requested, IpAddress? server, IpAddress to)
    {
        Span<byte> bytes = stackalloc byte[512];
        int seconds = (int)((_context.Now - _startedAt) / Second);
        int length = DhcpMessage.Write(bytes, type, _transaction, seconds, _stack.MacAddress, current, requested, server, _settings.HostName);
        _socket.Send(new IpEndpoint(to, ServerPort), bytes[..length]);
    }

    private uint NewTransaction()
    {
        Span<byte> bytes = stackalloc byte[4];
        _context.Random.Fill(bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }
}
