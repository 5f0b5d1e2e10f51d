using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Specs.Virtio;

namespace HyperOS.Tests.Unit.Devices;

public class VirtqueueTests
{
    private const ulong EventIndex = VirtioFeatures.VIRTIO_F_EVENT_IDX, Indirect = VirtioFeatures.VIRTIO_F_INDIRECT_DESC;

    private readonly TestRam _ram = new(1 << 20);
    private readonly TestEntropy _source = new();
    private readonly VirtioEntropyDevice _device;
    private readonly GuestDriver _driver;

    public VirtqueueTests()
    {
        _device = new VirtioEntropyDevice(_ram, _source);
        _driver = new GuestDriver(_device, _ram);
    }

    private Virtqueue Queue
    {
        get
        {
            Assert.True(_device.TryGetQueue(0, out Virtqueue queue));
            return queue;
        }
    }

    private void ExpectError(VirtqueueStatus error)
    {
        _driver.Serve(0);
        Assert.True(_driver.NeedsReset);
        Assert.Equal(error, _device.LastError);
        Assert.Equal(1, _driver.ConfigurationInterrupts);
        Assert.Equal(0, _driver[0].UsedIndex);
        // Nothing goes on before a reset, and nothing is said twice.
        _driver.Serve(0);
        Assert.Equal(1, _driver.ConfigurationInterrupts);
        _device.WriteStatus(0);
        Assert.Equal(VirtioStatus.None, _device.Status);
        Buffer buffer = _driver.Start().Writable(4);
        Assert.Equal(4u, _driver[0].Do(buffer));
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(EventIndex)]
    [InlineData(Indirect)]
    [InlineData(EventIndex | Indirect)]
    public void Chains_come_back_in_order_many_times_round_the_ring(ulong without)
    {
        DriverQueue queue = _driver.Start(without)[0];
        Buffer one = _driver.Writable(3), two = _driver.Writable(5);
        for (int i = 0; i < 70_000; i++)
            Assert.Equal(8u, queue.Do(one, two));
        Assert.Equal(70_000 - 65_536, queue.UsedIndex);
        Assert.False(_driver.NeedsReset);
    }

    [Fact]
    public void A_smaller_queue_than_the_largest_goes_round_as_well()
    {
        DriverQueue queue = _driver.Start(size: 2)[0];
        Buffer one = _driver.Writable(3);
        for (int i = 0; i < 9; i++)
            Assert.Equal(3u, queue.Do(one));
    }

    [Fact]
    public void A_queue_of_one_descriptor_works()
    {
        DriverQueue queue = _driver.Start(size: 1)[0];
        Buffer one = _driver.Writable(3);
        for (int i = 0; i < 9; i++)
            Assert.Equal(3u, queue.Do(one));
    }

    [Fact]
    public void Several_chains_come_back_with_one_interrupt()
    {
        DriverQueue queue = _driver.Start()[0];
        for (int i = 0; i < 5; i++)
            queue.Add(_driver.Writable(1));
        Assert.True(queue.Kick(5));
        Assert.Equal(5, queue.UsedIndex);
        Assert.Equal(1, _driver.QueueInterrupts[0]);
    }

    [Fact]
    public void Without_the_event_index_the_drivers_flag_holds_interrupts_back()
    {
        DriverQueue queue = _driver.Start(EventIndex)[0];
        queue.AvailableFlags = 1;
        queue.Do(_driver.Writable(1));
        Assert.Equal(0, _driver.QueueInterrupts[0]);
        queue.AvailableFlags = 0;
        queue.Do(_driver.Writable(1));
        Assert.Equal(1, _driver.QueueInterrupts[0]);
    }

