using System.Buffers.Binary;
using System.Net;
using PingReply = System.Net.NetworkInformation.PingReply;
using System.Net.Sockets;
using HyperOS.Management.TcpIp;
using static HyperOS.Tests.Tap.TapBench;

namespace HyperOS.Tests.Tap;

/// <summary>How connections begin, rest, fail and end between the stack and Linux.</summary>
public class BehaviourTests
{
    private const int IpAt = 14;
    private const int TcpAt = IpAt + 20;
    private const byte Syn = 0x02, Ack = 0x10;

    [Fact]
    public async Task Linux_that_ends_its_side_first_still_gets_the_rest()
    {
        using TapBench bench = new();
        (Socket linux, TcpConnection stack) = await bench.AcceptAsync();
        using NetworkStream there = new(linux, ownsSocket: true);
        using TcpStream here = new(stack);
        linux.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await here.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        Assert.Equal(TcpState.CloseWait, stack.State);
        byte[] sent = Streams.Bytes(300_000, 1);
        Task<string> received = Streams.SumAsync(there);
        await Streams.SendAsync(here, sent, stack.CloseOutput).WaitAsync(Patience);
        Assert.Equal(Streams.Sum(sent), await received.WaitAsync(Patience));
        await stack.WaitForEndAsync().AsTask().WaitAsync(Patience);
        Assert.Equal((TcpState.Closed, TcpError.None), (stack.State, stack.Error));
    }

