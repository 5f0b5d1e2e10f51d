using System.Numerics;
using System.Threading;
using HyperOS.Core;

namespace HyperOS.Block;

/// <summary>
/// A kind of controller: its registers and rings, without time, threads and policy, for which there is <see cref="DiskService"/>. One queue with
/// <see cref="Depth"/> places, for one disk or several. Whatever the controller says is checked: what cannot be is counted as a lie, and after some it is
/// found at fault.
/// <code>
///   Start --> TryBegin, Ring, TryReap (under the lock); Look (the disk's thread) --> Stop
/// </code>
/// </summary>
public abstract class DiskDevice
{
    /// <summary>Requests that the controller has at once, at most.</summary>
    public const int Depth = 32;

    /// <summary>Disks of a controller, at most.</summary>
    public const int MaximumUnits = 4;

    /// <summary>Lies since the start that a controller may tell: one can be noise on a bus.</summary>
    private const uint TolerableLies = 8;

    private readonly BlockRequest?[] _places = new BlockRequest?[Depth];
    private readonly DiskIdentity[] _units = new DiskIdentity[MaximumUnits];
    private uint _liesSinceStart;
    private int _fault;

    /// <param name="memory">The rings.</param>
    protected DiskDevice(DmaMemory memory)
    {
        Memory = memory;
        for (int i = 0; i < MaximumUnits; i++)
            _units[i] = new DiskIdentity();
    }

    /// <summary>Disks that were found when it was started.</summary>
    public int UnitCount { get; protected set; }

    /// <summary>Set until the next start.</summary>
    public DiskFault Fault => (DiskFault)Volatile.Read(ref _fault);

    /// <summary>Things that it said and that cannot be, since it was made.</summary>
    public ulong Lies { get; private set; }

    /// <summary>It was told of an error that it needs help with: <see cref="TryRecover"/>, without the lock, before anything else.</summary>
    public bool NeedsRecovery { get; protected set; }

    /// <summary>Places whose requests the controller has, one bit each.</summary>
    public uint Out { get; private set; }

    /// <summary>The controller's rings.</summary>
    protected DmaMemory Memory { get; }

    /// <summary>What a disk says of itself.</summary>
    /// <param name="unit">Below <see cref="MaximumUnits"/>.</param>
    public DiskIdentity Unit(int unit) => _units[unit];

    /// <summary>Resets the controller, sets it up from nothing, and asks its disks what they are. Interrupts are masked.</summary>
    public DiskStart Start(DeviceHost host)
    {
        _liesSinceStart = 0;
        NeedsRecovery = false;
        Volatile.Write(ref _fault, (int)DiskFault.None);
        UnitCount = 0;
        foreach (DiskIdentity unit in _units)
            unit.Clear();
        return OnStart(host);
    }

    /// <summary>Ends the controller's accesses to memory.</summary>
    /// <returns>False if it does not listen.</returns>
    public abstract bool TryStop(DeviceHost host);

    /// <summary>Whether it is there and as it should be.</summary>
    public abstract DiskHealth Look();

    /// <summary>Puts a request into a free place, valid for its disk. Under the lock.</summary>
    /// <returns>False if it must wait for others to be done.</returns>
    public abstract bool TryBegin(BlockRequest request);

    /// <summary>Tells the controller of what was begun since the last call. Under the lock.</summary>
    public abstract void Ring();

    /// <summary>Takes the next request that is done. Under the lock.</summary>
    /// <param name="request">Which; its status is set.</param>
    /// <returns>False if there is none.</returns>
    public abstract bool TryReap(out BlockRequest? request);

    /// <summary>There is something for <see cref="TryReap"/>.</summary>
    public abstract bool HasDone { get; }

    /// <summary>Any context.</summary>
    public abstract void MaskInterrupts();

    /// <summary>From here on what is done interrupts; what was done before need not.</summary>
    public abstract void UnmaskInterrupts();

    /// <summary>Gets over an error. Requests that are still out are lost to it. On the disk's thread.</summary>
    /// <returns>False if only a reset helps.</returns>
    public virtual bool TryRecover(DeviceHost host)
    {
        NeedsRecovery = false;
        return true;
    }

    /// <summary>The first fault counts.</summary>
    public void Blame(DiskFault fault) => Interlocked.CompareExchange(ref _fault, (int)fault, (int)DiskFault.None);

    /// <summary>Takes the request of the lowest place back that a stopped controller had.</summary>
    public BlockRequest? TakeBack() => Out == 0 ? null : Take(BitOperations.TrailingZeroCount(Out));

    /// <summary>When the request began that the controller has for the longest time; ulong.MaxValue if it has none.</summary>
    public ulong Oldest
    {
        get
        {
            ulong oldest = ulong.MaxValue;
            for (uint left = Out; left != 0; left &= left - 1)
            {
                ulong started = _places[BitOperations.TrailingZeroCount(left)]!.StartedAt;
                oldest = started < oldest ? started : oldest;
            }
            return oldest;
        }
    }

    protected abstract DiskStart OnStart(DeviceHost host);

    /// <summary>The request in a place.</summary>
    protected BlockRequest At(int place) => _places[place]!;

    /// <summary>Whether the controller has the request of a place. Any number.</summary>
    protected bool IsOut(uint place) => place < Depth && (Out >> (int)place & 1) != 0;

    /// <summary>A request begins in a place that is free.</summary>
    protected void Put(int place, BlockRequest request)
    {
        _places[place] = request;
        Out |= 1u << place;
    }

    /// <summary>The controller has a place's request no more.</summary>
    protected BlockRequest Take(int place)
    {
        BlockRequest request = _places[place]!;
        _places[place] = null;
        Out &= ~(1u << place);
        return request;
    }

    protected void CountLie()
    {
        Lies++;
        if (++_liesSinceStart > TolerableLies)
            Blame(DiskFault.Lied);
    }
}