    [Fact]
    public void With_the_event_index_an_interrupt_comes_when_it_is_passed_and_the_flag_means_nothing()
    {
        DriverQueue queue = _driver.Start()[0];
        queue.AvailableFlags = 1;
        queue.UsedEvent = 2;
        queue.Add(_driver.Writable(1));
        queue.Kick();
        queue.Add(_driver.Writable(1));
        queue.Kick();
        Assert.Equal(0, _driver.QueueInterrupts[0]);
        queue.Add(_driver.Writable(1));
        queue.Kick();
        Assert.Equal(1, _driver.QueueInterrupts[0]);
        queue.Add(_driver.Writable(1));
        queue.Kick();
        Assert.Equal(1, _driver.QueueInterrupts[0]);
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(EventIndex)]
    public void While_a_queue_is_served_its_driver_need_not_notify(ulong without)
    {
        DriverQueue queue = _driver.Start(without)[0];
        _driver.ServesAtOnce = false;
        _source.Left = 1;
        queue.Add(_driver.Writable(1));
        queue.Add(_driver.Writable(1));
        Assert.True(queue.Kick(2));
        _driver.Serve(0);
        Assert.Equal(ServiceOutcome.Waiting, _driver.LastOutcome);
        queue.Add(_driver.Writable(1));
        Assert.False(queue.Kick());
        _source.Left = 100;
        _driver.Serve(0);
        Assert.Equal(ServiceOutcome.Idle, _driver.LastOutcome);
        Assert.Equal(3, queue.UsedIndex);
        queue.Add(_driver.Writable(1));
        Assert.True(queue.Kick());
    }

    [Fact]
    public void A_chain_that_waits_for_its_back_end_stays_in_the_ring()
    {
        DriverQueue queue = _driver.Start()[0];
        _source.Left = 0;
        Buffer buffer = _driver.Writable(2);
        queue.Add(buffer);
        queue.Kick();
        Assert.Equal(0, queue.UsedIndex);
        _source.Left = 2;
        _driver.Serve(0);
        Assert.Equal(1, queue.UsedIndex);
        Assert.Equal([1, 2], _driver.Content(buffer));
    }

    [Fact]
    public void A_budget_ends_a_service_and_shows_what_was_done()
    {
        DriverQueue queue = _driver.Start()[0];
        _driver.ServesAtOnce = false;
        for (int i = 0; i < 4; i++)
            queue.Add(_driver.Writable(1));
        Assert.Equal(ServiceOutcome.More, _device.Service(0, 1));
        Assert.Equal(1, queue.UsedIndex);
        Assert.Equal(1, _driver.QueueInterrupts[0]);
        Assert.Equal(ServiceOutcome.More, _device.Service(0, VirtioDevice.ChainCost + 2));
        Assert.Equal(3, queue.UsedIndex);
        Assert.Equal(ServiceOutcome.Idle, _device.Service(0, int.MaxValue));
    }

    [Fact]
    public void A_chain_that_comes_and_goes_uses_up_the_budget()
    {
        DriverQueue queue = _driver.Start()[0];
        ushort index = 0;
        _ram.Other = address =>
        {
            if (address == queue.Available + 2)
                queue.Write16(address, index ^= 1);
        };
        index = 1; // the first look finds nothing, the next one something
        Assert.Equal(ServiceOutcome.More, _device.Service(0, 100 * VirtioDevice.ChainCost));
    }

    [Fact]
    public void Descriptors_are_read_once()
    {
        DriverQueue queue = _driver.Start()[0];
        Buffer buffer = _driver.Writable(4);
        queue.Add(buffer);
        int reads = 0;
        _ram.Other = address =>
        {
            if (address >= queue.Descriptors && address < queue.Descriptors + 16 && reads++ > 0)
                queue.WriteDescriptor(queue.Descriptors, 0, ulong.MaxValue, uint.MaxValue, 2, 0);
        };
        queue.Kick();
        Assert.Equal(1, reads);
        Assert.Equal([1, 2, 3, 4], _driver.Content(buffer));
    }

    [Fact]
    public void Tables_of_descriptors_may_lie_anywhere_and_across_blocks()
    {
        TestRam ram = new(1 << 20, TestRam.SmallestBlock);
        GuestDriver driver = new(new VirtioEntropyDevice(ram, _source), ram);
        DriverQueue queue = driver.Start()[0];
        driver.Allocate(7, 1);
        for (int i = 0; i < 500; i++)
        {
            Buffer[] buffers = [.. Enumerable.Range(1, 5).Select(driver.Writable)];
            ushort id = queue.AddIndirect(buffers);
            queue.Kick();
            Assert.True(queue.TryTake(out ushort used, out uint written));
            Assert.Equal(id, used);
            Assert.Equal(15u, written);
            byte[] content = [.. buffers.SelectMany(driver.Content)];
            Assert.Equal(15, content.Distinct().Count());
        }
    }

