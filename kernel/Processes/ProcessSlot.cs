using System;
using System.Threading;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Platform;

namespace HyperOS.Processes;

/// <summary>
/// Life of a process; the manager's thread makes every change:
/// <code>
///   Waiting -- its time has come --> Running -- its threads have ended --> Ended -- all taken back --> Waiting
///      |                                                                                     (the next start later)
///      +-- its file is not what it was when the bundle was made, or no program --> Refused
/// </code>
/// </summary>
public enum ProcessState : byte
{
    Waiting,
    Running,
    Ended,
    Refused,
}

/// <summary>What there is of a process whether it runs or not. Made at start-up and never freed.</summary>
public sealed class ProcessSlot
{
    private static ReadOnlySpan<byte> RoomPrefix => "process "u8;

    // The prefix and the name.
    private readonly byte[] _room = new byte[RoomPrefix.Length + DefinitionName.MaxLength];
    private readonly int _roomLength;

    internal readonly FrameOwner Owner;
    internal readonly ulong MemoryLimit;

    // The file that it is started from, where the boot loader put it, and what the definition says of it.
    internal readonly HostPhysicalAddress Image;
    internal readonly int ImageLength;
    internal readonly byte[] Sha256;
    internal readonly byte[] Arguments, Environment;

    // What it says: the line that it has begun, and how many it may; with its lock held.
    internal readonly LogText Line = new();
    internal readonly LineLimiter Lines = new();

    internal volatile ProcessState State;

    /// <summary>While it runs. Another thread may use what it reads here until it next yields: see <see cref="Scheduling.Quiescence"/>.</summary>
    internal volatile Process? Process;
    internal int ArenaSlot;

    // When it started, when it is to start, and how often in a row it ended soon after.
    internal ulong StartedAt, NextStart;
    internal int QuickEnds;

    private int _isKillWanted;

    internal ProcessSlot(int index, ReadOnlySpan<byte> name, ulong memoryLimit, HostPhysicalAddress image, int imageLength, byte[] sha256, byte[] arguments, byte[] environment)
    {
        Owner = FrameOwner.Process(index);
        MemoryLimit = memoryLimit;
        Image = image;
        ImageLength = imageLength;
        Sha256 = sha256;
        Arguments = arguments;
        Environment = environment;
        RoomPrefix.CopyTo(_room);
        name.CopyTo(new Span<byte>(_room, RoomPrefix.Length, name.Length));
        _roomLength = RoomPrefix.Length + name.Length;
    }

    public ReadOnlySpan<byte> Name => Room.Slice(RoomPrefix.Length);

    /// <summary>As whom the log has it: "process NAME".</summary>
    public ReadOnlySpan<byte> Room => new(_room, 0, _roomLength);

    /// <summary>Times that it was started.</summary>
    public int Starts { get; internal set; }

    /// <summary>How it is, for a list.</summary>
    public ReadOnlySpan<byte> DescribeState() => State switch
    {
        ProcessState.Running => "running"u8,
        ProcessState.Ended => "ended"u8,
        ProcessState.Refused => "refused"u8,
        _ => "waiting"u8,
    };

    /// <summary>Bytes that it has, page tables and the kernel's own included.</summary>
    public ulong MemoryBytes => FrameAllocator.FramesOf(Owner) * Size.Page;

    /// <summary>Nanoseconds of processor time of its present run.</summary>
    public ulong ProcessorTime => Process is { } process ? process.Threads.ProcessorTime : 0;

    /// <summary>Leaves the manager the wish that it be killed. Any thread.</summary>
    internal void WantKill() => Volatile.Write(ref _isKillWanted, 1);

    internal bool TakeKill() => Interlocked.Exchange(ref _isKillWanted, 0) != 0;
}

/// <summary>A line that is not whole yet.</summary>
internal sealed class LogText
{
    /// <summary>Bytes that a line of the log has room for.</summary>
    public const int Capacity = 200;

    private readonly byte[] _bytes = new byte[Capacity];
    private int _length;

    public ReadOnlySpan<byte> Bytes => new(_bytes, 0, _length);

    public void Clear() => _length = 0;

    /// <summary>Appends a character, or what stands for one that is no text.</summary>
    /// <returns>False if the line is full.</returns>
    public bool TryAppend(byte character)
    {
        if (_length == Capacity)
            return false;
        _bytes[_length++] = character is < 0x20 or 0x7F ? (byte)'?' : character;
        return true;
    }
}

/// <summary>How many lines a process may write to the log: so many at once, and then so many a second.</summary>
internal sealed class LineLimiter
{
    private const ulong Burst = 400, Interval = 10_000_000;

    private ulong _credit = Burst, _addedAt, _suppressed;

    /// <summary>Whether a further line may be written now.</summary>
    /// <param name="suppressed">How many could not be since the last that could.</param>
    public bool TryTake(out ulong suppressed)
    {
        ulong now = Clock.Now;
        ulong earned = (now - _addedAt) / Interval;
        if (earned != 0)
        {
            _credit = Math.Min(_credit + earned, Burst);
            _addedAt = now;
        }
        suppressed = _suppressed;
        if (_credit == 0)
        {
            _suppressed++;
            return false;
        }
        _credit--;
        _suppressed = 0;
        return true;
    }
}
