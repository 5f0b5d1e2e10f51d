namespace HyperOS.Core;

/// <summary>
/// What lies behind a disk that takes its time: pieces of work are begun, and found done later. Each piece has pages of its own, so that the disk may
/// work on after whoever asked is gone; before anything new is begun then, it must have come to rest, for old writes must not come after new ones. One
/// owner at a time; <see cref="OnProgress"/> alone comes from other threads.
/// </summary>
public abstract class BlockQueue : BlockMedium
{
    private readonly BlockPiece[] _pieces;

    /// <param name="memory">Where the pieces' pages are.</param>
    /// <param name="pieces">How many pieces of work there can be at once.</param>
    /// <param name="pages">Of each.</param>
    protected BlockQueue(DmaMemory memory, int pieces, int pages)
    {
        _pieces = new BlockPiece[pieces];
        for (int i = 0; i < pieces; i++)
            _pieces[i] = new BlockPiece(this, memory, i * pages * DmaMemory.PageBytes, pages);
    }

    /// <summary>Pieces of work that there can be at once.</summary>
    public int PieceCount => _pieces.Length;

    /// <summary>Most bytes to discard in one piece; 0 where the disk cannot.</summary>
    public abstract ulong MaximumDiscard { get; }

    /// <summary>Most bytes to write zeroes to in one piece; 0 where zeroes must be written as data.</summary>
    public abstract ulong MaximumZeroes { get; }

    /// <summary>Whoever had begun anything is gone. What is still at work is waited for before anything else is begun.</summary>
    public void Abandon()
    {
        foreach (BlockPiece piece in _pieces)
        {
            piece.IsOrphan = !piece.IsFree;
            if (!piece.IsAtWork)
                Give(piece);
        }
    }

    /// <summary>Takes a piece, to be begun or given back.</summary>
    /// <returns>False if none is free; <see cref="OnProgress"/> follows.</returns>
    public bool TryTake(out BlockPiece? piece)
    {
        piece = null;
        foreach (BlockPiece each in _pieces)
        {
            if (each.IsOrphan)
            {
                if (each.IsAtWork)
                    return false;
                Give(each);
            }
            if (each.IsFree)
                piece ??= each;
        }
        if (piece is not null)
            piece.IsFree = false;
        return piece is not null;
    }

    /// <summary>How many bytes from an offset on, within the disk, one piece can have.</summary>
    /// <param name="operation">No flush.</param>
    /// <param name="offset">Whole blocks.</param>
    /// <param name="length">At most; whole blocks.</param>
    public abstract ulong Fit(BlockPiece piece, BlockOperation operation, ulong offset, ulong length);

    /// <summary>Begins a piece; data to write is in it.</summary>
    /// <param name="offset">On the disk.</param>
    /// <param name="length">No more than <see cref="Fit"/> said; 0 for a flush.</param>
    public void Begin(BlockPiece piece, BlockOperation operation, ulong offset, ulong length)
    {
        piece.Operation = operation;
        piece.Length = length;
        piece.SetAtWork();
        Submit(piece, offset);
    }

    /// <summary>A piece that is not at work is free again.</summary>
    public void Give(BlockPiece piece)
    {
        piece.IsFree = true;
        piece.IsOrphan = false;
    }

    /// <summary>A piece is done. Any thread; the owner is to look soon.</summary>
    protected internal abstract void OnProgress();

    /// <summary>Hands a piece to the disk, at its place there.</summary>
    protected abstract void Submit(BlockPiece piece, ulong offset);
}
