using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Platform;
using HyperOS.Userworld;

namespace HyperOS.Processes;

/// <summary>A descriptor's other end: which device file, and what is known of it since it was opened.</summary>
public sealed class OpenFile
{
    internal DeviceFile? Device;

    /// <summary>Opened for reading, or for writing.</summary>
    public bool CanRead { get; internal set; }

    /// <summary>Opened for writing.</summary>
    public bool CanWrite { get; internal set; }

    /// <summary>Where `read` and `write` go on, for a device that counts bytes.</summary>
    public ulong Position { get; set; }

    /// <summary>The device file's own note of what was opened: an index, a generation.</summary>
    public ulong Tag { get; set; }

    /// <summary>Descriptors, and calls that use it now; the device hears of the end once there is none.</summary>
    internal int Users;
}

/// <summary>
/// Something of the kernel's that a process reaches through a path. Made at start-up and registered with <see cref="DeviceFiles.Add"/>; its members run on
/// the threads of the process that calls, in its fault domain, and must take everything that they are given for untrusted. How to add one: docs/userworld.md.
/// Results are counts of bytes, or <see cref="Error"/>s.
/// </summary>
public abstract class DeviceFile
{
    /// <summary>Where it is found, such as "/dev/null"; at most <see cref="DeviceFiles.MaximumPath"/> bytes.</summary>
    public abstract ReadOnlySpan<byte> Path { get; }

    /// <summary>A process opens it.</summary>
    public virtual Errno Open(OpenFile file) => Errno.None;

    /// <summary>The last use of what was opened has ended; not after a fault, nor at the end of the process: see <see cref="ProcessEnded"/>.</summary>
    public virtual void Close(OpenFile file) { }

    /// <summary>The process has ended, however; all that it had open is closed. On the manager's thread, outside of any domain.</summary>
    public virtual void ProcessEnded(ProcessSlot slot) { }

    /// <summary>`read`. One that waits does so by <see cref="UserThread.Wait"/> and ends with EINTR when that says so.</summary>
    public virtual long Read(UserThread thread, OpenFile file, UserBuffer buffer) => Error(Errno.EINVAL);

    /// <summary>`write`.</summary>
    public virtual long Write(UserThread thread, OpenFile file, UserBuffer buffer) => Error(Errno.EINVAL);

    /// <summary>`pread64`, for a device whose bytes have places.</summary>
    public virtual long ReadAt(UserThread thread, OpenFile file, UserBuffer buffer, ulong offset) => Error(Errno.ESPIPE);

    /// <summary>`pwrite64`, for a device whose bytes have places.</summary>
    public virtual long WriteAt(UserThread thread, OpenFile file, UserBuffer buffer, ulong offset) => Error(Errno.ESPIPE);

    /// <summary>`fsync`: what was written lasts once it returns.</summary>
    public virtual Errno Flush(UserThread thread, OpenFile file) => Errno.EINVAL;

    /// <summary>Bytes that it has places for: st_size.</summary>
    public virtual ulong Length => 0;

    /// <summary>A failure as the members above return it.</summary>
    public static long Error(Errno error) => -(long)error;
}

/// <summary>What a device file's readers wait for.</summary>
public sealed class DeviceEvent
{
    private const int MaximumWaiters = 16;

    private readonly UserThread?[] _waiters = new UserThread?[MaximumWaiters];
    private KernelLock _lock = new(LockRank.Devices);

    /// <summary>Wakes all who wait. Any context.</summary>
    public void Signal()
    {
        bool interrupts = _lock.Enter();
        foreach (UserThread? waiter in _waiters)
            waiter?.Wake();
        _lock.Exit(interrupts);
    }

    /// <summary>
    /// Announces a wait: from here on <see cref="Signal"/> wakes the thread. Then look whether what is waited for is there, and if not,
    /// <see cref="UserThread.Wait"/>; <see cref="End"/> in any case.
    /// </summary>
    /// <returns>False while too many wait: EAGAIN.</returns>
    public bool TryBegin(UserThread thread)
    {
        bool interrupts = _lock.Enter();
        bool begun = false;
        for (int i = 0; i < MaximumWaiters && !begun; i++)
        {
            begun = _waiters[i] is null;
            if (begun)
                _waiters[i] = thread;
        }
        _lock.Exit(interrupts);
        return begun;
    }

    /// <summary>The wait is over.</summary>
    public void End(UserThread thread)
    {
        bool interrupts = _lock.Enter();
        for (int i = 0; i < MaximumWaiters; i++)
        {
            if (_waiters[i] == thread)
                _waiters[i] = null;
        }
        _lock.Exit(interrupts);
    }

