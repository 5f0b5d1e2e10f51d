using System;
using HyperOS.Abi;

namespace HyperOS.Switching;

/// <summary>How much may pass in one direction of a port.</summary>
public readonly struct RateLimit
{
    /// <summary>On the average; 0: there is no limit.</summary>
    public readonly ulong BytesPerSecond;

    /// <summary>Bytes that may pass at once after a pause.</summary>
    public readonly uint Burst;

    /// <summary>Values beyond the most that there can be count as the most.</summary>
    public RateLimit(ulong bytesPerSecond, uint burst)
    {
        // With these a second's worth, in bytes times nanoseconds, still is a number of 64 bits.
        BytesPerSecond = Math.Min(bytesPerSecond, PortGroupDefinition.MaxBytesPerSecond);
        Burst = Math.Min(burst, PortGroupDefinition.MaxBurst);
    }
}
