namespace HyperOS.Core;

/// <summary>What a disk is like, whatever lies behind it.</summary>
public abstract class BlockMedium
{
    /// <summary>Bytes of a sector, the unit in which disks count whatever their blocks.</summary>
    public const int SectorBytes = 512;

    /// <summary>In bytes, a multiple of <see cref="BlockBytes"/>.</summary>
    public abstract ulong Length { get; }

    /// <summary>Whether the store refuses all changes.</summary>
    public abstract bool IsReadOnly { get; }

    /// <summary>The smallest unit in which the guest is to address the store: a power of two, <see cref="SectorBytes"/> or more.</summary>
    public virtual int BlockBytes => SectorBytes;

    /// <summary>The smallest unit that the store writes without reading first: <see cref="BlockBytes"/> times a power of two.</summary>
    public virtual int PhysicalBlockBytes => BlockBytes;

    /// <summary>The unit in which discarded space is given back; a multiple of <see cref="BlockBytes"/>, 0 where none is.</summary>
    public virtual uint DiscardBytes => 0;
}
