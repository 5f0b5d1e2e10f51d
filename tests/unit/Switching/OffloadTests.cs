using System.Buffers.Binary;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Switching;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Unit.Switching;

public class OffloadTests
{
    private const FrameOffloads All = FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6 | FrameOffloads.TcpEcn | FrameOffloads.Udp;

    private readonly SwitchBench _bench = new();

    [Theory]
    [InlineData(new byte[] { }, 0xFFFF)]
    [InlineData(new byte[] { 0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7 }, 0x220D)]
    [InlineData(new byte[] { 0xFF }, 0x00FF)]
    public void The_Internet_checksum_is_RFC_1071s(byte[] bytes, int expected)
    {
        InternetChecksum checksum = default;
        checksum.Add(bytes);
        Assert.Equal(expected, checksum.Value);
    }

    [Fact]
    public void Pieces_of_any_length_make_the_same_checksum()
    {
        Random random = new(3);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = new byte[random.Next(70)];
            random.NextBytes(bytes);
            if (random.Next(3) == 0)
                bytes.AsSpan().Fill(0xFF);
            InternetChecksum pieces = default;
            for (int at = 0; at < bytes.Length;)
            {
                int count = Math.Min(random.Next(12), bytes.Length - at);
                pieces.Add(bytes.AsSpan(at, count));
                at += count;
            }
            Assert.Equal(SlowChecksum(bytes), pieces.Value);
        }
    }

    [Fact]
    public void An_offload_passes_untouched_to_a_guest_that_takes_it()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        b.Offloads = All;
        OffloadFrame sent = OffloadFrame.Tcp(b.Address, a.Address, isV6: false, payload: 60_000, segment: 1448);
        Assert.Equal(1, a.Transmit(sent.Batch(4096)));
        Received got = Assert.Single(b.Got);
        Assert.Equal(sent.Bytes, got.Bytes);
        Assert.Equal(sent.Offload, got.Offload);
    }

    [Fact]
    public void Offsets_follow_a_tag_that_is_put_in_or_taken_out()
    {
        BenchDevice a = _bench.Connect(Access(10), 1), b = _bench.Connect(Access(10), 2), trunk = _bench.Connect(Trunk(0, 10), 3);
        b.Offloads = trunk.Offloads = All;
        OffloadFrame sent = OffloadFrame.Tcp(trunk.Address, a.Address, isV6: true, payload: 9000, segment: 1000);
        a.Transmit(sent.Batch());
        Received tagged = Assert.Single(trunk.Got);
        Assert.Equal(sent.Offload.ChecksumStart + 4, tagged.Offload.ChecksumStart);
        Assert.Equal(sent.Offload.HeaderLength + 4, tagged.Offload.HeaderLength);

        OffloadFrame back = OffloadFrame.Tcp(b.Address, trunk.Address, isV6: true, payload: 9000, segment: 1000).Tagged(10);
        trunk.Transmit(back.Batch());
        Received untagged = Assert.Single(b.Got);
        Assert.Equal(back.Offload.ChecksumStart - 4, untagged.Offload.ChecksumStart);
        Assert.Equal(back.Offload.HeaderLength - 4, untagged.Offload.HeaderLength);
        Assert.Equal(FrameSegmentation.TcpV6, untagged.Offload.Segmentation);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_missing_checksum_is_completed_for_who_cannot(bool isTagged)
    {
        BenchDevice a = _bench.Connect(Access(10), 1), b = _bench.Connect(isTagged ? Trunk(0, 10) : Access(10), 2);
        foreach (int payload in (int[])[0, 1, 100, 1001, 1400])
        {
            foreach (bool isV6 in (bool[])[false, true])
            {
                OffloadFrame sent = OffloadFrame.Tcp(b.Address, a.Address, isV6, payload, segment: 0);
                a.Transmit(sent.Batch(33));
                Received got = Assert.Single(b.Take());
                byte[] plain = isTagged ? [.. got.Bytes[..12], .. got.Bytes[16..]] : got.Bytes;
                Assert.True(OffloadFrame.HasValidChecksum(plain));
                Assert.Equal(sent.Payload, plain[sent.Headers..]);
                Assert.False(got.Offload.NeedsChecksum);
            }
        }
    }

    [Theory]
    [InlineData(false, 1, 1)]
    [InlineData(false, 1448, 1)]
    [InlineData(false, 1449, 2)]
    [InlineData(false, 65_480, 46)]
    [InlineData(true, 20_001, 14)]
    [InlineData(true, 65_000, 46)]
    public void Long_TCP_is_cut_for_who_cannot_take_it(bool isV6, int payload, int segments)
    {
        BenchDevice a = _bench.Connect(Access(10), 1), up = _bench.ConnectUplink();
        const byte Flags = 0x80 | 0x10 | 0x08 | 0x01;                          // CWR, ACK, PSH, FIN
        OffloadFrame sent = OffloadFrame.Tcp(Mac(900), a.Address, isV6, payload, segment: isV6 ? 1440 : 1448, flags: Flags);
        a.Transmit(sent.Batch(1000));
        Assert.Equal(segments, up.Got.Count);
        List<byte> stream = [];
        for (int i = 0; i < segments; i++)
        {
            Assert.Equal(10, up.Got[i].Tag);
            byte[] segment = [.. up.Got[i].Bytes[..12], .. up.Got[i].Bytes[16..]];
            Assert.True(segment.Length <= 1514);
            Assert.True(OffloadFrame.HasValidChecksum(segment));
            if (!isV6)
                Assert.Equal(0xFFF0 + i & 0xFFFF, BinaryPrimitives.ReadUInt16BigEndian(segment.AsSpan(18)));
            Assert.Equal(unchecked(0xFFFF_F000 + (uint)stream.Count), BinaryPrimitives.ReadUInt32BigEndian(segment.AsSpan(sent.Offload.ChecksumStart + 4)));
            int expected = Flags & ~(i == 0 ? 0 : 0x80) & ~(i == segments - 1 ? 0 : 0x09);
            Assert.Equal(expected, segment[sent.Offload.ChecksumStart + 13]);
            stream.AddRange(segment[sent.Headers..]);
        }
        Assert.Equal(sent.Payload, stream);
        Assert.Equal(1u, up.Counters.Delivered);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Long_UDP_is_cut_into_datagrams(bool isV6)
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        OffloadFrame sent = OffloadFrame.Udp(b.Address, a.Address, isV6, 5001, 1000);
        a.Transmit(sent.Batch(77));
        Assert.Equal([1000, 1000, 1000, 1000, 1000, 1], b.Got.Select(got => got.Bytes.Length - sent.Headers));
        Assert.All(b.Got, got => Assert.True(OffloadFrame.HasValidChecksum(got.Bytes)));
        Assert.Equal(sent.Payload, b.Got.SelectMany(got => got.Bytes[sent.Headers..]));
    }

    [Fact]
    public void Congestion_marks_need_a_receiver_that_knows_them()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        OffloadFrame sent = OffloadFrame.Tcp(b.Address, a.Address, isV6: false, payload: 3000, segment: 1000, hasEcn: true);
        b.Offloads = All & ~FrameOffloads.TcpEcn;
        a.Transmit(sent.Batch());
        Assert.Equal(3, b.Take().Count);
        b.Offloads = All;
        a.Transmit(sent.Batch());
        Assert.Single(b.Got);
    }

    [Fact]
    public void A_receiver_that_runs_out_of_buffers_within_a_long_frame_drops_it_once()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        b.OnDeliver = () => b.Answer = b.Got.Count < 3 ? DeliveryStatus.Delivered : DeliveryStatus.NoBuffer;
        a.Transmit(OffloadFrame.Tcp(b.Address, a.Address, isV6: false, payload: 9000, segment: 1000).Batch());
        Assert.Equal(3, b.Got.Count);
        Assert.Equal(1u, b.Counters.Offered);
        Assert.Equal(1u, b.Counters.Drops(DropReason.NoBuffer));
    }

    [Fact]
    public void Headers_of_a_long_frame_are_those_that_were_checked()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        OffloadFrame sent = OffloadFrame.Tcp(b.Address, a.Address, isV6: false, payload: 3000, segment: 1000);
        byte[] headers = sent.Bytes[..34];
        b.OnDeliver = () => sent.Bytes.AsSpan().Fill(0xFF);
        a.Transmit(sent.Batch());
        Assert.Equal(3, b.Got.Count);
        Assert.All(b.Got, got => Assert.Equal(headers[..16], got.Bytes[..16]));
        Assert.All(b.Got, got => Assert.Equal(headers[26..34], got.Bytes[26..34]));
    }

    [Fact]
    public void Rates_count_the_headers_of_all_segments()
    {
        BenchDevice a = _bench.Connect(new PortGroup { Transmit = new RateLimit(1000, 3161) }, 1), b = _bench.Connect(Access(0), 2);
        OffloadFrame sent = OffloadFrame.Tcp(b.Address, a.Address, isV6: false, payload: 3000, segment: 1000);
        Assert.Equal(1, a.Transmit(sent.Batch()));                             // 3 × (1000 + 54) = 3162, passes a full bucket
        Assert.Equal(0, a.Transmit(new ArrayBatch([Frame(b.Address, a.Address)])));
        Assert.Equal(Second * 61 / 1000, a.ResumeAt);
    }

    [Fact]
    public void Claims_that_do_not_fit_the_headers_are_dropped()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        b.Offloads = All;
        OffloadFrame good = OffloadFrame.Tcp(b.Address, a.Address, isV6: false, payload: 3000, segment: 1000);
        FrameOffload claim = good.Offload;
        FrameOffload[] bad =
        [
            Change(needsChecksum: false), Change(start: 0), Change(start: 13), Change(start: 35), Change(start: 65_535, offset: 65_535), Change(offset: 6),
            Change(segmentation: FrameSegmentation.TcpV6), Change(segmentation: FrameSegmentation.Udp), Change(segmentation: (FrameSegmentation)77),
            Change(size: 0), Change(size: 2), Change(segmentation: FrameSegmentation.None, hasEcn: true), Change(size: 1461),
        ];
        foreach (FrameOffload offload in bad)
            a.Transmit(new ArrayBatch([good.Bytes], [offload]));
        byte[][] frames =
        [
            Poke(12, 0x86), Poke(14, 0x65), Poke(14, 0x44), Poke(14, 0x4F), Poke(20, 0x20), Poke(21, 1), Poke(23, 17), Poke(46, 0x40), good.Bytes[..50],
        ];
        foreach (byte[] frame in frames)
            a.Transmit(new ArrayBatch([frame], [claim]));
        Assert.Empty(b.Got);
        PortCounters counters = a.Counters;
        Assert.Equal(1u, counters.Drops(DropReason.TooLong));
        Assert.Equal((ulong)(bad.Length + frames.Length - 1), counters.Drops(DropReason.BadOffload));

        FrameOffload Change(
            bool needsChecksum = true, int start = 34, int offset = 16, FrameSegmentation segmentation = FrameSegmentation.TcpV4, int size = 1000,
            bool hasEcn = false) => new()
            {
                NeedsChecksum = needsChecksum, ChecksumStart = (ushort)start, ChecksumOffset = (ushort)offset, Segmentation = segmentation,
                SegmentSize = (ushort)size, HasEcn = hasEcn,
            };

        byte[] Poke(int at, byte value)
        {
            byte[] frame = [.. good.Bytes];
            frame[at] = value;
            return frame;
        }
    }

    [Fact]
    public void Only_an_uplink_can_vouch_for_a_checksum()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2), up = _bench.ConnectUplink();
        FrameOffload[] valid = [new() { IsChecksumValid = true }];
        a.Transmit(new ArrayBatch([Frame(b.Address, a.Address)], valid));
        up.Transmit(new ArrayBatch([Frame(b.Address, Mac(900))], valid));
        Assert.Equal([false, true], b.Got.Select(got => got.Offload.IsChecksumValid));
    }

    private static ushort SlowChecksum(byte[] bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i++)
            sum += (uint)bytes[i] << (i % 2 == 0 ? 8 : 0);
        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }
}
