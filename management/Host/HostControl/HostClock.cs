using System;
using System.Threading.Tasks;
using HyperOS.Abi.Control;
using HyperOS.Management.KernelClient;

namespace HyperOS.Management.HostControl;

/// <summary>What the host is, and its clock beside the wall's.</summary>
internal sealed class HostClock(KernelConnection kernel, TimeProvider time)
{
    private long _tick;
    private ulong _now;

    public HostInformation Information { get; private set; }

    /// <summary>When the host's clock was 0.</summary>
    public DateTimeOffset StartedAt { get; private set; }

    /// <summary>The host's clock, in nanoseconds.</summary>
    public ulong Now => _now + (ulong)(time.GetElapsedTime(_tick).Ticks * 100);

    public async Task LoadAsync()
    {
        Information = (await kernel.ReadHostAsync()).Value;
        _tick = time.GetTimestamp();
        _now = (await kernel.ReadStatisticsAsync()).Value.Now;
        StartedAt = Information.StartedAt == 0
            ? time.GetUtcNow() - TimeSpan.FromTicks((long)(_now / 100))
            : DateTimeOffset.UnixEpoch + TimeSpan.FromTicks((long)(Information.StartedAt / 100));
    }
}