    [Fact]
    public void A_table_may_end_a_chain_of_descriptors()
    {
        DriverQueue queue = _driver.Start()[0];
        Buffer first = _driver.Writable(1), second = _driver.Writable(1);
        ulong table = _driver.Allocate(16);
        queue.WriteDescriptor(table, 0, second.Address, 1, 2, 0);
        queue.WriteDescriptor(queue.Descriptors, 3, first.Address, 1, 3, 4);
        queue.WriteDescriptor(queue.Descriptors, 4, table, 16, 4, 0);
        queue.Offer(3);
        queue.Kick();
        Assert.Equal([1, 2], [.. _driver.Content(first), .. _driver.Content(second)]);
    }

    [Fact]
    public void Used_elements_may_lie_across_blocks()
    {
        // The used ring is aligned to 4 only, so that its elements may be divided.
        int divided = 0;
        for (int pad = 0; pad < TestRam.SmallestBlock; pad += 64)
        {
            TestRam ram = new(1 << 20, TestRam.SmallestBlock);
            GuestDriver driver = new(new VirtioEntropyDevice(ram, _source), ram);
            driver.Allocate(pad + 4, 4);
            DriverQueue queue = driver.Start()[0];
            ulong start = (queue.Used + 4) % TestRam.SmallestBlock, end = start + 8 * 40;
            divided += start % 8 != 0 && end > TestRam.SmallestBlock ? 1 : 0;
            for (int i = 0; i < 40; i++)
                Assert.Equal(3u, queue.Do(driver.Writable(3)));
        }
        Assert.NotEqual(0, divided);
    }

    [Fact]
    public void A_descriptor_beyond_the_table_breaks_the_device()
    {
        _driver.Start()[0].Offer(VirtioEntropyDevice.QueueSize);
        ExpectError(VirtqueueStatus.BadDescriptor);
    }

    [Fact]
    public void A_chain_that_goes_on_beyond_the_table_breaks_the_device()
    {
        DriverQueue queue = _driver.Start()[0];
        queue.WriteDescriptor(queue.Descriptors, 0, 0x8000, 1, 3, ushort.MaxValue);
        queue.Offer(0);
        ExpectError(VirtqueueStatus.BadDescriptor);
    }

    [Fact]
    public void A_chain_that_goes_round_breaks_the_device()
    {
        DriverQueue queue = _driver.Start()[0];
        queue.WriteDescriptor(queue.Descriptors, 0, 0x8000, 1, 3, 1);
        queue.WriteDescriptor(queue.Descriptors, 1, 0x8001, 1, 3, 0);
        queue.Offer(0);
        ExpectError(VirtqueueStatus.TooLong);
    }

    [Fact]
    public void A_table_that_goes_round_breaks_the_device()
    {
        DriverQueue queue = _driver.Start()[0];
        ulong table = _driver.Allocate(32);
        queue.WriteDescriptor(table, 0, 0x8000, 1, 3, 1);
        queue.WriteDescriptor(table, 1, 0x8001, 1, 3, 1);
        queue.WriteDescriptor(queue.Descriptors, 0, table, 32, 4, 0);
        queue.Offer(0);
        ExpectError(VirtqueueStatus.TooLong);
    }

    [Fact]
    public void A_table_longer_than_the_queue_breaks_the_device()
    {
        DriverQueue queue = _driver.Start()[0];
        queue.AddIndirect([.. Enumerable.Repeat(_driver.Writable(1), VirtioEntropyDevice.QueueSize + 1)]);
        ExpectError(VirtqueueStatus.TooLong);
    }

    [Fact]
    public void The_longest_chain_is_as_long_as_the_queue()
    {
        DriverQueue queue = _driver.Start()[0];
        Assert.Equal(16u, queue.Do([.. Enumerable.Repeat(_driver.Writable(1), VirtioEntropyDevice.QueueSize)]));
    }

    [Fact]
    public void A_buffer_without_bytes_breaks_the_device()
    {
        _driver.Start()[0].Add(new Buffer(0x8000, 0, true));
        ExpectError(VirtqueueStatus.EmptyBuffer);
    }

