using System;
using HyperOS.Core;
using HyperOS.Specs.Virtio;

namespace HyperOS.Devices;

/// <summary>
/// A guest's request to a disk that takes its time, from the taking of its chain to its answer. Its data goes in pieces, in order; what was read is copied
/// to the guest in order too, whenever it came.
/// <code>
///   Begin -> Advance: pieces begin and end -> a flush, where the guest has no cache -> Advance says that it is over
/// </code>
/// </summary>
internal sealed class BlockTransfer
{
    private readonly BlockQueue _disk;

    // Pieces that were begun and not seen to yet, the oldest first, in a ring.
    private readonly BlockPiece?[] _pieces;
    private int _first, _count;

    // What is left to do: of this range, and of those behind it.
    private readonly ulong[] _offsets = new ulong[MaximumRanges];
    private readonly ulong[] _lengths = new ulong[MaximumRanges];
    private int _range, _ranges;
    private BlockOperation _operation;
    private bool _isFlushDue;

    /// <summary>Ranges of a request to discard or to write zeroes.</summary>
    public const int MaximumRanges = 8;

    public BlockTransfer(GuestRam ram, BlockQueue disk, int segments)
    {
        _disk = disk;
        _pieces = new BlockPiece?[disk.PieceCount];
        Chain = new DescriptorChain(ram, segments, segments);
    }

    public DescriptorChain Chain { get; }

    /// <summary>The next one in line.</summary>
    public BlockTransfer? Next { get; set; }

    /// <summary>How it went so far.</summary>
    public VirtioBlockStatus Status { get; set; }

    /// <summary>Forgets everything; its pieces are nobody's any more.</summary>
    public void Reset()
    {
        Chain.Clear();
        Next = null;
        Status = VirtioBlockStatus.VIRTIO_BLK_S_OK;
        _first = _count = _range = _ranges = 0;
        _isFlushDue = false;
        new Span<BlockPiece?>(_pieces).Clear();
    }

    /// <summary>What is to be done, besides what <see cref="Add"/> says.</summary>
    /// <param name="isFlushed">Whether it ends with a flush.</param>
    public void Begin(BlockOperation operation, bool isFlushed)
    {
        _operation = operation;
        _isFlushDue = isFlushed;
    }

    /// <summary>A range, checked.</summary>
    public void Add(ulong offset, ulong length)
    {
        _offsets[_ranges] = offset;
        _lengths[_ranges++] = length;
    }

    /// <summary>Does what can be done now.</summary>
    /// <param name="moved">Bytes copied are added.</param>
    /// <returns>Whether it is over.</returns>
    public bool Advance(ref long moved)
    {
        while (_count != 0 && !_pieces[_first]!.IsAtWork)
            End(ref moved);
        while (Status == VirtioBlockStatus.VIRTIO_BLK_S_OK && _range < _ranges && TryBeginPiece(ref moved))
        {
        }
        if (_count != 0)
            return false;
        if (Status != VirtioBlockStatus.VIRTIO_BLK_S_OK)
            return true;
        if (_range < _ranges)
            return false;
        if (!_isFlushDue)
            return true;
        if (_disk.TryTake(out BlockPiece? flush))
        {
            _isFlushDue = false;
            Start(flush!, BlockOperation.Flush, 0, 0);
        }
        return false;
    }

    // The oldest piece is done.
    private void End(ref long moved)
    {
        BlockPiece piece = _pieces[_first]!;
        _pieces[_first] = null;
        _first = (_first + 1) % _pieces.Length;
        _count--;
        if (piece.Status != BlockStatus.Done)
            Status = VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
        if (Status == VirtioBlockStatus.VIRTIO_BLK_S_OK && piece.Operation == BlockOperation.Read)
        {
            int length = (int)piece.Length;
            for (int at = 0; at < length;)
            {
                Span<byte> part = Chain.Writable.NextWritable((uint)(length - at));
                if (part.IsEmpty)
                {
                    Status = VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
                    break;
                }
                piece.Get(at, part);
                at += part.Length;
            }
            moved += length;
        }
        _disk.Give(piece);
    }

    private bool TryBeginPiece(ref long moved)
    {
        if (!_disk.TryTake(out BlockPiece? piece))
            return false;
        BlockOperation operation = _operation;
        bool isZeroes = operation == BlockOperation.WriteZeroes && _disk.MaximumZeroes == 0;
        if (isZeroes)
            operation = BlockOperation.Write;
        ulong offset = _offsets[_range], length = _disk.Fit(piece!, operation, offset, _lengths[_range]);
        if (isZeroes)
        {
            piece!.Clear((int)length);
        }
        else if (operation == BlockOperation.Write && !TryFill(piece!, (int)length))
        {
            Status = VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
            _disk.Give(piece!);
            return false;
        }
        moved += operation == BlockOperation.Write ? (long)length : 0;
        _offsets[_range] = offset + length;
        _lengths[_range] -= length;
        if (_lengths[_range] == 0)
            _range++;
        Start(piece!, operation, offset, length);
        return true;
    }

    private bool TryFill(BlockPiece piece, int length)
    {
        for (int at = 0; at < length;)
        {
            ReadOnlySpan<byte> part = Chain.Readable.NextReadable((uint)(length - at));
            if (part.IsEmpty)
                return false;
            piece.Put(at, part);
            at += part.Length;
        }
        return true;
    }

    private void Start(BlockPiece piece, BlockOperation operation, ulong offset, ulong length)
    {
        _pieces[(_first + _count) % _pieces.Length] = piece;
        _count++;
        _disk.Begin(piece, operation, offset, length);
    }
}
