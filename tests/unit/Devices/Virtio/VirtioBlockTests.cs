using System.Buffers.Binary;
using System.Text;
using HyperOS.Abi.State;
using HyperOS.Devices;
using HyperOS.Specs.Virtio;

namespace HyperOS.Tests.Unit.Devices;

public class VirtioBlockTests
{
    private const int Length = 8 << 20;
    private const byte Ok = 0, IoError = 1, Unsupported = 2;

    private readonly TestRam _ram = new(32 << 20, 1 << 16);
    private readonly MemoryStore _store = new(Length);
    private GuestDriver _driver;

    public VirtioBlockTests()
    {
        new Random(1).NextBytes(_store.Bytes);
        _driver = NewDriver(_store);
    }

    private GuestDriver NewDriver(MemoryStore store, int queues = 1, ulong without = 0) =>
        new GuestDriver(new VirtioBlockDevice(_ram, store, "a serial number that is too long"u8, queues), _ram).Start(without);

    private Buffer Header(VirtioBlockType type, ulong sector)
    {
        byte[] header = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
        return _driver.Readable(header);
    }

    private byte Do(VirtioBlockType type, ulong sector, out uint written, params Buffer[] data)
    {
        Buffer status = _driver.Writable(1);
        written = _driver[0].Do([Header(type, sector), .. data, status]);
        return _driver.Content(status)[0];
    }

    private byte Do(VirtioBlockType type, ulong sector, params Buffer[] data) => Do(type, sector, out _, data);

