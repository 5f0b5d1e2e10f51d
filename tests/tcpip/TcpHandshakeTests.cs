using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.TcpBench;

namespace HyperOS.Tests.TcpIp;

/// <summary>How connections begin: RFC 9293 section 3.5, and who may not have one.</summary>
public sealed class TcpHandshakeTests : IDisposable
{
    private readonly TcpBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_question_is_answered_with_what_both_sides_can()
    {
        _bench.Send(Syn, 0, options: [2, 4, 5, 0xB4, 1, 3, 3, 7, 1, 1, 4, 2, .. Timestamps(77, 0)]);
        Segment answer = _bench.TakeOne();
        Assert.Equal(Syn | Ack, answer.Flags);
        Assert.Equal(1u, answer.Acknowledgement);
        Assert.Equal([2, 4, 5, 0xB4, 1, 3, 3, 3, 1, 1, 4, 2], answer.Options[..12]);
        Assert.Equal(Timestamps(_bench.LastTimestamp, 77), answer.Options[12..]);
        Assert.Equal(65535, answer.Window);
        Assert.True(answer.DontFragment);
    }

    [Fact]
    public void A_peer_that_offers_nothing_is_offered_nothing()
    {
        _bench.Send(Syn, 0);
        Assert.Equal([2, 4, 5, 0xB4], _bench.TakeOne().Options);
    }

    [Fact]
    public void A_peer_that_does_not_tell_its_segment_size_gets_536_bytes()
    {
        _bench.Accept(options: [1, 1, 1, 1]).Write(new byte[2000]);
        Assert.All(_bench.Take().SkipLast(1), segment => Assert.Equal(536, segment.Data.Length));
    }

    [Fact]
    public void A_peer_that_asks_for_tiny_segments_does_not_get_them()
    {
        _bench.Accept(options: [2, 4, 0, 1]).Write(new byte[880]);
        Assert.All(_bench.Take(), segment => Assert.Equal(88, segment.Data.Length));
    }

    [Fact]
    public void The_connection_is_there_when_the_answer_is_acknowledged()
    {
        _bench.Send(Syn, 0);
        Assert.Null(_bench.Listener.TryAccept());
        Assert.Equal(1, _bench.Stack.Tcp.HalfOpenConnections);
        using TcpBench other = new();
        TcpConnection connection = other.Accept();
        Assert.Equal(TcpState.Established, connection.State);
        Assert.Equal(new IpEndpoint(Peer, 1000), connection.Remote);
        Assert.Equal(0, other.Stack.Tcp.HalfOpenConnections);
    }

    [Fact]
    public void Data_with_the_last_step_is_taken()
    {
        _bench.Send(Syn, 0, options: Mss1000);
        uint initial = _bench.TakeOne().Sequence;
        _bench.Send(Ack | Psh, 1, initial + 1, [1, 2, 3]);
        byte[] buffer = new byte[10];
        Assert.Equal(3, _bench.Listener.TryAccept()!.Read(buffer));
    }

    [Fact]
    public void An_unanswered_answer_is_repeated_three_times_and_then_forgotten()
    {
        _bench.Send(Syn, 0);
        _bench.Time.AdvanceSeconds(30);
        Assert.Equal(4, _bench.Take().Count);
        Assert.Equal(0, _bench.Stack.Tcp.HalfOpenConnections);
    }

    [Fact]
    public void A_wrong_acknowledgement_of_the_answer_is_reset()
    {
        _bench.Send(Syn, 0);
        uint initial = _bench.TakeOne().Sequence;
        _bench.Send(Ack, 1, initial + 2);
        Segment reset = _bench.TakeOne();
        Assert.Equal((Rst, initial + 2), (reset.Flags, reset.Sequence));
        Assert.Null(_bench.Listener.TryAccept());
        _bench.Send(Ack, 1, initial + 1);
        Assert.NotNull(_bench.Listener.TryAccept());
    }

    [Fact]
    public void A_reset_with_the_right_number_ends_a_half_open_connection()
    {
        _bench.Send(Syn, 0);
        _bench.Send(Rst, 3);
        Assert.Equal(1, _bench.Stack.Tcp.HalfOpenConnections);
        _bench.Send(Rst, 1);
        Assert.Equal(0, _bench.Stack.Tcp.HalfOpenConnections);
    }

    [Fact]
    public void At_a_port_where_nobody_listens_a_question_is_reset()
    {
        _bench.Send(Syn, 0, port: 81);
        Segment reset = _bench.TakeOne();
        Assert.Equal((Rst | Ack, 0u, 1u), (reset.Flags, reset.Sequence, reset.Acknowledgement));
    }

