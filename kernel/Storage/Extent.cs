namespace HyperOS.Storage;

/// <summary>Space that lies together, in units of <see cref="VolumeLayout.UnitBytes"/> from the disk's start.</summary>
public readonly struct Extent
{
    public readonly uint Start, Count;

    public Extent(uint start, uint count)
    {
        Start = start;
        Count = count;
    }

    /// <summary>Behind it.</summary>
    public uint End => Start + Count;
}
