using System;
using System.Threading;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Virtualization;

/// <summary>Where typed bytes come from. Its driver calls <see cref="HostConsole.Wake"/> when there are some.</summary>
public abstract class ConsoleSource
{
    /// <returns>False when there is none.</returns>
    public abstract bool TryRead(out byte key);
}

/// <summary>
/// The host's console: one thread that writes the log's lines and the guests' serial output, each line of a guest prefixed "NAME| ", and
/// gives what is typed to a guest, or to the host's own prompt once Ctrl-] has opened it. A line that a guest has begun is its own for a while; if it is
/// then cut short by another speaker, it goes on with its prefix. The prompt comes back below what others have said meanwhile.
/// </summary>
public sealed class HostConsole : ThreadBody
{
    private const int ChunkBytes = 256;
    private const ulong RetryInput = 5_000_000;

    /// <summary>How long keys wait for a guest that takes none, in nanoseconds; then those that are too many for it are dropped, so that the host hears the others.</summary>
    private const ulong InputPatience = 1_000_000_000;

    private const int NoKey = -1;

    /// <summary>How long others wait for the end of a line that a guest has begun, in nanoseconds.</summary>
    private const ulong Patience = 50_000_000;

    /// <summary>Between two refreshes of the screen, in nanoseconds, and so many times as long as one took: a fifth of the thread's time at most.</summary>
    private const ulong RefreshPause = 30_000_000, RefreshPauses = 4;

    private const int NoTrace = -2;

    private static KernelThread? s_thread;

    // Whose exits are wanted on the console: a machine's number, or ExitTrace.AllMachines.
    private static volatile int s_traceWanted = NoTrace;
    private static bool s_writesTrace;

    // How often all that was said before was asked for, and how many of these times it has gone out.
    private static int s_flushesAsked, s_flushesDone;

    private readonly ConsoleSource? _source;

    // A guest's key that waits until the guest has taken earlier ones, and since when it takes none.
    private int _heldKey = NoKey;
    private ulong _heldSince = ulong.MaxValue;

    private readonly HostPrompt _prompt = new();

    // The prompt and what was typed after it are the console's last line.
    private bool _showsPrompt;

    // Who has written the unfinished line that the console shows; -1 for nobody.
    private int _openLine = -1;
    private ulong _openUntil;

    // Whether something was written since the last refresh, and when the next may come.
    private bool _isStale;
    private ulong _nextRefresh;

    private HostConsole(ConsoleSource? source) => _source = source;

    /// <summary>Starts the thread; from here on the log is no longer written on its callers' time.</summary>
    public static void Start(ConsoleSource? source)
    {
        if (!Scheduler.TryCreate(new HostConsole(source), Memory.FrameOwner.Kernel, null, out ThreadHandle handle) || !handle.TryGet(out s_thread))
            Panic.Stop($"too little memory");
        Diagnostics.Log.Defer(new Waker());
    }

    /// <summary>There is something to write or to read. Any context.</summary>
    public static void Wake()
    {
        if (s_thread is not null)
            Scheduler.Wake(s_thread);
    }

    /// <summary>Waits until all that was said before has left the machine. Not on the console's own thread.</summary>
    public static void Flush()
    {
        int asked = Interlocked.Increment(ref s_flushesAsked);
        while (unchecked(Volatile.Read(ref s_flushesDone) - asked) < 0)
        {
            Wake();
            Scheduler.Block(Clock.Now + 1_000_000);
        }
    }

    /// <summary>Writes the trace's records out. Any thread.</summary>
    /// <param name="machine">A machine's number, or <see cref="ExitTrace.AllMachines"/>.</param>
    public static void WriteTrace(int machine)
    {
        s_traceWanted = s_traceWanted == NoTrace ? machine : ExitTrace.AllMachines;
        Wake();
    }

    public override void Run()
    {
        while (true)
        {
            int flushesAsked = Volatile.Read(ref s_flushesAsked);
            bool held = IsHeld;
            if (!held)
                ServeTrace();
            bool wrote = !held && WriteLog();
            for (int slot = 0; slot < VirtualMachines.Count; slot++)
                wrote |= (slot == _openLine || !IsHeld) && WriteGuest(slot);
            bool waiting = ReadInput();
            wrote |= !wrote && ShowPrompt();
            _isStale |= wrote;
            ulong refresh = Refresh();
            if (!wrote && !held && !s_writesTrace && s_traceWanted == NoTrace && flushesAsked != s_flushesDone)
            {
                Diagnostics.Log.Complete();
                Volatile.Write(ref s_flushesDone, flushesAsked);
            }
            if (!wrote)
                Scheduler.Block(Math.Min(refresh, Math.Min(waiting ? Clock.Now + RetryInput : ulong.MaxValue, held ? _openUntil : ulong.MaxValue)));
            else if (Scheduler.NeedsReschedule)
                Scheduler.Yield();
        }
    }

