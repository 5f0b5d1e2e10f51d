using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.TcpBench;

namespace HyperOS.Tests.TcpIp;

/// <summary>What the sending half does: RFC 6298's timer, RFC 5681, 6582 and 6675's recovery, RFC 9293's windows and RFC 1191's path MTU.</summary>
public sealed class TcpSendTests : IDisposable
{
    private const int Size = 1000;

    private readonly TcpBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Slow_start_begins_with_ten_segments_and_grows_by_one_with_each_acknowledged()
    {
        Write(_bench.Accept(), 100);
        Assert.Equal(10, _bench.Take().Count);
        for (uint i = 1; i <= 5; i++)
        {
            _bench.Send(Ack, 1, 1 + (i * Size));
            Assert.Equal(2, _bench.Take().Count);
        }
    }

    [Fact]
    public void Congestion_avoidance_grows_by_one_segment_in_a_round_trip()
    {
        TcpConnection connection = _bench.Accept();
        Write(connection, 200);
        _bench.Take();
        _bench.Time.AdvanceSeconds(1.5);
        Assert.Single(_bench.Take());
        _bench.Send(Ack, 1, 1 + (10 * Size));
        Assert.Equal(2, _bench.Take().Count);
        uint acknowledged = 10;
        List<int> windows = [];
        for (int trip = 0; trip < 8; trip++)
        {
            uint target = (uint)((connection.Sender.Next - 1 - _bench.Initial) / Size);
            while (acknowledged < target)
                _bench.Send(Ack, 1, 1 + (++acknowledged * Size));
            windows.Add((int)(connection.Sender.CongestionWindowSize / Size));
            _bench.Take();
        }
        Assert.Equal([4, 5, 6, 7, 8, 9, 10, 11], windows);
    }

    [Fact]
    public void The_timer_doubles_with_every_time_out_and_the_connection_is_given_up_after_two_minutes()
    {
        TcpConnection connection = _bench.Accept();
        connection.Write([1]);
        List<double> times = [];
        for (int i = 0; i < 100_000 && connection.Error == TcpError.None; i++)
        {
            if (_bench.Take().Count != 0)
                times.Add(_bench.Time.Now / 1e7);
            _bench.Time.Advance(TimeSpan.FromMilliseconds(10));
        }
        Assert.Equal([0, 1, 3, 7, 15, 31, 63], times.Select(time => Math.Round(time)));
        Assert.Equal((TcpError.TimedOut, 0), (connection.Error, _bench.Stack.Tcp.Connections));
    }

    [Fact]
    public void The_time_out_follows_the_round_trips_measured()
    {
        TcpConnection connection = _bench.Accept();
        for (uint i = 1; i < 30; i++)
        {
            connection.Write([1]);
            _bench.Time.AdvanceSeconds(0.5);
            _bench.Send(Ack, 1, 1 + i);
        }
        Assert.InRange(connection.Sender.RoundTrip.TimeOut, 500_000, 600_000);
    }

    [Fact]
    public void A_segment_that_was_sent_twice_measures_nothing()
    {
        TcpConnection connection = _bench.Accept();
        connection.Write([1]);
        _bench.Time.AdvanceSeconds(10);
        _bench.Send(Ack, 1, 2);
        Assert.Equal(1_000_000, connection.Sender.RoundTrip.TimeOut);
    }

    [Fact]
    public void After_a_time_out_all_goes_again_in_slow_start()
    {
        Write(_bench.Accept(), 10);
        _bench.Take();
        _bench.Time.AdvanceSeconds(1.5);
        Assert.Equal(1u, _bench.TakeOne().Sequence);
        _bench.Send(Ack, 1, 1 + Size);
        Assert.Equal([1u + Size, 1 + (2 * Size)], _bench.Take().Select(segment => segment.Sequence));
        _bench.Send(Ack, 1, 1 + (9 * Size));
        Assert.Equal(1u + (9 * Size), _bench.TakeOne().Sequence);
    }

