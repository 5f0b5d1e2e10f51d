using System.Collections.Generic;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// The pages in which connections keep their data. Who holds many gets no more when few are left (Choudhury and Hahne, "Dynamic Queue Length
/// Thresholds"): so many greedy connections share what there is, and always leave something for another.
/// </summary>
internal sealed class BufferPool(int bytes)
{
    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 4096;

    // Pages that lie ready; more are left to the garbage collector.
    private const int MaximumReady = 256;

    private readonly Stack<byte[]> _ready = new();
    private readonly int _pages = bytes / PageSize;

    /// <summary>Pages that are held by connections.</summary>
    public int Held { get; private set; }

    /// <summary>The most pages that one holder may have now.</summary>
    public int Share => int.Max(1, (_pages - Held) / 4);

    /// <summary>Whether one who has so many pages may have another.</summary>
    public bool CanTake(int held) => held < Share && Held < _pages;

    /// <param name="held">How many pages the holder has.</param>
    /// <param name="isEssential">Without it the connection could not go on: it is given in any case.</param>
    public byte[]? TryTake(int held, bool isEssential)
    {
        if (!isEssential && !CanTake(held))
            return null;
        Held++;
        return _ready.TryPop(out byte[]? page) ? page : new byte[PageSize];
    }

    public void Return(byte[] page)
    {
        Held--;
        if (_ready.Count < MaximumReady)
            _ready.Push(page);
    }
}
