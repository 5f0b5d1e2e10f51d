using System;

namespace HyperOS.Devices;

/// <summary>The other end of a virtio console: the host's side. Each direction is used by one thread at a time, the owner of its queue.</summary>
public abstract class ConsoleLine
{
    /// <summary>Takes what the guest writes.</summary>
    /// <returns>How many bytes, from the first: with fewer than all, serve the transmit queue again when there is room.</returns>
    public abstract int Write(ReadOnlySpan<byte> output);

    /// <summary>Gives what the guest is to read.</summary>
    /// <returns>How many bytes: with none, serve the receive queue again when there is something.</returns>
    public abstract int Read(Span<byte> input);

    /// <summary>A character that the guest writes past all queues, before its driver is up or when it dies. Any vCPU.</summary>
    public abstract void WriteEmergency(byte character);
}
