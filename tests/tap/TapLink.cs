using HyperOS.Management.TcpIp;
using Microsoft.Win32.SafeHandles;

namespace HyperOS.Tests.Tap;

/// <summary>A stack's link to Linux by a TAP device: <see cref="Start"/> brings what Linux sends.</summary>
/// <param name="name">The device's name, in the calling thread's network.</param>
internal sealed class TapLink(string name) : ILink, IDisposable
{
    private readonly SafeFileHandle _tap = Libc.OpenTap(name);
    private readonly SafeFileHandle _stop = Libc.OpenEvent();
    private Thread? _reader;

    public MacAddress Address { get; } = new(0x0200_0000_0A02);

    public int Mtu { get; set; } = 1500;

    /// <summary>What comes and goes passes through these; null for a good link.</summary>
    public Impairment? Incoming { get; set; }

    public Impairment? Outgoing { get; set; }

    public void Start(NetworkStack stack)
    {
        if (Incoming is { } incoming)
            incoming.Deliver = frame => stack.Receive(frame);
        if (Outgoing is { } outgoing)
            outgoing.Deliver = frame => Libc.TryWrite(_tap, frame);
        _reader = new Thread(() => Read(stack)) { IsBackground = true, Name = "TAP" };
        _reader.Start();
    }

    public bool TryTransmit(ReadOnlySpan<byte> frame)
    {
        if (Outgoing is null)
            return Libc.TryWrite(_tap, frame);
        Outgoing.Pass(frame);
        return true;
    }

    public void Flush()
    {
    }

    public void Dispose()
    {
        Incoming?.Dispose();
        Outgoing?.Dispose();
        Libc.TryWrite(_stop, BitConverter.GetBytes(1L));
        _reader?.Join();
        _tap.Dispose();
        _stop.Dispose();
    }

    private void Read(NetworkStack stack)
    {
        Libc.PollEntry[] entries = [new(_tap), new(_stop)];
        byte[] buffer = new byte[65536];
        while (true)
        {
            Libc.Poll(entries);
            if (entries[1].Ready != 0)
                return;
            if (Incoming is null)
            {
                Batch batch = new(_tap, buffer);
                stack.Receive(ref batch);
                continue;
            }
            while (Libc.Read(_tap, buffer) is > 0 and int length)
                Incoming.Pass(buffer.AsSpan(0, length));
        }
    }

    /// <summary>All that Linux has sent by now.</summary>
    private readonly ref struct Batch(SafeFileHandle tap, byte[] buffer) : IFrameBatch
    {
        public bool TryNext(out ReadOnlySpan<byte> frame)
        {
            int length = Libc.Read(tap, buffer);
            frame = buffer.AsSpan(0, length);
            return length > 0;
        }
    }
}
