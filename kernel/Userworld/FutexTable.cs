namespace HyperOS.Userworld;

/// <summary>
/// Who of a process' threads waits for which word of its memory, in the order in which they came: futex(2), private futexes. Callers see to it that one
/// thread at a time uses it.
/// </summary>
public sealed class FutexTable
{
    /// <summary>Waits for whoever wakes, and wakes whoever waits: FUTEX_BITSET_MATCH_ANY.</summary>
    public const uint AnyBit = uint.MaxValue;

    // By thread: the word that it waits for, 0 for none; with which bits; and since when.
    private readonly ulong[] _addresses;
    private readonly uint[] _bits;
    private readonly ulong[] _turns;
    private ulong _next;

    /// <param name="threads">Most threads of the process.</param>
    public FutexTable(int threads)
    {
        _addresses = new ulong[threads];
        _bits = new uint[threads];
        _turns = new ulong[threads];
    }

    /// <summary>A thread begins to wait.</summary>
    /// <param name="address">Of the word; not 0.</param>
    /// <param name="bits">Not 0.</param>
    public void Add(int thread, ulong address, uint bits)
    {
        _addresses[thread] = address;
        _bits[thread] = bits;
        _turns[thread] = _next++;
    }

    /// <summary>Whether a thread still waits: nobody has woken it.</summary>
    public bool IsWaiting(int thread) => _addresses[thread] != 0;

    /// <summary>A thread gives up.</summary>
    public void Remove(int thread) => _addresses[thread] = 0;

    /// <summary>Ends the wait of the thread that has waited longest.</summary>
    /// <param name="bits">One that waits with none of these is left alone.</param>
    /// <returns>False if nobody waits.</returns>
    public bool TryWake(ulong address, uint bits, out int thread)
    {
        thread = -1;
        for (int i = 0; i < _addresses.Length; i++)
        {
            if (_addresses[i] == address && (_bits[i] & bits) != 0 && (thread < 0 || _turns[i] < _turns[thread]))
                thread = i;
        }
        if (thread < 0)
            return false;
        _addresses[thread] = 0;
        return true;
    }
}
