using System;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// Where Ethernet frames leave. The stack calls it under its lock, so it must not block nor call back; frames come in by
/// <see cref="NetworkStack.Receive(ReadOnlySpan{byte})"/>.
/// </summary>
public interface ILink
{
    /// <summary>The station's own address.</summary>
    MacAddress Address { get; }

    /// <summary>The largest IP packet in bytes that a frame may carry, at least 576; it may change at any time.</summary>
    int Mtu { get; }

    /// <summary>Takes a whole frame without its check sequence; the bytes are the caller's again when it returns.</summary>
    /// <returns>False if there is no room: the frame is lost, as on a wire.</returns>
    bool TryTransmit(ReadOnlySpan<byte> frame);

    /// <summary>No more frames come for now: what was taken may be announced to the other side at once.</summary>
    void Flush();
}
