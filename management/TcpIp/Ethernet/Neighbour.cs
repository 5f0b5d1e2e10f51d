using System;
using System.Buffers;

namespace HyperOS.Management.TcpIp;

/// <summary>A host of the same link, its station's address once known, and the frames that wait for it.</summary>
internal sealed class Neighbour(IpAddress address)
{
    private readonly (byte[] Bytes, int Length)[] _waiting = new (byte[], int)[ArpLayer.MaximumWaiting];
    private int _first;
    private int _count;

    public IpAddress Address { get; } = address;

    public MacAddress Mac { get; set; }

    public bool IsKnown { get; set; }

    /// <summary>Questions put without an answer; 0 while none is open.</summary>
    public int Tries { get; set; }

    public long AskAgain { get; set; }

    public long ReachableUntil { get; set; }

    public long LastUse { get; set; }

    /// <summary>Keeps a copy of a frame; if too many wait, the oldest is lost, for the latest is the one to keep (RFC 1122 section 2.3.2.2).</summary>
    /// <returns>False if one was lost.</returns>
    public bool TryKeep(ReadOnlySpan<byte> frame)
    {
        bool isFull = _count == _waiting.Length;
        if (isFull && TryTake(out byte[] oldest, out _))
            ArrayPool<byte>.Shared.Return(oldest);
        byte[] copy = ArrayPool<byte>.Shared.Rent(frame.Length);
        frame.CopyTo(copy);
        _waiting[(_first + _count++) % _waiting.Length] = (copy, frame.Length);
        return !isFull;
    }

    /// <summary>Takes out the frame that has waited longest; its bytes go back to the shared pool.</summary>
    public bool TryTake(out byte[] bytes, out int length)
    {
        (bytes, length) = _count == 0 ? ([], 0) : _waiting[_first];
        if (_count == 0)
            return false;
        _waiting[_first] = default;
        _first = (_first + 1) % _waiting.Length;
        _count--;
        return true;
    }

    /// <returns>How many frames were lost.</returns>
    public int DropWaiting()
    {
        int lost = _count;
        while (TryTake(out byte[] bytes, out _))
            ArrayPool<byte>.Shared.Return(bytes);
        return lost;
    }
}
