using System;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Threading.Tasks;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// Asks the configured name servers for a name's IPv4 addresses over UDP (RFC 1035, RFC 1123 section 6.1.3.3): one after the other, three rounds.
/// The identifier and the port of every question are random, and nothing but the answer to it from where it was sent is heard (RFC 5452).
/// </summary>
public sealed class DnsClient : IUdpReceiver
{
    private const ushort Port = 53;
    private const int Rounds = 3;
    private const long TimeOut = 1_000_000;

    private readonly StackContext _context;
    private readonly ImmutableArray<IpAddress> _servers;
    private readonly byte[] _question;
    private readonly NetworkStack _stack;
    private readonly StackTimer _timer;
    private readonly TaskCompletionSource<DnsAnswer> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private UdpSocket? _socket;
    private int _tries;

    private DnsClient(NetworkStack stack, ReadOnlySpan<byte> question, ImmutableArray<IpAddress> servers)
    {
        _stack = stack;
        _context = stack.Context;
        _question = question.ToArray();
        _servers = servers;
        _timer = new StackTimer(_context.Timers, Ask);
    }

    private IpEndpoint Server => new(_servers[(_tries - 1) % _servers.Length], Port);

    /// <summary>Asks for a name; a text that is an address is its own answer.</summary>
    public static Task<DnsAnswer> ResolveAsync(NetworkStack stack, string name)
    {
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(name);
        if (IpAddress.TryParse(name, out IpAddress address))
            return Task.FromResult(new DnsAnswer(DnsStatus.Found, [address], TimeSpan.MaxValue));
        Span<byte> question = stackalloc byte[DnsMessage.HeaderLength + DnsMessage.MaximumName + 4];
        int length = DnsMessage.WriteQuestion(question, name);
        if (length == 0)
            return Task.FromResult(Nothing(DnsStatus.BadName));
        using NetworkStack.Scope scope = stack.Enter();
        if (stack.Configuration is not { DnsServers: [_, ..] servers })
            return Task.FromResult(Nothing(DnsStatus.NoAnswer));
        DnsClient client = new(stack, question[..length], servers);
        client.Ask();
        return client._result.Task;
    }

    void IUdpReceiver.Refused(IpEndpoint remote)
    {
        if (remote == Server)
            Ask();
    }

    void IUdpReceiver.Receive(ReadOnlySpan<byte> payload, IpEndpoint from)
    {
        if (from != Server || !DnsMessage.Answers(payload, _question))
            _context.Counters.Drop(DropReason.Unexpected);
        else if (DnsMessage.Read(payload, _question) is { } answer)
            End(answer);
        else
            Ask();
    }

    private static DnsAnswer Nothing(DnsStatus status) => new(status, [], TimeSpan.Zero);

    private void Ask()
    {
        _socket?.Dispose();
        if (_tries++ == Rounds * _servers.Length)
        {
            End(Nothing(DnsStatus.NoAnswer));
            return;
        }
        BinaryPrimitives.WriteUInt16BigEndian(_question, _context.RandomUInt16());
        _socket = _stack.BindUdp(0, this);
        _timer.Start(_context.Now + (TimeOut << ((_tries - 1) / _servers.Length)));
        _socket.Send(Server, _question);
    }

    private void End(DnsAnswer answer)
    {
        _timer.Stop();
        _socket?.Dispose();
        _result.TrySetResult(answer);
    }
}
