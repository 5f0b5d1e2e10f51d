using System;
using System.Globalization;

namespace HyperOS.ImageTool;

/// <summary>Frequencies as people write them: a whole number directly followed by kHz, MHz or GHz.</summary>
internal static class Frequency
{
    /// <returns>False for any other form, for 0, and for what is no 32-bit number of kHz.</returns>
    public static bool TryParse(string text, out uint kilohertz)
    {
        kilohertz = 0;
        uint unit = text.EndsWith("kHz", StringComparison.Ordinal) ? 1
            : text.EndsWith("MHz", StringComparison.Ordinal) ? 1_000
            : text.EndsWith("GHz", StringComparison.Ordinal) ? 1_000_000u : 0;
        if (unit == 0 || !uint.TryParse(text.AsSpan(..^3), NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            || number == 0 || number > uint.MaxValue / unit)
        {
            return false;
        }
        kilohertz = number * unit;
        return true;
    }
}