    [Theory]
    [InlineData(1ul << 20, 1u)]
    [InlineData((1ul << 20) - 1, 2u)]
    [InlineData(0ul, (1u << 20) + 1)]
    [InlineData(ulong.MaxValue, 1u)]
    [InlineData(ulong.MaxValue - 1, uint.MaxValue)]
    public void A_buffer_outside_memory_breaks_the_device(ulong address, uint length)
    {
        _driver.Start()[0].Add(new Buffer(address, length, true));
        ExpectError(VirtqueueStatus.OutsideRam);
    }

    [Fact]
    public void A_buffer_to_read_behind_one_to_write_breaks_the_device()
    {
        _driver.Start()[0].Add(new Buffer(0x8000, 1, true), new Buffer(0x9000, 1, false));
        ExpectError(VirtqueueStatus.BadOrder);
    }

    [Fact]
    public void A_buffer_to_read_that_is_to_be_written_too_breaks_the_device()
    {
        MemoryStore store = new(4096);
        VirtioBlockDevice disk = new(_ram, store, default, 1);
        GuestDriver driver = new GuestDriver(disk, _ram).Start();
        driver[0].Add(new Buffer(0x8000, 16, false), new Buffer(0x800F, 1, true));
        driver.Serve(0);
        Assert.Equal(VirtqueueStatus.Overlap, disk.LastError);
        Assert.True(driver.NeedsReset);
    }

    [Theory]
    [InlineData(0x8000ul, 16u, 4 | 1)]
    [InlineData(0x8000ul, 17u, 4)]
    [InlineData(0x8000ul, 8u, 4)]
    public void A_table_that_cannot_be_breaks_the_device(ulong address, uint length, int flags)
    {
        DriverQueue queue = _driver.Start()[0];
        queue.WriteDescriptor(queue.Descriptors, 0, address, length, flags, 1);
        queue.Offer(0);
        ExpectError(VirtqueueStatus.BadIndirect);
    }

    [Fact]
    public void A_table_within_a_table_breaks_the_device()
    {
        DriverQueue queue = _driver.Start()[0];
        ulong table = _driver.Allocate(16);
        queue.WriteDescriptor(table, 0, table, 16, 4, 0);
        queue.WriteDescriptor(queue.Descriptors, 0, table, 16, 4, 0);
        queue.Offer(0);
        ExpectError(VirtqueueStatus.BadIndirect);
    }

    [Fact]
    public void A_table_that_was_not_agreed_on_breaks_the_device()
    {
        _driver.Start(Indirect)[0].AddIndirect(_driver.Writable(1));
        ExpectError(VirtqueueStatus.BadIndirect);
    }

    [Fact]
    public void A_table_outside_memory_breaks_the_device()
    {
        DriverQueue queue = _driver.Start()[0];
        queue.WriteDescriptor(queue.Descriptors, 0, (1 << 20) - 8, 16, 4, 0);
        queue.Offer(0);
        ExpectError(VirtqueueStatus.OutsideRam);
    }

    [Fact]
    public void More_chains_than_descriptors_break_the_device()
    {
        DriverQueue queue = _driver.Start()[0];
        queue.Write16(queue.Available + 2, VirtioEntropyDevice.QueueSize + 1);
        ExpectError(VirtqueueStatus.BadIndex);
    }

    [Fact]
    public void What_was_used_before_an_error_is_shown()
    {
        DriverQueue queue = _driver.Start()[0];
        queue.Add(_driver.Writable(1));
        queue.Offer(99);
        queue.Kick(2);
        Assert.True(_driver.NeedsReset);
        Assert.Equal(1, queue.UsedIndex);
        Assert.Equal(1, _driver.QueueInterrupts[0]);
    }