    /// <summary>All waits are over, those of threads that ended in a fault too: for <see cref="DeviceFile.ProcessEnded"/>.</summary>
    public void Clear()
    {
        bool interrupts = _lock.Enter();
        new Span<UserThread?>(_waiters, 0, MaximumWaiters).Clear();
        _lock.Exit(interrupts);
    }
}

/// <summary>All device files, by their paths. Filled during start-up, and the same for every process.</summary>
public static class DeviceFiles
{
    /// <summary>Bytes of the longest path.</summary>
    public const int MaximumPath = 64;

    private const int Maximum = 64;

    private static readonly DeviceFile?[] s_files = new DeviceFile?[Maximum];
    private static int s_count;

    /// <summary>Adds one; during start-up.</summary>
    public static void Add(DeviceFile file)
    {
        if (s_count == Maximum)
            Panic.Stop($"too many device files");
        s_files[s_count++] = file;
    }

    internal static bool TryFind(ReadOnlySpan<byte> path, out DeviceFile? file)
    {
        file = null;
        for (int i = 0; i < s_count && file is null; i++)
        {
            if (s_files[i]!.Path.SequenceEqual(path))
                file = s_files[i];
        }
        return file is not null;
    }

    internal static void ProcessEnded(ProcessSlot slot)
    {
        for (int i = 0; i < s_count; i++)
            s_files[i]!.ProcessEnded(slot);
    }
}

/// <summary>/dev/null: holds nothing, takes everything.</summary>
public sealed class NullDevice : DeviceFile
{
    public override ReadOnlySpan<byte> Path => "/dev/null"u8;

    public override long Read(UserThread thread, OpenFile file, UserBuffer buffer) => 0;

    public override long Write(UserThread thread, OpenFile file, UserBuffer buffer) => buffer.Length;

    public override long ReadAt(UserThread thread, OpenFile file, UserBuffer buffer, ulong offset) => 0;

    public override long WriteAt(UserThread thread, OpenFile file, UserBuffer buffer, ulong offset) => buffer.Length;
}

/// <summary>/dev/urandom: random numbers without end.</summary>
public sealed class RandomDevice : DeviceFile
{
    public override ReadOnlySpan<byte> Path => "/dev/urandom"u8;

    public override long Read(UserThread thread, OpenFile file, UserBuffer buffer) => Fill(buffer);

    /// <summary>What is given stirs the generator, which trusts it for nothing.</summary>
    public override long Write(UserThread thread, OpenFile file, UserBuffer buffer)
    {
        Span<byte> chunk = stackalloc byte[Sha256.HashLength];
        int count = Math.Min(buffer.Length, chunk.Length);
        if (!buffer.TryRead(0, chunk.Slice(0, count)))
            return Error(Errno.EFAULT);
        KernelRandom.Stir(chunk.Slice(0, count));
        return count;
    }

    internal static long Fill(UserBuffer buffer)
    {
        Span<byte> chunk = stackalloc byte[8 * Sha256.HashLength];
        for (int filled = 0; filled < buffer.Length;)
        {
            int count = Math.Min(buffer.Length - filled, chunk.Length);
            KernelRandom.Fill(chunk.Slice(0, count));
            if (!buffer.TryWrite(filled, chunk.Slice(0, count)))
                return filled == 0 ? Error(Errno.EFAULT) : filled;
            filled += count;
        }
        return buffer.Length;
    }
}

/// <summary>What a process finds open as its descriptors 1 and 2: its lines go to the host's log, so many a second, under its name.</summary>
public sealed class LogDevice : DeviceFile
{
    public override ReadOnlySpan<byte> Path => "/dev/log"u8;

    public override void ProcessEnded(ProcessSlot slot) => slot.Line.Clear();

    public override long Write(UserThread thread, OpenFile file, UserBuffer buffer)
    {
        Process process = thread.Process;
        Span<byte> chunk = stackalloc byte[LogText.Capacity];
        for (int written = 0; written < buffer.Length;)
        {
            int count = Math.Min(buffer.Length - written, chunk.Length);
            if (!buffer.TryRead(written, chunk.Slice(0, count)))
                return written == 0 ? Error(Errno.EFAULT) : written;
            process.Lock.Enter();
            foreach (byte b in chunk.Slice(0, count))
                Append(process.Slot, b);
            process.Lock.Exit();
            written += count;
        }
        return buffer.Length;
    }

    private static void Append(ProcessSlot slot, byte character)
    {
        LogText line = slot.Line;
        bool ends = character == (byte)'\n';
        if (!ends && line.TryAppend(character))
            return;
        if (slot.Lines.TryTake(out ulong suppressed))
        {
            if (suppressed != 0)
                Log.Write(slot.Name, $"({suppressed} lines left out: too many a second)");
            Log.Write(slot.Name, $"{line.Bytes}");
        }
        line.Clear();
        if (!ends)
            line.TryAppend(character);
    }
}
