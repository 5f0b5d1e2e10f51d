using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.TcpIp;

/// <summary>One station's end of a link that takes its time, and that loses, repeats and reorders by a seed.</summary>
internal sealed class SimulatedLink(VirtualTime time, MacAddress address, int seed) : ILink
{
    private readonly Random _random = new(seed);
    private long _free;

    public MacAddress Address { get; } = address;

    public int Mtu { get; set; } = 1500;

    public double Loss { get; set; }

    public double Repetition { get; set; }

    public double Reordering { get; set; }

    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(1);

    public double BytesPerSecond { get; set; } = 125_000_000;

    /// <summary>Frames longer than that vanish on the way; the router tells of it if it is so minded.</summary>
    public int PathMtu { get; set; } = int.MaxValue;

    /// <summary>What the other station's stack does with a frame.</summary>
    public Action<byte[]>? Deliver { get; set; }

    /// <summary>Sees every frame that is sent; false has it lost.</summary>
    public Func<byte[], bool> Filter { get; set; } = _ => true;

    public long Frames { get; private set; }

    public bool TryTransmit(ReadOnlySpan<byte> frame)
    {
        Frames++;
        byte[] copy = frame.ToArray();
        Assert.InRange(copy.Length, 14, Mtu + 14);
        if (!Filter(copy) || copy.Length - 14 > PathMtu || _random.NextDouble() < Loss)
            return true;
        _free = Math.Max(_free, time.Now) + (long)(copy.Length * TimeSpan.TicksPerSecond / BytesPerSecond);
        Send(copy);
        if (_random.NextDouble() < Repetition)
            Send(copy);
        return true;
    }

    public void Flush()
    {
    }

    private void Send(byte[] frame)
    {
        TimeSpan after = TimeSpan.FromTicks(_free - time.Now) + Delay;
        if (_random.NextDouble() < Reordering)
            after += Delay * (_random.NextDouble() * 3);
        time.Schedule(after, () => Deliver?.Invoke(frame));
    }
}