    [Fact]
    public async Task The_stack_that_ends_its_side_first_still_gets_the_rest()
    {
        using TapBench bench = new();
        (Socket linux, TcpConnection stack) = await bench.ConnectAsync();
        using NetworkStream there = new(linux, ownsSocket: true);
        using TcpStream here = new(stack);
        stack.CloseOutput();
        Assert.Equal(0, await there.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        byte[] sent = Streams.Bytes(300_000, 1);
        Task<string> received = Streams.SumAsync(here);
        await Streams.SendAsync(there, sent, () => linux.Shutdown(SocketShutdown.Send)).WaitAsync(Patience);
        Assert.Equal(Streams.Sum(sent), await received.WaitAsync(Patience));
        await stack.WaitForEndAsync().AsTask().WaitAsync(Patience);
        Assert.Equal((TcpState.TimeWait, TcpError.None), (stack.State, stack.Error));
    }

    [Fact]
    public async Task Ends_that_cross_bring_both_to_rest()
    {
        using TapBench bench = new(isWatched: true);
        (Socket linux, TcpConnection stack) = await bench.AcceptAsync();
        using (linux)
        {
            bench.Link.Incoming!.IsHolding = bench.Link.Outgoing!.IsHolding = true;
            stack.CloseOutput();
            linux.Shutdown(SocketShutdown.Send);
            Assert.Equal(TcpState.FinWait1, stack.State);
            bench.Link.Incoming.IsHolding = false;
            await UntilAsync(() => stack.State == TcpState.Closing, "Linux' end came without an acknowledgement of the stack's");
            bench.Link.Outgoing.IsHolding = false;
            await UntilAsync(() => stack.State == TcpState.TimeWait, "both know");
            Assert.Equal(0, await linux.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        }
    }

    [Fact]
    public async Task A_reset_by_Linux_fails_the_stacks_reader()
    {
        using TapBench bench = new();
        (Socket linux, TcpConnection stack) = await bench.AcceptAsync();
        Task<int> reading = new TcpStream(stack).ReadAsync(new byte[1]).AsTask();
        linux.LingerState = new LingerOption(true, 0);
        linux.Dispose();
        await Assert.ThrowsAsync<IOException>(() => reading.WaitAsync(Patience));
        Assert.Equal(TcpError.Reset, stack.Error);
    }

    [Fact]
    public async Task A_reset_by_the_stack_fails_Linux()
    {
        using TapBench bench = new();
        (Socket linux, TcpConnection stack) = await bench.AcceptAsync();
        Task<int> reading = linux.ReceiveAsync(new byte[1]);
        stack.Abort();
        SocketException reset = await Assert.ThrowsAsync<SocketException>(() => reading.WaitAsync(Patience));
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        linux.Dispose();
    }

    [Fact]
    public async Task Where_nobody_listens_each_side_refuses_the_other()
    {
        using TapBench bench = new();
        using Socket socket = bench.NewSocket();
        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(new IpEndpoint(StackAddress, 81).ToIPEndPoint()).WaitAsync(Patience));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        refused = await Assert.ThrowsAsync<SocketException>(() => bench.Stack.ConnectAsync(new IpEndpoint(LinuxAddress, 81)).AsTask().WaitAsync(Patience));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Fact]
    public async Task A_Linux_that_does_not_read_closes_the_window_and_opens_it_again()
    {
        using TapBench bench = new(isWatched: true);
        int closed = 0, probes = 0;
        bench.Link.Incoming!.Filter = frame =>
        {
            if (IsTcp(frame) && (frame[TcpAt + 13] & (Syn | Ack)) == Ack && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(TcpAt + 14)) == 0)
                Interlocked.Increment(ref closed);
            return true;
        };
        bench.Link.Outgoing!.Filter = frame =>
        {
            if (Volatile.Read(ref closed) != 0 && DataLength(frame) == 1)
                Interlocked.Increment(ref probes);
            return true;
        };
        (Socket linux, TcpConnection stack) = await bench.AcceptAsync(socket => socket.ReceiveBufferSize = 20_000);
        using NetworkStream there = new(linux, ownsSocket: true);
        using TcpStream here = new(stack);
        byte[] sent = Streams.Bytes(500_000, 1);
        Task sending = Streams.SendAsync(here, sent, stack.CloseOutput);
        await UntilAsync(() => Volatile.Read(ref closed) != 0 && Volatile.Read(ref probes) >= 2, "the closed window is asked for");
        Assert.False(sending.IsCompleted);
        Assert.Equal(Streams.Sum(sent), await Streams.SumAsync(there).WaitAsync(Patience));
        await sending.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_stack_that_does_not_read_closes_the_window_and_opens_it_again()
    {
        using TapBench bench = new(new TcpSettings { ReceiveBuffer = 20_000 }, isWatched: true);
        int closed = 0, probes = 0;
        bench.Link.Outgoing!.Filter = frame =>
        {
            if (IsTcp(frame) && (frame[TcpAt + 13] & (Syn | Ack)) == Ack && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(TcpAt + 14)) == 0)
                Interlocked.Increment(ref closed);
            return true;
        };
        bench.Link.Incoming!.Filter = frame =>
        {
            if (Volatile.Read(ref closed) != 0 && IsTcp(frame))
                Interlocked.Increment(ref probes);
            return true;
        };
        (Socket linux, TcpConnection stack) = await bench.AcceptAsync();
        using NetworkStream there = new(linux, ownsSocket: true);
        using TcpStream here = new(stack);
        byte[] sent = Streams.Bytes(500_000, 1);
        Task sending = Streams.SendAsync(there, sent, () => linux.Shutdown(SocketShutdown.Send));
        await UntilAsync(() => Volatile.Read(ref closed) != 0 && Volatile.Read(ref probes) >= 2, "the closed window is asked for");
        Assert.Equal(Streams.Sum(sent), await Streams.SumAsync(here).WaitAsync(Patience));
        await sending.WaitAsync(Patience);
    }

