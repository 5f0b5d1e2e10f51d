using System;
using System.Globalization;

namespace HyperOS.ImageTool;

/// <summary>Rates as people write them: a whole number directly followed by kbit, Mbit or Gbit, a second's.</summary>
internal static class BitRate
{
    /// <returns>False for any other form, and for rates of 2^64 bits and more.</returns>
    public static bool TryParse(string text, out ulong bytesPerSecond)
    {
        bytesPerSecond = 0;
        ulong unit = text.EndsWith("kbit", StringComparison.Ordinal) ? 1_000
            : text.EndsWith("Mbit", StringComparison.Ordinal) ? 1_000_000
            : text.EndsWith("Gbit", StringComparison.Ordinal) ? 1_000_000_000ul : 0;
        if (unit == 0 || !ulong.TryParse(text.AsSpan(..^4), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            || number > ulong.MaxValue / unit)
        {
            return false;
        }
        bytesPerSecond = number * unit / 8;
        return true;
    }
}
