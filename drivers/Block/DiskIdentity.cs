using System;
using HyperOS.Core;

namespace HyperOS.Block;

/// <summary>What a disk says of itself, made harmless: text is printable ASCII, sizes are such as the kernel can use.</summary>
public sealed class DiskIdentity
{
    public const int ModelBytes = 40, SerialBytes = 20;

    /// <summary>More than any disk has, in bytes; no sum of two wraps around.</summary>
    private const ulong LongestDisk = 1ul << 60;

    private readonly byte[] _model = new byte[ModelBytes], _serial = new byte[SerialBytes];
    private int _modelLength, _serialLength;

    /// <summary>Empty where it does not say.</summary>
    public ReadOnlySpan<byte> Model => new(_model, 0, _modelLength);

    /// <summary>Empty where it does not say.</summary>
    public ReadOnlySpan<byte> Serial => new(_serial, 0, _serialLength);

    /// <summary>Of the unit in which it is addressed.</summary>
    public int BlockBytes { get; private set; }

    /// <summary>In bytes, whole blocks.</summary>
    public ulong Length { get; private set; }

    /// <summary>Of the unit that it writes at once; <see cref="BlockBytes"/> times a power of two.</summary>
    public int PhysicalBlockBytes { get; private set; }

    public bool IsReadOnly { get; set; }

    /// <summary>It keeps writes in memory of its own until it is told to flush.</summary>
    public bool HasCache { get; set; }

    /// <summary>Most bytes of a request: whole pages.</summary>
    public int MaximumBytes { get; private set; }

    /// <summary>As <see cref="BlockDevice.MaximumDiscard"/>.</summary>
    public ulong MaximumDiscard { get; set; }

    /// <summary>As <see cref="BlockDevice.MaximumZeroes"/>.</summary>
    public ulong MaximumZeroes { get; set; }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _modelLength = _serialLength = 0;
        BlockBytes = PhysicalBlockBytes = BlockStore.SectorBytes;
        Length = 0;
        MaximumBytes = BlockRequest.MaximumPages * DmaMemory.PageBytes;
        IsReadOnly = HasCache = false;
        MaximumDiscard = MaximumZeroes = 0;
    }

    public void SetModel(ReadOnlySpan<byte> text) => _modelLength = Clean(text, _model);

    public void SetSerial(ReadOnlySpan<byte> text) => _serialLength = Clean(text, _serial);

    /// <summary>Sets the disk's size.</summary>
    /// <param name="blocks">As many as it has.</param>
    /// <param name="blockBytes">Of each.</param>
    /// <returns>False if they cannot be, or the kernel cannot use them.</returns>
    public bool TrySetSize(ulong blocks, uint blockBytes)
    {
        if (blockBytes is < BlockStore.SectorBytes or > DmaMemory.PageBytes || (blockBytes & blockBytes - 1) != 0 || blocks == 0 || blocks > LongestDisk / blockBytes)
            return false;
        BlockBytes = PhysicalBlockBytes = (int)blockBytes;
        Length = blocks * blockBytes;
        return true;
    }

    /// <summary>How many blocks the disk writes at once, as a power of two; what is larger than anything of use is dropped. After the size.</summary>
    public void SetPhysicalExponent(uint exponent)
    {
        const uint Most = 10;
        if (exponent <= Most)
            PhysicalBlockBytes = BlockBytes << (int)exponent;
    }

    /// <summary>Bounds requests.</summary>
    /// <returns>False if not even a page is possible.</returns>
    public bool TryLimit(ulong bytes)
    {
        MaximumBytes = (int)Math.Min((ulong)MaximumBytes, bytes) & ~(DmaMemory.PageBytes - 1);
        return MaximumBytes != 0;
    }

    /// <summary>Whether it is the same disk, as far as one can tell.</summary>
    public bool IsSame(DiskIdentity other) =>
        Length == other.Length && BlockBytes == other.BlockBytes && IsReadOnly == other.IsReadOnly && Model.SequenceEqual(other.Model) && Serial.SequenceEqual(other.Serial);

    public void CopyFrom(DiskIdentity other)
    {
        SetModel(other.Model);
        SetSerial(other.Serial);
        BlockBytes = other.BlockBytes;
        Length = other.Length;
        PhysicalBlockBytes = other.PhysicalBlockBytes;
        IsReadOnly = other.IsReadOnly;
        HasCache = other.HasCache;
        MaximumBytes = other.MaximumBytes;
        MaximumDiscard = other.MaximumDiscard;
        MaximumZeroes = other.MaximumZeroes;
    }

    // Without blanks and zeros at both ends.
    private static int Clean(ReadOnlySpan<byte> text, byte[] destination)
    {
        int start = 0, length = 0, end = 0;
        while (start < text.Length && text[start] is (byte)' ' or 0)
            start++;
        for (; start < text.Length && length < destination.Length; start++)
        {
            byte character = text[start];
            if (character == 0)
                break;
            destination[length++] = character is > (byte)' ' and < 0x7F ? character : (byte)' ';
            if (character is > (byte)' ' and < 0x7F)
                end = length;
        }
        return end;
    }
}
