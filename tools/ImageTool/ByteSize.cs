using System;
using System.Globalization;
using HyperOS.Core;

namespace HyperOS.ImageTool;

/// <summary>Sizes as people write them: a whole number directly followed by KiB, MiB or GiB.</summary>
internal static class ByteSize
{
    /// <returns>False for any other form, and for sizes of 2^64 bytes and more.</returns>
    public static bool TryParse(string text, out ulong bytes)
    {
        bytes = 0;
        ulong unit = text.EndsWith("KiB", StringComparison.Ordinal) ? Size.KiB
            : text.EndsWith("MiB", StringComparison.Ordinal) ? Size.MiB
            : text.EndsWith("GiB", StringComparison.Ordinal) ? Size.GiB : 0;
        if (unit == 0 || !ulong.TryParse(text.AsSpan(..^3), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number))
            return false;
        bytes = unchecked(number * unit);
        return number <= ulong.MaxValue / unit;
    }

    public static string Format(ulong bytes) => bytes switch
    {
        < Size.KiB => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
        < Size.MiB => string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / Size.KiB:0.#} KiB"),
        < Size.GiB => string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / Size.MiB:0.#} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / Size.GiB:0.##} GiB"),
    };
}
