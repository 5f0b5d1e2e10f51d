using System;
using HyperOS.Core;
using HyperOS.Platform;

namespace HyperOS.Diagnostics;

/// <summary>Where console bytes go: COM1, the screen. Called with the console's lock held.</summary>
public abstract class ConsoleSink
{
    /// <summary>Takes all of it, waiting for the device where it must.</summary>
    public abstract void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Shows what was taken, where that is a step of its own: one that costs as much for a line as for a screenful.</summary>
    public virtual void Refresh() { }

    /// <summary>Waits until what was taken has left the device.</summary>
    public virtual void Complete() { }
}

/// <summary>
/// The host's log: one line per event, `[seconds.micros] room: text`, kept in a ring and drained to the console by a thread of its own, so
/// that nobody waits for a serial line. Before that thread runs, and in a panic, lines go straight out.
/// </summary>
public static class Log
{
    // What some hundred machines say when all of them end at once.
    private const int RingSize = 256 * 1024;
    private const int MaximumSinks = 2;
    private const int MaximumLine = 300;

    private static readonly byte[] s_ring = new byte[RingSize];
    private static readonly ConsoleSink?[] s_sinks = new ConsoleSink?[MaximumSinks];
    private static KernelLock s_lock = new(LockRank.Log);
    private static ulong s_written, s_drained;

    // Lines that found no room: the next one that does begins with how many.
    private static ulong s_lost;
    private static LogWaker? s_waker;

    /// <summary>A further place for the log to go to. It is given what has gone out so far, as far as the ring still holds it.</summary>
    public static void AddSink(ConsoleSink sink)
    {
        for (ulong at = s_written - Math.Min(s_written, RingSize); at < s_drained; at++)
            sink.Write(new ReadOnlySpan<byte>(s_ring, (int)(at % RingSize), 1));
        sink.Refresh();
        for (int i = 0; i < s_sinks.Length; i++)
        {
            if (s_sinks[i] is null)
            {
                s_sinks[i] = sink;
                return;
            }
        }
    }

    /// <summary>From now on lines wait in the ring for <see cref="Drain"/>; the waker is told when there are some.</summary>
    public static void Defer(LogWaker waker) => s_waker = waker;

    /// <summary>For the panic report: everything that waits, and all that follows, goes straight out.</summary>
    public static void GoDirect()
    {
        s_waker = null;
        // A processor that was stopped meanwhile, or this one, may hold the lock: from here on there is one writer.
        Processor.Current.HeldLocks = 0;
        s_lock = new KernelLock(LockRank.Log);
        Flush();
    }

    /// <summary>Writes a line. Any thread or interrupt handler; <paramref name="room"/> is the speaker's name.</summary>
    public static void Write(ReadOnlySpan<byte> room, scoped LogLine text)
    {
        Span<byte> bytes = stackalloc byte[MaximumLine];
        Append(bytes.Slice(0, Compose(bytes, room, text)));
    }

    private static int Compose(Span<byte> bytes, ReadOnlySpan<byte> room, scoped LogLine text)
    {
        LogLine line = new(0, 0);
        ulong now = Clock.Now;
        line.AppendLiteral("[");
        line.AppendFormatted(now / 1_000_000_000);
        line.AppendLiteral(".");
        line.AppendPadded(now / 1000 % 1_000_000, 6);
        line.AppendLiteral("] ");
        line.AppendFormatted(room);
        line.AppendLiteral(": ");
        int length = line.CopyTo(bytes);
        length += text.CopyTo(bytes.Slice(length, MaximumLine - 2 - length));
        bytes[length++] = (byte)'\r';
        bytes[length++] = (byte)'\n';
        return length;
    }

    /// <summary>A line without time and room: the lines of a report.</summary>
    public static void WriteRaw(scoped LogLine text)
    {
        Span<byte> bytes = stackalloc byte[MaximumLine];
        int length = text.CopyTo(bytes.Slice(0, MaximumLine - 2));
        bytes[length++] = (byte)'\r';
        bytes[length++] = (byte)'\n';
        Append(bytes.Slice(0, length));
    }

    /// <summary>Moves up to <paramref name="destination"/>'s length of waiting bytes out of the ring. The console's thread calls it.</summary>
    public static int Drain(Span<byte> destination)
    {
        bool interrupts = s_lock.Enter();
        int count = (int)Math.Min(s_written - s_drained, (ulong)destination.Length);
        for (int i = 0; i < count; i++)
            destination[i] = s_ring[(int)((s_drained + (ulong)i) % RingSize)];
        s_drained += (ulong)count;
        if (s_drained == s_written)
            SayWhatIsLost();
        s_lock.Exit(interrupts);
        return count;
    }

    /// <summary>Writes to every sink at once. The console's thread, or everybody before it runs.</summary>
    public static void Output(ReadOnlySpan<byte> bytes)
    {
        foreach (ConsoleSink? sink in s_sinks)
            sink?.Write(bytes);
    }

    /// <summary>Shows what <see cref="Output"/> has written.</summary>
    public static void Refresh()
    {
        foreach (ConsoleSink? sink in s_sinks)
            sink?.Refresh();
    }

    /// <summary>Waits until what <see cref="Output"/> has written has left the machine, whose end would lose it.</summary>
    public static void Complete()
    {
        foreach (ConsoleSink? sink in s_sinks)
            sink?.Complete();
    }

    /// <summary>Drains all that waits to the sinks and shows it, on the caller's time.</summary>
    public static void Flush()
    {
        Span<byte> chunk = stackalloc byte[128];
        for (int count = Drain(chunk); count > 0; count = Drain(chunk))
            Output(chunk.Slice(0, count));
        Refresh();
    }

    private static void Append(ReadOnlySpan<byte> bytes)
    {
        bool interrupts = s_lock.Enter();
        if (RingSize - (s_written - s_drained) < (ulong)(bytes.Length + MaximumLine))
        {
            s_lost++;
        }
        else
        {
            SayWhatIsLost();
            Put(bytes);
        }
        FaultPoint.Hit(FaultPlace.Log);
        s_lock.Exit(interrupts);
        if (s_waker is null)
            Flush();
        else
            s_waker.Wake();
    }

    private static void SayWhatIsLost()
    {
        if (s_lost == 0)
            return;
        Span<byte> bytes = stackalloc byte[MaximumLine];
        int length = Compose(bytes, "log"u8, $"{s_lost} lines are lost: the console could not keep up");
        s_lost = 0;
        Put(bytes.Slice(0, length));
    }

    private static void Put(ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
            s_ring[(int)(s_written++ % RingSize)] = b;
    }
}

/// <summary>Tells the console's thread that there is something to drain; called in any context.</summary>
public abstract class LogWaker
{
    public abstract void Wake();
}
