using System;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// A window of a stream of bytes, kept in pages that are taken when something is written and given back when it is no longer needed.
/// Bytes are named by their position in the stream; they may be written in any order.
/// </summary>
/// <param name="pool">Where pages come from.</param>
/// <param name="capacity">The longest distance from the first byte kept to the last, in bytes.</param>
/// <param name="start">The first position.</param>
internal sealed class ByteQueue(BufferPool pool, int capacity, long start)
{
    private byte[]?[] _pages = [];

    /// <summary>Position of the first byte kept.</summary>
    public long Start { get; private set; } = start;

    /// <summary>Pages held.</summary>
    public int Held { get; private set; }

    /// <summary>Writes bytes within the capacity.</summary>
    /// <param name="position">Of the first byte, not below <see cref="Start"/>.</param>
    /// <param name="bytes">What to write.</param>
    /// <param name="isEssential">The first page is taken in any case.</param>
    /// <returns>How many were written: fewer where a page was not to be had.</returns>
    public int Write(long position, ReadOnlySpan<byte> bytes, bool isEssential)
    {
        int written = 0;
        while (written < bytes.Length && PageFor(position + written, isEssential && written == 0) is { } page)
        {
            int at = (int)((position + written) % BufferPool.PageSize), count = Math.Min(bytes.Length - written, page.Length - at);
            bytes.Slice(written, count).CopyTo(page.AsSpan(at));
            written += count;
        }
        return written;
    }

    /// <summary>A byte could be written there: its page is held, or to be had.</summary>
    public bool HasRoomAt(long position) => (Held != 0 && _pages[Slot(position)] is not null) || pool.CanTake(Held);

    /// <summary>Reads bytes that were written.</summary>
    public void Read(long position, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int at = (int)(position % BufferPool.PageSize), count = Math.Min(bytes.Length, BufferPool.PageSize - at);
            _pages[Slot(position)].AsSpan(at, count).CopyTo(bytes);
            bytes = bytes[count..];
            position += count;
        }
    }

    /// <summary>Forgets what is below a position.</summary>
    public void RemoveBelow(long position)
    {
        for (long page = Start / BufferPool.PageSize; Held != 0 && page < position / BufferPool.PageSize; page++)
            Return(ref _pages[page % _pages.Length]);
        Start = Math.Max(Start, position);
    }

    /// <summary>Gives all pages back.</summary>
    public void Clear()
    {
        for (int i = 0; Held != 0; i++)
            Return(ref _pages[i]);
    }

    private byte[]? PageFor(long position, bool isEssential)
    {
        if (_pages.Length == 0)
            _pages = new byte[((capacity + BufferPool.PageSize - 1) / BufferPool.PageSize) + 1][];
        ref byte[]? page = ref _pages[Slot(position)];
        if (page is null && (page = pool.TryTake(Held, isEssential)) is not null)
            Held++;
        return page;
    }

    private int Slot(long position) => (int)(position / BufferPool.PageSize % _pages.Length);

    private void Return(ref byte[]? page)
    {
        if (page is null)
            return;
        pool.Return(page);
        page = null;
        Held--;
    }
}
