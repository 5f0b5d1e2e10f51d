using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

/// <summary>The client against a server, 10.0.0.254, that the test plays.</summary>
public sealed class DhcpTests : IDisposable
{
    private const byte Discover = 1, Offer = 2, Request = 3, Decline = 4, Ack = 5, Nak = 6;

    private static readonly IpConfiguration s_fallback = new(IpAddress.V4(192, 168, 1, 10), 24, null);

    private readonly HostBench _bench = new(isConfigured: false);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_lease_is_asked_for_offered_requested_and_taken_after_a_probe()
    {
        using DhcpClient client = Start();
        byte[] discover = TakeOne(Discover);
        Assert.Equal([0, 0, 0, 0, 255, 255, 255, 255], discover[12..20]);
        Reply(discover, Offer);
        byte[] request = TakeOne(Request);
        Assert.Equal([50, 4, 10, 0, 0, 1, 54, 4, 10, 0, 0, 254], request[(28 + 243)..(28 + 255)]);
        Reply(request, Ack);
        Assert.Equal((DhcpState.Probing, null), (client.State, _bench.Stack.Configuration));
        _bench.Time.AdvanceSeconds(0.3);
        Assert.Equal(DhcpState.Bound, client.State);
        IpConfiguration configuration = _bench.Stack.Configuration!;
        Assert.Equal((Host, 24, Router), (configuration.Address, configuration.PrefixLength, configuration.Gateway));
        Assert.Equal([Peer, Router], configuration.DnsServers.ToArray());
        Assert.Equal("lab.example", configuration.Domain);
    }

    [Fact]
    public void Without_an_answer_it_asks_ever_slower_up_to_every_64_seconds()
    {
        using DhcpClient client = Start();
        List<double> times = [];
        for (int i = 0; i < 300; i++)
        {
            if (Take(Discover).Count != 0)
                times.Add(_bench.Time.Now / 1e7);
            _bench.Time.AdvanceSeconds(1);
        }
        Assert.InRange(times.Count, 7, 9);
        Assert.All(times.Zip(times.Skip(1), (a, b) => b - a).Zip([4, 8, 16, 32, 64, 64, 64]), pair => Assert.InRange(pair.First, pair.Second - 2, pair.Second + 2));
    }

    [Fact]
    public void Without_a_server_the_fixed_address_is_taken_and_left_when_one_appears()
    {
        using DhcpClient client = Start(new DhcpSettings { Fallback = s_fallback });
        _bench.Time.AdvanceSeconds(9);
        Assert.Null(_bench.Stack.Configuration);
        _bench.Time.AdvanceSeconds(2);
        Assert.Equal((s_fallback, true), (_bench.Stack.Configuration, client.IsFallback));
        _bench.Link.Take();
        _bench.Time.AdvanceSeconds(70);
        Reply(Take(Discover)[^1], Offer);
        Reply(TakeOne(Request), Ack);
        _bench.Time.AdvanceSeconds(1);
        Assert.Equal((Host, false), (_bench.Stack.Configuration!.Address, client.IsFallback));
    }

    [Fact]
    public void An_address_that_somebody_uses_is_declined_and_another_asked_for()
    {
        using DhcpClient client = Start();
        Reply(TakeOne(Discover), Offer);
        Reply(TakeOne(Request), Ack);
        _bench.Time.AdvanceSeconds(0.1);
        _bench.Stack.Receive(Frame(_bench.HostMac, PeerMac, 0x0806, Arp(2, PeerMac, Host, _bench.HostMac, IpAddress.AnyV4)));
        Assert.Single(Take(Decline));
        Assert.Null(_bench.Stack.Configuration);
        _bench.Time.AdvanceSeconds(11);
        TakeOne(Discover);
    }

    [Fact]
    public void A_lease_is_renewed_with_its_server_at_half_of_its_time()
    {
        using DhcpClient client = Bind();
        _bench.Time.AdvanceSeconds(1801);
        Assert.Equal(DhcpState.Renewing, client.State);
        byte[] request = TakeOne(Request);
        Assert.Equal([.. Bytes(Host), .. Bytes(Router)], request[12..20]);
        Assert.Equal(Bytes(Host), request[(28 + 12)..(28 + 16)]);
        Reply(request, Ack);
        Assert.Equal(DhcpState.Bound, client.State);
        _bench.Time.AdvanceSeconds(1700);
        Assert.Equal(DhcpState.Bound, client.State);
    }

