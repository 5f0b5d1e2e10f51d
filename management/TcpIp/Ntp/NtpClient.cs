using System;
using System.Buffers.Binary;
using System.Threading.Tasks;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// Asks a time server once (RFC 5905, the exchange of figure 15 and the packet of figure 8, as a client of RFC 5905 section 14).
/// <code>
///   0           1         2      3           4            8                 12     16          24       32        40
///   | LI,VN,mode | stratum | poll | precision | root delay | root dispersion | id   | reference | origin | receive | transmit
/// </code>
/// </summary>
public sealed class NtpClient : IUdpReceiver
{
    private const ushort Port = 123;
    private const int PacketLength = 48;
    private const int Tries = 3;
    private const long TimeOut = 2_000_000;

    private readonly NetworkStack _stack;
    private readonly TimeProvider _time;
    private readonly IpEndpoint _server;
    private readonly UdpSocket _socket;
    private readonly StackTimer _timer;
    private readonly TaskCompletionSource<NtpSample?> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _cookie;
    private DateTimeOffset _askedAt;
    private long _asked;
    private int _tries;

    private NtpClient(NetworkStack stack, TimeProvider time, IpAddress server)
    {
        _stack = stack;
        _time = time;
        _server = new IpEndpoint(server, Port);
        _socket = stack.BindUdp(0, this);
        _timer = new StackTimer(stack.Context.Timers, Ask);
    }

    /// <summary>Asks a server, three times at most.</summary>
    /// <returns>Null if it did not answer within six seconds, or has no time to tell.</returns>
    public static Task<NtpSample?> QueryAsync(NetworkStack stack, TimeProvider time, IpAddress server)
    {
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(time);
        using NetworkStack.Scope scope = stack.Enter();
        NtpClient client = new(stack, time, server);
        client.Ask();
        return client._result.Task;
    }

    void IUdpReceiver.Refused(IpEndpoint remote)
    {
        if (remote == _server)
            End(null);
    }

    void IUdpReceiver.Receive(ReadOnlySpan<byte> payload, IpEndpoint from)
    {
        // The origin is the question's transmit time, which here is a random number: who has not seen the question cannot answer it.
        if (from != _server || payload.Length < PacketLength || (payload[0] & 7) != 4 || BinaryPrimitives.ReadUInt64BigEndian(payload[24..]) != _cookie)
        {
            _stack.Context.Counters.Drop(DropReason.Unexpected);
            return;
        }
        TimeSpan elapsed = _time.GetElapsedTime(_asked);
        ulong received = BinaryPrimitives.ReadUInt64BigEndian(payload[32..]), sent = BinaryPrimitives.ReadUInt64BigEndian(payload[40..]);
        int stratum = payload[1];
        // A server without a time of its own says so: unsynchronised, or a kiss of death (RFC 5905 sections 7.3 and 7.4).
        if (payload[0] >> 6 == 3 || stratum is 0 or > 15 || received == 0 || sent == 0)
        {
            End(null);
            return;
        }
        TimeSpan held = Distance(received, sent);
        TimeSpan offset = (Distance(Stamp(_askedAt), received) + Distance(Stamp(_askedAt + elapsed), sent)) / 2;
        End(new NtpSample(offset, elapsed > held && held >= TimeSpan.Zero ? elapsed - held : TimeSpan.Zero, stratum));
    }

    private void Ask()
    {
        if (_tries++ == Tries)
        {
            End(null);
            return;
        }
        Span<byte> packet = stackalloc byte[PacketLength];
        packet.Clear();
        packet[0] = 4 << 3 | 3;
        _stack.Context.Random.Fill(packet[40..]);
        _cookie = BinaryPrimitives.ReadUInt64BigEndian(packet[40..]);
        _askedAt = _time.GetUtcNow();
        _asked = _time.GetTimestamp();
        _timer.Start(_stack.Context.Now + TimeOut);
        _socket.Send(_server, packet);
    }

    private void End(NtpSample? sample)
    {
        _timer.Stop();
        _socket.Dispose();
        _result.TrySetResult(sample);
    }

    // Seconds since 1900 and their fraction, of which eras overflow (RFC 5905 section 6): only differences count, and those are short.
    private static ulong Stamp(DateTimeOffset time)
    {
        long ticks = time.UtcTicks - new DateTime(1900, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;
        return (ulong)(ticks / TimeSpan.TicksPerSecond) << 32 | (ulong)((ticks % TimeSpan.TicksPerSecond << 32) / TimeSpan.TicksPerSecond);
    }

    private static TimeSpan Distance(ulong from, ulong to)
    {
        long difference = (long)(to - from);
        return TimeSpan.FromTicks(((difference >> 32) * TimeSpan.TicksPerSecond) + ((difference & uint.MaxValue) * TimeSpan.TicksPerSecond >> 32));
    }
}
