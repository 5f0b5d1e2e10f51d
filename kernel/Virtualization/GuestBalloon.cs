using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Specs.Virtio;

namespace HyperOS.Virtualization;

/// <summary>
/// What becomes of a machine's memory that its guest gives up: blocks of 2 MiB whose pages are all in the balloon, or that the guest reports as free, go
/// back to the host. The manager's thread does that in rounds, for all machines together:
/// <code>
///   vCPUs: Release, Report -> wanted | Mark -> all processors pass their schedulers -> Unmap -> vCPUs flush, all pass again -> Commit
/// </code>
/// A block that is marked belongs to the guest as before. Whoever looks it up takes the mark away, and the block stays: so at Commit nobody can have it, neither
/// code of the host's, which passed a scheduler since the mark, nor a processor in the guest.
/// </summary>
internal sealed class GuestBalloon : BalloonSink
{
    /// <summary>Blocks of a round.</summary>
    private const int MostAtOnce = 64;

    // The pages of the balloon, a bit for each: 64 pages a word, 8 words a block, 64 blocks a frame.
    private const int PagesPerWord = 64, WordsPerBlock = (int)(Size.LargePage / Size.Page) / PagesPerWord, BlocksPerFrame = 512 / WordsPerBlock;

    // Wiring.
    private readonly VirtualMachine _machine;
    private readonly GuestMemory _memory;

    // State. Frames of maps by their addresses, 0 for none; blocks that are to go, a bit for each: those of the balloon, and those reported.
    private readonly ulong[] _maps;
    private readonly ulong[] _wanted, _reported;
    private volatile bool _hasWork;

    // Reports so far, and those whose blocks have gone.
    private int _reports, _settled;

    // The guest has changed the size of the balloon; it has given statistics.
    private volatile bool _isResized, _hasStatistics;

    // The round's: blocks and whether they are the balloon's, tables that they had, reports that are over with it.
    private readonly int[] _blocks = new int[MostAtOnce];
    private readonly bool[] _isOfBalloon = new bool[MostAtOnce];
    private readonly ulong[] _tables = new ulong[MostAtOnce];
    private int _count, _settling;

    // Blocks that the machine keeps for sure; the host takes the others.
    private ulong _kept;
    private uint _announced;

    public GuestBalloon(VirtualMachine machine, GuestMemory memory)
    {
        _machine = machine;
        _memory = memory;
        _kept = (ulong)memory.BlockCount;
        _maps = new ulong[memory.BlockCount / BlocksPerFrame + 1];
        _wanted = new ulong[memory.BlockCount / 64 + 1];
        _reported = new ulong[memory.BlockCount / 64 + 1];
    }

    /// <summary>The guest's end; set once, before a driver comes.</summary>
    public VirtioBalloonDevice? Device { get; set; }

    /// <summary>Whether the manager has something to do. Any thread.</summary>
    public bool HasWork => _hasWork;

    public override bool IsSettled => Volatile.Read(ref _settled) == _reports;

    public override void Release(GuestPhysicalAddress address, ulong length)
    {
        if (!_memory.TryFindBlock(address, out int block, out ulong offset))
            return;
        for (ulong end = offset + length; offset < end; offset += Size.Page)
        {
            if (offset == Size.LargePage)
            {
                block++;
                end -= offset;
                offset = 0;
            }
            if (!TryGetMap(block, create: true, out Span<ulong> map))
                continue; // without a frame for it, the page is only not given back
            int page = (int)(offset / Size.Page);
            Interlocked.Or(ref map[page / PagesPerWord], 1ul << page % PagesPerWord);
            if ((offset + Size.Page == end || offset + Size.Page == Size.LargePage) && IsFull(map))
                Want(_wanted, block);
        }
    }

