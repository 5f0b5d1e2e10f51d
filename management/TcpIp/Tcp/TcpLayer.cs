using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net.Sockets;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// TCP of one host (RFC 9293): finds the connection that a segment belongs to, takes new ones, and refuses the rest.
/// <code>
///   segment -> connection
///           -> half-open one: the last step of the handshake makes it a connection
///           -> listener: a SYN makes it half-open
///           -> nobody: RST
/// </code>
/// </summary>
internal sealed class TcpLayer
{
    private const byte ForSequence = 1;
    private const byte ForTimestamp = 2;
    private const byte ForPort = 3;
    private const int DynamicPorts = 49152;

    private readonly StackContext _context;
    private readonly Ipv4Layer _ip;
    private readonly SipHash _hash;
    private readonly Dictionary<FlowKey, TcpConnection> _connections = [];
    private readonly Dictionary<ushort, TcpListener> _listeners = [];
    private readonly Queue<TcpConnection> _atRest = new();
    private readonly HalfOpenQueue _halfOpen;
    private readonly RateLimit _resets = new(perSecond: 200);
    private uint _nextPort;

    public TcpLayer(NetworkStack stack, StackContext context, Ipv4Layer ip, TcpSettings settings)
    {
        Stack = stack;
        Settings = settings;
        Pool = new BufferPool(settings.Memory);
        _context = context;
        _ip = ip;
        _hash = new SipHash(context.Random);
        _nextPort = context.RandomUInt16();
        _halfOpen = new HalfOpenQueue(context, settings.MaximumHalfOpen, Answer);
        int shift = 0;
        while (settings.ReceiveBuffer >> shift > ushort.MaxValue)
            shift++;
        Offer = new TcpOffer(0, shift, IsSackPermitted: true, HasTimestamps: true);
    }

    public NetworkStack Stack { get; }

    public TcpSettings Settings { get; }

    public BufferPool Pool { get; }

    /// <summary>What this host offers every peer; the segment size is told apart, by the link's MTU then.</summary>
    public TcpOffer Offer { get; }

    public int Connections => _connections.Count;

    public int HalfOpenConnections => _halfOpen.Count;

    /// <summary>How much data fits a segment to a host without options (RFC 9293 section 3.7.1).</summary>
    public int MaximumSegmentSize(IpAddress remote) => _ip.PathMtu(remote) - Ipv4Header.MinimumLength - TcpSegment.HeaderLength;

    public int PathMtu(IpAddress remote) => _ip.PathMtu(remote);

    public void LowerPathMtu(IpAddress remote, int mtu) => _ip.LowerPathMtu(remote, mtu);

    /// <summary>Where a connection's timestamps begin, so that they tell nothing of the host or its other connections (RFC 7323 section 5.4).</summary>
    public uint TimestampOffset(FlowKey key) => (uint)_hash.Hash(key.Local, key.Remote, ForTimestamp);

    public TcpListener Listen(ushort port, int backlog)
    {
        using NetworkStack.Scope scope = Stack.Enter();
        TcpListener listener = new(this, port, backlog);
        if (port == 0 || !_listeners.TryAdd(port, listener))
            throw new SocketException((int)SocketError.AddressAlreadyInUse);
        return listener;
    }

    public void Close(TcpListener listener)
    {
        _listeners.Remove(listener.Port);
        _halfOpen.RemoveAll(halfOpen => halfOpen.Listener == listener);
    }

    public TcpConnection Connect(IpEndpoint remote)
    {
        using NetworkStack.Scope scope = Stack.Enter();
        if (_ip.Configuration is null || !remote.Address.IsV4 || !remote.Address.IsUnicast || remote.Address == _ip.Address || remote.Port == 0)
            throw new SocketException((int)SocketError.HostUnreachable);
        if (!TryMakeRoom())
            throw new SocketException((int)SocketError.NoBufferSpaceAvailable);
        FlowKey key = new(new IpEndpoint(_ip.Address, ChoosePort(remote)), remote);
        TcpConnection connection = TcpConnection.Ask(this, key, InitialSequence(key), Offer);
        _connections.Add(key, connection);
        return connection;
    }

    /// <summary>The host's address is another now: what went by the old one is over.</summary>
    public void EndAll()
    {
        _halfOpen.RemoveAll(_ => true);
        foreach (TcpConnection connection in new List<TcpConnection>(_connections.Values))
            connection.End(TcpError.Aborted);
    }

