using System;

namespace HyperOS.Management.TcpIp;

/// <summary>Received frames, one after the other; a frame's bytes are read before the next one is asked for.</summary>
public interface IFrameBatch
{
    /// <summary>The next frame without its check sequence.</summary>
    /// <returns>False if there is none left.</returns>
    bool TryNext(out ReadOnlySpan<byte> frame);
}