    [Fact]
    public void A_lease_that_nobody_renews_is_asked_of_all_and_given_up_when_it_is_over()
    {
        using DhcpClient client = Bind();
        _bench.Time.AdvanceSeconds(3200);
        Assert.Equal(DhcpState.Rebinding, client.State);
        Assert.Equal(Bytes(IpAddress.BroadcastV4), Take(Request)[^1][16..20]);
        _bench.Time.AdvanceSeconds(400);
        Assert.Equal((DhcpState.Selecting, null), (client.State, _bench.Stack.Configuration));
    }

    [Fact]
    public void A_refusal_ends_the_lease()
    {
        using DhcpClient client = Bind();
        _bench.Time.AdvanceSeconds(1801);
        Reply(TakeOne(Request), Nak);
        Assert.Equal((DhcpState.Selecting, null), (client.State, _bench.Stack.Configuration));
    }

    [Fact]
    public void A_request_that_is_not_answered_begins_anew()
    {
        using DhcpClient client = Start();
        Reply(TakeOne(Discover), Offer);
        _bench.Time.AdvanceSeconds(70);
        Assert.Equal(4, Take(Request).Count);
        Assert.Equal(DhcpState.Selecting, client.State);
    }

    [Theory]
    [InlineData(4, 0xFF)]
    [InlineData(28, 0xFF)]
    [InlineData(0, 1)]
    [InlineData(236, 0)]
    [InlineData(240, 255)]
    [InlineData(16, 224)]
    [InlineData(255, 0x0F)]
    public void An_answer_that_is_not_for_this_question_or_makes_no_sense_is_passed_over(int at, byte value)
    {
        using DhcpClient client = Start();
        Reply(TakeOne(Discover), Offer, reply => reply[at] = value);
        Assert.Equal(DhcpState.Selecting, client.State);
        Assert.Empty(Take(Request));
    }

    [Fact]
    public void An_answer_cut_off_anywhere_does_no_harm()
    {
        using DhcpClient client = Start();
        byte[] discover = TakeOne(Discover);
        for (int length = 0; length < 290; length++)
            Reply(discover, Nak, cut: length);
        Assert.Equal(DhcpState.Selecting, client.State);
    }

    private DhcpClient Start(DhcpSettings? settings = null) => new(_bench.Stack, settings ?? new DhcpSettings());

    private DhcpClient Bind()
    {
        DhcpClient client = Start();
        Reply(TakeOne(Discover), Offer);
        Reply(TakeOne(Request), Ack);
        _bench.Time.AdvanceSeconds(0.3);
        _bench.AnswerArp();
        _bench.Link.Take();
        return client;
    }

    private byte[] TakeOne(byte type) => Assert.Single(Take(type));

    private List<byte[]> Take(byte type) => [.. _bench.TakePackets().Where(packet => packet[9] == 17 && Get16(packet, 22) == 67 && packet[28 + 242] == type)];

    private void Reply(byte[] question, byte type, Action<byte[]>? change = null, int? cut = null)
    {
        byte[] reply =
        [
            2, 1, 6, 0, .. question[32..36], .. new byte[8], .. Bytes(Host), .. new byte[8], .. question[56..72], .. new byte[192], 0x63, 0x82, 0x53, 0x63,
            53, 1, type, 54, 4, .. Bytes(Router), 1, 4, 255, 255, 255, 0, 51, 4, 0, 0, 0x0E, 0x10, 3, 4, .. Bytes(Router), 6, 8, .. Bytes(Peer), .. Bytes(Router),
            15, 11, .. "lab.example"u8, 255,
        ];
        change?.Invoke(reply);
        IpAddress to = _bench.Stack.Configuration is null ? Host : IpAddress.BroadcastV4;
        byte[] datagram = Udp(Router, 67, to, 68, reply.AsSpan(0, Math.Min(cut ?? reply.Length, reply.Length)));
        _bench.Stack.Receive(Frame(to == Host ? _bench.HostMac : MacAddress.Broadcast, RouterMac, 0x0800, Ip(Router, to, 17, datagram)));
    }
}
