using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.TcpIp;

/// <summary>Keeps what a stack sends.</summary>
internal sealed class RecordingLink : ILink
{
    public MacAddress Address { get; init; } = new(0x0200_0000_0001);

    public int Mtu { get; set; } = 1500;

    public bool IsFull { get; set; }

    public int Flushes { get; private set; }

    /// <summary>Told of every frame; it must not call the stack back.</summary>
    public Action<byte[]>? OnSent { get; set; }

    public List<byte[]> Sent { get; } = [];

    public bool TryTransmit(ReadOnlySpan<byte> frame)
    {
        if (IsFull)
            return false;
        Sent.Add(frame.ToArray());
        OnSent?.Invoke(Sent[^1]);
        return true;
    }

    public void Flush() => Flushes++;

    /// <summary>Takes out all that was sent so far.</summary>
    public List<byte[]> Take()
    {
        List<byte[]> sent = [.. Sent];
        Sent.Clear();
        return sent;
    }
}
