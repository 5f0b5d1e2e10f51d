using System;
using HyperOS.Core;

namespace HyperOS.Storage;

/// <summary>A volume: a name, a size, and where its bytes are on the disk. Made with its table, and used again and again.</summary>
public sealed class Volume
{
    /// <summary>Longest name, in bytes.</summary>
    public const int MaximumName = 56;

    /// <summary>Most pieces that a volume may lie in.</summary>
    public const int MaximumExtents = 32;

    private readonly byte[] _name = new byte[MaximumName];
    private readonly Extent[] _extents = new Extent[MaximumExtents];
    private int _nameLength;
    private int _extentCount;

    internal Volume() { }

    /// <summary>There is such a volume.</summary>
    public bool IsUsed => _nameLength != 0;

    /// <summary>Lower case letters, digits, '-', '.' and '/'.</summary>
    public ReadOnlySpan<byte> Name => new(_name, 0, _nameLength);

    /// <summary>In bytes.</summary>
    public ulong Length { get; private set; }

    /// <summary>It holds what it was made to hold; else it is still being filled, or that was cut off.</summary>
    public bool IsReady { get; internal set; }

    public ReadOnlySpan<Extent> Extents => new(_extents, 0, _extentCount);

    /// <summary>Where a byte of it is on the disk.</summary>
    /// <param name="offset">Less than <see cref="Length"/>.</param>
    /// <param name="diskOffset">In bytes.</param>
    /// <returns>So many bytes lie together from there, in the volume and on the disk.</returns>
    public ulong Find(ulong offset, out ulong diskOffset)
    {
        ulong start = 0;
        foreach (ref readonly Extent extent in Extents)
        {
            ulong length = extent.Count * VolumeLayout.UnitBytes;
            if (offset < start + length)
            {
                diskOffset = extent.Start * VolumeLayout.UnitBytes + (offset - start);
                return Math.Min(start + length, Length) - offset;
            }
            start += length;
        }
        diskOffset = 0;
        return 0;
    }

    /// <summary>Whether a name can be one.</summary>
    public static bool IsName(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > MaximumName)
            return false;
        foreach (byte character in name)
        {
            if (character is not ((>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'.' or (byte)'/'))
                return false;
        }
        return true;
    }

    internal void Set(ReadOnlySpan<byte> name, ulong length)
    {
        name.CopyTo(_name);
        _nameLength = name.Length;
        _extentCount = 0;
        Length = length;
        IsReady = false;
    }

    internal bool TryAdd(Extent extent)
    {
        if (_extentCount == MaximumExtents)
            return false;
        _extents[_extentCount++] = extent;
        return true;
    }

    /// <summary>There is no such volume any more.</summary>
    internal void Clear() => _nameLength = _extentCount = 0;
}