    [Fact]
    public void A_stray_acknowledgement_is_reset_with_its_own_number()
    {
        _bench.Send(Ack, 1, 4711);
        Segment reset = _bench.TakeOne();
        Assert.Equal((Rst, 4711u), (reset.Flags, reset.Sequence));
    }

    [Fact]
    public void A_stray_reset_is_not_answered()
    {
        _bench.Send(Rst);
        _bench.Send(Rst | Ack, port: 81);
        Assert.Empty(_bench.Take());
    }

    [Fact]
    public void A_segment_with_a_wrong_checksum_or_shorter_than_it_says_is_dropped()
    {
        byte[] segment = Tcp(Peer, 1000, Host, 80, 0, 0, Syn, 1000, Mss1000, []);
        segment[5] ^= 1;
        _bench.Host.ReceiveIp(Packets.Ip(Peer, Host, 6, segment));
        Assert.Equal(1, _bench.Host.Drops(DropReason.BadChecksum));
        segment[12] = 0x70;
        _bench.Host.ReceiveIp(Packets.Ip(Peer, Host, 6, segment));
        segment[12] = 0x40;
        _bench.Host.ReceiveIp(Packets.Ip(Peer, Host, 6, segment));
        Assert.Equal(2, _bench.Host.Drops(DropReason.Truncated));
        Assert.Empty(_bench.Take());
    }

    [Fact]
    public void A_flood_of_questions_stays_within_the_limit_and_lets_an_honest_peer_in()
    {
        for (int i = 0; i < 20_000; i++)
        {
            _bench.Send(Syn, (uint)i, from: (ushort)(2000 + (i % 60_000)));
            if (i % 100 == 0)
                _bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        }
        _bench.Take();
        Assert.Equal(new TcpSettings().MaximumHalfOpen, _bench.Stack.Tcp.HalfOpenConnections);
        Assert.NotEqual(0, _bench.Stack.Counters.HalfOpenEvictions);
        Assert.Equal(TcpState.Established, _bench.Accept().State);
        _bench.Time.AdvanceSeconds(60);
        Assert.Equal(0, _bench.Stack.Tcp.HalfOpenConnections);
        Assert.Equal(0, _bench.Stack.Tcp.Pool.Held);
    }

    [Fact]
    public void More_connections_than_may_wait_stay_half_open_until_some_are_taken()
    {
        for (ushort from = 1; from <= 6; from++)
        {
            _bench.Send(Syn, 0, from: from);
            uint initial = _bench.TakeOne().Sequence;
            _bench.Send(Ack, 1, initial + 1, from: from);
        }
        Assert.Equal(2, _bench.Stack.Tcp.HalfOpenConnections);
        for (int i = 0; i < 4; i++)
            Assert.NotNull(_bench.Listener.TryAccept());
        Assert.Null(_bench.Listener.TryAccept());
    }

    [Fact]
    public void Beyond_the_most_connections_nobody_is_let_in()
    {
        using TcpBench bench = new(new TcpSettings { MaximumConnections = 1 });
        bench.Accept();
        bench.Send(Syn, 0, from: 7);
        uint initial = bench.TakeOne().Sequence;
        bench.Send(Ack, 1, initial + 1, from: 7);
        Assert.Null(bench.Listener.TryAccept());
        Assert.Equal(1, bench.Stack.Tcp.Connections);
    }

    [Fact]
    public void First_numbers_grow_with_time_and_differ_between_peers()
    {
        _bench.Send(Syn, 0, from: 1);
        _bench.Send(Syn, 0, from: 2);
        List<Segment> answers = _bench.Take();
        Assert.True(Math.Abs((int)(answers[0].Sequence - answers[1].Sequence)) > 1000);
        _bench.Send(Rst, 1, from: 1);
        _bench.Time.AdvanceSeconds(0.9);
        _bench.Send(Syn, 0, from: 1);
        Assert.Equal(225_000u, _bench.TakeOne().Sequence - answers[0].Sequence);
    }

    [Fact]
    public void A_connection_that_the_host_asks_for_is_set_up_by_the_answer()
    {
        (TcpConnection connection, ushort port) = _bench.Connect();
        Assert.Equal(TcpState.Established, connection.State);
        Assert.InRange(port, 49152, 65535);
    }