    public void Receive(in IpPacket packet)
    {
        if (!TcpSegment.TryParse(packet.Payload, out TcpSegment segment))
        {
            _context.Counters.Drop(DropReason.Truncated);
            return;
        }
        if (packet.TransportChecksum != 0)
        {
            _context.Counters.Drop(DropReason.BadChecksum);
            return;
        }
        // Nothing comes by broadcast (RFC 9293 section 3.9.2.3, MUST-57), nor from port 0.
        if (packet.Destination != _ip.Address || segment.SourcePort == 0)
        {
            _context.Counters.Drop(DropReason.NotForUs);
            return;
        }
        FlowKey key = new(new IpEndpoint(packet.Destination, segment.DestinationPort), new IpEndpoint(packet.Source, segment.SourcePort));
        if (_connections.TryGetValue(key, out TcpConnection? connection))
        {
            if (!connection.MayBeReplacedBy(segment))
            {
                connection.Receive(segment);
                return;
            }
            connection.End(TcpError.None);
        }
        if (_halfOpen.Find(key) is { } halfOpen)
            ReceiveHalfOpen(halfOpen, segment);
        else if (_listeners.TryGetValue(segment.DestinationPort, out TcpListener? listener))
            ReceiveQuestion(listener, key, segment);
        else
            Refuse(key, segment);
    }

    /// <summary>An ICMP error about a segment of this host, of which at least ports and sequence number are quoted.</summary>
    public void ReceiveError(IpAddress destination, ReadOnlySpan<byte> quoted, IcmpError error, int mtu)
    {
        IpEndpoint local = new(_ip.Address, BinaryPrimitives.ReadUInt16BigEndian(quoted));
        IpEndpoint remote = new(destination, BinaryPrimitives.ReadUInt16BigEndian(quoted[2..]));
        if (_connections.TryGetValue(new FlowKey(local, remote), out TcpConnection? connection))
            connection.ReceiveError(BinaryPrimitives.ReadUInt32BigEndian(quoted[4..]), error, mtu);
        else
            _context.Counters.Drop(DropReason.Unexpected);
    }

    public void Remove(TcpConnection connection) => _connections.Remove(connection.Key);

    /// <summary>A connection has come to rest; if too many do, the oldest is forgotten.</summary>
    public void AddAtRest(TcpConnection connection)
    {
        while (_atRest.TryPeek(out TcpConnection? over) && over.State == TcpState.Closed)
            _atRest.Dequeue();
        _atRest.Enqueue(connection);
        if (_atRest.Count > Settings.MaximumAtRest)
            _atRest.Dequeue().End(TcpError.None);
    }

    /// <summary>Sends a segment that lies in the packet buffer, header and all.</summary>
    public void Send(FlowKey key, Span<byte> segment)
    {
        IpAddress local = key.Local.Address, remote = key.Remote.Address;
        BinaryPrimitives.WriteUInt16BigEndian(
            segment[16..], InternetChecksum.OfPseudoHeader(local, remote, IpProtocol.Tcp, segment.Length).Add(segment).Value);
        _ip.Send(local, remote, IpProtocol.Tcp, segment.Length, mayFragment: false);
    }

    /// <summary>Sends a SYN, with an acknowledgement if it answers one.</summary>
    public void SendSyn(FlowKey key, long initial, long? acknowledgement, in TcpOffer offer, uint timestamp, uint echo, int window)
    {
        const int LongestOptions = 24;
        Span<byte> room = _context.Packet.Payload(TcpSegment.HeaderLength + LongestOptions);
        // The peer is told what the link takes; what the path takes is found out (RFC 9293 section 3.7.1).
        int size = _ip.Mtu - Ipv4Header.MinimumLength - TcpSegment.HeaderLength;
        int options = TcpSegment.WriteSynOptions(room[TcpSegment.HeaderLength..], size, offer, timestamp, echo);
        Span<byte> segment = room[..(TcpSegment.HeaderLength + options)];
        TcpFlags flags = TcpFlags.Syn | (acknowledgement is null ? TcpFlags.None : TcpFlags.Ack);
        TcpSegment.WriteHeader(segment, key.Local.Port, key.Remote.Port, initial, acknowledgement ?? 0, flags, Math.Min(window, ushort.MaxValue), options);
        Send(key, segment);
    }

    /// <summary>Sends a RST.</summary>
    public void SendReset(FlowKey key, long sequence, long acknowledgement, bool withAcknowledgement = true)
    {
        if (!_resets.TryTake(_context.Now))
        {
            _context.Counters.Drop(DropReason.RateLimited);
            return;
        }
        Span<byte> segment = _context.Packet.Payload(TcpSegment.HeaderLength);
        TcpFlags flags = TcpFlags.Rst | (withAcknowledgement ? TcpFlags.Ack : TcpFlags.None);
        TcpSegment.WriteHeader(segment, key.Local.Port, key.Remote.Port, sequence, withAcknowledgement ? acknowledgement : 0, flags, 0, 0);
        Send(key, segment);
    }

