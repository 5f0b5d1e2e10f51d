namespace HyperOS.Devices;

/// <summary>
/// Which base address register answers an address: ranges sorted by address that do not overlap. Where a guest lets registers overlap, the
/// one that was added first answers, and the others answer in what it leaves of theirs.
/// </summary>
internal sealed class PciAddressMap
{
    internal struct Range
    {
        public ulong First;
        public ulong Last;

        /// <summary>What the register holds; the range may begin behind it.</summary>
        public ulong Base;

        public PciFunction Function;
        public int Bar;
    }

    private Range[] _ranges = [];

    public int Count { get; private set; }

    /// <summary>Makes room for <paramref name="registers"/> registers. While the machine is put together.</summary>
    public void Reserve(int registers)
    {
        // Every range begins where a register's does or ends, so there are fewer than two for each.
        if (_ranges.Length < 2 * registers)
            _ranges = new Range[2 * registers];
        Count = 0;
    }

    public void Clear() => Count = 0;

    /// <summary>Adds what nobody answers yet of [<paramref name="first"/>, <paramref name="last"/>].</summary>
    public void Add(ulong first, ulong last, PciFunction function, int bar)
    {
        ulong next = first;
        for (int i = IndexBehind(first); ; i++)
        {
            if (i > 0 && _ranges[i - 1].Last >= next)
            {
                if (_ranges[i - 1].Last >= last)
                    return;
                next = _ranges[i - 1].Last + 1;
            }
            if (i == Count || _ranges[i].First > next)
            {
                bool isRest = i == Count || _ranges[i].First > last;
                Insert(i, new Range { First = next, Last = isRest ? last : _ranges[i].First - 1, Base = first, Function = function, Bar = bar });
            }
        }
    }

    /// <summary>Finds the range that holds all of an access.</summary>
    /// <param name="index">Its number, for <see cref="At"/>.</param>
    /// <returns>False where nobody answers, or not one alone.</returns>
    public bool TryFind(ulong address, int width, out int index)
    {
        index = IndexBehind(address) - 1;
        if (index < 0)
            return false;
        ulong last = _ranges[index].Last;
        return last >= address && last - address >= (ulong)(width - 1);
    }

    /// <summary>A range by its number.</summary>
    public ref readonly Range At(int index) => ref _ranges[index];

    /// <summary>Index of the first range that begins behind an address.</summary>
    private int IndexBehind(ulong address)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            int middle = low + high >> 1;
            if (_ranges[middle].First > address)
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }

    private void Insert(int index, in Range range)
    {
        for (int i = Count; i > index; i--)
            _ranges[i] = _ranges[i - 1];
        _ranges[index] = range;
        Count++;
    }
}
