using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace HyperOS.Management.VirtualMachines;

/// <summary>One moment of a VM, with sums that only grow while it runs.</summary>
internal readonly record struct VmSample(DateTimeOffset Time, ulong CpuTime, ulong MemoryInUse, ulong DiskBytes, ulong NetworkBytes);

/// <summary>How a VM went in the last hour, day and week: a ring for each, fed with the same samples.</summary>
internal sealed class VmHistory
{
    private readonly Lock _lock = new();
    private readonly Ring[] _rings = [new("1h", 20, 180), new("24h", 300, 288), new("7d", 1800, 336)];

    /// <summary>How often a sample is to be taken, in seconds.</summary>
    public const int SampleSeconds = 20;

    public static IReadOnlyList<string> Ranges { get; } = ["1h", "24h", "7d"];

    public void Add(in VmSample sample)
    {
        lock (_lock)
        {
            foreach (Ring ring in _rings)
                ring.Add(in sample);
        }
    }

    /// <param name="range">One of <see cref="Ranges"/>.</param>
    public History Read(string range)
    {
        lock (_lock)
            return _rings.First(ring => ring.Name == range).Read();
    }

    private sealed class Ring(string name, int interval, int capacity)
    {
        private readonly Queue<(float Cpu, float Memory, float Disk, float Network)> _values = new();
        private VmSample? _last;

        public string Name => name;

        public void Add(in VmSample sample)
        {
            if (_last is not VmSample last)
            {
                _last = sample;
                return;
            }
            double seconds = (sample.Time - last.Time).TotalSeconds;
            if (seconds < interval - 1)
                return;
            if (_values.Count == capacity)
                _values.Dequeue();
            _values.Enqueue((
                (float)(Grown(sample.CpuTime, last.CpuTime) / 1e7 / seconds), sample.MemoryInUse, (float)(Grown(sample.DiskBytes, last.DiskBytes) / seconds),
                (float)(Grown(sample.NetworkBytes, last.NetworkBytes) / seconds)));
            _last = sample;
        }

        public History Read() => new(
            interval, _last?.Time ?? DateTimeOffset.UnixEpoch, [.. _values.Select(value => value.Cpu)], [.. _values.Select(value => value.Memory)],
            [.. _values.Select(value => value.Disk)], [.. _values.Select(value => value.Network)]);

        // A VM that was started again counts from 0.
        private static ulong Grown(ulong now, ulong before) => now >= before ? now - before : now;
    }
}
