using System;
using HyperOS.Core;

namespace HyperOS.Storage;

/// <summary>
/// The volumes of a disk, in memory and as the content of a record. Pure bookkeeping: what becomes lasting when is <see cref="VolumeStore"/>'s.
/// <code>
///   count 0 (4), then each: name's length (1), flags (1), extents (2), zero (4), length (8), name, extents (8 each: start 4, count 4)
/// </code>
/// </summary>
public sealed class VolumeTable
{
    /// <summary>Most volumes.</summary>
    public const int Maximum = 200;

    private const byte Ready = 1;

    private readonly Volume[] _volumes = new Volume[Maximum];

    // Volumes' space is from the first unit to before the last one.
    private uint _first, _end;

    public VolumeTable()
    {
        for (int i = 0; i < Maximum; i++)
            _volumes[i] = new Volume();
    }

    /// <summary>Places for volumes, of which some may be unused.</summary>
    public ReadOnlySpan<Volume> Places => _volumes;

    /// <summary>Units that belong to no volume.</summary>
    public uint FreeUnits
    {
        get
        {
            uint free = _end - _first;
            foreach (Volume volume in _volumes)
            {
                foreach (ref readonly Extent extent in volume.Extents)
                    free -= extent.Count;
            }
            return free;
        }
    }

    /// <summary>Forgets all volumes.</summary>
    /// <param name="first">The first unit that they may have.</param>
    /// <param name="end">The unit behind the last one.</param>
    public void Reset(uint first, uint end)
    {
        _first = first;
        _end = end;
        foreach (Volume volume in _volumes)
            volume.Clear();
    }

    /// <returns>Null if there is none.</returns>
    public Volume? Find(ReadOnlySpan<byte> name)
    {
        foreach (Volume volume in _volumes)
        {
            if (volume.IsUsed && volume.Name.SequenceEqual(name))
                return volume;
        }
        return null;
    }

    /// <summary>Makes a volume, with space that belongs to nobody.</summary>
    /// <returns>Null if there is no place, or not so much space in few enough pieces.</returns>
    public Volume? TryAdd(ReadOnlySpan<byte> name, ulong length)
    {
        Volume? volume = null;
        for (int i = 0; i < Maximum && volume is null; i++)
            volume = _volumes[i].IsUsed ? null : _volumes[i];
        ulong units = (length - 1) / VolumeLayout.UnitBytes + 1;
        if (volume is null || units > FreeUnits)
            return null;
        volume.Set(name, length);
        for (uint left = (uint)units; left != 0;)
        {
            // Where all of the rest fits, or else the largest gap.
            Extent gap = FindGap(left);
            if (gap.Count == 0 || !volume.TryAdd(gap))
            {
                volume.Clear();
                return null;
            }
            left -= gap.Count;
        }
        return volume;
    }

    /// <summary>A volume is no more, and its space is anybody's.</summary>
    public void Remove(Volume volume) => volume.Clear();

    /// <summary>Writes the table.</summary>
    /// <returns>How many bytes; 0 if they do not fit.</returns>
    public int Write(Span<byte> content)
    {
        LittleEndianWriter writer = new(content);
        uint count = 0;
        foreach (Volume volume in _volumes)
            count += volume.IsUsed ? 1u : 0;
        writer.WriteUInt32(count);
        foreach (Volume volume in _volumes)
        {
            if (!volume.IsUsed)
                continue;
            writer.WriteByte((byte)volume.Name.Length);
            writer.WriteByte(volume.IsReady ? Ready : (byte)0);
            writer.WriteUInt16((ushort)volume.Extents.Length);
            writer.WriteUInt32(0);
            writer.WriteUInt64(volume.Length);
            writer.WriteBytes(volume.Name);
            foreach (ref readonly Extent extent in volume.Extents)
            {
                writer.WriteUInt32(extent.Start);
                writer.WriteUInt32(extent.Count);
            }
        }
        return writer.Overrun ? 0 : writer.Position;
    }

    /// <summary>Reads a table; after <see cref="Reset"/>. Its checksum was right, and yet nothing in it is believed.</summary>
    /// <returns>False if it cannot be: names that are none or twice there, space that is not the volumes', or two volumes'.</returns>
    public bool TryRead(ReadOnlySpan<byte> content)
    {
        LittleEndianReader reader = new(content);
        uint count = reader.ReadUInt32();
        if (count > Maximum)
            return false;
        for (int i = 0; i < (int)count; i++)
        {
            int nameLength = reader.ReadByte();
            byte flags = reader.ReadByte();
            int extents = reader.ReadUInt16();
            uint zero = reader.ReadUInt32();
            ulong length = reader.ReadUInt64();
            if (!reader.TryTake(nameLength, out ReadOnlySpan<byte> name) || !Volume.IsName(name) || Find(name) is not null || zero != 0 || flags > Ready
                || length == 0 || length % BlockStore.SectorBytes != 0)
            {
                return false;
            }
            ulong units = 0;
            Volume volume = _volumes[i];
            volume.Set(name, length);
            for (int j = 0; j < extents; j++)
            {
                uint start = reader.ReadUInt32(), size = reader.ReadUInt32();
                if (size == 0 || start < _first || start > _end || size > _end - start || !IsFree(new Extent(start, size)) || !volume.TryAdd(new Extent(start, size)))
                    return false;
                units += size;
            }
            if (units != (length - 1) / VolumeLayout.UnitBytes + 1)
                return false;
            volume.IsReady = flags == Ready;
        }
        return !reader.Overrun;
    }

    private bool IsFree(Extent extent)
    {
        foreach (Volume volume in _volumes)
        {
            foreach (ref readonly Extent taken in volume.Extents)
            {
                if (extent.Start < taken.End && taken.Start < extent.End)
                    return false;
            }
        }
        return true;
    }

    // The first gap of so many units, or the largest one; of no units if there is none.
    private Extent FindGap(uint wanted)
    {
        Extent largest = default;
        for (uint at = _first; at < _end;)
        {
            Extent next = NextTaken(at);
            uint length = next.Start - at;
            if (length >= wanted)
                return new Extent(at, wanted);
            if (length > largest.Count)
                largest = new Extent(at, length);
            at = next.End;
        }
        return largest;
    }

    // The extent that comes first from a unit on; one of no units at the end where there is none.
    private Extent NextTaken(uint from)
    {
        Extent next = new(_end, 0);
        foreach (Volume volume in _volumes)
        {
            foreach (ref readonly Extent taken in volume.Extents)
            {
                if (taken.End > from && taken.Start < next.Start)
                    next = taken;
            }
        }
        return next;
    }
}