    public override void Reclaim(GuestPhysicalAddress address, ulong length)
    {
        if (!_memory.TryFindBlock(address, out int block, out ulong offset))
            return;
        for (ulong end = offset + length; offset < end; offset += Size.Page)
        {
            if (offset == Size.LargePage)
            {
                block++;
                end -= offset;
                offset = 0;
            }
            if (!TryGetMap(block, create: false, out Span<ulong> map))
                continue;
            int page = (int)(offset / Size.Page);
            Interlocked.And(ref map[page / PagesPerWord], ~(1ul << page % PagesPerWord));
            if (offset + Size.Page == end || offset + Size.Page == Size.LargePage)
                _memory.Unmark(block); // the manager marks first and looks at the map then
        }
    }

    public override void Report(GuestPhysicalAddress address, ulong length)
    {
        if (!_memory.TryFindBlock(address, out int block, out ulong offset))
            return;
        for (ulong at = Alignment.Up(offset, Size.LargePage); at + Size.LargePage <= offset + length; at += Size.LargePage)
        {
            if (_memory.IsPresent(block + (int)(at / Size.LargePage)))
                Want(_reported, block + (int)(at / Size.LargePage));
        }
    }

    public override void EndReport()
    {
        Interlocked.Increment(ref _reports);
        Call();
    }

    public override void Resized()
    {
        _isResized = true;
        Call();
    }

    public override void StatisticsCame()
    {
        _hasStatistics = true;
        Call();
    }

    // The guest's pages are its own again.
    public override void Reset()
    {
        foreach (ulong frame in _maps)
        {
            if (frame != 0)
                PhysicalMemory.Table(new HostPhysicalAddress(frame)).Clear();
        }
        for (int block = 0; block < _memory.BlockCount; block++)
            _memory.Unmark(block);
    }

    /// <summary>Sets how much memory the guest is to have. The manager's thread, in the machine's domain.</summary>
    /// <param name="bytes">At most what it was started with.</param>
    /// <returns>False if so much is not free any more.</returns>
    public bool TrySetMemory(ulong bytes)
    {
        ulong kept = Alignment.Up(bytes, Size.LargePage) / Size.LargePage;
        if (kept > _memory.GuaranteedBlocks && !_memory.TryWinBack(kept - _memory.GuaranteedBlocks))
            return false;
        _kept = kept;
        _announced = uint.MaxValue;
        Device!.Target = (uint)((_memory.Length - bytes) / Size.Page);
        _machine.WakeForQueues();
        Resized();
        return true;
    }

    /// <summary>Asks the guest what its memory is used for. The manager's thread, in the machine's domain.</summary>
    /// <returns>False where it has no driver, or has not answered the last time.</returns>
    public bool TryAskStatistics()
    {
        if (!Device!.TryWantStatistics())
            return false;
        _machine.WakeForQueues();
        return true;
    }

    /// <summary>Begins a round: marks the blocks that are to go. The manager's thread, as all that follows, in the machine's domain.</summary>
    public void Mark()
    {
        _hasWork = false;
        _settling = Volatile.Read(ref _reports);
        _count = 0;
        for (int word = 0; word < _wanted.Length && _count < MostAtOnce; word++)
        {
            for (int bit = 0; bit < 64 && (_reported[word] | _wanted[word]) >> bit != 0 && _count < MostAtOnce; bit++)
                Mark(word, bit);
        }
        if (_count < MostAtOnce)
            return;
        // Perhaps there are more.
        _settling = _settled;
        _hasWork = true;
    }

    private void Mark(int word, int bit)
    {
        ulong mask = 1ul << bit;
        bool isReported = (_reported[word] & mask) != 0 && (Interlocked.And(ref _reported[word], ~mask) & mask) != 0;
        bool isWanted = (_wanted[word] & mask) != 0 && (Interlocked.And(ref _wanted[word], ~mask) & mask) != 0;
        int block = word * 64 + bit;
        if (!isReported && !isWanted)
            return;
        bool isPresent = _memory.TryMark(block);
        bool isOfBalloon = TryGetMap(block, create: false, out Span<ulong> map) && IsFull(map);
        if (!isReported && !isOfBalloon)
            _memory.Unmark(block);
        else if (isPresent || isOfBalloon)
        {
            _blocks[_count] = block;
            _isOfBalloon[_count] = isOfBalloon;
            _tables[_count++] = 0;
        }
    }