    [Fact]
    public async Task Linux_asks_by_keep_alive_and_the_stack_answers()
    {
        using TapBench bench = new(isWatched: true);
        int asked = 0, answered = 0;
        (Socket linux, TcpConnection stack) = await bench.AcceptAsync(socket =>
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 1);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 1);
        });
        bench.Link.Incoming!.Filter = frame => !IsTcp(frame) || Interlocked.Increment(ref asked) > 0;
        bench.Link.Outgoing!.Filter = frame => !IsTcp(frame) || Interlocked.Increment(ref answered) > 0;
        using (linux)
        {
            // With one question that may stay unanswered, the third one tells that two were answered.
            await UntilAsync(() => Volatile.Read(ref asked) >= 3, "Linux asks");
            Assert.InRange(Volatile.Read(ref answered), 2, 3);
            stack.Write("here"u8);
            Assert.Equal(4, await linux.ReceiveAsync(new byte[10]).WaitAsync(Patience));
        }
    }

    [Fact]
    public async Task The_stack_asks_by_keep_alive_and_gives_up_a_Linux_that_is_gone()
    {
        using TapBench bench = new(isWatched: true);
        int asked = 0;
        (Socket linux, TcpConnection stack) = await bench.AcceptAsync();
        bench.Link.Outgoing!.Filter = frame => !IsTcp(frame) || Interlocked.Increment(ref asked) > 0;
        using (linux)
        {
            stack.KeepAlive = TimeSpan.FromMilliseconds(100);
            await UntilAsync(() => Volatile.Read(ref asked) >= 12, "the stack asks");
            Assert.Equal(TcpState.Established, stack.State);
            bench.Link.Incoming!.Loss = 1;
            await stack.WaitForEndAsync().AsTask().WaitAsync(Patience);
            Assert.Equal(TcpError.TimedOut, stack.Error);
        }
    }

    [Fact]
    public async Task A_flood_of_questions_keeps_no_honest_peer_out()
    {
        const int Flood = 20_000;
        using TapBench bench = new(new TcpSettings { MaximumHalfOpen = 200 });
        _ = bench.Listener;
        using Socket raw = bench.Linux.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw));
        raw.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded, true);
        IPEndPoint target = new IpEndpoint(StackAddress, 0).ToIPEndPoint();
        for (int i = 0; i < Flood; i++)
        {
            raw.SendTo(Question((uint)(0x0B00_0001 + i), (ushort)(1024 + (i % 60_000))), target);
            // No faster than the device's queue is emptied.
            if (i % 400 == 399)
                await UntilAsync(() => bench.Stack.Counters.FramesReceived > i, "the questions have come");
            Assert.InRange(bench.Stack.Tcp.HalfOpenConnections, 0, 200);
            if (i % 2000 == 1999)
                (await bench.AcceptAsync()).Linux.Dispose();
        }
        Assert.InRange(bench.Stack.Counters.HalfOpenEvictions, Flood - 200, Flood);
        Assert.InRange(bench.Stack.Tcp.Connections, 0, Flood / 2000);
    }

    [Fact]
    public void Echoes_and_datagrams_come_back_whole_and_in_fragments()
    {
        using TapBench bench = new();
        Echo receiver = new();
        using UdpSocket echo = bench.Stack.BindUdp(7, receiver);
        receiver.Socket = echo;
        using Socket socket = bench.NewSocket(ProtocolType.Udp);
        socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        foreach (int length in new[] { 0, 1, 1472, 1473, 8000, 16_000 })
        {
            byte[] sent = Streams.Bytes(length, length), received = new byte[20_000];
            PingReply reply = bench.Linux.Run(() => new System.Net.NetworkInformation.Ping().Send(StackAddress.ToIPAddress(), (int)Patience.TotalMilliseconds, sent));
            Assert.Equal(System.Net.NetworkInformation.IPStatus.Success, reply.Status);
            socket.SendTo(sent, new IpEndpoint(StackAddress, 7).ToIPEndPoint());
            Assert.Equal(sent, received[..socket.Receive(received)]);
        }
    }

    private static bool IsTcp(byte[] frame) => frame.Length >= TcpAt + 20 && frame[12] == 8 && frame[13] == 0 && frame[IpAt + 9] == 6;

    private static int DataLength(byte[] frame) =>
        IsTcp(frame) ? BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(IpAt + 2)) - 20 - ((frame[TcpAt + 12] >> 4) * 4) : 0;

    // A SYN of an invented host, checksum and all; the kernel adds that of the IP header.
    private static byte[] Question(uint source, ushort port)
    {
        byte[] packet = new byte[40];
        packet[0] = 0x45;
        packet[8] = 64;
        packet[9] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), source);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), StackAddress.Number);
        Span<byte> tcp = packet.AsSpan(20);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, port);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], Port);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], source);
        tcp[12] = 0x50;
        tcp[13] = Syn;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], 65535);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], InternetChecksum.OfPseudoHeader(IpAddress.V4(source), StackAddress, IpProtocol.Tcp, 20).Add(tcp).Value);
        return packet;
    }

    private sealed class Echo : IUdpReceiver
    {
        public UdpSocket? Socket { get; set; }

        public void Receive(ReadOnlySpan<byte> payload, IpEndpoint from) => Socket!.Send(from, payload);

        public void Refused(IpEndpoint remote)
        {
        }
    }
}
