using System.Threading;
using HyperOS.Core;

namespace HyperOS.Ethernet;

/// <summary>Why a card cannot go on.</summary>
public enum NicFault : byte
{
    None,
    Hung,
    Lied,
    Gone,
}

/// <summary>What became of bringing a card up.</summary>
public enum NicStart : byte
{
    Ok,

    /// <summary>It does not answer.</summary>
    Gone,

    /// <summary>Its reset did not end.</summary>
    NoReset,

    /// <summary>It refuses what its driver needs, or offers what cannot be.</summary>
    Unusable,
}

/// <summary>
/// A kind of card: its registers and rings, without time, threads and policy, for which there is <see cref="NicService"/>. One receive and one transmit
/// queue, whose buffers are the driver's own, each <see cref="BufferBytes"/> long. Whatever the card writes is checked: what cannot be is counted as a
/// lie, and after some the card is found at fault.
/// <code>
///   Start --> Receive, Recycle, LookAtLink (the card's thread); TryTransmit, Flush, Reap (under the lock) --> Stop
/// </code>
/// </summary>
public abstract class NicDevice
{
    /// <summary>Bytes of each buffer.</summary>
    public const int BufferBytes = 2048;

    /// <summary>Longest frame without FCS, with a VLAN tag, in bytes.</summary>
    public const int MaximumFrame = 1518;

    /// <summary>Descriptors of each queue, at most.</summary>
    public const int MaximumQueue = 256;

    private const int BuffersPerPage = DmaMemory.PageBytes / BufferBytes;

    /// <summary>Lies since the start that a card may tell: one can be noise on a bus.</summary>
    private const uint TolerableLies = 8;

    private uint _liesSinceStart;
    private int _fault;

    protected NicDevice(DmaMemory memory) => Memory = memory;

    /// <summary>Read when the card starts.</summary>
    public MacAddress Address { get; protected set; }

    /// <summary>As of the last <see cref="LookAtLink"/>.</summary>
    public bool IsLinkUp { get; protected set; }

    /// <summary>Set until the next start.</summary>
    public NicFault Fault => (NicFault)Volatile.Read(ref _fault);

    /// <summary>Numbers that the card gave and that cannot be, since it was made.</summary>
    public ulong Lies { get; private set; }

    /// <summary>Frames that the card said to be damaged, since it was made.</summary>
    public ulong ReceiveErrors { get; protected set; }

    /// <summary>Frames transmitted and not reported as done. Under the lock.</summary>
    public abstract int Pending { get; }

    /// <summary>Descriptors reported as done since the start; wraps around. Under the lock.</summary>
    public uint Completed { get; protected set; }

    /// <summary>The rings and buffers.</summary>
    public DmaMemory Memory { get; }

    /// <summary>Pages of rings, which come first.</summary>
    protected abstract int RingPages { get; }

    /// <summary>Resets the card and sets it up from nothing. Interrupts are masked.</summary>
    public NicStart Start(NicHost host)
    {
        _liesSinceStart = 0;
        Volatile.Write(ref _fault, (int)NicFault.None);
        IsLinkUp = false;
        Completed = 0;
        NicStart status = OnStart(host);
        if (status == NicStart.Ok)
            LookAtLink();
        return status;
    }

    /// <summary>Ends the card's accesses to memory, if it still listens.</summary>
    public abstract void Stop(NicHost host);

    /// <summary>Looks whether the card is there and has a link.</summary>
    public abstract void LookAtLink();

    /// <summary>Puts frames that came in into a batch. They stay in the card's buffers until <see cref="Recycle"/>.</summary>
    public abstract void Receive(NicBatch batch);

    /// <summary>The card may have the buffers of all frames received again.</summary>
    public abstract void Recycle();

    /// <summary>There is something for <see cref="Receive"/>.</summary>
    public abstract bool HasReceived { get; }

    /// <summary>Copies a frame to a free buffer. Under the lock.</summary>
    public abstract DeliveryStatus TryTransmit(in Frame frame);

    /// <summary>Tells the card of the frames since the last call. Under the lock.</summary>
    public abstract void Flush();

    /// <summary>Takes back the buffers of frames that are out. Under the lock.</summary>
    public abstract void Reap();

    /// <summary>Any context.</summary>
    public abstract void MaskInterrupts();

    /// <summary>From here on what comes in interrupts; what came before need not.</summary>
    public abstract void UnmaskInterrupts();

    protected abstract NicStart OnStart(NicHost host);

    /// <summary>Pages of memory that a card needs.</summary>
    protected static int PagesFor(int ringPages, int buffers) => ringPages + (buffers + BuffersPerPage - 1) / BuffersPerPage;

    /// <summary>Where a buffer begins; the receive queue's come first.</summary>
    protected int BufferAt(int index) => RingPages * DmaMemory.PageBytes + index * BufferBytes;

    protected void CountLie()
    {
        Lies++;
        if (++_liesSinceStart > TolerableLies)
            Blame(NicFault.Lied);
    }

    /// <summary>The first fault counts.</summary>
    public void Blame(NicFault fault) => Interlocked.CompareExchange(ref _fault, (int)fault, (int)NicFault.None);
}
