using System;
using HyperOS.Core;

namespace HyperOS.Storage;

/// <summary>
/// A volume as a store of its own: to read, write and flush at its offsets. What holds for the disk's alignment holds here. For what may wait, such as a
/// record store in a volume; guests' disks go another way.
/// </summary>
public sealed class VolumeRegion : BlockStore
{
    private readonly BlockStore _disk;
    private Volume? _volume;

    /// <param name="disk">What all volumes are on.</param>
    public VolumeRegion(BlockStore disk) => _disk = disk;

    /// <summary>Chooses the volume.</summary>
    public VolumeRegion Use(Volume volume)
    {
        _volume = volume;
        return this;
    }

    public override ulong Length => _volume!.Length;

    public override bool IsReadOnly => _disk.IsReadOnly;

    public override int BlockBytes => _disk.BlockBytes;

    public override int PhysicalBlockBytes => _disk.PhysicalBlockBytes;

    public override uint DiscardBytes => _disk.DiscardBytes;

    public override bool Read(ulong offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int length = (int)Math.Min(_volume!.Find(offset, out ulong at), (ulong)destination.Length);
            if (length == 0 || !_disk.Read(at, destination.Slice(0, length)))
                return false;
            destination = destination.Slice(length);
            offset += (uint)length;
        }
        return true;
    }

    public override bool Write(ulong offset, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            int length = (int)Math.Min(_volume!.Find(offset, out ulong at), (ulong)source.Length);
            if (length == 0 || !_disk.Write(at, source.Slice(0, length)))
                return false;
            source = source.Slice(length);
            offset += (uint)length;
        }
        return true;
    }

    public override bool Flush() => _disk.Flush();

    public override bool Discard(ulong offset, ulong length)
    {
        while (length != 0)
        {
            ulong part = Math.Min(_volume!.Find(offset, out ulong at), length);
            if (part == 0 || !_disk.Discard(at, part))
                return false;
            length -= part;
            offset += part;
        }
        return true;
    }

    public override bool WriteZeroes(ulong offset, ulong length, bool mayDiscard)
    {
        while (length != 0)
        {
            ulong part = Math.Min(_volume!.Find(offset, out ulong at), length);
            if (part == 0 || !_disk.WriteZeroes(at, part, mayDiscard))
                return false;
            length -= part;
            offset += part;
        }
        return true;
    }
}
