using System.Threading;

namespace HyperOS.Core;

/// <summary>A request of a <see cref="BlockQueue"/>.</summary>
public sealed class BlockPiece : BlockRequest
{
    private readonly BlockQueue _queue;
    private bool _isAtWork;

    /// <param name="queue">Whose.</param>
    /// <param name="memory">Where its pages are.</param>
    /// <param name="start">Where they begin, in bytes.</param>
    /// <param name="pages">How many.</param>
    internal BlockPiece(BlockQueue queue, DmaMemory memory, int start, int pages)
        : base(memory, start, pages) => _queue = queue;

    /// <summary>The disk has it.</summary>
    public bool IsAtWork => Volatile.Read(ref _isAtWork);

    /// <summary>It is nobody's; the queue's.</summary>
    internal bool IsFree { get; set; } = true;

    /// <summary>Who had it begun is gone; the queue's.</summary>
    internal bool IsOrphan { get; set; }

    /// <summary>It is about to be submitted.</summary>
    internal void SetAtWork() => Volatile.Write(ref _isAtWork, true);

    public override void Done()
    {
        Volatile.Write(ref _isAtWork, false);
        _queue.OnProgress();
    }
}
