using System;
using HyperOS.Core;
using HyperOS.Interrupts;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Userworld;

namespace HyperOS.Processes;

internal static partial class SystemCalls
{
    // A thread that shares everything, as pthread_create wants it; and what it may want beside.
    private const ulong CloneThread = 0x0000_0100 | 0x0000_0200 | 0x0000_0400 | 0x0000_0800 | 0x0001_0000 | 0x0004_0000; // VM FS FILES SIGHAND THREAD SYSVSEM
    private const ulong CloneSetTls = 0x0008_0000, CloneParentSetTid = 0x0010_0000, CloneChildClearTid = 0x0020_0000, CloneDetached = 0x0040_0000;
    private const ulong CloneChildSetTid = 0x0100_0000;

    private const ulong SetFs = 0x1002, GetFs = 0x1003;

    private const ulong FutexWait = 0, FutexWake = 1, FutexWaitBitset = 9, FutexWakeBitset = 10, FutexPrivate = 128, FutexRealtime = 256;

    private static long Clone(UserThread thread, ulong flags, ulong stack, ulong parentId, ulong childId, ulong threadPointer)
    {
        const ulong Optional = CloneSetTls | CloneParentSetTid | CloneChildClearTid | CloneDetached | CloneChildSetTid;
        Process process = thread.Process;
        if ((flags & ~Optional) != CloneThread || stack == 0)
            return Error(Errno.EINVAL);
        if ((flags & CloneSetTls) != 0 && threadPointer >= UserMode.AddressLimit)
            return Error(Errno.EPERM);
        process.Lock.Enter();
        bool taken = process.TryTakeThread(out UserThread? created);
        process.Lock.Exit();
        if (!taken)
            return Error(Errno.EAGAIN);
        int id = created!.Id;
        if (!created.TryPrepare())
        {
            created.Release();
            return Error(Errno.EAGAIN);
        }
        CopyRegisters(thread, created);
        created.Frame.Rax = 0;
        created.Frame.Rsp = stack;
        created.Mask = thread.Mask;
        created.FsBase = (flags & CloneSetTls) != 0 ? threadPointer : thread.FsBase;
        created.ClearAtExit = (flags & CloneChildClearTid) != 0 ? childId : 0;
        if ((flags & CloneParentSetTid) != 0)
            UserMemory.TryWrite(process, parentId, (uint)id);
        if ((flags & CloneChildSetTid) != 0)
            UserMemory.TryWrite(process, childId, (uint)id);
        if (created.TryStart())
            return id;
        created.Release();
        return Error(Errno.EAGAIN);
    }

    private static void CopyRegisters(UserThread from, UserThread to)
    {
        to.Context = from.Context;
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        Span<byte> area = ExtendedStates.Store(from);
        Cpu.RestoreInterrupts(interrupts);
        area.CopyTo(Memory.PhysicalMemory.Bytes(to.ExtendedState, area.Length));
    }

    private static long Exit(UserThread thread, ulong code)
    {
        thread.Exit((int)(code & 0xFF));
        return 0;
    }

    private static long ExitAll(UserThread thread, ulong code)
    {
        thread.Process.End(ProcessEnd.Exit, (int)(code & 0xFF));
        return 0;
    }

    private static long SetClearAtExit(UserThread thread, ulong address)
    {
        thread.ClearAtExit = address;
        return thread.Id;
    }

    private static long SetBase(UserThread thread, ulong code, ulong address)
    {
        switch (code)
        {
            case SetFs when address >= UserMode.AddressLimit:
                return Error(Errno.EPERM);
            case SetFs:
                thread.FsBase = address;
                thread.Reload();
                return 0;
            case GetFs:
                return UserMemory.TryWrite(thread.Process, address, thread.FsBase) ? 0 : Error(Errno.EFAULT);
            default:
                return Error(Errno.EINVAL);
        }
    }

    private static long Yield()
    {
        Scheduler.Yield();
        return 0;
    }

    private static long GetAffinity(UserThread thread, ulong id, ulong length, ulong mask)
    {
        if (length < sizeof(ulong) || length % sizeof(ulong) != 0)
            return Error(Errno.EINVAL);
        if (id != 0 && !(id <= int.MaxValue && thread.Process.TryFindThread((int)id, out _)))
            return Error(Errno.ESRCH);
        return UserMemory.TryWrite(thread.Process, mask, Processors.All) ? sizeof(ulong) : Error(Errno.EFAULT);
    }

    private static long GetProcessor(Process process, ulong processor, ulong node)
    {
        if (processor != 0 && !UserMemory.TryWrite(process, processor, (uint)Processor.Current.Index) || node != 0 && !UserMemory.TryWrite(process, node, 0u))
            return Error(Errno.EFAULT);
        return 0;
    }

    private static long Futex(UserThread thread, ulong address, ulong operation, ulong value, ulong timeout, ulong bits)
    {
        bool isRealtime = (operation & FutexRealtime) != 0;
        ulong command = operation & ~(FutexPrivate | FutexRealtime);
        if (isRealtime && command != FutexWaitBitset || command is not (FutexWait or FutexWake or FutexWaitBitset or FutexWakeBitset))
            return Error(Errno.ENOSYS);
        uint wanted = command is FutexWaitBitset or FutexWakeBitset ? (uint)(bits & uint.MaxValue) : FutexTable.AnyBit;
        if (command is FutexWait or FutexWaitBitset)
            return WaitForFutex(thread, address, (uint)(value & uint.MaxValue), timeout, wanted, command == FutexWait, isRealtime);
        if (!Alignment.IsAligned(address, sizeof(uint)) || wanted == 0)
            return Error(Errno.EINVAL);
        if (address >= UserMode.AddressLimit)
            return Error(Errno.EFAULT);
        Process process = thread.Process;
        process.Lock.Enter();
        int woken = address == 0 ? 0 : process.WakeFutex(address, Math.Max(unchecked((int)(value & uint.MaxValue)), 1), wanted);
        process.Lock.Exit();
        return woken;
    }

    private static long WaitForFutex(UserThread thread, ulong address, uint expected, ulong timeout, uint bits, bool isRelative, bool isRealtime)
    {
        Process process = thread.Process;
        ulong until = ulong.MaxValue;
        if (timeout != 0)
        {
            if (!TryReadTime(process, timeout, out ulong time, out Errno refusal))
                return Error(refusal);
            until = ToDeadline(time, isRelative, isRealtime);
        }
        if (!Alignment.IsAligned(address, sizeof(uint)) || bits == 0)
            return Error(Errno.EINVAL);
        process.Lock.Enter();
        bool isReadable = UserMemory.TryReadWord(process, address, out uint current);
        bool waits = isReadable && current == expected;
        if (waits)
            process.Futexes.Add(thread.Index, address, bits);
        process.Lock.Exit();
        if (!waits)
            return Error(isReadable ? Errno.EAGAIN : Errno.EFAULT);
        WaitResult result = WaitResult.Woken;
        bool isWaiting = true;
        while (isWaiting)
        {
            if (result == WaitResult.Woken)
                result = thread.Wait(until);
            process.Lock.Enter();
            isWaiting = process.Futexes.IsWaiting(thread.Index);
            if (isWaiting && result != WaitResult.Woken)
                process.Futexes.Remove(thread.Index);
            process.Lock.Exit();
            if (!isWaiting)
                return 0;
            if (result != WaitResult.Woken)
                break;
        }
        if (result == WaitResult.TimedOut)
            return Error(Errno.ETIMEDOUT);
        thread.IsRestarting = timeout == 0;
        return Error(Errno.EINTR);
    }
}
