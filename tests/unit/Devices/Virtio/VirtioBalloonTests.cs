using System.Buffers.Binary;
using HyperOS.Abi.State;
using HyperOS.Devices;
using HyperOS.Specs.Virtio;

namespace HyperOS.Tests.Unit.Devices;

public class VirtioBalloonTests
{
    private const int Inflate = 0, Deflate = 1, Statistics = 2, Reporting = 3;

    private readonly TestRam _ram = new(8 << 20);
    private readonly TestSink _sink = new();
    private readonly VirtioBalloonDevice _device;
    private readonly GuestDriver _driver;

    public VirtioBalloonTests()
    {
        _device = new VirtioBalloonDevice(_ram, _sink, true);
        _driver = new GuestDriver(_device, _ram).Start();
    }

    private Buffer Pages(params uint[] pages)
    {
        byte[] bytes = new byte[4 * pages.Length];
        for (int i = 0; i < pages.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), pages[i]);
        return _driver.Readable(bytes);
    }

    private Buffer Numbers(params (ushort Tag, ulong Value)[] numbers)
    {
        byte[] bytes = new byte[10 * numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10 * i), numbers[i].Tag);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(10 * i + 2), numbers[i].Value);
        }
        return _driver.Readable(bytes);
    }

    [Fact]
    public void A_target_is_told_and_the_actual_size_comes_back()
    {
        _device.Target = 0x1234;
        Assert.Equal(1, _driver.ConfigurationInterrupts);
        Assert.Equal([0x34, 0x12, 0, 0], _driver.Configuration(VirtioBalloon.NumPages, 4));
        _device.WriteConfiguration(VirtioBalloon.Actual, [0x33, 0x12, 0, 0]);
        Assert.Equal(0x1233u, _device.Actual);
        _device.WriteConfiguration(VirtioBalloon.NumPages, [1, 0, 0, 0]);
        Assert.Equal(0x1234u, _device.Target);
    }

    [Fact]
    public void Inflated_pages_are_released_in_runs()
    {
        _driver[Inflate].Do(Pages(10, 11, 12, 20, 19, 18, 40));
        Assert.Equal([(10 * 4096, 3 * 4096), (18 * 4096, 3 * 4096), (40 * 4096, 4096)], _sink.Released);
        Assert.Empty(_sink.Reclaimed);
    }

    [Fact]
    public void Runs_go_on_across_buffers()
    {
        uint[] pages = [.. Enumerable.Range(100, 300).Select(page => (uint)page)];
        _driver[Inflate].Do(Pages(pages[..130]), Pages(pages[130..]));
        Assert.Equal([(100 * 4096, 300 * 4096)], _sink.Released);
    }

    [Fact]
    public void Deflated_pages_are_reclaimed()
    {
        _driver[Deflate].Do(Pages(7, 6));
        Assert.Equal([(6 * 4096, 2 * 4096)], _sink.Reclaimed);
    }

    [Fact]
    public void A_queue_that_another_processor_serves_meanwhile_disturbs_no_list()
    {
        _driver[Reporting].Add(new Buffer(0x200000, 0x200000, true));
        _driver[Deflate].Add(Pages(7));
        _driver[Statistics].Add(Numbers((4, 1000)));
        _sink.WhileReleasing = () =>
        {
            foreach (int queue in (int[])[Reporting, Deflate, Statistics])
                _device.Service(queue, 1 << 20);
        };
        uint[] pages = [.. Enumerable.Range(0, 200).Select(page => (uint)(page * 2))];
        _driver[Inflate].Do(Pages(pages));
        Assert.Equal(pages.Select(page => (page * 4096ul, 4096ul)), _sink.Released);
        Assert.Equal([(7 * 4096, 4096)], _sink.Reclaimed);
        Assert.Equal([(0x200000, 0x200000)], _sink.Reported);
        Assert.True(_device.TryGetStatistic(VirtioBalloonStatistic.VIRTIO_BALLOON_S_MEMFREE, out ulong value));
        Assert.Equal(1000ul, value);
    }

    [Theory]
    [InlineData(2048u)]
    [InlineData(uint.MaxValue)]
    public void A_page_outside_memory_breaks_the_device(uint page)
    {
        _driver[Inflate].Add(Pages(1, page));
        _driver.Serve(Inflate);
        Assert.True(_driver.NeedsReset);
    }

    [Fact]
    public void A_list_with_half_a_number_breaks_the_device()
    {
        _driver[Inflate].Add(_driver.Readable(new byte[6]));
        _driver.Serve(Inflate);
        Assert.True(_driver.NeedsReset);
        Assert.Empty(_sink.Released);
    }

    [Fact]
    public void Statistics_are_read_and_asked_for_anew()
    {
        Assert.False(_device.TryGetStatistic(VirtioBalloonStatistic.VIRTIO_BALLOON_S_MEMFREE, out _));
        Assert.False(_device.RequestStatistics());
        Buffer buffer = Numbers((4, 1000), (5, 2000), (999, 1));
        _driver[Statistics].Add(buffer);
        _driver[Statistics].Kick();
        // The guest keeps waiting for the next question.
        Assert.Equal(0, _driver[Statistics].UsedIndex);
        Assert.True(_device.TryGetStatistic(VirtioBalloonStatistic.VIRTIO_BALLOON_S_MEMFREE, out ulong value));
        Assert.Equal(1000ul, value);
        Assert.False(_device.TryGetStatistic(VirtioBalloonStatistic.VIRTIO_BALLOON_S_CACHES, out _));
        Assert.False(_device.TryGetStatistic((VirtioBalloonStatistic)999, out _));

        Assert.True(_device.RequestStatistics());
        Assert.Equal(1, _driver.QueueInterrupts[Statistics]);
        Assert.False(_device.RequestStatistics());
        Assert.True(_driver[Statistics].TryTake(out _, out _));
        _driver[Statistics].Add(Numbers((4, 900)));
        Assert.True(_driver[Statistics].Kick());
        Assert.True(_device.TryGetStatistic(VirtioBalloonStatistic.VIRTIO_BALLOON_S_MEMFREE, out value));
        Assert.Equal(900ul, value);
    }

    [Fact]
    public void Reported_pages_are_released_without_the_parts_at_their_ends()
    {
        _driver[Reporting].Do(new Buffer(0x200000, 0x200000, true), new Buffer(0x400800, 0x2000, true), new Buffer(0x500001, 0x1000, true));
        Assert.Equal([(0x200000, 0x200000), (0x401000, 0x1000)], _sink.Reported);
        Assert.Equal(1, _sink.Reports);
        Assert.Empty(_sink.Released);
    }

    [Fact]
    public void A_report_is_used_only_once_its_sink_is_done_with_it()
    {
        _sink.Settles = false;
        _driver[Reporting].Add(new Buffer(0x200000, 0x200000, true));
        _driver[Reporting].Kick();
        _driver[Reporting].Kick();
        Assert.Equal(0, _driver[Reporting].UsedIndex);
        Assert.Equal(1, _sink.Reports);
        _sink.Settles = true;
        _device.NotifyReports();
        _driver.Serve(Reporting);
        Assert.Equal(1, _driver[Reporting].UsedIndex);
        Assert.Equal(1, _sink.Reports);
    }

    [Fact]
    public void Statistics_that_are_wanted_come_when_their_queue_is_served()
    {
        Assert.False(_device.TryWantStatistics());
        _driver[Statistics].Add(Numbers((4, 1000)));
        _driver[Statistics].Kick();
        Assert.Equal(1, _sink.StatisticsSeen);
        Assert.True(_device.TryWantStatistics());
        _driver.Serve(Statistics);
        Assert.Equal(1, _driver[Statistics].UsedIndex);
        _driver[Statistics].Add(Numbers((4, 900)));
        _driver[Statistics].Kick();
        Assert.Equal(2, _sink.StatisticsSeen);
    }

    [Fact]
    public void The_sink_hears_of_sizes_and_resets()
    {
        _device.WriteConfiguration(VirtioBalloon.Actual, [1, 0, 0, 0]);
        Assert.Equal(1, _sink.Resizes);
        int before = _sink.Resets;
        _device.WriteStatus(0);
        Assert.Equal(before + 1, _sink.Resets);
        Assert.Equal(0u, _device.Actual);
    }

    [Fact]
    public void Without_statistics_reporting_takes_their_queue()
    {
        GuestDriver driver = new GuestDriver(new VirtioBalloonDevice(_ram, _sink, false), _ram).Start(VirtioBalloon.VIRTIO_BALLOON_F_STATS_VQ);
        driver[Statistics].Do(new Buffer(0x200000, 0x1000, true));
        Assert.Equal([(0x200000, 0x1000)], _sink.Reported);
        Assert.Equal(0ul, driver.Device.OfferedFeatures & VirtioBalloon.VIRTIO_BALLOON_F_DEFLATE_ON_OOM);
    }

    [Fact]
    public void A_saved_balloon_keeps_its_sizes_and_reads_statistics_again()
    {
        _device.Target = 5;
        _device.WriteConfiguration(VirtioBalloon.Actual, [4, 0, 0, 0]);
        _driver[Statistics].Add(Numbers((4, 1000)));
        _driver[Statistics].Kick();
        _device.Save(out VirtioBalloonState state);
        VirtioBalloonDevice restored = new(_ram, _sink, true);
        Assert.Equal(RestoreStatus.Restored, restored.Restore(in state));
        Assert.Equal(5u, restored.Target);
        Assert.Equal(4u, restored.Actual);
        restored.Service(Statistics, 10_000);
        Assert.True(restored.TryGetStatistic(VirtioBalloonStatistic.VIRTIO_BALLOON_S_MEMFREE, out ulong value));
        Assert.Equal(1000ul, value);
        Assert.True(restored.RequestStatistics());
        Assert.Equal(1, _driver[Statistics].UsedIndex);
    }
}