    [Theory]
    [InlineData(3, 0x1000ul, 0x2000ul, 0x3000ul)]
    [InlineData(0, 0x1000ul, 0x2000ul, 0x3000ul)]
    [InlineData(32, 0x1000ul, 0x2000ul, 0x3000ul)]
    [InlineData(16, 0x1008ul, 0x2000ul, 0x3000ul)]
    [InlineData(16, 0x1000ul, 0x2001ul, 0x3000ul)]
    [InlineData(16, 0x1000ul, 0x2000ul, 0x3002ul)]
    [InlineData(16, 0xFFFF0ul, 0x2000ul, 0x3000ul)]
    [InlineData(16, 0x1000ul, 0xFFFF0ul, 0x3000ul)]
    [InlineData(16, 0x1000ul, 0x2000ul, 0xFFFFFFFFFFFFFFFCul)]
    [InlineData(16, 0x1000ul, 0x10F0ul, 0x3000ul)]
    [InlineData(16, 0x1000ul, 0x2000ul, 0x10FCul)]
    [InlineData(16, 0x1000ul, 0x3000ul, 0x3020ul)]
    public void A_queue_that_cannot_be_breaks_the_device_when_it_is_enabled(ushort size, ulong descriptors, ulong available, ulong used)
    {
        Assert.True(_driver.Negotiate(_device.OfferedFeatures));
        Queue.Size = size;
        Queue.DescriptorArea = new GuestPhysicalAddress(descriptors);
        Queue.DriverArea = new GuestPhysicalAddress(available);
        Queue.DeviceArea = new GuestPhysicalAddress(used);
        _device.EnableQueue(0);
        Assert.False(Queue.IsEnabled);
        Assert.True(_driver.NeedsReset);
        Assert.Equal(VirtqueueStatus.BadLayout, _device.LastError);
        // Before DRIVER_OK nobody listens; then it is told.
        Assert.Equal(0, _driver.ConfigurationInterrupts);
        _device.WriteStatus(15);
        Assert.Equal(1, _driver.ConfigurationInterrupts);
    }

    [Fact]
    public void An_enabled_queue_keeps_its_place()
    {
        DriverQueue queue = _driver.Start()[0];
        Queue.Size = 4;
        Queue.DescriptorArea = default;
        Queue.DriverArea = default;
        Queue.DeviceArea = default;
        Assert.Equal(VirtioEntropyDevice.QueueSize, Queue.Size);
        Assert.Equal(queue.Descriptors, Queue.DescriptorArea.Value);
        Assert.Equal(queue.Available, Queue.DriverArea.Value);
        Assert.Equal(queue.Used, Queue.DeviceArea.Value);
    }

    [Fact]
    public void A_saved_queue_goes_on_where_it_was()
    {
        DriverQueue queue = _driver.Start()[0];
        for (int i = 0; i < 21; i++)
            queue.Do(_driver.Writable(1));
        _source.Left = 0;
        queue.Add(_driver.Writable(1));
        queue.Kick();
        _device.Save(out VirtioEntropyState state);
        VirtioEntropyDevice restored = new(_ram, new TestEntropy());
        Assert.Equal(RestoreStatus.Restored, restored.Restore(in state));
        Assert.Equal(ServiceOutcome.Idle, restored.Service(0, 100_000));
        Assert.Equal(22, queue.UsedIndex);
        Assert.True(queue.TryTake(out _, out _) && !queue.TryTake(out _, out _));
        restored.Save(out VirtioEntropyState again);
        Assert.Equal(RestoreStatus.Restored, restored.Restore(in again));
    }

    [Fact]
    public void A_record_out_of_range_is_refused()
    {
        _driver.Start();
        _device.Save(out VirtioEntropyState good);
        VirtioEntropyState state = good;
        state.Version = 2;
        Assert.Equal(RestoreStatus.UnknownVersion, _device.Restore(in state));
        state = good;
        state.Device.Version = 2;
        Assert.Equal(RestoreStatus.UnknownVersion, _device.Restore(in state));
        state = good;
        state.Device.AcceptedFeatures |= 1;
        Assert.Equal(RestoreStatus.InvalidValue, _device.Restore(in state));
        state = good;
        state.Device.Status = 0x20;
        Assert.Equal(RestoreStatus.InvalidValue, _device.Restore(in state));
        state = good;
        state.Device.Status = 4;
        Assert.Equal(RestoreStatus.InvalidValue, _device.Restore(in state));
        state = good;
        state.Device.Queues[0].Size = 3;
        Assert.Equal(RestoreStatus.InvalidValue, _device.Restore(in state));
        state = good;
        state.Device.Queues[0].DeviceArea = 1 << 20;
        Assert.Equal(RestoreStatus.InvalidValue, _device.Restore(in state));
        state = good;
        state.Device.Queues[0].Enabled = 2;
        Assert.Equal(RestoreStatus.InvalidValue, _device.Restore(in state));
    }
}
