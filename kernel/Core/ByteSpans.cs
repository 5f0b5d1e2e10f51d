using System;

namespace HyperOS.Core;

/// <summary>Questions about spans of bytes whose answers cannot be wrong because of what the bytes say.</summary>
public static class ByteSpans
{
    /// <summary>A part of <paramref name="source"/> named by an untrusted offset and length.</summary>
    /// <returns>False, and an empty part, when it does not lie inside.</returns>
    public static bool TrySlice(ReadOnlySpan<byte> source, ulong offset, ulong length, out ReadOnlySpan<byte> part)
    {
        ulong size = (uint)source.Length;
        if (offset > size || length > size - offset)
        {
            part = default;
            return false;
        }
        part = source.Slice((int)offset, (int)length);
        return true;
    }

    /// <summary>The text before the first zero byte, or all of it when there is none.</summary>
    public static ReadOnlySpan<byte> UntilZero(ReadOnlySpan<byte> source)
    {
        int end = source.IndexOf((byte)0);
        return end < 0 ? source : source.Slice(0, end);
    }

    /// <summary>The sum of the bytes modulo 256: zero over a structure whose checksum is right (ACPI, SMBIOS, option ROMs).</summary>
    public static byte Sum(ReadOnlySpan<byte> source)
    {
        byte sum = 0;
        for (int i = 0; i < source.Length; i++)
            sum = unchecked((byte)(sum + source[i]));
        return sum;
    }
}