    // RFC 9293 section 3.10.7.2.
    private void ReceiveQuestion(TcpListener listener, FlowKey key, in TcpSegment segment)
    {
        if (segment.IsRst)
            return;
        if (segment.IsAck)
        {
            Refuse(key, segment);
            return;
        }
        if (!segment.IsSyn || segment.IsFin)
        {
            _context.Counters.Drop(DropReason.Unexpected);
            return;
        }
        _halfOpen.Add(new HalfOpen(key, listener, InitialSequence(key), segment.Sequence, TcpOffer.Of(segment), segment.Timestamp));
    }

    // SYN-RECEIVED of RFC 9293 section 3.10.7.4, for connections that were asked for by the peer.
    private void ReceiveHalfOpen(HalfOpen halfOpen, in TcpSegment segment)
    {
        long position = TcpSegment.Expand(segment.Sequence, halfOpen.PeerInitial);
        bool isNext = position == halfOpen.PeerInitial + 1;
        if (segment.IsRst)
        {
            if (isNext)
                _halfOpen.Remove(halfOpen.Key);
            return;
        }
        if (segment.IsSyn)
        {
            // The peer has not got the answer, or has begun anew and will say so when it gets this one.
            Answer(halfOpen);
            return;
        }
        if (!segment.IsAck)
            return;
        if (TcpSegment.Expand(segment.Acknowledgement, halfOpen.Initial) != halfOpen.Initial + 1)
        {
            Refuse(halfOpen.Key, segment);
            return;
        }
        bool isInWindow = position > halfOpen.PeerInitial && position <= halfOpen.PeerInitial + ushort.MaxValue;
        // A peer that nobody takes up yet sends its data again, by which it is let in then.
        if (!isInWindow || halfOpen.Listener.IsFull || !TryMakeRoom())
            return;
        _halfOpen.Remove(halfOpen.Key);
        TcpConnection connection = TcpConnection.Accept(this, halfOpen);
        _connections.Add(halfOpen.Key, connection);
        connection.Receive(segment);
        if (connection.State != TcpState.Closed)
            halfOpen.Listener.Add(connection);
    }

    private void Answer(HalfOpen halfOpen)
    {
        uint timestamp = TimestampOffset(halfOpen.Key) + (uint)(_context.Now / 1000);
        SendSyn(
            halfOpen.Key, halfOpen.Initial, halfOpen.PeerInitial + 1, Offer.AnswerTo(halfOpen.PeerOffer), timestamp, halfOpen.PeerTimestamp, Settings.ReceiveBuffer);
    }

    // RFC 9293 section 3.10.7.1.
    private void Refuse(FlowKey key, in TcpSegment segment)
    {
        _context.Counters.Drop(DropReason.NoListener);
        if (segment.IsRst)
            return;
        if (segment.IsAck)
            SendReset(key, segment.Acknowledgement, 0, withAcknowledgement: false);
        else
            SendReset(key, 0, (long)segment.Sequence + segment.Length);
    }

    private bool TryMakeRoom()
    {
        while (_connections.Count >= Settings.MaximumConnections && _atRest.TryDequeue(out TcpConnection? oldest))
            oldest.End(TcpError.None);
        return _connections.Count < Settings.MaximumConnections;
    }

    // RFC 6528 section 3: a clock of 4 microseconds, moved by what nobody outside knows of these two ends.
    private long InitialSequence(FlowKey key) => (uint)((_context.Now / 4) + (long)(uint)_hash.Hash(key.Local, key.Remote, ForSequence));

    // RFC 6056 section 3.3.3: from a place that hangs on the peer, one after the other.
    private ushort ChoosePort(IpEndpoint remote)
    {
        uint offset = (uint)_hash.Hash(new IpEndpoint(_ip.Address, 0), remote, ForPort);
        for (int tries = 0; tries < 65536 - DynamicPorts; tries++)
        {
            ushort port = (ushort)(DynamicPorts | (offset + _nextPort++));
            if (!_connections.ContainsKey(new FlowKey(new IpEndpoint(_ip.Address, port), remote)) && !_listeners.ContainsKey(port))
                return port;
        }
        throw new SocketException((int)SocketError.AddressAlreadyInUse);
    }
}
