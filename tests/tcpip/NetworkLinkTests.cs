using HyperOS.Abi.Control;
using HyperOS.Management.KernelClient;
using HyperOS.Management.TcpIp;
using static HyperOS.Tests.TcpIp.Packets;

namespace HyperOS.Tests.TcpIp;

/// <summary>The link by the kernel's device file, which a test plays.</summary>
public class NetworkLinkTests
{
    private static readonly MacAddress s_mac = new(0x0200_0000_0001);

    [Fact]
    public void Frames_go_out_as_one_batch_when_there_are_no_more()
    {
        PlayedFile file = new();
        NetworkLink link = new(file, s_mac);
        link.Flush();
        Assert.True(link.TryTransmit(new byte[60]));
        Assert.True(link.TryTransmit(new byte[1514]));
        Assert.Empty(file.Written);
        link.Flush();
        link.Flush();
        Assert.Equal([60, 1514], Lengths(Assert.Single(file.Written)));
    }

    [Fact]
    public void A_full_batch_goes_out_before_the_next_frame()
    {
        PlayedFile file = new();
        NetworkLink link = new(file, s_mac);
        int inOne = FrameStream.MaxLength / 1516;
        for (int i = 0; i <= inOne; i++)
            Assert.True(link.TryTransmit(new byte[1514]));
        Assert.Equal(inOne, Lengths(Assert.Single(file.Written)).Count);
        link.Flush();
        Assert.Single(Lengths(file.Written[1]));
    }

    [Fact]
    public void A_frame_that_is_none_and_a_batch_that_the_kernel_refuses_are_lost()
    {
        PlayedFile file = new() { IsRefusing = true };
        NetworkLink link = new(file, s_mac);
        Assert.False(link.TryTransmit(new byte[13]));
        Assert.False(link.TryTransmit(new byte[1519]));
        Assert.True(link.TryTransmit(new byte[60]));
        link.Flush();
        file.IsRefusing = false;
        link.Flush();
        Assert.Empty(file.Written);
    }

    [Fact]
    public void Batches_reach_the_stack_until_the_file_ends_and_a_torn_one_does_no_harm()
    {
        byte[] question = Frame(MacAddress.Broadcast, HostBench.PeerMac, 0x0806, Arp(1, HostBench.PeerMac, HostBench.Peer, default, HostBench.Host));
        byte[] batch = new byte[FrameStream.MaxLength];
        int length = 0;
        Assert.True(FrameStream.TryAdd(batch, ref length, question) && FrameStream.TryAdd(batch, ref length, question));
        PlayedFile file = new();
        file.Coming.Enqueue(batch[..length]);
        file.Coming.Enqueue(batch[..(length - 1)]);
        file.Coming.Enqueue([0xFF, 0xFF, 1]);
        NetworkLink link = new(file, s_mac);
        using NetworkStack stack = new(link, TimeProvider.System, new SeededRandom(1));
        stack.Configure(new IpConfiguration(HostBench.Host, 24, null));
        file.Written.Clear();
        link.Run(stack);
        Assert.Equal(3, stack.Counters.FramesReceived);
        Assert.Equal([2, 1], file.Written.Select(written => Lengths(written).Count));
    }

    private static List<int> Lengths(byte[] written)
    {
        List<int> lengths = [];
        ReadOnlySpan<byte> batch = written;
        while (FrameStream.TryTake(ref batch, out ReadOnlySpan<byte> frame))
            lengths.Add(frame.Length);
        Assert.Equal(0, batch.Length);
        return lengths;
    }

    private sealed class PlayedFile : IDeviceFile
    {
        public Queue<byte[]> Coming { get; } = new();

        public List<byte[]> Written { get; } = [];

        public bool IsRefusing { get; set; }

        public int Read(Span<byte> buffer, ulong offset = 0)
        {
            if (!Coming.TryDequeue(out byte[]? batch))
                return 0;
            batch.CopyTo(buffer);
            return batch.Length;
        }

        public int Write(ReadOnlySpan<byte> bytes, ulong offset = 0)
        {
            if (IsRefusing)
                throw new IOException();
            Written.Add(bytes.ToArray());
            return bytes.Length;
        }

        public void Dispose()
        {
        }
    }
}
