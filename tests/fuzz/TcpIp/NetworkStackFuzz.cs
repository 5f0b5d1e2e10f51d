using HyperOS.Management.TcpIp;
using HyperOS.Tests.TcpIp;
using static HyperOS.Tests.TcpIp.HostBench;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.Fuzz.TcpIp;

/// <summary>Frames of any content never fault the stack, and what it sends is always well formed.</summary>
public class NetworkStackFuzz
{
    [Fact]
    public void Frames_of_any_content_are_taken_or_dropped() => FuzzRun.Run(random =>
    {
        using HostBench bench = new(isConfigured: random.Next(8) != 0);
        if (random.Next(4) != 0)
            bench.KnowNeighbours();
        bench.Stack.BindUdp(9, new RecordingReceiver());
        for (int count = random.Next(1, 12); count > 0; count--)
        {
            byte[] frame = Draw(random, bench);
            bench.Stack.Receive(random.Next(2) == 0 ? FuzzRun.Mutate(random, frame) : frame);
            if (random.Next(8) == 0)
                bench.Time.AdvanceSeconds(random.Next(20));
        }
        FuzzRun.Saw("sent", bench.Link.Sent.Count);
        foreach (DropReason reason in Enum.GetValues<DropReason>())
        {
            if (bench.Drops(reason) != 0)
                FuzzRun.Saw(reason);
        }
        foreach (byte[] sent in bench.Link.Sent)
            Check(sent, bench.Link);
    });

    internal static void Check(byte[] frame, RecordingLink link)
    {
        Assert.Equal(Bytes(link.Address), frame[6..12]);
        if (Get16(frame, 12) == 0x0806)
        {
            Assert.Equal(42, frame.Length);
            return;
        }
        Assert.InRange(frame.Length, EthernetLength + IpLength, EthernetLength + 1600);
        byte[] packet = frame[EthernetLength..];
        Assert.Equal(0x0800, Get16(frame, 12));
        Assert.Equal(packet.Length, Get16(packet, 2));
        Assert.Equal(0, Checksum(packet.AsSpan(0, IpLength)));
        FuzzRun.Saw("protocol", packet[9]);
        if ((Get16(packet, 6) & 0x3FFF) == 0)
            Assert.Equal(0, packet[9] == 1 ? Checksum(packet.AsSpan(IpLength)) : TransportChecksum(Address(packet, 12), Address(packet, 16), packet[9], packet.AsSpan(IpLength)));
    }

    private static byte[] Draw(Random random, HostBench bench)
    {
        MacAddress to = random.Next(4) == 0 ? MacAddress.Broadcast : bench.HostMac;
        return random.Next(6) == 0
            ? Frame(to, PeerMac, 0x0806, Arp((ushort)random.Next(4), PeerMac, DrawAddress(random), default, DrawAddress(random)))
            : Frame(to, PeerMac, 0x0800, DrawPacket(random));
    }

    private static byte[] DrawPacket(Random random)
    {
        IpAddress source = DrawAddress(random), destination = random.Next(4) == 0 ? DrawAddress(random) : Host;
        byte[] data = new byte[random.Next(4) == 0 ? random.Next(1400) : random.Next(40)];
        random.NextBytes(data);
        ushort flags = random.Next(3) != 0 ? (ushort)0 : (ushort)(random.Next(2) << 13 | random.Next(4));
        byte[]? options = random.Next(4) != 0 ? null : new byte[4 * random.Next(11)];
        if (options is not null)
            random.NextBytes(options);
        (byte protocol, byte[] payload) = random.Next(4) switch
        {
            0 => ((byte)1, Icmp((byte)random.Next(14), (byte)random.Next(6), (uint)random.Next(), random.Next(2) == 0 ? data : Quotation(random, data))),
            1 => ((byte)random.Next(256), data),
            _ => ((byte)17, Udp(source, (ushort)random.Next(16), destination, (ushort)random.Next(16), data)),
        };
        return Ip(source, destination, protocol, payload, (ushort)random.Next(4), flags, options);
    }

    private static byte[] Quotation(Random random, byte[] data) => Ip(Host, DrawAddress(random), (byte)(random.Next(2) == 0 ? 17 : 6), [0, 9, 0, 7, .. data]);

    private static IpAddress DrawAddress(Random random) => random.Next(7) switch
    {
        0 => Host,
        1 => Far,
        2 => Router,
        3 => IpAddress.V4((uint)random.NextInt64(1L << 32)),
        _ => Peer,
    };

    private static IpAddress Address(byte[] packet, int at) => IpAddress.V4(Get32(packet, at));
}
