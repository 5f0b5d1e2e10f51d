using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.TcpBench;

namespace HyperOS.Tests.TcpIp;

/// <summary>How connections live and end: RFC 9293 sections 3.6 and 3.10, and what RFC 5961 and RFC 7323 do not believe.</summary>
public sealed class TcpStateTests : IDisposable
{
    private readonly TcpBench _bench = new();
    private readonly byte[] _buffer = new byte[100_000];

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_connection_that_the_host_ends_goes_through_FIN_WAIT_to_rest_and_is_forgotten_after_two_MSL()
    {
        TcpConnection connection = _bench.Accept();
        connection.CloseOutput();
        Assert.Equal(TcpState.FinWait1, connection.State);
        Assert.Equal(Fin | Ack, _bench.TakeOne().Flags);
        _bench.Send(Ack, 1, 2);
        Assert.Equal(TcpState.FinWait2, connection.State);
        _bench.Send(Fin | Ack, 1, 2);
        Assert.Equal(TcpState.TimeWait, connection.State);
        Assert.Equal((Ack, 2u), (_bench.TakeOne() is var last ? last.Flags : (byte)0, last.Acknowledgement));
        _bench.Time.AdvanceSeconds(59);
        Assert.Equal(1, _bench.Stack.Tcp.Connections);
        _bench.Time.AdvanceSeconds(2);
        Assert.Equal((0, TcpError.None), (_bench.Stack.Tcp.Connections, connection.Error));
    }

