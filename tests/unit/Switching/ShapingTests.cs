using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Switching;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Unit.Switching;

public class ShapingTests
{
    private const ulong HundredMegabit = 12_500_000;
    private const uint Mebibyte = 1 << 20;

    private readonly SwitchBench _bench = new();

    [Theory]
    [InlineData(1, 1, 1_000_003)]
    [InlineData(1_000, 1500, 777)]
    [InlineData(12_500_000, 1 << 20, 12_345)]
    [InlineData(12_500_000_000, 1 << 20, 13)]
    [InlineData(999_999_937, 65_536, 1)]
    public void A_bucket_is_exact_however_time_is_cut(ulong rate, uint burst, ulong step)
    {
        TokenBucket bucket = new(new RateLimit(rate, burst), 0);
        ulong time = 0, taken = 0;
        Random random = new(1);
        Drain();
        for (int i = 0; i < 200_000; i++)
        {
            time += (ulong)random.NextInt64((long)step * 2);
            Drain();
        }
        UInt128 filled = (UInt128)rate * time / Second + burst;
        Assert.Equal(filled, taken);

        void Drain()
        {
            for (int size = (int)burst; size > 0; size /= 2)
            {
                while (bucket.TryTake(size, time, out _))
                    taken += (ulong)size;
            }
        }
    }

    [Fact]
    public void A_bucket_holds_no_more_than_its_burst()
    {
        TokenBucket bucket = new(new RateLimit(1000, 500), 0);
        Assert.True(bucket.TryTake(500, 0, out _));
        Assert.True(bucket.TryTake(500, ulong.MaxValue, out _));
        Assert.False(bucket.TryTake(1, ulong.MaxValue, out _));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 100)]
    [InlineData(12_500_000, 9000)]
    [InlineData(7_777_777_777, 9000)]
    public void The_wait_is_the_shortest_after_which_a_frame_passes(ulong rate, int frame)
    {
        TokenBucket bucket = new(new RateLimit(rate, 9000), 5);
        ulong time = 5;
        while (bucket.TryTake(frame, time, out _))
        {
        }
        for (int i = 0; i < 100; i++)
        {
            Assert.False(bucket.TryTake(frame, time, out ulong wait));
            TokenBucket early = bucket;
            Assert.False(early.TryTake(frame, time + wait - 1, out _));
            time += wait;
            Assert.True(bucket.TryTake(frame, time, out _));
            while (bucket.TryTake(frame, time, out _))
            {
            }
        }
    }

    [Fact]
    public void A_frame_longer_than_the_burst_passes_a_full_bucket_and_is_paid_off()
    {
        TokenBucket bucket = new(new RateLimit(1000, 100), 0);
        Assert.True(bucket.TryTake(1100, 0, out _));
        Assert.False(bucket.TryTake(100, 0, out ulong wait));
        Assert.Equal(11 * Second / 10, wait);
        Assert.True(bucket.TryTake(100, 11 * Second / 10, out _));
    }

    [Fact]
    public void Time_that_goes_back_adds_nothing()
    {
        TokenBucket bucket = new(new RateLimit(1000, 100), 10 * Second);
        Assert.True(bucket.TryTake(100, 10 * Second, out _));
        Assert.False(bucket.TryTake(1, 0, out _));
        Assert.False(bucket.TryTake(1, 10 * Second, out _));
    }

    [Fact]
    public void What_a_device_sends_above_its_rate_stays_in_its_queue_and_passes_at_the_rate()
    {
        BenchDevice a = _bench.Connect(new PortGroup { Transmit = new RateLimit(HundredMegabit, Mebibyte) }, 1), b = _bench.Connect(Access(0), 2);
        byte[][] frames = [.. Enumerable.Repeat(Frame(b.Address, a.Address, 1514), FrameBatch.MaxCount)];
        ArrayBatch batch = new(frames);
        ulong bytes = 0;
        while (true)
        {
            int taken = a.Transmit(batch);
            bytes += (ulong)b.Take().Sum(got => got.Bytes.Length);
            if (taken == frames.Length)
                continue;
            Assert.True(a.ResumeAt > _bench.Host.Time);
            if (a.ResumeAt > 10 * Second)
                break;
            _bench.Host.Time = a.ResumeAt;
        }
        Assert.InRange(bytes, 10 * HundredMegabit + Mebibyte - 1514, 10 * HundredMegabit + Mebibyte);
        Assert.Equal(bytes, a.Counters.ReceivedBytes);
        Assert.Equal(a.Counters.Received, a.Counters.Forwarded);
    }

    [Fact]
    public void What_is_sent_to_a_device_above_its_rate_is_dropped()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(new PortGroup { Receive = new RateLimit(HundredMegabit, Mebibyte) }, 2);
        byte[] frame = Frame(b.Address, a.Address, 1000);
        ulong bytes = 0;
        const ulong Step = 50_000;                                             // 160 Mbit/s
        for (_bench.Host.Time = 0; _bench.Host.Time < 10 * Second; _bench.Host.Time += Step)
        {
            a.Send(frame);
            bytes += (ulong)b.Take().Sum(got => got.Bytes.Length);
        }
        Assert.InRange(bytes, 10 * HundredMegabit + Mebibyte - 2000, 10 * HundredMegabit + Mebibyte);
        PortCounters counters = b.Counters;
        Assert.Equal(counters.Offered, counters.Delivered + counters.Drops(DropReason.ReceiveLimit));
        Assert.Equal(10 * Second / Step, counters.Offered);
    }

    [Fact]
    public void Frames_that_are_dropped_cost_no_rate()
    {
        BenchDevice a = _bench.Connect(new PortGroup { Transmit = new RateLimit(1000, 100) }, 1), b = _bench.Connect(Access(0), 2);
        a.Send(Frame(b.Address, Mac(99), 100), Frame(b.Address, Mac(99), 100), Frame(b.Address, a.Address, 100));
        Assert.Single(b.Got);
    }
}
