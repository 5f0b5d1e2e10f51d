namespace HyperOS.Management.TcpIp;

/// <summary>What every layer of one stack shares.</summary>
internal sealed class StackContext(IRandomSource random)
{
    /// <summary>Microseconds since the stack was made, as of the last entry into it.</summary>
    public long Now { get; set; }

    public TimerQueue Timers { get; } = new();

    public StackCounters Counters { get; } = new();

    public IRandomSource Random { get; } = random;

    /// <summary>Where the packet that is being sent is made.</summary>
    public PacketBuffer Packet { get; } = new();

    public ushort RandomUInt16()
    {
        System.Span<byte> bytes = stackalloc byte[2];
        Random.Fill(bytes);
        return (ushort)(bytes[0] << 8 | bytes[1]);
    }

    /// <summary>A port of the dynamic range, 49152 to 65535, that cannot be guessed (RFC 6056 section 3.3.1).</summary>
    public ushort RandomPort() => (ushort)(RandomUInt16() | 0xC000);
}