    [Fact]
    public void A_connection_that_the_peer_ends_goes_through_CLOSE_WAIT_and_LAST_ACK()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Fin | Ack, 1, 1, [1, 2]);
        Assert.Equal(TcpState.CloseWait, connection.State);
        Assert.Equal(4u, _bench.TakeOne().Acknowledgement);
        Assert.False(connection.IsInputEnded);
        Assert.Equal(2, connection.Read(_buffer));
        Assert.True(connection.IsInputEnded);
        connection.Write([1]);
        connection.CloseOutput();
        Assert.Equal(TcpState.LastAck, connection.State);
        Assert.Equal([(1u, Ack | Psh), (2u, Fin | Ack)], _bench.Take().Select(segment => (segment.Sequence, (int)segment.Flags)));
        _bench.Send(Ack, 4, 3);
        Assert.Equal((TcpState.Closed, TcpError.None, 0), (connection.State, connection.Error, _bench.Stack.Tcp.Connections));
    }

    [Fact]
    public void Ends_that_cross_go_through_CLOSING()
    {
        TcpConnection connection = _bench.Accept();
        connection.CloseOutput();
        _bench.Send(Fin | Ack, 1, 1);
        Assert.Equal(TcpState.Closing, connection.State);
        _bench.Send(Ack, 2, 2);
        Assert.Equal(TcpState.TimeWait, connection.State);
    }

    [Fact]
    public void An_acknowledgement_with_the_peers_end_goes_straight_to_rest()
    {
        TcpConnection connection = _bench.Accept();
        connection.CloseOutput();
        _bench.Send(Fin | Ack, 1, 2);
        Assert.Equal(TcpState.TimeWait, connection.State);
    }

    [Fact]
    public void At_rest_a_repeated_end_is_acknowledged_and_the_rest_begins_anew()
    {
        TcpConnection connection = _bench.Accept();
        connection.CloseOutput();
        _bench.Send(Fin | Ack, 1, 2);
        _bench.Take();
        _bench.Time.AdvanceSeconds(50);
        _bench.Send(Fin | Ack, 1, 2);
        Assert.Equal(2u, _bench.TakeOne().Acknowledgement);
        _bench.Time.AdvanceSeconds(50);
        Assert.Equal(TcpState.TimeWait, connection.State);
    }

    [Fact]
    public void At_rest_a_question_with_a_later_number_begins_anew()
    {
        TcpConnection connection = _bench.Accept();
        connection.CloseOutput();
        _bench.Send(Fin | Ack, 1, 2);
        _bench.Take();
        _bench.Send(Syn, 1, options: Mss1000);
        Assert.Equal(Ack, _bench.TakeOne().Flags);
        _bench.Send(Syn, 100, options: Mss1000);
        Assert.Equal(Syn | Ack, _bench.TakeOne().Flags);
        Assert.Equal(TcpState.Closed, connection.State);
    }

    [Fact]
    public void Connections_at_rest_have_a_limit()
    {
        using TcpBench bench = new(new TcpSettings { MaximumAtRest = 2 });
        for (ushort from = 1; from <= 5; from++)
        {
            bench.Send(Syn, 0, from: from);
            uint initial = bench.TakeOne().Sequence;
            bench.Send(Ack, 1, initial + 1, from: from);
            bench.Listener.TryAccept()!.CloseOutput();
            bench.Send(Fin | Ack, 1, initial + 2, from: from);
            bench.Take();
        }
        Assert.Equal(2, bench.Stack.Tcp.Connections);
    }

    [Fact]
    public void A_reset_with_the_very_next_number_ends_the_connection()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack | Psh, 1, 1, [1]);
        _bench.Send(Rst, 2);
        Assert.Equal((TcpState.Closed, TcpError.Reset, 0), (connection.State, connection.Error, connection.Read(_buffer)));
        Assert.Equal(0, _bench.Stack.Tcp.Pool.Held);
    }

    [Fact]
    public void A_reset_elsewhere_in_the_window_is_challenged_and_one_outside_is_not_heard()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Rst, 100);
        Segment challenge = _bench.TakeOne();
        Assert.Equal((Ack, 1u, 1u), (challenge.Flags, challenge.Sequence, challenge.Acknowledgement));
        _bench.Send(Rst, 0x4000_0000);
        _bench.Send(Rst, 0xFFFF_0000);
        Assert.Empty(_bench.Take());
        Assert.Equal(TcpState.Established, connection.State);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(0x4000_0000)]
    public void A_SYN_in_a_connection_is_challenged(uint sequence)
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Syn, sequence);
        Assert.Equal(Ack, _bench.TakeOne().Flags);
        Assert.Equal(TcpState.Established, connection.State);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(0x4000_0000)]
    [InlineData(0xFFFE_0000)]
    public void An_acknowledgement_of_what_was_never_sent_or_long_ago_is_challenged_and_its_data_not_taken(uint acknowledgement)
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, 1, acknowledgement, [1, 2, 3]);
        Assert.Equal(1u, _bench.TakeOne().Acknowledgement);
        Assert.Equal(0, connection.Read(_buffer));
    }

    [Fact]
    public void Challenges_are_few_in_a_second()
    {
        _bench.Accept();
        for (uint i = 0; i < 1000; i++)
            _bench.Send(Rst, 10 + i);
        Assert.Equal(10, _bench.Take().Count);
    }

    [Fact]
    public void Data_outside_of_the_window_is_not_taken_and_answered()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, 0x1000_0000, 1, [1]);
        Assert.Equal(1u, _bench.TakeOne().Acknowledgement);
        Assert.Equal(0, connection.Read(_buffer));
    }

    [Fact]
    public void Data_that_came_before_is_acknowledged_again_and_only_the_new_part_taken()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, 1, 1, [1, 2, 3]);
        _bench.Send(Ack, 1, 1, [9, 9, 9]);
        Assert.Equal(4u, _bench.TakeOne().Acknowledgement);
        _bench.Send(Ack, 2, 1, [9, 9, 4, 5]);
        Assert.Equal(5, connection.Read(_buffer));
        Assert.Equal([1, 2, 3, 4, 5], _buffer[..5]);
    }

    [Fact]
    public void A_segment_without_acknowledgement_is_not_taken()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Psh, 1, data: [1]);
        Assert.Equal(0, connection.Read(_buffer));
    }

    [Fact]
    public void Data_behind_the_peers_end_is_not_taken()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Fin | Ack, 3, 1, [3]);
        _bench.Send(Ack, 1, 1, [1, 2, 9, 9, 9, 9]);
        Assert.Equal(3, connection.Read(_buffer));
        Assert.True(connection.IsInputEnded);
        Assert.Equal(5u, _bench.Take()[^1].Acknowledgement);
    }

    [Fact]
    public void An_application_that_leaves_data_unread_resets_the_peer()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, 1, 1, [1]);
        connection.Dispose();
        Assert.Equal(Rst | Ack, _bench.TakeOne().Flags);
        Assert.Equal((0, 0), (_bench.Stack.Tcp.Connections, _bench.Stack.Tcp.Pool.Held));
    }

    [Fact]
    public void Data_for_an_application_that_is_gone_resets_the_peer()
    {
        TcpConnection connection = _bench.Accept();
        connection.Dispose();
        _bench.Send(Ack, 1, 2);
        _bench.Take();
        _bench.Send(Ack, 1, 2, [1]);
        Assert.Equal(Rst | Ack, _bench.TakeOne().Flags);
        Assert.Equal(0, _bench.Stack.Tcp.Connections);
    }

    [Fact]
    public void A_peer_that_never_ends_its_side_is_not_waited_for_when_nobody_reads()
    {
        _bench.Accept().Dispose();
        _bench.Send(Ack, 1, 2);
        _bench.Time.AdvanceSeconds(61);
        Assert.Equal(0, _bench.Stack.Tcp.Connections);
    }

    [Fact]
    public void What_was_written_before_the_application_went_is_still_delivered()
    {
        TcpConnection connection = _bench.Accept();
        connection.Write(new byte[2500]);
        connection.Dispose();
        List<Segment> segments = _bench.Take();
        Assert.Equal(2500, segments.Sum(segment => segment.Data.Length));
        Assert.Equal(Fin | Ack, segments[^1].Flags);
    }

    [Fact]
    public void An_abort_resets_the_peer_and_writing_is_over()
    {
        TcpConnection connection = _bench.Accept();
        connection.Write([1]);
        _bench.Take();
        connection.Abort();
        Segment reset = _bench.TakeOne();
        Assert.Equal((Rst | Ack, 2u), (reset.Flags, reset.Sequence));
        Assert.Equal((TcpError.Aborted, 0), (connection.Error, connection.Write([1])));
    }

    [Fact]
    public void When_the_host_gets_another_address_its_connections_are_over()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Stack.Configure(new IpConfiguration(IpAddress.V4(10, 0, 0, 1), 16, null));
        Assert.Equal(TcpState.Established, connection.State);
        _bench.Stack.Configure(new IpConfiguration(IpAddress.V4(10, 0, 0, 3), 24, null));
        Assert.Equal((TcpState.Closed, TcpError.Aborted), (connection.State, connection.Error));
    }

    [Fact]
    public void A_segment_with_an_old_timestamp_is_of_an_old_connection()
    {
        TcpConnection connection = AcceptWithTimestamps();
        Send(1000, [1]);
        Send(999, [2]);
        Assert.Equal(1, connection.Read(_buffer));
        Assert.NotEmpty(_bench.Take());
        Send(1001, [3], sequence: 2);
        Assert.Equal(1, connection.Read(_buffer));
    }

    [Fact]
    public void Where_timestamps_are_agreed_upon_a_segment_without_is_dropped_unless_it_resets()
    {
        TcpConnection connection = AcceptWithTimestamps();
        _bench.Send(Ack, 1, 1, [1]);
        Assert.Equal(0, connection.Read(_buffer));
        _bench.Send(Rst, 1);
        Assert.Equal(TcpError.Reset, connection.Error);
    }

    [Fact]
    public void The_timestamp_echoed_is_that_of_the_oldest_segment_not_yet_acknowledged()
    {
        AcceptWithTimestamps();
        Send(1000, new byte[1000]);
        Send(1001, new byte[1000], sequence: 1001);
        Assert.Equal(1000u, Packets.Get32(_bench.TakeOne().Options, 8));
    }

    [Fact]
    public void A_silent_peer_is_asked_by_keep_alive_and_given_up()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Time.AdvanceSeconds(10_000);
        Assert.Empty(_bench.Take());
        connection.KeepAlive = TimeSpan.FromSeconds(30);
        _bench.Time.AdvanceSeconds(31);
        Segment probe = _bench.TakeOne();
        Assert.Equal((Ack, 0u, 0), (probe.Flags, probe.Sequence, probe.Data.Length));
        _bench.Send(Ack);
        _bench.Time.AdvanceSeconds(29);
        Assert.Empty(_bench.Take());
        _bench.Time.AdvanceSeconds(300);
        Assert.Equal(8, _bench.Take().Count);
        Assert.Equal(TcpError.TimedOut, connection.Error);
    }

    private TcpConnection AcceptWithTimestamps()
    {
        _bench.Send(Syn, 0, options: [.. Mss1000, .. Timestamps(990, 0)]);
        uint initial = _bench.TakeOne().Sequence;
        _bench.Send(Ack, 1, initial + 1, options: Timestamps(991, _bench.LastTimestamp));
        _offset = initial;
        return _bench.Listener.TryAccept()!;
    }

    private uint _offset;

    private void Send(uint timestamp, byte[] data, uint sequence = 1) =>
        _bench.Send(Ack, sequence, _offset + 1, data, Timestamps(timestamp, _bench.LastTimestamp));
}