    [Fact]
    public void Ports_cannot_be_guessed_from_the_last_one()
    {
        ushort[] toOne = [.. Enumerable.Range(0, 50).Select(_ => _bench.Stack.Connect(new IpEndpoint(Peer, 1000)).Local.Port)];
        ushort[] toMany = [.. Enumerable.Range(1, 50).Select(port => _bench.Stack.Connect(new IpEndpoint(Peer, (ushort)port)).Local.Port)];
        Assert.Equal(50, toOne.Distinct().Count());
        Assert.True(toMany.Zip(toMany.Skip(1)).Count(pair => Math.Abs(pair.First - pair.Second) < 100) < 10);
    }

    [Fact]
    public void A_question_is_repeated_ever_slower_and_given_up_after_three_minutes()
    {
        TcpConnection connection = _bench.Stack.Connect(new IpEndpoint(Peer, 1000));
        _bench.Time.AdvanceSeconds(170);
        Assert.Equal(TcpState.SynSent, connection.State);
        Assert.Equal(8, _bench.Take().Count);
        _bench.Time.AdvanceSeconds(70);
        Assert.Equal((TcpState.Closed, TcpError.TimedOut), (connection.State, connection.Error));
        Assert.Equal(0, _bench.Stack.Tcp.Connections);
    }

    [Fact]
    public void A_refusal_ends_the_question_only_if_it_acknowledges_it()
    {
        TcpConnection connection = _bench.Stack.Connect(new IpEndpoint(Peer, 1000));
        uint initial = _bench.TakeOne().Sequence;
        ushort port = connection.Local.Port;
        _bench.Send(Rst, 0, port: port);
        _bench.Send(Rst | Ack, 0, initial, port: port);
        _bench.Send(Rst | Ack, 0, initial + 2, port: port);
        Assert.Equal(TcpState.SynSent, connection.State);
        _bench.Send(Rst | Ack, 0, initial + 1, port: port);
        Assert.Equal((TcpState.Closed, TcpError.Refused), (connection.State, connection.Error));
    }

    [Fact]
    public void An_answer_to_another_question_is_reset()
    {
        TcpConnection connection = _bench.Stack.Connect(new IpEndpoint(Peer, 1000));
        uint initial = _bench.TakeOne().Sequence;
        _bench.Send(Syn | Ack, 0, initial + 9, port: connection.Local.Port);
        Segment reset = _bench.TakeOne();
        Assert.Equal((Rst, initial + 9), (reset.Flags, reset.Sequence));
        Assert.Equal(TcpState.SynSent, connection.State);
    }

    [Fact]
    public void Questions_that_cross_make_one_connection()
    {
        TcpConnection connection = _bench.Stack.Connect(new IpEndpoint(Peer, 1000));
        uint initial = _bench.TakeOne().Sequence;
        _bench.Send(Syn, 0, port: connection.Local.Port, options: Mss1000);
        Segment answer = _bench.TakeOne();
        Assert.Equal((Syn | Ack, initial, 1u), (answer.Flags, answer.Sequence, answer.Acknowledgement));
        Assert.Equal(TcpState.SynReceived, connection.State);
        _bench.Send(Ack, 1, initial + 1, port: connection.Local.Port);
        Assert.Equal(TcpState.Established, connection.State);
    }

    [Fact]
    public void An_ICMP_error_refuses_a_question_but_no_connection()
    {
        TcpConnection asked = _bench.Stack.Connect(new IpEndpoint(Peer, 1000));
        byte[] question = Assert.Single(_bench.Host.TakePackets());
        _bench.Host.ReceiveIp(Packets.Ip(Peer, Host, 1, Packets.Icmp(3, 1, 0, question)));
        Assert.Equal(TcpState.SynSent, asked.State);
        _bench.Host.ReceiveIp(Packets.Ip(Peer, Host, 1, Packets.Icmp(3, 3, 0, question)));
        Assert.Equal(TcpError.Refused, asked.Error);
        TcpConnection connection = _bench.Accept();
        connection.Write([1]);
        byte[] data = Assert.Single(_bench.Host.TakePackets());
        _bench.Host.ReceiveIp(Packets.Ip(Peer, Host, 1, Packets.Icmp(3, 3, 0, data)));
        Assert.Equal(TcpState.Established, connection.State);
    }

    [Fact]
    public void A_listener_that_closes_resets_what_nobody_took()
    {
        _bench.Send(Syn, 0);
        uint initial = _bench.TakeOne().Sequence;
        _bench.Send(Ack, 1, initial + 1);
        _bench.Listener.Dispose();
        Assert.Equal(Rst | Ack, _bench.TakeOne().Flags);
        Assert.Equal(0, _bench.Stack.Tcp.Connections);
        _bench.Stack.Listen(80).Dispose();
    }
}