    /// <summary>Takes the blocks out of the nested tables. All processors have passed their schedulers since <see cref="Mark()"/>.</summary>
    public void Unmap()
    {
        for (int i = 0; i < _count; i++)
            _tables[i] = _machine.NestedTables.Remove(_memory.AddressOf(_blocks[i])).Value;
        if (_count != 0)
            _machine.ForgetTranslations();
    }

    /// <summary>Gives the blocks back that are still marked. All processors have passed their schedulers since <see cref="Unmap"/>.</summary>
    public void Commit()
    {
        for (int i = 0; i < _count; i++)
        {
            if (_tables[i] != 0)
                FrameAllocator.Free(new HostPhysicalAddress(_tables[i]), _machine.Owner);
            bool isGone = _memory.TryFree(_blocks[i]);
            if (isGone && _isOfBalloon[i] && _memory.GuaranteedBlocks > _kept)
                _memory.Surrender();
        }
        _count = 0;
        if (_settled == _settling)
            return;
        Volatile.Write(ref _settled, _settling);
        Device!.NotifyReports();
        _machine.WakeForQueues();
    }

    /// <summary>Tells the log what has changed.</summary>
    public void Announce()
    {
        if (_hasStatistics)
        {
            _hasStatistics = false;
            Device!.TryGetStatistic(VirtioBalloonStatistic.VIRTIO_BALLOON_S_MEMTOT, out ulong total);
            Device.TryGetStatistic(VirtioBalloonStatistic.VIRTIO_BALLOON_S_MEMFREE, out ulong free);
            Device.TryGetStatistic(VirtioBalloonStatistic.VIRTIO_BALLOON_S_AVAIL, out ulong available);
            _machine.Log.WriteEvent(
                $"balloon: {Device.Actual * Size.Page / Size.MiB} MiB of {_memory.Length / Size.MiB} MiB; the guest has {total / Size.MiB} MiB, {free / Size.MiB} MiB free, {available / Size.MiB} MiB available");
        }
        if (!_isResized || HasWanted)
            return;
        _isResized = false;
        uint target = Device!.Target;
        if (Device.Actual != target || _announced == target) // which the guest may change again at once
            return;
        _announced = target;
        _machine.Log.Write($"balloon: memory is {(_memory.Length - target * Size.Page) / Size.MiB} MiB of {_memory.Length / Size.MiB} MiB; the host has {FrameAllocator.UnreservedBlocks * 2} MiB free");
    }

    private bool HasWanted
    {
        get
        {
            foreach (ulong word in _wanted)
            {
                if (word != 0)
                    return true;
            }
            return false;
        }
    }

    private void Want(ulong[] set, int block)
    {
        Interlocked.Or(ref set[block / 64], 1ul << block % 64);
        Call();
    }

    private void Call()
    {
        if (_hasWork)
            return;
        _hasWork = true;
        VirtualMachines.WakeManager();
    }

    private static bool IsFull(ReadOnlySpan<ulong> map)
    {
        foreach (ref readonly ulong word in map)
        {
            if (Volatile.Read(in word) != ulong.MaxValue)
                return false;
        }
        return true;
    }

    // The words of a block.
    private bool TryGetMap(int block, bool create, out Span<ulong> map)
    {
        map = default;
        if (block >= _memory.BlockCount)
            return false;
        ref ulong entry = ref _maps[block / BlocksPerFrame];
        ulong frame = Volatile.Read(ref entry);
        if (frame == 0)
        {
            if (!create || !FrameAllocator.TryAllocateZeroed(_machine.Owner, FrameZone.Any, out HostPhysicalAddress made))
                return false;
            frame = Interlocked.CompareExchange(ref entry, made.Value, 0);
            if (frame != 0)
                FrameAllocator.Free(made, _machine.Owner);
            else
                frame = made.Value;
        }
        map = PhysicalMemory.Table(new HostPhysicalAddress(frame)).Slice(block % BlocksPerFrame * WordsPerBlock, WordsPerBlock);
        return true;
    }
}
