using System;
using System.Runtime.CompilerServices;

namespace HyperOS.Core;

/// <summary>
/// A disk in frames of 4 KiB, each taken when something is first written there. What was never written reads as an image, and behind its end as zeros.
/// <code>
///   page number    26..18        17..9         8..0
///   root ──────▶ 512 entries ─▶ 512 entries ─▶ 512 entries ─▶ frame
/// </code>
/// An entry changes in one piece, and only once what it leads to is whole. One thread at a time.
/// </summary>
public abstract class SparseStore : BlockStore
{
    /// <summary>In bytes: what three levels of tables reach.</summary>
    public const ulong MaxLength = Size.Page << (Levels * LevelBits);

    private const int Levels = 3;
    private const int LevelBits = 9;
    private const ulong EntriesOfTable = 1 << LevelBits;
    private const ulong LeafBytes = EntriesOfTable * Size.Page;

    // Beside 0, never written, and addresses of frames: reads as zeros though the image has something else there.
    private const ulong Zeros = 1;

    // Configuration.
    private readonly ulong _length;
    private readonly bool _isReadOnly;

    // State: the address of the table of the highest level, 0 while there is none; and which table of the lowest level was found last, and where: one that
    // there is.
    private ulong _root;
    private ulong _foundLeaf = ulong.MaxValue;
    private ulong _foundAt;

    /// <param name="length">In bytes: a multiple of <see cref="BlockStore.SectorBytes"/>, at most <see cref="MaxLength"/>.</param>
    /// <param name="isReadOnly">Whether all changes are refused.</param>
    protected SparseStore(ulong length, bool isReadOnly)
    {
        _length = length;
        _isReadOnly = isReadOnly;
    }

    /// <inheritdoc/>
    public override ulong Length => _length;

    /// <inheritdoc/>
    public override bool IsReadOnly => _isReadOnly;

    /// <inheritdoc/>
    public override int PhysicalBlockBytes => (int)Size.Page;

    /// <inheritdoc/>
    public override uint DiscardBytes => (uint)Size.Page;

    /// <summary>What the disk holds where nothing was written; not longer than the disk.</summary>
    protected abstract ReadOnlySpan<byte> Image { get; }

    /// <summary>Takes a frame of 4 KiB, at any address but 0, with whatever is in it.</summary>
    /// <returns>False when there is none.</returns>
    protected abstract bool TryTake(out HostPhysicalAddress frame);

    /// <summary>Gives a frame back.</summary>
    protected abstract void Give(HostPhysicalAddress frame);

    /// <summary>So many bytes of a frame, or of frames that lie together, from an address in the first on.</summary>
    protected abstract Span<byte> Bytes(HostPhysicalAddress address, int count);

    /// <summary>Copies out of frames or into them.</summary>
    protected virtual void Copy(ReadOnlySpan<byte> source, Span<byte> destination) => source.CopyTo(destination);

    /// <summary>A frame's 512 words.</summary>
    protected abstract Span<ulong> Table(HostPhysicalAddress frame);

