using System.IO.Pipelines;
using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.TwoHosts;

namespace HyperOS.Tests.TcpIp;

/// <summary>The asynchronous side, by which servers and clients use connections.</summary>
public sealed class TcpStreamTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly TwoHosts _hosts = new();

    public void Dispose() => _hosts.Dispose();

    [Fact]
    public async Task A_waiting_accept_and_a_waiting_connect_meet()
    {
        using TcpListener listener = _hosts.B.Listen(80);
        Task<TcpConnection?> accepting = listener.AcceptAsync().AsTask();
        Task<TcpConnection> connecting = _hosts.A.ConnectAsync(new IpEndpoint(AddressB, 80)).AsTask();
        Assert.False(accepting.IsCompleted || connecting.IsCompleted);
        _hosts.Time.AdvanceSeconds(1);
        using TcpConnection client = await connecting.WaitAsync(s_patience);
        using TcpConnection? server = await accepting.WaitAsync(s_patience);
        Assert.Equal(client.Local, server!.Remote);
    }

    [Fact]
    public async Task A_refused_connect_throws_and_a_closed_listener_accepts_null()
    {
        TcpListener listener = _hosts.B.Listen(80);
        Task<TcpConnection?> accepting = listener.AcceptAsync().AsTask();
        listener.Dispose();
        Assert.Null(await accepting.WaitAsync(s_patience));
        Task<TcpConnection> connecting = _hosts.A.ConnectAsync(new IpEndpoint(AddressB, 80)).AsTask();
        _hosts.Time.AdvanceSeconds(1);
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => connecting.WaitAsync(s_patience));
    }

    [Fact]
    public async Task A_cancelled_connect_leaves_nothing_behind()
    {
        using CancellationTokenSource cancellation = new();
        Task<TcpConnection> connecting = _hosts.A.ConnectAsync(new IpEndpoint(AddressB, 80), cancellation.Token).AsTask();
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(s_patience));
        Assert.Equal(0, _hosts.A.Tcp.Connections);
    }

    [Fact]
    public async Task Pipes_wrap_both_ends_and_carry_more_than_all_buffers_hold()
    {
        const int Length = 2_000_000;
        (TcpConnection atA, TcpConnection atB) = _hosts.Connect();
        PipeWriter writer = PipeWriter.Create(new TcpStream(atA));
        PipeReader reader = PipeReader.Create(new TcpStream(atB), new StreamPipeReaderOptions(useZeroByteReads: true));
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < Length / 1000; i++)
                await writer.WriteAsync(Enumerable.Repeat((byte)i, 1000).ToArray());
            await writer.CompleteAsync();
        });
        long total = 0;
        Task reading = Task.Run(async () =>
        {
            while (true)
            {
                ReadResult result = await reader.ReadAsync();
                foreach (ReadOnlyMemory<byte> part in result.Buffer)
                {
                    foreach (byte value in part.Span)
                        Assert.Equal((byte)(total++ / 1000), value);
                }
                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    break;
            }
            await reader.CompleteAsync();
        });
        Task both = Task.WhenAll(writing, reading);
        while (!both.IsCompleted)
        {
            _hosts.Time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }
        await both;
        Assert.Equal(Length, total);
    }

    [Fact]
    public async Task A_reset_fails_who_reads_and_who_writes()
    {
        (TcpConnection atA, TcpConnection atB) = _hosts.Connect();
        Task<int> reading = new TcpStream(atA).ReadAsync(new byte[10]).AsTask();
        atB.Abort();
        _hosts.Time.AdvanceSeconds(1);
        await Assert.ThrowsAsync<IOException>(() => reading.WaitAsync(s_patience));
        await Assert.ThrowsAsync<IOException>(() => new TcpStream(atA).WriteAsync(new byte[10]).AsTask());
    }

    [Fact]
    public async Task A_cancelled_read_can_be_followed_by_another()
    {
        (TcpConnection atA, TcpConnection atB) = _hosts.Connect();
        TcpStream stream = new(atA);
        byte[] buffer = new byte[10];
        using CancellationTokenSource cancellation = new();
        Task<int> reading = stream.ReadAsync(buffer, cancellation.Token).AsTask();
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(s_patience));
        reading = stream.ReadAsync(buffer).AsTask();
        Assert.Throws<InvalidOperationException>(() => { _ = atA.WaitForInputAsync(); });
        atB.Write([1, 2, 3]);
        _hosts.Time.AdvanceSeconds(1);
        Assert.Equal(3, await reading.WaitAsync(s_patience));
        atB.CloseOutput();
        _hosts.Time.AdvanceSeconds(1);
        Assert.Equal(0, await stream.ReadAsync(buffer));
    }
}