    [Fact]
    public void The_third_duplicate_acknowledgement_has_the_missing_segment_sent_again()
    {
        TcpConnection connection = _bench.Accept();
        Write(connection, 10);
        _bench.Take();
        _bench.Send(Ack);
        _bench.Send(Ack);
        Assert.Empty(_bench.Take());
        _bench.Send(Ack);
        Segment again = _bench.TakeOne();
        Assert.Equal((1u, Size), (again.Sequence, again.Data.Length));
        Assert.Equal(5 * Size, connection.Sender.CongestionWindowSize);
    }

    [Fact]
    public void The_first_two_duplicates_let_new_segments_out()
    {
        Write(_bench.Accept(), 20);
        _bench.Take();
        _bench.Send(Ack);
        Assert.Equal(1u + (10 * Size), _bench.TakeOne().Sequence);
        _bench.Send(Ack);
        Assert.Equal(1u + (11 * Size), _bench.TakeOne().Sequence);
    }

    [Fact]
    public void Acknowledgements_that_tell_a_new_window_are_no_duplicates()
    {
        Write(_bench.Accept(), 10);
        _bench.Take();
        for (int i = 1; i < 6; i++)
            _bench.Send(Ack, window: 60000 - i);
        Assert.Empty(_bench.Take());
    }

    [Fact]
    public void A_partial_acknowledgement_has_the_next_missing_segment_sent_again()
    {
        Write(_bench.Accept(), 10);
        _bench.Take();
        for (int i = 0; i < 3; i++)
            _bench.Send(Ack);
        _bench.Take();
        _bench.Send(Ack, 1, 1 + (2 * Size));
        Assert.Equal(1u + (2 * Size), _bench.TakeOne().Sequence);
        _bench.Send(Ack, 1, 1 + (10 * Size));
        Assert.Empty(_bench.Take());
    }

    [Fact]
    public void With_SACK_only_what_is_missing_goes_again()
    {
        Write(_bench.Accept(Mss1000AndSack), 10);
        _bench.Take();
        // The first, the third and the fifth are missing.
        _bench.Send(Ack, options: _bench.Sack((1 + Size, 1 + (2 * Size))));
        _bench.Send(Ack, options: _bench.Sack((1 + (3 * Size), 1 + (4 * Size)), (1 + Size, 1 + (2 * Size))));
        Assert.Empty(_bench.Take());
        _bench.Send(Ack, options: _bench.Sack((1 + (5 * Size), 1 + (10 * Size)), (1 + (3 * Size), 1 + (4 * Size)), (1 + Size, 1 + (2 * Size))));
        Assert.Equal([1u, 1 + (2 * Size), 1 + (4 * Size)], _bench.Take().Select(segment => segment.Sequence));
    }

    [Fact]
    public void SACK_blocks_that_cannot_be_true_are_passed_over()
    {
        TcpConnection connection = _bench.Accept(Mss1000AndSack);
        Write(connection, 10);
        _bench.Take();
        for (int i = 0; i < 5; i++)
            _bench.Send(Ack, options: _bench.Sack((0x5000_0000, 0x6000_0000), (9000, 2000), (9000, 90_000), (0, 5000)));
        Assert.Empty(_bench.Take());
        _bench.Send(Ack, 1, 1 + (10 * Size));
        Assert.True(connection.Sender.IsDone);
    }

    [Fact]
    public void A_peer_that_takes_back_what_it_reported_gets_it_again()
    {
        Write(_bench.Accept(Mss1000AndSack), 5);
        _bench.Take();
        _bench.Send(Ack, options: _bench.Sack((1 + Size, 1 + (5 * Size))));
        _bench.Take();
        _bench.Send(Ack, 1, 1 + Size);
        _bench.Take();
        _bench.Time.AdvanceSeconds(2);
        Assert.Contains(_bench.Take(), segment => segment.Sequence == 1 + Size);
    }

