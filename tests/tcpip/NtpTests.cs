using System.Buffers.Binary;
using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

/// <summary>The client against a server, 10.0.0.2, that the test plays.</summary>
public sealed class NtpTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly HostBench _bench = new HostBench().KnowNeighbours();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(3600)]
    [InlineData(-5.5)]
    public async Task The_offset_is_measured_and_the_way_taken_off(double ahead)
    {
        Task<NtpSample?> query = Ask(out byte[] question);
        _bench.Time.AdvanceSeconds(0.1);
        Answer(question, ahead);
        NtpSample sample = (await query.WaitAsync(s_patience))!.Value;
        Assert.InRange((sample.Offset - TimeSpan.FromSeconds(ahead)).TotalMilliseconds, -50.1, 50.1);
        Assert.InRange(sample.Delay.TotalMilliseconds, 99.9, 100.1);
        Assert.Equal(2, sample.Stratum);
    }

    [Fact]
    public async Task A_silent_server_is_asked_three_times()
    {
        Task<NtpSample?> query = Ask(out _);
        _bench.Time.AdvanceSeconds(7);
        Assert.Null(await query.WaitAsync(s_patience));
        Assert.Equal(2, _bench.TakePackets().Count);
    }

    [Theory]
    [InlineData(0, 0xE4)]
    [InlineData(1, 0)]
    [InlineData(1, 16)]
    public async Task A_server_without_a_time_tells_none(int at, byte value)
    {
        Task<NtpSample?> query = Ask(out byte[] question);
        Answer(question, 0, reply => reply[at] = value);
        Assert.Null(await query.WaitAsync(s_patience));
    }

    [Theory]
    [InlineData(24)]
    [InlineData(31)]
    public void An_answer_to_another_question_is_passed_over(int at)
    {
        Task<NtpSample?> query = Ask(out byte[] question);
        Answer(question, 0, reply => reply[at] ^= 1);
        Assert.False(query.IsCompleted);
        Assert.Equal(1, _bench.Drops(DropReason.Unexpected));
    }

    private Task<NtpSample?> Ask(out byte[] question)
    {
        Task<NtpSample?> query = NtpClient.QueryAsync(_bench.Stack, _bench.Time, Peer);
        question = Assert.Single(_bench.TakePackets());
        return query;
    }

    private void Answer(byte[] question, double ahead, Action<byte[]>? change = null)
    {
        byte[] reply = new byte[48];
        reply[0] = 4 << 3 | 4;
        reply[1] = 2;
        question[68..76].CopyTo(reply, 24);
        double seconds = (_bench.Time.GetUtcNow() - new DateTimeOffset(1900, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds + ahead;
        ulong stamp = ((ulong)seconds << 32) + (ulong)((seconds - Math.Floor(seconds)) * (1L << 32));
        BinaryPrimitives.WriteUInt64BigEndian(reply.AsSpan(32), stamp);
        BinaryPrimitives.WriteUInt64BigEndian(reply.AsSpan(40), stamp);
        change?.Invoke(reply);
        _bench.ReceiveIp(Ip(Peer, Host, 17, Udp(Peer, 123, Host, Get16(question, 20), reply)));
    }
}
