using System;
using HyperOS.Core;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Userworld;

namespace HyperOS.Processes;

internal static partial class SystemCalls
{
    private const ulong Second = 1_000_000_000;
    private const ulong ClockRealtime = 0, ClockMonotonic = 1, ClockProcess = 2, ClockThread = 3, ClockRaw = 4, ClockRealtimeCoarse = 5, ClockMonotonicCoarse = 6, ClockBoot = 7;
    private const ulong Absolute = 1;
    private const ulong RandomFlags = 7;

    // As long as that is for good: far beyond any host's time, and small enough to be added to.
    private const ulong Farthest = ulong.MaxValue / 4;

    private static long GetTime(UserThread thread, ulong clock, ulong address)
    {
        ulong time;
        switch (clock)
        {
            case ClockRealtime or ClockRealtimeCoarse:
                time = WallClock.Now;
                break;
            case ClockMonotonic or ClockRaw or ClockMonotonicCoarse or ClockBoot:
                time = Clock.Now;
                break;
            case ClockProcess:
                time = thread.Process.Threads.ProcessorTime;
                break;
            case ClockThread:
                time = Scheduler.Current.ProcessorTime;
                break;
            default:
                return Error(Errno.EINVAL);
        }
        return WriteTime(thread.Process, address, time);
    }

    private static long GetResolution(Process process, ulong clock, ulong address)
    {
        if (clock > ClockBoot)
            return Error(Errno.EINVAL);
        return address == 0 ? 0 : WriteTime(process, address, 1);
    }

    private static long GetSeconds(Process process, ulong address)
    {
        ulong seconds = WallClock.Now / Second;
        return address != 0 && !UserMemory.TryWrite(process, address, seconds) ? Error(Errno.EFAULT) : (long)seconds;
    }

    private static long Sleep(UserThread thread, ulong clock, ulong flags, ulong request, ulong remainder)
    {
        if (clock is not (ClockRealtime or ClockMonotonic or ClockBoot))
            return Error(clock is ClockThread or > ClockBoot ? Errno.EINVAL : Errno.EOPNOTSUPP);
        if (!TryReadTime(thread.Process, request, out ulong time, out Errno refusal))
            return Error(refusal);
        bool isAbsolute = (flags & Absolute) != 0;
        ulong until = ToDeadline(time, !isAbsolute, clock == ClockRealtime && isAbsolute);
        WaitResult result;
        do
            result = thread.Wait(until);
        while (result == WaitResult.Woken);
        if (result == WaitResult.TimedOut)
            return 0;
        if (isAbsolute || remainder == 0)
            return Error(Errno.EINTR);
        ulong now = Clock.Now;
        long written = WriteTime(thread.Process, remainder, until > now ? until - now : 0);
        return written != 0 ? written : Error(Errno.EINTR);
    }

    private static ulong ToDeadline(ulong time, bool isRelative, bool isRealtime)
    {
        if (isRelative)
            return Clock.Now + time;
        if (!isRealtime)
            return time;
        ulong now = WallClock.Now;
        return time > now ? Clock.Now + (time - now) : 0;
    }

    private static bool TryReadTime(Process process, ulong address, out ulong nanoseconds, out Errno refusal)
    {
        Span<byte> bytes = stackalloc byte[2 * sizeof(ulong)];
        nanoseconds = 0;
        refusal = Errno.EFAULT;
        if (!UserMemory.TryRead(process, address, bytes))
            return false;
        LittleEndianReader reader = new(bytes);
        ulong seconds = reader.ReadUInt64(), fraction = reader.ReadUInt64();
        refusal = Errno.EINVAL;
        if (seconds > long.MaxValue || fraction >= Second)
            return false;
        nanoseconds = seconds >= Farthest / Second ? Farthest : seconds * Second + fraction;
        return true;
    }

    private static long WriteTime(Process process, ulong address, ulong nanoseconds)
    {
        Span<byte> bytes = stackalloc byte[2 * sizeof(ulong)];
        LittleEndianWriter writer = new(bytes);
        writer.WriteUInt64(nanoseconds / Second);
        writer.WriteUInt64(nanoseconds % Second);
        return UserMemory.TryWrite(process, address, bytes) ? 0 : Error(Errno.EFAULT);
    }

    // Six fields of 65 bytes. A C library of Linux asks for a release that it knows.
    private static long GetName(Process process, ulong address)
    {
        const int Field = 65;
        Span<byte> bytes = stackalloc byte[6 * Field];
        bytes.Clear();
        "Linux"u8.CopyTo(bytes);
        "hyperos"u8.CopyTo(bytes.Slice(Field));
        "6.1.0-hyperos"u8.CopyTo(bytes.Slice(2 * Field));
        "HyperOS"u8.CopyTo(bytes.Slice(3 * Field));
        "x86_64"u8.CopyTo(bytes.Slice(4 * Field));
        "(none)"u8.CopyTo(bytes.Slice(5 * Field));
        return UserMemory.TryWrite(process, address, bytes) ? 0 : Error(Errno.EFAULT);
    }

    private static long GetRandom(Process process, ulong address, ulong length, ulong flags)
    {
        if ((flags & ~RandomFlags) != 0)
            return Error(Errno.EINVAL);
        return RandomDevice.Fill(new UserBuffer(process, address, (int)Math.Min(length, MostBytes)));
    }
}
