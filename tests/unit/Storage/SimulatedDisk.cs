using HyperOS.Core;

namespace HyperOS.Tests.Unit.Storage;

/// <summary>The power was cut.</summary>
internal sealed class PowerCutException : Exception;

/// <summary>
/// A disk that keeps what is written in a cache until it is flushed. When the power is cut each sector has, by chance, what was last flushed or any of
/// what was written there since: writes are lost, torn and done in any order.
/// </summary>
internal sealed class SimulatedDisk(int sectors, int sectorBytes) : BlockStore
{
    private readonly byte[] _medium = new byte[sectors * sectorBytes];

    // By sector: what was written since it was last flushed, the latest at the end.
    private readonly Dictionary<int, List<byte[]>> _cache = [];

    /// <summary>Changes so far: each sector written, each flush.</summary>
    public int Changes { get; private set; }

    /// <summary>The change at which the power is cut.</summary>
    public int CutAt { get; set; } = int.MaxValue;

    /// <summary>Sectors that cannot be read, and those that cannot be written.</summary>
    public HashSet<int> Unreadable { get; } = [];

    public HashSet<int> Unwritable { get; } = [];

    public bool CannotFlush { get; set; }

    public override ulong Length => (ulong)_medium.Length;

    public override bool IsReadOnly => false;

    public override int BlockBytes => sectorBytes;

    /// <summary>All that would be read.</summary>
    public byte[] Content
    {
        get
        {
            byte[] content = (byte[])_medium.Clone();
            foreach ((int sector, List<byte[]> writes) in _cache)
                writes[^1].CopyTo(content, sector * sectorBytes);
            return content;
        }
    }

    /// <summary>The disk with power again.</summary>
    /// <param name="random">What is left.</param>
    public SimulatedDisk Restart(Random random)
    {
        SimulatedDisk disk = new(sectors, sectorBytes);
        _medium.CopyTo(disk._medium, 0);
        // Often all is lost or all is done, as with a disk that has done nothing yet or that was just about to end.
        int mode = random.Next(4);
        foreach ((int sector, List<byte[]> writes) in _cache)
        {
            int kept = mode == 0 ? 0 : mode == 1 ? writes.Count : random.Next(writes.Count + 1);
            if (kept != 0)
                writes[kept - 1].CopyTo(disk._medium, sector * sectorBytes);
        }
        return disk;
    }

    public void Overwrite(int offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(_medium.AsSpan(offset));

    public override bool Read(ulong offset, Span<byte> destination)
    {
        Check(offset, destination.Length);
        for (int at = 0; at < destination.Length; at += sectorBytes)
        {
            int sector = (int)(offset + (ulong)at) / sectorBytes;
            if (Unreadable.Contains(sector))
                return false;
            (_cache.TryGetValue(sector, out List<byte[]>? writes) ? writes[^1] : _medium.AsSpan(sector * sectorBytes, sectorBytes)).CopyTo(destination[at..]);
        }
        return true;
    }

    public override bool Write(ulong offset, ReadOnlySpan<byte> source)
    {
        Check(offset, source.Length);
        for (int at = 0; at < source.Length; at += sectorBytes)
        {
            int sector = (int)(offset + (ulong)at) / sectorBytes;
            if (Unwritable.Contains(sector))
                return false;
            Change();
            if (!_cache.TryGetValue(sector, out List<byte[]>? writes))
                _cache[sector] = writes = [];
            writes.Add(source.Slice(at, sectorBytes).ToArray());
        }
        return true;
    }

    public override bool Flush()
    {
        if (CannotFlush)
            return false;
        Change();
        foreach ((int sector, List<byte[]> writes) in _cache)
            writes[^1].CopyTo(_medium, sector * sectorBytes);
        _cache.Clear();
        return true;
    }

    public override bool Discard(ulong offset, ulong length) => true;

    public override bool WriteZeroes(ulong offset, ulong length, bool mayDiscard) => Write(offset, new byte[length]);

    private void Change()
    {
        if (++Changes > CutAt)
            throw new PowerCutException();
    }

    private void Check(ulong offset, int length)
    {
        Assert.Equal(0ul, (offset | (uint)length) % (uint)sectorBytes);
        Assert.InRange(offset + (ulong)length, 0ul, Length);
    }
}
