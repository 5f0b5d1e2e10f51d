using System;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// The receiving half of a connection: puts the stream together, says what has come and how much more may.
/// <code>
///   read by the application | ready | missing, with islands | not welcome
///                        Read     Next                     Edge
/// </code>
/// </summary>
/// <param name="pool">Pages for what is kept.</param>
/// <param name="capacity">The most that is kept, in bytes.</param>
/// <param name="next">The first position expected: behind the peer's SYN.</param>
internal sealed class TcpReceiver(BufferPool pool, int capacity, long next)
{
    private const int MaximumIslands = 64;
    private const int ReportedIslands = 3;

    private readonly ByteQueue _queue = new(pool, capacity, next);
    private readonly RangeSet _islands = new(MaximumIslands);
    private readonly long[] _latest = new long[ReportedIslands];
    private long _end = long.MaxValue;

    /// <summary>RCV.NXT: all before it has come.</summary>
    public long Next { get; private set; } = next;

    /// <summary>Behind the last byte that the peer may send, as told to it.</summary>
    public long Edge { get; private set; } = next;

    /// <summary>Bytes that can be read.</summary>
    public int Ready => (int)(Math.Min(Next, _end) - _queue.Start);

    /// <summary>The peer's FIN and all before it has come.</summary>
    public bool HasEnded => Next > _end;

    /// <summary>Something is missing before something that has come.</summary>
    public bool HasIslands => _islands.Count != 0;

    /// <summary>How much more may come: the window to be told, before it is scaled.</summary>
    /// <param name="step">It opens further only by so much at once (RFC 9293 section 3.8.6.2.2), and it never shrinks.</param>
    public int OpenWindow(int step)
    {
        long edge = PossibleEdge;
        if (edge - Edge >= Math.Min(step, capacity / 2))
            Edge = edge;
        return (int)Math.Max(0, Edge - Next);
    }

    /// <summary>The window could open so far that the peer should hear of it.</summary>
    public bool IsWorthTelling(int step) => !HasEnded && PossibleEdge - Edge >= (Edge - Next < 2 * step ? Math.Min(step, capacity / 2) : capacity / 4);

    /// <summary>Takes a segment's data, of which what lies outside of the window or is there already is passed over.</summary>
    /// <returns>True if the stream went on without a gap, neither before nor now: the acknowledgement may wait.</returns>
    public bool Receive(long position, ReadOnlySpan<byte> bytes, bool isEnd, out bool isOutOfMemory)
    {
        isOutOfMemory = false;
        long end = position + bytes.Length, expected = Next;
        if (isEnd && end >= Next && end <= Edge && _end == long.MaxValue)
            _end = end;
        long from = Math.Max(position, Next), to = Math.Min(Math.Min(end, Edge), _end);
        bool isSmooth = position == Next && !HasIslands && to == end;
        if (from < to)
        {
            ReadOnlySpan<byte> part = bytes.Slice((int)(from - position), (int)(to - from));
            int written = _queue.Write(from, part, isEssential: from == Next && Ready == 0);
            isOutOfMemory = written < part.Length;
            Keep(from, from + written);
        }
        if (Next == _end)
            Next++;
        return isSmooth && !isOutOfMemory && Next > expected;
    }

    /// <summary>Takes out what is ready.</summary>
    public int Read(Span<byte> into)
    {
        int count = Math.Min(into.Length, Ready);
        if (count == 0)
            return 0;
        _queue.Read(_queue.Start, into[..count]);
        _queue.RemoveBelow(_queue.Start + count);
        if (Ready == 0 && !HasIslands)
            _queue.Clear();
        return count;
    }

    /// <summary>The islands to be reported, that of the latest segment first (RFC 2018 section 4).</summary>
    public int Islands(Span<(long Start, long End)> blocks)
    {
        int count = 0;
        foreach (long position in _latest)
        {
            for (int i = 0; i < _islands.Count && count < blocks.Length; i++)
            {
                (long Start, long End) island = _islands[i];
                if (island.Start <= position && position < island.End && !blocks[..count].Contains(island))
                    blocks[count++] = island;
            }
        }
        return count;
    }

    /// <summary>Forgets all; no more is read.</summary>
    public void Clear() => _queue.Clear();

    private long PossibleEdge => _queue.Start + Math.Min(capacity, (long)pool.Share * BufferPool.PageSize);

    private void Keep(long from, long to)
    {
        if (from > Next)
        {
            if (!_islands.TryAdd(from, to))
                return;
            if (!_islands.Contains(Math.Min(_latest[0], from), Math.Max(_latest[0], from) + 1))
                _latest.AsSpan(0, ReportedIslands - 1).CopyTo(_latest.AsSpan(1));
            _latest[0] = from;
            return;
        }
        Next = Math.Max(Next, to);
        while (HasIslands && _islands[0].Start <= Next)
        {
            Next = Math.Max(Next, _islands[0].End);
            _islands.RemoveBelow(Next);
        }
    }
}
