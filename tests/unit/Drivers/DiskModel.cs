using HyperOS.Block;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>A disk's model: what the device does with the requests that it finds in memory.</summary>
internal abstract class DiskModel
{
    public const int Blocks = 4096;

    protected DiskModel(int pages, int blockBytes)
    {
        BlockBytes = blockBytes;
        DriverPages = pages;
        Memory = new FakeDma(pages + DiskBench.RequestPages);
        Content = new byte[Blocks * blockBytes];
        new Random(1).NextBytes(Content);
    }

    public FakeDma Memory { get; }

    /// <summary>The first pages; those of requests come after them.</summary>
    public int DriverPages { get; }

    public abstract DiskDevice Driver { get; }

    public int BlockBytes { get; }

    public byte[] Content { get; }

    /// <summary>Blocks that cannot be read or written.</summary>
    public HashSet<int> BadBlocks { get; } = [];

    /// <summary>Reads as all ones.</summary>
    public bool IsUnplugged { get; set; }

    /// <summary>Does nothing.</summary>
    public bool IsHung { get; set; }

    /// <summary>Its memory is overwritten by others: it does nothing by itself, for what it finds there leads anywhere.</summary>
    public bool IsWild { get; set; }

    /// <summary>Changes what the disk says of itself, the whole of it.</summary>
    public Action<byte[]>? Tamper { get; set; }

    public string SerialNumber { get; set; } = "S-42";

    public int Flushes { get; protected set; }

    /// <summary>Resets, by whatever way it has.</summary>
    public int Resets { get; protected set; }

    /// <summary>Most requests that it had at once.</summary>
    public int MostAtOnce { get; protected set; }

    /// <summary>What a device does by itself.</summary>
    public abstract void Run();

    /// <summary>Loses what it was asked to do.</summary>
    public abstract void Forget();

    /// <summary>Says that something is done, whatever it is.</summary>
    public abstract void ClaimDone(uint what);

    protected bool IsBad(long block, long blocks)
    {
        Assert.InRange(block + blocks, 1, Blocks);
        for (long i = block; i < block + blocks; i++)
        {
            if (BadBlocks.Contains((int)i))
                return true;
        }
        return false;
    }

    /// <summary>Moves data between the disk and pages.</summary>
    protected void Move(long offset, IEnumerable<(ulong Address, int Length)> pages, bool isWrite)
    {
        foreach ((ulong address, int length) in pages)
        {
            Span<byte> disk = Content.AsSpan((int)offset, length), memory = Memory.At(address, length);
            if (isWrite)
                memory.CopyTo(disk);
            else
                disk.CopyTo(memory);
            offset += length;
        }
    }
}
