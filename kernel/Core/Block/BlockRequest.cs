using System;

namespace HyperOS.Core;

/// <summary>
/// A request to a disk, with pages of its own that the disk reads or writes: whoever asks copies, and what becomes of him in the meantime does not
/// matter to the disk. Whoever has made it sets it up, submits it, and leaves it alone until <see cref="Done"/>.
/// </summary>
public abstract class BlockRequest
{
    /// <summary>Most pages of data.</summary>
    public const int MaximumPages = 16;

    private readonly DmaMemory _memory;
    private readonly int _start;

    /// <param name="memory">Where its pages are.</param>
    /// <param name="start">Where they begin, in bytes; whole pages.</param>
    /// <param name="pages">From 1 to <see cref="MaximumPages"/>.</param>
    protected BlockRequest(DmaMemory memory, int start, int pages)
    {
        _memory = memory;
        _start = start;
        Capacity = pages * DmaMemory.PageBytes;
    }

    /// <summary>Most bytes to read or write.</summary>
    public int Capacity { get; }

    public BlockOperation Operation { get; set; }

    /// <summary>On the disk, in bytes.</summary>
    public ulong Offset { get; set; }

    /// <summary>In bytes; to read or write, at most <see cref="Capacity"/>.</summary>
    public ulong Length { get; set; }

    /// <summary>What became of it, once it is done.</summary>
    public BlockStatus Status { get; set; }

    // The disk's, while it has the request.

    /// <summary>Which one of the controller's disks.</summary>
    public int Unit { get; set; }

    /// <summary>How often it was given to the disk and not answered.</summary>
    public int Attempts { get; set; }

    /// <summary>When it was given to the disk, in nanoseconds.</summary>
    public ulong StartedAt { get; set; }

    /// <summary>The next one in line.</summary>
    public BlockRequest? Next { get; set; }

    /// <summary>Where the disk finds a page of data.</summary>
    public ulong PageAddress(int page) => _memory.DeviceAddress(_start + page * DmaMemory.PageBytes);

    /// <summary>Puts data to be written into the pages.</summary>
    /// <param name="at">Where, in bytes.</param>
    /// <param name="source">Not beyond <see cref="Capacity"/>.</param>
    public void Put(int at, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            Span<byte> part = Part(at, source.Length);
            source.Slice(0, part.Length).CopyTo(part);
            source = source.Slice(part.Length);
            at += part.Length;
        }
    }

    /// <summary>Takes data that was read out of the pages.</summary>
    /// <param name="at">Where, in bytes.</param>
    /// <param name="destination">Not beyond <see cref="Capacity"/>.</param>
    public void Get(int at, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            Span<byte> part = Part(at, destination.Length);
            part.CopyTo(destination);
            destination = destination.Slice(part.Length);
            at += part.Length;
        }
    }

    /// <summary>Zeroes to be written.</summary>
    public void Clear(int length)
    {
        for (int at = 0; at < length;)
        {
            Span<byte> part = Part(at, length - at);
            part.Clear();
            at += part.Length;
        }
    }

    /// <summary>
    /// The disk is done with it, and <see cref="Status"/> says how. On the disk's thread, or before <see cref="BlockDevice.Submit"/> returns; no lock is
    /// held, and nothing is waited for.
    /// </summary>
    public abstract void Done();

    private Span<byte> Part(int at, int most)
    {
        int within = at % DmaMemory.PageBytes;
        return _memory.Bytes(_start + at, Math.Min(most, DmaMemory.PageBytes - within));
    }
}