    [Fact]
    public void The_peers_window_is_never_exceeded()
    {
        Write(_bench.Accept(window: 3500), 10);
        Assert.Equal(3, _bench.Take().Count);
        _bench.Send(Ack, 1, 1 + (3 * Size), window: 2000);
        Assert.Equal(2, _bench.Take().Count);
    }

    [Fact]
    public void The_peers_window_is_scaled_by_what_it_offered()
    {
        Write(_bench.Accept([.. Mss1000, 1, 3, 3, 4], window: 1000), 100);
        Assert.Equal(10, _bench.Take().Count);
        _bench.Send(Ack, 1, 1 + (10 * Size), window: 100);
        Assert.Single(_bench.Take());
    }

    [Fact]
    public void An_older_segment_does_not_change_the_window()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, 2, 1, window: 50000);
        _bench.Send(Ack, 1, 1, window: 7);
        Assert.Equal(50000, connection.Sender.Window);
    }

    [Fact]
    public void A_closed_window_is_asked_ever_slower_as_long_as_the_peer_answers()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, window: 0);
        connection.Write([1, 2, 3]);
        Assert.Empty(_bench.Take());
        int probes = 0;
        for (int i = 0; i < 1000; i++)
        {
            _bench.Time.AdvanceSeconds(1);
            foreach (Segment probe in _bench.Take())
            {
                Assert.Equal((1u, 1), (probe.Sequence, probe.Data.Length));
                probes++;
                _bench.Send(Ack, window: 0);
            }
        }
        Assert.InRange(probes, 15, 25);
        Assert.Equal(TcpState.Established, connection.State);
        _bench.Send(Ack, window: 1000);
        Assert.Equal([1, 2, 3], _bench.TakeOne().Data);
    }

    [Fact]
    public void A_closed_window_of_a_silent_peer_ends_the_connection()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, window: 0);
        connection.Write([1]);
        _bench.Time.AdvanceSeconds(200);
        Assert.Equal(TcpError.TimedOut, connection.Error);
    }

    [Fact]
    public void A_closed_window_does_not_hold_what_an_application_left_behind()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, window: 0);
        connection.Write(new byte[100_000]);
        connection.Dispose();
        for (int i = 0; i < 200; i++)
        {
            _bench.Time.AdvanceSeconds(1);
            if (_bench.Take().Count != 0)
                _bench.Send(Ack, window: 0);
        }
        Assert.Equal((0, 0), (_bench.Stack.Tcp.Connections, _bench.Stack.Tcp.Pool.Held));
    }

    [Fact]
    public void A_silly_window_is_not_filled_at_once()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, window: 10);
        Write(connection, 5);
        Assert.Empty(_bench.Take());
        _bench.Time.AdvanceSeconds(2);
        Assert.Equal(10, _bench.TakeOne().Data.Length);
    }

    [Fact]
    public void After_a_long_silence_slow_start_begins_anew()
    {
        TcpConnection connection = _bench.Accept();
        Write(connection, 60);
        for (uint i = 1; i <= 60; i++)
            _bench.Send(Ack, 1, 1 + (i * Size));
        Assert.True(connection.Sender.CongestionWindowSize > 20 * Size);
        _bench.Take();
        _bench.Time.AdvanceSeconds(30);
        Write(connection, 60);
        Assert.Equal(10, _bench.Take().Count);
    }

    [Fact]
    public void A_routers_word_of_a_narrow_link_is_believed_if_it_quotes_what_is_under_way()
    {
        TcpConnection connection = _bench.Accept();
        Write(connection, 3);
        List<byte[]> packets = _bench.Host.TakePackets();
        TellTooLarge(packets[1], 700, sequence: 0x1234);
        Assert.Empty(_bench.Take());
        TellTooLarge(packets[1], 700);
        Assert.Equal([660, 660, 660, 660, 360], _bench.Take().Select(segment => segment.Data.Length));
        TellTooLarge(packets[1], 9000);
        Assert.Empty(_bench.Take());
        Assert.Equal(660, connection.SegmentSize);
        _bench.Time.AdvanceSeconds(601);
        using (_bench.Stack.Enter())
            Assert.Equal(1000, connection.SegmentSize);
    }

    [Theory]
    [InlineData(0, 536)]
    [InlineData(68, 536)]
    public void A_routers_word_never_makes_segments_smaller_than_every_link_takes(int mtu, int size)
    {
        TcpConnection connection = _bench.Accept();
        Write(connection, 3);
        TellTooLarge(_bench.Host.TakePackets()[0], mtu);
        Assert.Equal(mtu == 0 ? 966 : size, connection.SegmentSize);
    }

    [Fact]
    public void After_three_time_outs_smaller_segments_are_tried()
    {
        Write(_bench.Accept(), 3);
        _bench.Take();
        _bench.Time.AdvanceSeconds(8);
        Assert.Equal([1000, 1000, 536], _bench.Take().Select(segment => segment.Data.Length));
    }

    [Fact]
    public void One_connection_keeps_no_more_than_its_limit_and_all_no_more_than_theirs()
    {
        TcpSettings settings = new() { Memory = 1024 * 1024, SendBuffer = 100_000 };
        using TcpBench bench = new(settings);
        TcpConnection first = bench.Accept();
        Assert.Equal(100_000, first.Write(new byte[200_000]));
        int least = int.MaxValue;
        for (ushort from = 1; from <= 300; from++)
        {
            bench.Send(Syn, 0, acknowledgement: 0, from: from);
            uint initial = bench.Take().Single(segment => segment.Flags == (Syn | Ack)).Sequence;
            bench.Send(Ack, 1, initial + 1, from: from);
            least = Math.Min(least, bench.Listener.TryAccept()!.Write(new byte[200_000]));
        }
        Assert.InRange(bench.Stack.Tcp.Pool.Held * BufferPool.PageSize, 900_000, settings.Memory + (300 * BufferPool.PageSize));
        Assert.Equal(BufferPool.PageSize, (least + BufferPool.PageSize - 1) / BufferPool.PageSize * BufferPool.PageSize);
    }

    [Fact]
    public void Who_gets_no_memory_waits_until_an_acknowledgement_sets_some_free()
    {
        using TcpBench bench = new(new TcpSettings { Memory = 1 });
        TcpConnection connection = bench.Accept();
        int written = connection.Write(new byte[10_000]);
        Assert.InRange(written, 1, 4096);
        Assert.Equal(0, connection.Write(new byte[1]));
        ValueTask waiting = connection.WaitForOutputAsync();
        Assert.False(waiting.IsCompleted);
        bench.Send(Ack, acknowledgement: 1 + (uint)written);
        Assert.True(waiting.IsCompleted);
    }

    [Fact]
    public void Where_more_follows_only_full_segments_go_until_it_has_or_the_stream_ends()
    {
        TcpConnection connection = _bench.Accept();
        connection.Write(new byte[1500], moreFollows: true);
        Assert.Equal(Size, _bench.TakeOne().Data.Length);
        connection.Write(new byte[400], moreFollows: true);
        Assert.Empty(_bench.Take());
        connection.Write(new byte[600]);
        Assert.Equal([1000, 500], _bench.Take().Select(segment => segment.Data.Length));
        connection.Write(new byte[300], moreFollows: true);
        connection.CloseOutput();
        Assert.Equal((300, Fin | Psh | Ack), _bench.Take().Select(segment => (segment.Data.Length, (int)segment.Flags)).Single());
    }

    private static void Write(TcpConnection connection, int segments) => Assert.Equal(segments * Size, connection.Write(new byte[segments * Size]));

    private void TellTooLarge(byte[] packet, int mtu, uint? sequence = null)
    {
        byte[] quoted = packet[..28];
        if (sequence is { } number)
            Packets.Number(number).CopyTo(quoted, 24);
        _bench.Host.ReceiveIp(Packets.Ip(Router, Host, 1, Packets.Icmp(3, 4, (uint)mtu, quoted)));
    }
}