    private bool IsHeld => _openLine >= 0 && Clock.Now < _openUntil;

    // Lets the screen follow. Returns when it has to be done again.
    private ulong Refresh()
    {
        ulong start = Clock.Now;
        if (_isStale && start >= _nextRefresh)
        {
            Diagnostics.Log.Refresh();
            ulong end = Clock.Now;
            _nextRefresh = end + Math.Max(RefreshPause, RefreshPauses * (end - start));
            _isStale = false;
        }
        return _isStale ? _nextRefresh : ulong.MaxValue;
    }

    private bool WriteLog()
    {
        Span<byte> chunk = stackalloc byte[ChunkBytes];
        int count = Diagnostics.Log.Drain(chunk);
        if (count == 0)
            return false;
        EndOpenLine(-1);
        for (; count > 0; count = Diagnostics.Log.Drain(chunk))
        {
            Diagnostics.Log.Output(chunk.Slice(0, count));
            if (Scheduler.NeedsReschedule)
                Scheduler.Yield();
        }
        return true;
    }

    private bool WriteGuest(int slot)
    {
        ReadOnlySpan<byte> rest = VirtualMachines.DrainConsole(slot);
        if (rest.IsEmpty)
            return false;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)'\n');
            int length = end < 0 ? rest.Length : end + 1;
            if (_openLine != slot)
            {
                EndOpenLine(slot);
                Diagnostics.Log.Output(VirtualMachines.Name(slot));
                Diagnostics.Log.Output("| "u8);
            }
            Diagnostics.Log.Output(rest.Slice(0, length));
            if (end < 0 && _openLine != slot)
                _openUntil = Clock.Now + Patience;
            _openLine = end < 0 ? slot : -1;
            rest = rest.Slice(length);
        }
        return true;
    }

    private void EndOpenLine(int speaker)
    {
        if (_openLine >= 0 && _openLine != speaker || _showsPrompt)
            Diagnostics.Log.Output("\r\n"u8);
        _openLine = -1;
        _showsPrompt = false;
    }

    // Whether there was something to show.
    private bool ShowPrompt()
    {
        if (!_prompt.IsOpen || _showsPrompt || IsHeld)
            return false;
        EndOpenLine(-1);
        Diagnostics.Log.Output("hyperos> "u8);
        Diagnostics.Log.Output(_prompt.Line);
        _showsPrompt = true;
        return true;
    }

    // A line at a time, so that the log's ring never overflows by it.
    private static void ServeTrace()
    {
        if (!s_writesTrace && s_traceWanted != NoTrace)
        {
            s_writesTrace = true;
            ExitTrace.Begin(s_traceWanted);
            s_traceWanted = NoTrace;
        }
        if (s_writesTrace)
            s_writesTrace = ExitTrace.WriteNext();
    }

    // Whether some of what was typed still waits for a guest. Behind a key that waits all others do: a command among them may choose another guest.
    private bool ReadInput()
    {
        if (_source is null)
            return false;
        while (_heldKey == NoKey || TryGive(unchecked((byte)_heldKey)))
        {
            _heldKey = NoKey;
            if (!_source.TryRead(out byte key))
                break;
            if (!TakeKey(key))
                _heldKey = key;
        }
        return VirtualMachines.FeedConsoles() || _heldKey != NoKey;
    }

    // Whether a guest's key needs to wait no longer.
    private bool TryGive(byte key)
    {
        if (VirtualMachines.TryType(key))
        {
            _heldSince = ulong.MaxValue;
            return true;
        }
        ulong now = Clock.Now;
        _heldSince = Math.Min(_heldSince, now);
        if (now - _heldSince < InputPatience)
            return false;
        Diagnostics.Log.Output("\a"u8);
        return true;
    }

    // Whether a key is the host's.
    private bool TakeKey(byte key)
    {
        PromptKey taken = _prompt.Press(key);
        switch (taken)
        {
            case PromptKey.Guest:
                EndPrompt();
                return false;
            case PromptKey.Added when _showsPrompt:
                Diagnostics.Log.Output([key]);
                break;
            case PromptKey.Removed when _showsPrompt:
                Diagnostics.Log.Output("\b \b"u8);
                break;
            case PromptKey.Cleared or PromptKey.Left:
                EndPrompt(); // after the former a new one comes
                break;
            case PromptKey.Entered:
                ShowPrompt();
                EndOpenLine(-1);
                ConsoleCommands.Do(_prompt.Line);
                break;
        }
        _isStale = true;
        return true;
    }

    private void EndPrompt()
    {
        if (_showsPrompt)
            EndOpenLine(-1);
    }

    private sealed class Waker : LogWaker
    {
        public override void Wake() => HostConsole.Wake();
    }
}
