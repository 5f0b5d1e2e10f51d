using HyperOS.Management.VirtualMachines;

namespace HyperOS.Tests.Management.Rooms;

public sealed class VmHistoryTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Rates_are_what_sums_grew_by()
    {
        VmHistory history = new();
        for (int i = 0; i < 3; i++)
            history.Add(new VmSample(s_start.AddSeconds(20 * i), (ulong)i * 10_000_000_000, 1 << 20, (ulong)i * 2000, (ulong)i * 200));
        History hour = history.Read("1h");
        Assert.Equal([50f, 50f], hour.CpuPercent);
        Assert.Equal([100f, 100f], hour.DiskBytesPerSecond);
        Assert.Equal([10f, 10f], hour.NetworkBytesPerSecond);
        Assert.Equal(s_start.AddSeconds(40), hour.End);
        Assert.Empty(history.Read("24h").CpuPercent);
    }

    [Fact]
    public void A_VM_that_was_started_again_counts_from_nothing()
    {
        VmHistory history = new();
        history.Add(new VmSample(s_start, 50_000_000_000, 0, 0, 0));
        history.Add(new VmSample(s_start.AddSeconds(20), 2_000_000_000, 0, 0, 0));
        Assert.Equal([10f], history.Read("1h").CpuPercent);
    }

    [Fact]
    public void A_week_takes_no_more_than_its_rings()
    {
        VmHistory history = new();
        for (int i = 0; i < 8 * 24 * 180; i++)
            history.Add(new VmSample(s_start.AddSeconds(20 * i), 0, 0, 0, 0));
        Assert.Equal([180, 288, 336], VmHistory.Ranges.Select(range => history.Read(range).CpuPercent.Count));
    }
}