    private Buffer Range(params (ulong Sector, uint Sectors, uint Flags)[] ranges)
    {
        byte[] bytes = new byte[16 * ranges.Length];
        for (int i = 0; i < ranges.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16 * i), ranges[i].Sector);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16 * i + 8), ranges[i].Sectors);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16 * i + 12), ranges[i].Flags);
        }
        return _driver.Readable(bytes);
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    [InlineData(1 << 20)]
    public void Reads_bring_what_the_disk_holds(int length)
    {
        Buffer data = _driver.Writable(length);
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_IN, 3, out uint written, data));
        Assert.Equal((uint)length + 1, written);
        Assert.Equal(_store.Bytes.AsSpan(3 * 512, length).ToArray(), _driver.Content(data));
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    [InlineData(1 << 20)]
    public void Writes_change_the_disk_there_and_nowhere_else(int length)
    {
        byte[] before = (byte[])_store.Bytes.Clone();
        byte[] content = new byte[length];
        new Random(2).NextBytes(content);
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_OUT, 5, out uint written, _driver.Readable(content)));
        Assert.Equal(1u, written);
        content.CopyTo(before, 5 * 512);
        Assert.Equal(before, _store.Bytes);
    }

    [Fact]
    public void Buffers_may_divide_sectors_at_any_byte()
    {
        Buffer[] data = [_driver.Writable(1), _driver.Writable(510), _driver.Writable(513)];
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_IN, 7, data));
        Assert.Equal(_store.Bytes.AsSpan(7 * 512, 1024).ToArray(), data.SelectMany(_driver.Content).ToArray());
        Buffer[] input = [_driver.Readable(new byte[3]), _driver.Readable(new byte[1021])];
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_OUT, 7, input));
        Assert.Equal(-1, _store.Bytes.AsSpan(7 * 512, 1024).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Header_and_status_may_lie_in_pieces_and_with_data()
    {
        Buffer header = Header(VirtioBlockType.VIRTIO_BLK_T_IN, 1);
        Buffer data = _driver.Writable(513);
        Assert.Equal(513u, _driver[0].Do(header with { Length = 5 }, new Buffer(header.Address + 5, 11, false), data));
        Assert.Equal([.. _store.Bytes.AsSpan(512, 512), Ok], _driver.Content(data));
    }

    [Fact]
    public void The_last_sector_can_be_read_and_none_beyond()
    {
        const ulong Last = Length / 512 - 1;
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_IN, Last, _driver.Writable(512)));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_IN, Last, out uint written, _driver.Writable(1024)));
        Assert.Equal(0u, written);
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_IN, Last + 1, _driver.Writable(512)));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_IN, ulong.MaxValue, _driver.Writable(512)));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_OUT, ulong.MaxValue / 512, _driver.Readable(new byte[512])));
        Assert.False(_driver.NeedsReset);
    }

    [Fact]
    public void A_request_that_is_no_multiple_of_sectors_fails()
    {
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_IN, 0, _driver.Writable(511)));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_OUT, 0, _driver.Readable(new byte[513])));
    }

    [Fact]
    public void A_request_beyond_the_limits_in_the_configuration_fails()
    {
        // Each segment is 16 MiB long, where 64 KiB are allowed: together more than any request may move.
        Buffer data = new(0x100_0000, 16 << 20, true);
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_IN, 0, data));
        Assert.False(_driver.NeedsReset);
    }

    [Fact]
    public void An_error_of_the_medium_is_reported()
    {
        _store.Fails = true;
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_IN, 0, _driver.Writable(512)));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_OUT, 0, _driver.Readable(new byte[512])));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_FLUSH, 0));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_DISCARD, 0, Range((0, 8, 0))));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_WRITE_ZEROES, 0, Range((0, 8, 0))));
    }

    [Fact]
    public void Flush_reaches_the_store_and_writes_do_not_flush_by_themselves()
    {
        Do(VirtioBlockType.VIRTIO_BLK_T_OUT, 0, _driver.Readable(new byte[512]));
        Assert.Equal(0, _store.Flushes);
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_FLUSH, 0));
        Assert.Equal(1, _store.Flushes);
    }

    [Fact]
    public void With_the_cache_written_through_each_write_flushes()
    {
        Assert.Equal(1, _driver.Configuration(VirtioBlock.Writeback, 1)[0]);
        _driver.Device.WriteConfiguration(VirtioBlock.Writeback, [0]);
        Assert.Equal(0, _driver.Configuration(VirtioBlock.Writeback, 1)[0]);
        Do(VirtioBlockType.VIRTIO_BLK_T_OUT, 0, _driver.Readable(new byte[512]));
        Assert.Equal(1, _store.Flushes);
    }

    [Fact]
    public void For_a_driver_that_cannot_flush_each_write_does()
    {
        _driver = NewDriver(_store, without: VirtioBlock.VIRTIO_BLK_F_FLUSH);
        Do(VirtioBlockType.VIRTIO_BLK_T_OUT, 0, _driver.Readable(new byte[512]));
        Assert.Equal(1, _store.Flushes);
    }

    [Fact]
    public void The_cache_mode_is_fixed_unless_agreed_on()
    {
        _driver = NewDriver(_store, without: VirtioBlock.VIRTIO_BLK_F_CONFIG_WCE);
        _driver.Device.WriteConfiguration(VirtioBlock.Writeback, [0]);
        Assert.Equal(1, _driver.Configuration(VirtioBlock.Writeback, 1)[0]);
    }

    [Fact]
    public void The_serial_number_has_twenty_bytes()
    {
        Buffer id = _driver.Writable(20);
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_GET_ID, 0, id));
        Assert.Equal("a serial number that", Encoding.ASCII.GetString(_driver.Content(id)));
        Buffer shorter = _driver.Writable(8);
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_GET_ID, 0, shorter));
        Assert.Equal("a serial", Encoding.ASCII.GetString(_driver.Content(shorter)));
    }

    [Fact]
    public void Discards_reach_the_store_range_by_range()
    {
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_DISCARD, 0, Range((8, 16, 0), (64, 8, 0))));
        Assert.Equal([(4096, 8192), (32768, 4096)], _store.Discards);
    }

    [Fact]
    public void No_range_is_discarded_when_one_is_bad()
    {
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_DISCARD, 0, Range((8, 16, 0), (Length / 512, 1, 0))));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_DISCARD, 0, Range((ulong.MaxValue, 16, 0))));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_DISCARD, 0, _driver.Readable(new byte[15])));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_DISCARD, 0));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_DISCARD, 0, _driver.Readable(new byte[16 * 9])));
        Assert.Equal(Unsupported, Do(VirtioBlockType.VIRTIO_BLK_T_DISCARD, 0, Range((8, 16, 0), (0, 8, 1))));
        Assert.Empty(_store.Discards);
    }

    [Fact]
    public void Write_zeroes_clears_and_may_unmap()
    {
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_WRITE_ZEROES, 0, Range((1, 2, 0), (5, 1, 1))));
        Assert.Equal(-1, _store.Bytes.AsSpan(512, 1024).IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, _store.Bytes.AsSpan(2560, 512).IndexOfAnyExcept((byte)0));
        Assert.NotEqual(-1, _store.Bytes.AsSpan(1536, 1024).IndexOfAnyExcept((byte)0));
        Assert.Equal(Unsupported, Do(VirtioBlockType.VIRTIO_BLK_T_WRITE_ZEROES, 0, Range((1, 2, 2))));
    }

    [Fact]
    public void A_read_only_disk_says_so_and_refuses_changes()
    {
        MemoryStore store = new(4096, isReadOnly: true);
        _driver = NewDriver(store);
        Assert.NotEqual(0ul, _driver.Device.OfferedFeatures & VirtioBlock.VIRTIO_BLK_F_RO);
        Assert.Equal(0ul, _driver.Device.OfferedFeatures & (VirtioBlock.VIRTIO_BLK_F_DISCARD | VirtioBlock.VIRTIO_BLK_F_WRITE_ZEROES));
        Assert.Equal(IoError, Do(VirtioBlockType.VIRTIO_BLK_T_OUT, 0, _driver.Readable(new byte[512])));
        Assert.Equal(Unsupported, Do(VirtioBlockType.VIRTIO_BLK_T_DISCARD, 0, Range((0, 1, 0))));
        Assert.Equal(Ok, Do(VirtioBlockType.VIRTIO_BLK_T_IN, 0, _driver.Writable(512)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(14)]
    [InlineData(0x100)]
    public void Requests_that_nobody_knows_are_unsupported(int type) =>
        Assert.Equal(Unsupported, Do((VirtioBlockType)type, 0, _driver.Writable(512)));

    [Fact]
    public void A_request_without_a_whole_header_breaks_the_device()
    {
        _driver[0].Add(_driver.Readable(new byte[15]), _driver.Writable(1));
        _driver.Serve(0);
        Assert.True(_driver.NeedsReset);
        Assert.Equal(VirtqueueStatus.BadRequest, _driver.Device.LastError);
    }

    [Fact]
    public void A_request_without_room_for_its_status_breaks_the_device()
    {
        _driver[0].Add(Header(VirtioBlockType.VIRTIO_BLK_T_FLUSH, 0));
        _driver.Serve(0);
        Assert.True(_driver.NeedsReset);
    }

    [Fact]
    public void The_configuration_tells_of_the_disk()
    {
        _driver = NewDriver(_store, queues: 4);
        Assert.Equal(Length / 512ul, BinaryPrimitives.ReadUInt64LittleEndian(_driver.Configuration(VirtioBlock.Capacity, 8)));
        Assert.Equal(65536u, BinaryPrimitives.ReadUInt32LittleEndian(_driver.Configuration(VirtioBlock.SizeMax, 4)));
        Assert.Equal(126u, BinaryPrimitives.ReadUInt32LittleEndian(_driver.Configuration(VirtioBlock.SegMax, 4)));
        Assert.Equal(512u, BinaryPrimitives.ReadUInt32LittleEndian(_driver.Configuration(VirtioBlock.BlkSize, 4)));
        Assert.Equal(3, _driver.Configuration(VirtioBlock.PhysicalBlockExp, 1)[0]);
        Assert.Equal(8, BinaryPrimitives.ReadUInt16LittleEndian(_driver.Configuration(VirtioBlock.MinIoSize, 2)));
        Assert.Equal(4, BinaryPrimitives.ReadUInt16LittleEndian(_driver.Configuration(VirtioBlock.NumQueues, 2)));
        Assert.Equal(8u, BinaryPrimitives.ReadUInt32LittleEndian(_driver.Configuration(VirtioBlock.DiscardSectorAlignment, 4)));
        Assert.Equal(4, _driver.Device.QueueCount);
        Assert.NotEqual(0ul, _driver.Device.OfferedFeatures & VirtioBlock.VIRTIO_BLK_F_MQ);
    }

    [Fact]
    public void Every_queue_serves()
    {
        _driver = NewDriver(_store, queues: 3);
        for (int i = 0; i < 3; i++)
        {
            Buffer data = _driver.Writable(512);
            _driver[i].Do(Header(VirtioBlockType.VIRTIO_BLK_T_IN, (ulong)i), data, _driver.Writable(1));
            Assert.Equal(_store.Bytes.AsSpan(512 * i, 512).ToArray(), _driver.Content(data));
            Assert.Equal(1, _driver.QueueInterrupts[i]);
        }
    }

    [Fact]
    public void Zeroes_use_up_the_budget()
    {
        _driver.ServesAtOnce = false;
        _driver[0].Add(Header(VirtioBlockType.VIRTIO_BLK_T_WRITE_ZEROES, 0), Range((0, 8192, 0)), _driver.Writable(1));
        _driver[0].Add(Header(VirtioBlockType.VIRTIO_BLK_T_FLUSH, 0), _driver.Writable(1));
        Assert.Equal(ServiceOutcome.More, _driver.Device.Service(0, 1 << 20));
        Assert.Equal(1, _driver[0].UsedIndex);
    }

    [Fact]
    public void A_saved_disk_keeps_its_cache_mode()
    {
        _driver.Device.WriteConfiguration(VirtioBlock.Writeback, [0]);
        ((VirtioBlockDevice)_driver.Device).Save(out VirtioBlockState state);
        VirtioBlockDevice restored = new(_ram, _store, default, 1);
        Assert.Equal(RestoreStatus.Restored, restored.Restore(in state));
        restored.Save(out VirtioBlockState again);
        Assert.Equal(ApicMachine.Bytes(state), ApicMachine.Bytes(again));
        state.Writeback = 2;
        Assert.Equal(RestoreStatus.InvalidValue, restored.Restore(in state));
        state.Version = 2;
        Assert.Equal(RestoreStatus.UnknownVersion, restored.Restore(in state));
    }
}
