using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.TcpIp;

public class ChecksumTests
{
    [Fact]
    public void The_example_of_RFC_1071_sums_as_told_there() =>
        Assert.Equal(0xFFFF - 0xDDF2, default(InternetChecksum).Add([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]).Value);

    [Fact]
    public void Any_bytes_sum_as_word_by_word()
    {
        Random random = new(1);
        for (int length = 0; length < 200; length++)
        {
            byte[] bytes = new byte[length];
            random.NextBytes(bytes);
            Assert.Equal(Packets.Checksum(bytes), default(InternetChecksum).Add(bytes).Value);
        }
        Assert.Equal(0, default(InternetChecksum).Add(Enumerable.Repeat((byte)0xFF, 70_000).ToArray()).Value);
    }

    [Fact]
    public void The_pseudo_header_covers_addresses_protocol_and_length()
    {
        IpAddress a = IpAddress.V4(10, 1, 2, 3), b = IpAddress.V4(192, 168, 255, 254);
        byte[] payload = [1, 2, 3];
        Assert.Equal(Packets.TransportChecksum(a, b, 17, payload), InternetChecksum.OfPseudoHeader(a, b, IpProtocol.Udp, 3).Add(payload).Value);
    }

    [Fact]
    public void SipHash_gives_the_value_of_its_paper()
    {
        byte[] key = [.. Enumerable.Range(0, 16).Select(i => (byte)i)], input = [.. Enumerable.Range(0, 15).Select(i => (byte)i)];
        Assert.Equal(0xA129CA6149BE45E5, new SipHash(key).Hash(input));
    }
}
