using System;

namespace HyperOS.Devices;

/// <summary>Where a guest's random bytes come from.</summary>
public abstract class EntropySource
{
    /// <summary>Fills the beginning of a span with bytes that nobody can foretell.</summary>
    /// <returns>How many: with none, serve the queue again when there are some.</returns>
    public abstract int Fill(Span<byte> destination);
}
