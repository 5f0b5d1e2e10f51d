using HyperOS.Devices;
using HyperOS.Specs.Virtio;

namespace HyperOS.Tests.Unit.Devices;

public class VirtioDeviceTests
{
    private readonly TestRam _ram = new(1 << 20);
    private readonly VirtioConsoleDevice _device;
    private readonly GuestDriver _driver;

    public VirtioDeviceTests()
    {
        _device = new VirtioConsoleDevice(_ram, new TestLine());
        _driver = new GuestDriver(_device, _ram);
    }

    [Fact]
    public void Features_are_offered_in_halves()
    {
        Assert.Equal(0x3000_0005u, _device.ReadOfferedFeatures(0));
        Assert.Equal(0x1u, _device.ReadOfferedFeatures(1));
        Assert.Equal(0u, _device.ReadOfferedFeatures(2));
        Assert.Equal(0u, _device.ReadOfferedFeatures(uint.MaxValue));
    }

    [Fact]
    public void Accepted_features_read_back_until_they_are_final()
    {
        _device.WriteAcceptedFeatures(0, 5);
        _device.WriteAcceptedFeatures(1, 1);
        _device.WriteAcceptedFeatures(2, uint.MaxValue);
        Assert.Equal(0x1_0000_0005ul, _device.AcceptedFeatures);
        _device.WriteStatus(1 | 2 | 8);
        _device.WriteAcceptedFeatures(0, 0);
        Assert.Equal(5u, _device.ReadAcceptedFeatures(0));
        Assert.Equal(1u, _device.ReadAcceptedFeatures(1));
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(1ul << 32 | 1ul << 1)]
    [InlineData(1ul << 32 | 1ul << 63)]
    public void Features_that_are_not_offered_or_of_old_drivers_are_refused(ulong features)
    {
        Assert.False(_driver.Negotiate(features));
        _device.WriteStatus(15);
        Assert.Equal((VirtioStatus)3, _device.Status);
        Assert.False(_device.IsRunning);
    }

    [Fact]
    public void Status_bits_are_added_and_only_zero_takes_them_away()
    {
        _device.WriteStatus(1);
        _device.WriteStatus(2);
        Assert.Equal((VirtioStatus)3, _device.Status);
        _device.WriteStatus(128);
        Assert.Equal((VirtioStatus)131, _device.Status);
        _device.WriteStatus(0);
        Assert.Equal(VirtioStatus.None, _device.Status);
        Assert.Equal(1, _driver.Resets);
    }

    /// <summary>As Linux's balloon driver does with its statistics.</summary>
    [Fact]
    public void A_buffer_that_comes_before_the_driver_is_ready_is_served_when_it_is()
    {
        _driver.Negotiate(_device.OfferedFeatures);
        DriverQueue transmit = _driver.SetUp(VirtioConsole.TransmitQueue);
        transmit.Add(_driver.Readable("early"u8));
        transmit.Kick();
        Assert.Equal(0, transmit.UsedIndex);
        _device.WriteStatus((byte)(_device.Status | VirtioStatus.DRIVER_OK));
        Assert.Equal(1, transmit.UsedIndex);
    }

    [Fact]
    public void The_driver_cannot_set_needs_reset_or_bits_that_do_not_exist()
    {
        _device.WriteStatus(64 | 32 | 16);
        Assert.Equal(VirtioStatus.None, _device.Status);
    }

    [Fact]
    public void Nothing_is_served_before_the_driver_is_ready()
    {
        _driver.Negotiate(_device.OfferedFeatures);
        DriverQueue queue = _driver.SetUp(1);
        queue.Add(_driver.Readable("x"u8));
        _device.Notify(1);
        _driver.Serve(1);
        Assert.Equal(0, _driver.NotificationCount);
        Assert.Equal(0, queue.UsedIndex);
        _device.WriteStatus(15);
        _device.Notify(1);
        Assert.Equal(1, queue.UsedIndex);
    }

    [Fact]
    public void A_queue_cannot_be_enabled_before_features_are_final()
    {
        _device.EnableQueue(0);
        Assert.True(_device.TryGetQueue(0, out Virtqueue queue));
        Assert.False(queue.IsEnabled);
        Assert.False(_driver.NeedsReset);
    }

    [Fact]
    public void Queues_that_do_not_exist_or_are_off_hear_no_notification()
    {
        _driver.Negotiate(_device.OfferedFeatures);
        _device.WriteStatus(15);
        _device.Notify(0);
        _device.Notify(2);
        _device.Notify(uint.MaxValue);
        _device.EnableQueue(2);
        Assert.Equal(0, _driver.NotificationCount);
        Assert.False(_device.TryGetQueue(2, out _));
        Assert.False(_driver.NeedsReset);
    }

    [Fact]
    public void A_reset_takes_back_queues_and_features()
    {
        _driver.Start();
        _device.WriteStatus(0);
        Assert.Equal(0ul, _device.AcceptedFeatures);
        Assert.True(_device.TryGetQueue(0, out Virtqueue queue));
        Assert.False(queue.IsEnabled);
        Assert.Equal(VirtioConsoleDevice.QueueSize, queue.Size);
        Assert.Equal(0ul, queue.DescriptorArea.Value);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(11u)]
    [InlineData(12u)]
    [InlineData(uint.MaxValue)]
    public void Configuration_beyond_its_end_reads_zero_and_ignores_writes(uint offset)
    {
        byte[] bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        _device.WriteConfiguration(offset, bytes);
        _device.ReadConfiguration(offset, bytes);
        Assert.Equal(new byte[8], bytes);
    }
}
