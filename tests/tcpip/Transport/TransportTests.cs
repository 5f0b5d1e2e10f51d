using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using HyperOS.Management.TcpIp;
using HyperOS.Management.TcpIpTransport;
using Microsoft.AspNetCore.Connections;
using static HyperOS.Tests.TcpIp.TwoHosts;

namespace HyperOS.Tests.TcpIp.Transport;

/// <summary>What a server sees of a connection, step by step; B listens at port 80 and A is the peer.</summary>
public sealed class TransportTests : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly TcpSettings _settings = new() { ReceiveBuffer = 20_000, SendBuffer = 10_000, Rest = TimeSpan.FromSeconds(1) };
    private readonly TwoHosts _hosts;
    private IConnectionListener? _listener;

    public TransportTests() => _hosts = new TwoHosts(1, _settings, _settings);

    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
            await _listener.DisposeAsync();
        _hosts.Dispose();
    }

    [Fact]
    public async Task Streams_go_both_ways_and_the_ends_are_known()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        Assert.Equal((client.Local.ToIPEndPoint(), client.Remote.ToIPEndPoint()), (server.RemoteEndPoint, server.LocalEndPoint));
        client.Write("question"u8);
        Assert.Equal("question"u8.ToArray(), (await ReadAsync(server)).Buffer.ToArray());
        await server.Transport.Output.WriteAsync("answer"u8.ToArray());
        _hosts.Time.AdvanceSeconds(1);
        byte[] answer = new byte[20];
        Assert.Equal("answer"u8.ToArray(), answer[..client.Read(answer)]);
    }

    [Fact]
    public async Task A_flush_waits_until_a_slow_peer_has_made_room_and_nothing_is_lost()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        byte[] sent = new byte[100_000];
        new Random(1).NextBytes(sent);
        server.Transport.Output.Write(sent);
        Assert.Equal(sent.Length, server.Transport.Output.UnflushedBytes);
        Task<FlushResult> flush = server.Transport.Output.FlushAsync().AsTask();
        _hosts.Time.AdvanceSeconds(5);
        Assert.False(flush.IsCompleted);
        Assert.InRange(server.Transport.Output.UnflushedBytes, sent.Length - _settings.SendBuffer - _settings.ReceiveBuffer, sent.Length);
        List<byte> received = [];
        byte[] buffer = new byte[5000];
        while (received.Count < sent.Length)
        {
            int count = client.Read(buffer);
            received.AddRange(buffer.AsSpan(0, count));
            _hosts.Time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }
        Assert.False((await flush.WaitAsync(s_patience)).IsCompleted);
        Assert.Equal(sent, received);
    }

    [Fact]
    public async Task What_nobody_reads_stays_with_the_peer()
    {
        (_, TcpConnection client) = await AcceptAsync();
        int written = 0;
        for (int i = 0; i < 50; i++)
        {
            written += client.Write(new byte[10_000]);
            _hosts.Time.AdvanceSeconds(1);
        }
        Assert.InRange(written, _settings.ReceiveBuffer, _settings.SendBuffer + _settings.ReceiveBuffer);
    }

    [Fact]
    public async Task A_cancelled_flush_returns_and_the_rest_goes_with_the_next()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        server.Transport.Output.Write(new byte[50_000]);
        Task<FlushResult> flush = server.Transport.Output.FlushAsync().AsTask();
        server.Transport.Output.CancelPendingFlush();
        Assert.True((await flush.WaitAsync(s_patience)).IsCanceled);
        using CancellationTokenSource cancellation = new();
        flush = server.Transport.Output.FlushAsync(cancellation.Token).AsTask();
        cancellation.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush.WaitAsync(s_patience));
        flush = server.Transport.Output.FlushAsync().AsTask();
        int received = await DrainAsync(client, 50_000);
        Assert.False((await flush.WaitAsync(s_patience)).IsCanceled);
        Assert.Equal(50_000, received);
    }

    [Fact]
    public async Task A_peer_that_has_ended_its_side_still_gets_its_answer()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        client.Write("question"u8);
        client.CloseOutput();
        ReadResult question = await ReadAsync(server);
        server.Transport.Input.AdvanceTo(question.Buffer.End);
        Assert.True((await ReadAsync(server)).IsCompleted);
        Assert.False(server.ConnectionClosed.IsCancellationRequested);
        await server.Transport.Output.WriteAsync(new byte[5000]);
        await server.DisposeAsync();
        Assert.Equal(5000, await DrainAsync(client, 5000));
        Assert.True(client.IsInputEnded);
        Assert.Equal(TcpError.None, client.Error);
    }

    [Fact]
    public async Task A_server_that_has_ended_its_side_still_hears_the_peer()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        await server.Transport.Output.CompleteAsync();
        _hosts.Time.AdvanceSeconds(1);
        Assert.True(client.IsInputEnded);
        client.Write("late"u8);
        ReadResult late = await ReadAsync(server);
        Assert.Equal("late"u8.ToArray(), late.Buffer.ToArray());
        server.Transport.Input.AdvanceTo(late.Buffer.End);
        client.CloseOutput();
        Assert.True((await ReadAsync(server)).IsCompleted);
        await WaitForAsync(server.ConnectionClosed);
    }

    [Fact]
    public async Task A_reset_fails_the_reader_and_ends_the_writer()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        Task<ReadResult> reading = server.Transport.Input.ReadAsync().AsTask();
        server.Transport.Output.Write(new byte[50_000]);
        Task<FlushResult> flush = server.Transport.Output.FlushAsync().AsTask();
        client.Abort();
        _hosts.Time.AdvanceSeconds(1);
        await Assert.ThrowsAsync<ConnectionResetException>(() => reading.WaitAsync(s_patience));
        Assert.True((await flush.WaitAsync(s_patience)).IsCompleted);
        Assert.Equal(0, server.Transport.Output.UnflushedBytes);
        Assert.True((await server.Transport.Output.WriteAsync(new byte[1])).IsCompleted);
        await WaitForAsync(server.ConnectionClosed);
    }

    [Fact]
    public async Task An_abort_resets_the_peer_and_fails_the_reader()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        Task<ReadResult> reading = server.Transport.Input.ReadAsync().AsTask();
        server.Abort(new ConnectionAbortedException());
        await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.WaitAsync(s_patience));
        await WaitForAsync(server.ConnectionClosed);
        _hosts.Time.AdvanceSeconds(1);
        Assert.Equal(TcpError.Reset, client.Error);
    }

    [Fact]
    public async Task A_failed_application_resets_the_peer()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        await server.Transport.Output.CompleteAsync(new InvalidOperationException());
        _hosts.Time.AdvanceSeconds(1);
        Assert.Equal(TcpError.Reset, client.Error);
    }

    [Fact]
    public async Task What_the_application_leaves_unread_or_has_no_room_for_resets_the_peer()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        client.Write("unread"u8);
        _hosts.Time.AdvanceSeconds(1);
        await server.DisposeAsync();
        await server.DisposeAsync();
        _hosts.Time.AdvanceSeconds(1);
        Assert.Equal(TcpError.Reset, client.Error);
        (server, client) = await AcceptAsync();
        server.Transport.Output.Write(new byte[50_000]);
        await server.DisposeAsync();
        _hosts.Time.AdvanceSeconds(1);
        Assert.Equal(TcpError.Reset, client.Error);
    }

    [Fact]
    public async Task Many_small_writes_leave_in_full_segments()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        long before = _hosts.LinkB.Frames;
        for (int i = 0; i < 90; i++)
            server.Transport.Output.Write(new byte[100]);
        await server.Transport.Output.FlushAsync();
        Assert.Equal(9000, await DrainAsync(client, 9000));
        Assert.Equal(7, _hosts.LinkB.Frames - before);
    }

    [Fact]
    public async Task One_connection_too_many_waits_until_another_ends()
    {
        await BindAsync(new TransportSettings { MaximumConnections = 2 });
        (ConnectionContext first, _) = await AcceptAsync();
        await AcceptAsync();
        _hosts.A.Connect(new IpEndpoint(AddressB, 80));
        Task<ConnectionContext?> third = _listener!.AcceptAsync().AsTask();
        _hosts.Time.AdvanceSeconds(1);
        Assert.False(third.IsCompleted);
        await first.DisposeAsync();
        Assert.NotNull(await third.WaitAsync(s_patience));
        Task<ConnectionContext?> fourth = _listener.AcceptAsync().AsTask();
        await _listener.UnbindAsync();
        Assert.Null(await fourth.WaitAsync(s_patience));
    }

    [Fact]
    public async Task One_address_gets_no_more_than_its_share()
    {
        await BindAsync(new TransportSettings { MaximumOfOneAddress = 2 });
        (ConnectionContext first, _) = await AcceptAsync();
        await AcceptAsync();
        TcpConnection refused = _hosts.A.Connect(new IpEndpoint(AddressB, 80));
        Task<ConnectionContext?> next = _listener!.AcceptAsync().AsTask();
        _hosts.Time.AdvanceSeconds(1);
        await CompleteAsync(refused.WaitForEndAsync().AsTask());
        Assert.Equal(TcpError.Reset, refused.Error);
        await first.DisposeAsync();
        TcpConnection taken = _hosts.A.Connect(new IpEndpoint(AddressB, 80));
        await CompleteAsync(next);
        Assert.Equal(taken.Local.ToIPEndPoint(), (await next)!.RemoteEndPoint);
    }

    [Fact]
    public async Task An_end_that_cannot_be_had_is_refused()
    {
        TransportFactory factory = await BindAsync(new TransportSettings());
        Assert.True(factory.CanBind(new IPEndPoint(IPAddress.Any, 80)));
        Assert.False(factory.CanBind(new DnsEndPoint("name", 80)));
        await Assert.ThrowsAsync<AddressInUseException>(async () => await factory.BindAsync(new IPEndPoint(IPAddress.IPv6Any, 80)));
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(async () => await factory.BindAsync(new IPEndPoint(IPAddress.Loopback, 81)));
        await using IConnectionListener own = await factory.BindAsync(new IPEndPoint(AddressB.ToIPAddress(), 81));
        await _listener!.UnbindAsync();
        await using IConnectionListener again = await factory.BindAsync(new IPEndPoint(IPAddress.Any, 80));
    }

    [Fact]
    public async Task After_an_unbind_nothing_is_accepted_and_what_was_goes_on()
    {
        (ConnectionContext server, TcpConnection client) = await AcceptAsync();
        Task<ConnectionContext?> next = _listener!.AcceptAsync().AsTask();
        await _listener.UnbindAsync();
        Assert.Null(await next.WaitAsync(s_patience));
        client.Write("still"u8);
        Assert.Equal("still"u8.ToArray(), (await ReadAsync(server)).Buffer.ToArray());
    }

    private async Task<TransportFactory> BindAsync(TransportSettings settings)
    {
        TransportFactory factory = new(_hosts.B, settings);
        _listener = await factory.BindAsync(new IPEndPoint(IPAddress.Any, 80));
        return factory;
    }

    private async Task<(ConnectionContext Server, TcpConnection Client)> AcceptAsync()
    {
        if (_listener is null)
            await BindAsync(new TransportSettings());
        TcpConnection client = _hosts.A.Connect(new IpEndpoint(AddressB, 80));
        Task<ConnectionContext?> accepting = _listener!.AcceptAsync().AsTask();
        _hosts.Time.AdvanceSeconds(1);
        ConnectionContext? server = await accepting.WaitAsync(s_patience);
        Assert.NotNull(server);
        return (server, client);
    }

    private async Task<ReadResult> ReadAsync(ConnectionContext server)
    {
        Task<ReadResult> reading = server.Transport.Input.ReadAsync().AsTask();
        _hosts.Time.AdvanceSeconds(1);
        return await reading.WaitAsync(s_patience);
    }

    private async Task<int> DrainAsync(TcpConnection client, int length)
    {
        int received = 0;
        byte[] buffer = new byte[5000];
        while (received < length)
        {
            Assert.Equal(TcpError.None, client.Error);
            received += client.Read(buffer);
            _hosts.Time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }
        _hosts.Time.AdvanceSeconds(1);
        return received;
    }

    private async Task CompleteAsync(Task task)
    {
        for (int i = 0; !task.IsCompleted; i++)
        {
            Assert.InRange(i, 0, 1_000_000);
            _hosts.Time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }
    }

    private static async Task WaitForAsync(CancellationToken token)
    {
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = token.Register(cancelled.SetResult);
        await cancelled.Task.WaitAsync(s_patience);
    }
}