    /// <inheritdoc/>
    public override bool Read(ulong offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            Span<ulong> leaf = Leaf(offset / Size.Page, false);
            int count = (int)Math.Min((ulong)destination.Length, LeafBytes - offset % LeafBytes);
            if (leaf.IsEmpty)
                ReadImage(offset, destination.Slice(0, count));
            else
                ReadPages(leaf, offset, destination.Slice(0, count));
            destination = destination.Slice(count);
            offset += (uint)count;
        }
        return true;
    }

    // Bytes that one table of the lowest level leads to. Frames that lie together, as those written one behind the other do, are one copy.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ReadPages(Span<ulong> leaf, ulong offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int index = (int)(offset / Size.Page % EntriesOfTable), start = (int)(offset % Size.Page), count = (int)Size.Page - start;
            ulong entry = leaf[index];
            if (entry > Zeros)
            {
                for (ulong next = entry + Size.Page; count < destination.Length && leaf[++index] == next; next += Size.Page)
                    count += (int)Size.Page;
            }
            count = Math.Min(count, destination.Length);
            Span<byte> part = destination.Slice(0, count);
            if (entry > Zeros)
                Copy(Bytes(new HostPhysicalAddress(entry + (uint)start), count), part);
            else if (entry == Zeros)
                part.Clear();
            else
                ReadImage(offset, part);
            destination = destination.Slice(count);
            offset += (uint)count;
        }
    }

    /// <inheritdoc/>
    /// <returns>False when there is no frame left for it; what fitted before is written.</returns>
    public override bool Write(ulong offset, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            int start = (int)(offset % Size.Page), count = Math.Min(source.Length, (int)Size.Page - start);
            if (!TryWritePage(offset / Size.Page, start, count, source))
                return false;
            FaultPoint.Hit(FaultPlace.Disk);
            source = source.Slice(count);
            offset += (uint)count;
        }
        return true;
    }

    /// <summary>Nothing is held back.</summary>
    public override bool Flush() => true;

    /// <summary>Gives back the frames that lie within, which read as zeros from now on if only there is room to remember that.</summary>
    public override bool Discard(ulong offset, ulong length)
    {
        ulong end = (offset + length) / Size.Page;
        for (ulong page = Alignment.Up(offset, Size.Page) / Size.Page, next; page < end; page = next)
        {
            next = Math.Min(end, Alignment.Down(page, EntriesOfTable) + EntriesOfTable);
            if (IsUntouched(page))
                continue;
            for (ulong each = page; each < next; each++)
                Drop(each);
            Trim(page);
        }
        return true;
    }

    /// <inheritdoc/>
    /// <returns>False when there is no frame left to remember it in.</returns>
    public override bool WriteZeroes(ulong offset, ulong length, bool mayDiscard)
    {
        for (ulong end = offset + length; offset < end;)
        {
            ulong page = offset / Size.Page;
            int start = (int)(offset % Size.Page), count = (int)Math.Min(end - offset, Size.Page - (uint)start);
            ulong entry = Entry(page);
            bool done;
            if (count == (int)Size.Page && (mayDiscard || entry <= Zeros))
                done = Drop(page);
            else
                done = entry <= Zeros && (entry == Zeros || !HasImage(page)) || TryWritePage(page, start, count, default);
            if (!done)
                return false;
            offset += (uint)count;
            if (offset == end || page % EntriesOfTable == EntriesOfTable - 1)
                Trim(page);
        }
        return true;
    }

    private bool HasImage(ulong page) => page * Size.Page < (ulong)Image.Length;

    // Neither a table nor the image has anything for the table's worth of pages around this one.
    private bool IsUntouched(ulong page) => !HasImage(Alignment.Down(page, EntriesOfTable)) && Leaf(page, false).IsEmpty;

    private ulong Entry(ulong page)
    {
        Span<ulong> leaf = Leaf(page, false);
        return leaf.IsEmpty ? 0 : leaf[(int)(page % EntriesOfTable)];
    }

    // The table of the lowest level for a page; empty if there is none, and none can be made.
    private Span<ulong> Leaf(ulong page, bool creates)
    {
        if (page / EntriesOfTable == _foundLeaf)
            return Table(new HostPhysicalAddress(_foundAt));
        ref ulong entry = ref _root;
        for (int level = Levels - 1; ; level--)
        {
            if (entry == 0)
            {
                if (!creates || !TryTake(out HostPhysicalAddress frame))
                    return default;
                Table(frame).Clear();
                entry = frame.Value;
            }
            Span<ulong> table = Table(new HostPhysicalAddress(entry));
            if (level == 0)
            {
                _foundAt = entry;
                _foundLeaf = page / EntriesOfTable;
                return table;
            }
            entry = ref table[(int)(page >> (level * LevelBits) & (EntriesOfTable - 1))];
        }
    }

    // An empty source is zeros.
    private bool TryWritePage(ulong page, int start, int count, ReadOnlySpan<byte> source)
    {
        Span<ulong> leaf = Leaf(page, true);
        if (leaf.IsEmpty)
            return false;
        ref ulong entry = ref leaf[(int)(page % EntriesOfTable)];
        if (entry > Zeros)
        {
            Fill(Bytes(new HostPhysicalAddress(entry + (uint)start), count), source);
            return true;
        }
        if (!TryTake(out HostPhysicalAddress frame))
            return false;
        Span<byte> bytes = Bytes(frame, (int)Size.Page);
        if (count < bytes.Length)
        {
            if (entry == Zeros)
                bytes.Clear();
            else
                ReadImage(page * Size.Page, bytes);
        }
        Fill(bytes.Slice(start, count), source);
        entry = frame.Value;
        return true;
    }

    // The first bytes of a source, or zeros from none.
    private void Fill(Span<byte> bytes, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
            bytes.Clear();
        else
            Copy(source.Slice(0, bytes.Length), bytes);
    }

    // Makes a page read as zeros without a frame of its own.
    private bool Drop(ulong page)
    {
        bool hasImage = HasImage(page);
        Span<ulong> leaf = Leaf(page, hasImage);
        if (leaf.IsEmpty)
            return !hasImage;
        ref ulong entry = ref leaf[(int)(page % EntriesOfTable)];
        ulong before = entry;
        entry = hasImage ? Zeros : 0;
        if (before > Zeros)
            Give(new HostPhysicalAddress(before));
        return true;
    }

    // Gives the table of the lowest level for a page back if nothing is in it.
    private void Trim(ulong page)
    {
        ref ulong entry = ref _root;
        for (int level = Levels - 1; level > 0 && entry != 0; level--)
            entry = ref Table(new HostPhysicalAddress(entry))[(int)(page >> (level * LevelBits) & (EntriesOfTable - 1))];
        if (entry == 0)
            return;
        HostPhysicalAddress table = new(entry);
        foreach (ulong used in Table(table))
        {
            if (used != 0)
                return;
        }
        entry = 0;
        _foundLeaf = ulong.MaxValue;
        Give(table);
    }

    private void ReadImage(ulong offset, Span<byte> destination)
    {
        ReadOnlySpan<byte> image = Image;
        int count = offset < (ulong)image.Length ? (int)Math.Min((ulong)destination.Length, (ulong)image.Length - offset) : 0;
        if (count != 0)
            image.Slice((int)offset, count).CopyTo(destination);
        destination.Slice(count).Clear();
    }
}
