using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

/// <summary>A host that listens at port 80, and a peer, 10.0.0.2:1000, that the test plays segment by segment. The peer's numbers begin at 5000.</summary>
internal sealed class TcpBench : IDisposable
{
    public const byte Fin = 0x01, Syn = 0x02, Rst = 0x04, Psh = 0x08, Ack = 0x10;
    public const uint PeerInitial = 5000;

    public static readonly byte[] Mss1000 = [2, 4, 3, 0xE8];
    public static readonly byte[] Mss1000AndSack = [2, 4, 3, 0xE8, 1, 1, 4, 2];

    private readonly HostBench _bench;

    public TcpBench(TcpSettings? settings = null)
    {
        _bench = new HostBench(settings: settings).KnowNeighbours().AnswerArp();
        Listener = Stack.Listen(80, 4);
    }

    public NetworkStack Stack => _bench.Stack;

    public HostBench Host => _bench;

    public VirtualTime Time => _bench.Time;

    public TcpListener Listener { get; }

    /// <summary>The host's first number.</summary>
    public uint Initial { get; private set; }

    /// <summary>The last timestamp that the host sent.</summary>
    public uint LastTimestamp { get; private set; }

    public void Dispose() => _bench.Dispose();

    /// <summary>Sends a segment of the peer; its number counts from the peer's first, its acknowledgement from the host's.</summary>
    public void Send(byte flags, uint sequence = 1, uint acknowledgement = 1, byte[]? data = null, byte[]? options = null, int window = 60000, ushort port = 80, ushort from = 1000) =>
        _bench.ReceiveIp(Ip(Peer, HostBench.Host, 6, Tcp(
            Peer, from, HostBench.Host, port, PeerInitial + sequence, (flags & Ack) == 0 ? 0 : Initial + acknowledgement, flags, window, options ?? [], data ?? [])));

    /// <summary>What the host has sent since the last time, its numbers counted from the first ones.</summary>
    public List<Segment> Take()
    {
        List<Segment> segments = [];
        foreach (byte[] packet in _bench.TakePackets())
        {
            if (packet[9] == 6)
                segments.Add(Read(packet));
        }
        return segments;
    }

    /// <summary>The one segment that the host has sent.</summary>
    public Segment TakeOne() => Assert.Single(Take());

    /// <summary>Sets up a connection that the peer asks for.</summary>
    public TcpConnection Accept(byte[]? options = null, int window = 60000)
    {
        Send(Syn, 0, 0, options: options ?? Mss1000, window: window);
        Segment answer = TakeOne();
        Initial += answer.Sequence;
        Send(Ack, window: window);
        Assert.Empty(Take());
        return Listener.TryAccept() ?? throw new InvalidOperationException("no connection");
    }

    /// <summary>Sets up a connection that the host asks the peer's port 1000 for.</summary>
    public (TcpConnection Connection, ushort Port) Connect(byte[]? options = null)
    {
        TcpConnection connection = Stack.Connect(new IpEndpoint(Peer, 1000));
        Initial += TakeOne().Sequence;
        Send(Syn | Ack, 0, options: options ?? Mss1000, port: connection.Local.Port);
        Segment last = TakeOne();
        Assert.Equal((1u, 1u, Ack), (last.Sequence, last.Acknowledgement, last.Flags));
        return (connection, connection.Local.Port);
    }

    public static byte[] Tcp(
        IpAddress source, ushort sourcePort, IpAddress destination, ushort port, uint sequence, uint acknowledgement, byte flags, int window, byte[] options, byte[] data)
    {
        byte[] padded = [.. options, .. new byte[-options.Length & 3]];
        byte[] segment =
        [
            .. Number(sourcePort), .. Number(port), .. Number(sequence), .. Number(acknowledgement), (byte)(80 + (padded.Length * 4)), flags, .. Number(window), 0, 0, 0, 0,
            .. padded, .. data,
        ];
        Put(segment, 16, TransportChecksum(source, destination, 6, segment));
        return segment;
    }

    public static byte[] Timestamps(uint value, uint echo) => [1, 1, 8, 10, .. Number(value), .. Number(echo)];

    /// <summary>A SACK option with ranges counted from the host's first number.</summary>
    public byte[] Sack(params (uint Start, uint End)[] ranges) =>
        [1, 1, 5, (byte)(2 + (8 * ranges.Length)), .. ranges.SelectMany(range => (byte[])[.. Number(Initial + range.Start), .. Number(Initial + range.End)])];

    private Segment Read(byte[] packet)
    {
        byte[] tcp = packet[IpLength..];
        Assert.Equal(0, TransportChecksum(HostBench.Host, Peer, 6, tcp));
        int offset = (tcp[12] >> 4) * 4;
        byte[] options = tcp[20..offset];
        if (options.Length >= 12 && options[^10] == 8)
            LastTimestamp = Get32(options, options.Length - 8);
        bool hasAck = (tcp[13] & Ack) != 0;
        return new Segment(
            Get32(tcp, 4) - Initial, hasAck ? Get32(tcp, 8) - PeerInitial : 0, tcp[13], Get16(tcp, 14), options, tcp[offset..], Get16(tcp, 0), Get16(packet, 6) == 0x4000);
    }

    internal sealed record Segment(uint Sequence, uint Acknowledgement, byte Flags, int Window, byte[] Options, byte[] Data, ushort Port, bool DontFragment)
    {
        /// <summary>The ranges of a SACK option behind two no operations at the options' end.</summary>
        public (uint Start, uint End)[] SackBlocks =>
            [.. Options[4..].Chunk(8).Select(pair => (Get32(pair, 0) - PeerInitial, Get32(pair, 4) - PeerInitial))];
    }
}
