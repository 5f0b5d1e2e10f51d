using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

/// <summary>The client against two servers, 10.0.0.2 and 10.0.0.254, that the test plays.</summary>
public sealed class DnsTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private static readonly byte[] s_name = [1, (byte)'a', 7, .. "example"u8, 0];

    private readonly HostBench _bench = new HostBench().AnswerArp();

    public DnsTests()
    {
        _bench.Stack.Configure(new IpConfiguration(Host, 24, Router) { DnsServers = [Peer, Router] });
        _bench.KnowNeighbours();
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_name_is_asked_for_and_its_addresses_are_told()
    {
        Task<DnsAnswer> query = DnsClient.ResolveAsync(_bench.Stack, "A.Example.");
        byte[] question = TakeOne(Peer);
        Assert.Equal([1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. s_name, 0, 1, 0, 1], question[30..]);
        Answer(question, [.. Record(1, 60, 192, 0, 2, 1), .. Record(1, 30, 192, 0, 2, 2)], 2);
        DnsAnswer answer = await query.WaitAsync(s_patience);
        Assert.Equal((DnsStatus.Found, TimeSpan.FromSeconds(30)), (answer.Status, answer.TimeToLive));
        Assert.Equal([IpAddress.V4(192, 0, 2, 1), IpAddress.V4(192, 0, 2, 2)], answer.Addresses.ToArray());
    }

    [Fact]
    public async Task Aliases_are_followed_and_other_names_passed_over()
    {
        Task<DnsAnswer> query = DnsClient.ResolveAsync(_bench.Stack, "a.example");
        byte[] other = [1, (byte)'z', 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 6, 6, 6, 6], target = [1, (byte)'b', 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 3];
        Answer(TakeOne(Peer), [.. Record(5, 60, 1, (byte)'b', 0), .. other, .. target], 3);
        Assert.Equal(IpAddress.V4(192, 0, 2, 3), Assert.Single((await query.WaitAsync(s_patience)).Addresses));
    }

    [Fact]
    public async Task Servers_are_asked_in_turn_and_given_up_after_three_rounds()
    {
        Task<DnsAnswer> query = DnsClient.ResolveAsync(_bench.Stack, "a.example");
        _bench.Time.AdvanceSeconds(15);
        Assert.Equal(DnsStatus.NoAnswer, (await query.WaitAsync(s_patience)).Status);
        List<byte[]> questions = _bench.TakePackets();
        Assert.Equal([2, 254, 2, 254, 2, 254], questions.Select(packet => (int)packet[19]));
        Assert.Equal(6, questions.Select(packet => Get32(packet, 28) >> 16).Distinct().Count());
        Assert.Equal(6, questions.Select(packet => Get16(packet, 20)).Distinct().Count());
    }

    [Fact]
    public async Task A_server_that_fails_is_followed_by_the_next_at_once()
    {
        Task<DnsAnswer> query = DnsClient.ResolveAsync(_bench.Stack, "a.example");
        Answer(TakeOne(Peer), [], 0, change: answer => answer[3] = 2);
        Answer(TakeOne(Router), Record(1, 60, 192, 0, 2, 1), 1, from: Router);
        Assert.Equal(DnsStatus.Found, (await query.WaitAsync(s_patience)).Status);
    }

    [Fact]
    public async Task A_name_that_is_not_there_is_not_found()
    {
        Task<DnsAnswer> query = DnsClient.ResolveAsync(_bench.Stack, "a.example");
        Answer(TakeOne(Peer), [], 0, change: answer => answer[3] = 3);
        Assert.Equal(DnsStatus.NotFound, (await query.WaitAsync(s_patience)).Status);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 0x80)]
    [InlineData(13, 1)]
    [InlineData(22, 1)]
    public void An_answer_to_another_question_is_not_heard(int at, byte flip)
    {
        Task<DnsAnswer> query = DnsClient.ResolveAsync(_bench.Stack, "a.example");
        Answer(TakeOne(Peer), Record(1, 60, 192, 0, 2, 1), 1, change: answer => answer[at] ^= flip);
        Assert.False(query.IsCompleted);
        Assert.Equal(1, _bench.Drops(DropReason.Unexpected));
    }

    [Fact]
    public void An_answer_from_elsewhere_is_not_heard()
    {
        Task<DnsAnswer> query = DnsClient.ResolveAsync(_bench.Stack, "a.example");
        Answer(TakeOne(Peer), Record(1, 60, 192, 0, 2, 1), 1, from: Router);
        Assert.False(query.IsCompleted);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a..b")]
    [InlineData("a b")]
    [InlineData("é.example")]
    public async Task A_name_that_is_none_is_not_asked_for(string name)
    {
        Assert.Equal(DnsStatus.BadName, (await DnsClient.ResolveAsync(_bench.Stack, name)).Status);
        Assert.Empty(_bench.TakePackets());
    }

    [Fact]
    public async Task An_address_is_its_own_answer() =>
        Assert.Equal(Peer, Assert.Single((await DnsClient.ResolveAsync(_bench.Stack, "10.0.0.2")).Addresses));

    [Fact]
    public void Answers_of_any_content_do_no_harm()
    {
        Random random = new(1);
        for (int i = 0; i < 3000; i++)
        {
            _ = DnsClient.ResolveAsync(_bench.Stack, "a.example");
            byte[] records = new byte[random.Next(60)];
            random.NextBytes(records);
            for (int at = 0; at < records.Length; at += random.Next(1, 12))
                records[at] = (byte)(random.Next(2) == 0 ? 0xC0 : random.Next(4));
            Answer(_bench.TakePackets()[^1], records, (ushort)random.Next(6));
            if (i % 100 == 0)
                _bench.Time.AdvanceSeconds(20);
        }
    }

    private byte[] TakeOne(IpAddress server)
    {
        byte[] packet = Assert.Single(_bench.TakePackets());
        Assert.Equal(Bytes(server), packet[16..20]);
        return packet;
    }

    private static byte[] Record(byte type, byte life, params byte[] data) => [0xC0, 12, 0, type, 0, 1, 0, 0, 0, life, 0, (byte)data.Length, .. data];

    private void Answer(byte[] question, byte[] records, ushort count, IpAddress? from = null, Action<byte[]>? change = null)
    {
        byte[] answer = [.. question[28..], .. records];
        answer[2] = 0x81;
        answer[3] = 0x80;
        Put(answer, 6, count);
        change?.Invoke(answer);
        IpAddress server = from ?? Peer;
        _bench.ReceiveIp(Ip(server, Host, 17, Udp(server, 53, Host, Get16(question, 20), answer)));
    }
}
