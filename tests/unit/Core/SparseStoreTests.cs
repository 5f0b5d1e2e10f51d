using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Tests.Unit.Core;

public class SparseStoreTests
{
    private const int Page = 4096;
    private const int Table = 512 * Page;

    [Fact]
    public void What_was_never_written_reads_as_the_image_and_then_as_zeros()
    {
        FrameStore store = new(3 * Page, image: 1000);
        Assert.Equal([.. store.Original, .. new byte[3 * Page - 1000]], Read(store, 0, 3 * Page));
        Assert.Equal(store.Original[990..], Read(store, 990, 10));
        Assert.Equal(0, store.FramesInUse);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5 * Page + 100)]
    public void It_holds_what_a_plain_disk_would_hold(int image)
    {
        FrameStore store = new(2 * Table + 5 * 512, image);
        byte[] plain = [.. store.Original, .. new byte[(int)store.Length - image]];
        Random random = new(1);
        for (int round = 0; round < 3000; round++)
        {
            int sector = random.Next(plain.Length / 512), most = Math.Min(plain.Length / 512 - sector, random.Next(4) == 0 ? 1200 : 30);
            int start = sector * 512, length = random.Next(1, most + 1) * 512;
            switch (random.Next(4))
            {
                case 0:
                    Assert.True(store.WriteZeroes((ulong)start, (ulong)length, random.Next(2) == 0));
                    plain.AsSpan(start, length).Clear();
                    break;
                case 1:
                    // Whole pages are given back, and read as zeros.
                    Assert.True(store.Discard((ulong)start, (ulong)length));
                    int first = (start + Page - 1) / Page * Page, end = (start + length) / Page * Page;
                    if (first < end)
                        plain.AsSpan(first, end - first).Clear();
                    break;
                default:
                    byte[] data = new byte[length - random.Next(512)];
                    random.NextBytes(data);
                    Assert.True(store.Write((ulong)start, data));
                    data.CopyTo(plain, start);
                    break;
            }
            Assert.Equal(plain[start..(start + length)], Read(store, start, length));
        }
        Assert.True(plain.AsSpan().SequenceEqual(Read(store, 0, plain.Length)));
    }

    [Fact]
    public void Discarding_gives_frames_back_and_the_tables_that_led_to_them()
    {
        FrameStore store = new(1ul << 31, image: 0);
        for (int i = 0; i < 20; i++)
            Assert.True(store.Write((ulong)i * Table, new byte[Page]));
        Assert.Equal(20 * 2 + 2, store.FramesInUse);
        Assert.True(store.Discard(512, 20 * Table));
        Assert.Equal(3 + 1, store.FramesInUse);
        Assert.True(store.WriteZeroes(0, Page, mayDiscard: true));
        Assert.Equal(2, store.FramesInUse);
        Assert.True(store.Discard(0, store.Length));
        Assert.Equal(2, store.FramesInUse);
    }

    [Fact]
    public void Zeros_that_must_not_be_discarded_keep_their_frames()
    {
        FrameStore store = new(4 * Page, image: 0);
        store.Write(0, new byte[4 * Page]);
        int before = store.FramesInUse;
        Assert.True(store.WriteZeroes(0, 4 * Page, mayDiscard: false));
        Assert.Equal(before, store.FramesInUse);
    }

    [Fact]
    public void Zeros_where_nothing_is_take_no_frame()
    {
        FrameStore store = new(4 * Page, image: 0);
        Assert.True(store.WriteZeroes(512, 3 * Page, mayDiscard: false));
        Assert.Equal(0, store.FramesInUse);
    }

    [Fact]
    public void Writing_fails_when_frames_run_out_and_what_was_there_stays()
    {
        FrameStore store = new(16 * Page, image: 3 * Page) { FramesLeft = 3 + 2 };
        Assert.True(store.Write(0, [1, 2, 3]));
        Assert.False(store.Write(Page, new byte[2 * Page]));
        Assert.Equal(new byte[Page], Read(store, Page, Page));
        Assert.Equal(store.Original[(2 * Page)..], Read(store, 2 * Page, Page));
        Assert.False(store.Write(10 * Page, [1]));
        Assert.False(store.WriteZeroes(2 * Page, 512, mayDiscard: true));
        Assert.True(store.Discard(0, Page));
        Assert.True(store.Write(10 * Page, [1]));
        Assert.Equal([1, 0], Read(store, 10 * Page, 2));
    }

    [Fact]
    public void Zeros_over_an_image_fail_when_they_cannot_be_remembered_and_discarding_does_not()
    {
        FrameStore store = new(16 * Page, image: 3 * Page) { FramesLeft = 0 };
        Assert.False(store.WriteZeroes(0, Page, mayDiscard: true));
        Assert.True(store.Discard(0, Page));
        Assert.Equal(store.Original[..Page], Read(store, 0, Page));
    }

    private static byte[] Read(FrameStore store, int offset, int length)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(0xCC);
        Assert.True(store.Read((ulong)offset, bytes));
        return bytes;
    }

    private sealed class FrameStore : SparseStore
    {
        // Frames lie together, in the order in which they are taken, and one that was given back is taken again as late as can be.
        private readonly byte[] _memory = new byte[32 << 20];
        private readonly HashSet<ulong> _frames = [];
        private ulong _last;

        public FrameStore(ulong length, int image)
            : base(length, false)
        {
            Original = new byte[image];
            new Random(2).NextBytes(Original);
        }

        public byte[] Original { get; }

        public int FramesLeft { get; set; } = int.MaxValue;

        public int FramesInUse => _frames.Count;

        protected override ReadOnlySpan<byte> Image => Original;

        protected override bool TryTake(out HostPhysicalAddress frame)
        {
            frame = default;
            if (FramesLeft == 0)
                return false;
            FramesLeft--;
            do
                _last = _last % (ulong)(_memory.Length - Page) + Page;
            while (_frames.Contains(_last));
            frame = new HostPhysicalAddress(_last);
            _frames.Add(frame.Value);
            Bytes(frame, Page).Fill(0xAA);
            return true;
        }

        protected override void Give(HostPhysicalAddress frame)
        {
            Assert.True(_frames.Remove(frame.Value));
            FramesLeft++;
        }

        protected override Span<byte> Bytes(HostPhysicalAddress address, int count)
        {
            for (ulong frame = address.Value / Page * Page; frame < address.Value + (ulong)count; frame += Page)
                Assert.Contains(frame, _frames);
            return _memory.AsSpan((int)address.Value, count);
        }

        protected override Span<ulong> Table(HostPhysicalAddress frame) => MemoryMarshal.Cast<byte, ulong>(Bytes(frame, Page));
    }
}
