using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.TcpBench;

namespace HyperOS.Tests.TcpIp;

/// <summary>What the receiving half does: acknowledgements, windows, islands and their limits.</summary>
public sealed class TcpReceiveTests : IDisposable
{
    private readonly TcpBench _bench = new();
    private readonly byte[] _buffer = new byte[1_000_000];

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void An_acknowledgement_waits_a_little_and_every_second_segment_gets_one_at_once()
    {
        _bench.Accept();
        _bench.Send(Ack, 1, 1, new byte[1000]);
        Assert.Empty(_bench.Take());
        _bench.Time.AdvanceSeconds(0.05);
        Assert.Equal(1001u, _bench.TakeOne().Acknowledgement);
        _bench.Send(Ack, 1001, 1, new byte[1000]);
        _bench.Send(Ack, 2001, 1, new byte[1000]);
        Assert.Equal(3001u, _bench.TakeOne().Acknowledgement);
        _bench.Time.AdvanceSeconds(1);
        Assert.Empty(_bench.Take());
    }

    [Fact]
    public void An_acknowledgement_goes_with_data()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, 1, 1, [1]);
        connection.Write([2]);
        Assert.Equal(2u, _bench.TakeOne().Acknowledgement);
        _bench.Time.AdvanceSeconds(0.1);
        Assert.Empty(_bench.Take());
    }

    [Fact]
    public void What_opens_or_mends_a_gap_is_acknowledged_at_once()
    {
        TcpConnection connection = _bench.Accept();
        _bench.Send(Ack, 3, 1, [3]);
        Assert.Equal(1u, _bench.TakeOne().Acknowledgement);
        _bench.Send(Ack, 1, 1, [1, 2]);
        Assert.Equal(4u, _bench.TakeOne().Acknowledgement);
        Assert.Equal(3, connection.Read(_buffer));
        Assert.Equal([1, 2, 3], _buffer[..3]);
    }

    [Fact]
    public void Islands_are_reported_the_latest_first()
    {
        _bench.Accept(Mss1000AndSack);
        _bench.Send(Ack, 11, 1, [1]);
        Assert.Equal([(11u, 12u)], _bench.TakeOne().SackBlocks);
        _bench.Send(Ack, 21, 1, [1]);
        Assert.Equal([(21u, 22u), (11u, 12u)], _bench.TakeOne().SackBlocks);
        _bench.Send(Ack, 12, 1, [1]);
        Assert.Equal([(11u, 13u), (21u, 22u)], _bench.TakeOne().SackBlocks);
        _bench.Send(Ack, 31, 1, [1]);
        _bench.Take();
        _bench.Send(Ack, 41, 1, [1]);
        Assert.Equal([(41u, 42u), (31u, 32u), (11u, 13u)], _bench.TakeOne().SackBlocks);
        _bench.Send(Ack, 1, 1, new byte[20]);
        Assert.Equal(22u, _bench.TakeOne().Acknowledgement);
    }

    [Fact]
    public void The_window_closes_when_nobody_reads_and_opens_in_steps_worth_while()
    {
        using TcpBench bench = new(new TcpSettings { ReceiveBuffer = 8000 });
        TcpConnection connection = bench.Accept();
        for (uint i = 0; i < 8; i++)
            bench.Send(Ack, 1 + (i * 1000), 1, new byte[1000]);
        Segment last = bench.Take()[^1];
        Assert.Equal((8001u, 0), (last.Acknowledgement, last.Window));
        bench.Send(Ack, 8001, 1, [9]);
        Assert.Equal(8001u, bench.TakeOne().Acknowledgement);
        Assert.Equal(500, connection.Read(_buffer.AsSpan(0, 500)));
        Assert.Empty(bench.Take());
        Assert.Equal(700, connection.Read(_buffer.AsSpan(0, 700)));
        Assert.Equal(1200, bench.TakeOne().Window);
        Assert.Equal(6800, connection.Read(_buffer));
        Assert.Equal(8000, bench.TakeOne().Window);
        Assert.Equal(0, bench.Stack.Tcp.Pool.Held);
    }

    [Fact]
    public void An_acknowledgement_is_heard_through_a_closed_window()
    {
        using TcpBench bench = new(new TcpSettings { ReceiveBuffer = 1000 });
        TcpConnection connection = bench.Accept();
        connection.Write([1]);
        bench.Send(Ack, 1, 1, new byte[1000]);
        bench.Take();
        bench.Send(Ack, 1001, 2, [1]);
        Assert.True(connection.Sender.IsDone);
    }

    [Fact]
    public void A_window_beyond_64_KiB_is_told_scaled()
    {
        using TcpBench bench = new(new TcpSettings { ReceiveBuffer = 1024 * 1024 });
        bench.Accept([.. Mss1000, 1, 3, 3, 0]);
        bench.Send(Ack, 1, 1, new byte[1000]);
        bench.Send(Ack, 1001, 1, new byte[1000]);
        Assert.Equal((1024 * 1024 - 2000) >> 5, bench.TakeOne().Window);
    }

    [Fact]
    public void Bytes_scattered_over_the_window_hold_no_more_than_the_window()
    {
        _bench.Accept();
        for (uint at = 3; at < 400_000; at += 1111)
            _bench.Send(Ack, at, 1, [1]);
        Assert.InRange(_bench.Stack.Tcp.Pool.Held, 1, 65);
    }

    [Fact]
    public void When_memory_is_short_every_connection_still_goes_on()
    {
        using TcpBench bench = new(new TcpSettings { Memory = 64 * 1024 });
        List<(TcpConnection Connection, uint Initial, ushort From)> peers = [];
        for (ushort from = 1; from <= 100; from++)
        {
            bench.Send(Syn, 0, acknowledgement: 0, from: from);
            uint initial = bench.TakeOne().Sequence;
            bench.Send(Ack, 1, initial + 1, from: from);
            peers.Add((bench.Listener.TryAccept()!, initial, from));
        }
        int[] came = new int[peers.Count];
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < peers.Count; i++)
                bench.Send(Ack, 1 + (uint)came[i], peers[i].Initial + 1, new byte[1000], from: peers[i].From);
            Assert.InRange(bench.Stack.Tcp.Pool.Held, 1, 16 + 100);
            for (int i = 0; i < peers.Count; i++)
            {
                int count = peers[i].Connection.Read(_buffer);
                Assert.InRange(count, 1, 1000);
                came[i] += count;
            }
        }
        Assert.Equal(0, bench.Stack.Tcp.Pool.Held);
    }
}
