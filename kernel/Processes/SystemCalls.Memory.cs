using System;
using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Userworld;

namespace HyperOS.Processes;

internal static partial class SystemCalls
{
    private const ulong MapShared = 0x01, MapPrivate = 0x02, MapFixed = 0x10, MapAnonymous = 0x20, MapNoReserve = 0x4000, MapStack = 0x2_0000;
    private const ulong MapFixedNoReplace = 0x10_0000;
    private const ulong AdviceDontNeed = 4, AdviceFree = 8;
    private const ulong BarrierQuery = 0, BarrierPrivateExpedited = 1 << 3, BarrierRegisterPrivateExpedited = 1 << 4;

    // Anonymous memory alone. Shared memory is as private one: nobody is there to share it with.
    private static long Map(Process process, ulong address, ulong length, ulong protection, ulong flags, ulong file)
    {
        const ulong Known = MapShared | MapPrivate | MapFixed | MapAnonymous | MapNoReserve | MapStack | MapFixedNoReplace;
        if (length == 0 || (flags & ~Known) != 0 || (flags & (MapShared | MapPrivate)) is not (MapShared or MapPrivate))
            return Error(Errno.EINVAL);
        if ((flags & MapAnonymous) == 0)
            return Error(file <= int.MaxValue && TryPeek(process, file) ? Errno.ENODEV : Errno.EBADF);
        if (!TryReadProtection(protection, out MemoryProtection wanted, out Errno refusal))
            return Error(refusal);
        if (length > Process.StackTop)
            return Error(Errno.ENOMEM);
        length = Alignment.Up(length, Size.Page);
        bool isFixed = (flags & (MapFixed | MapFixedNoReplace)) != 0;
        if (isFixed && !Alignment.IsAligned(address, Size.Page))
            return Error(Errno.EINVAL);
        process.Lock.Enter();
        long result = Place(process, address, length, wanted, flags);
        process.Lock.Exit();
        return result;
    }

    private static long Place(Process process, ulong address, ulong length, MemoryProtection protection, ulong flags)
    {
        MemoryMap map = process.Map;
        ulong start = Alignment.Down(address, Size.Page);
        if ((flags & (MapFixed | MapFixedNoReplace)) != 0)
        {
            // What is below or above what a process may have is refused as Linux refuses addresses that are too low.
            if (!map.IsValid(start, length))
                return Error(start >= UserMode.AddressLimit || length > UserMode.AddressLimit - start ? Errno.ENOMEM : Errno.EPERM);
            if ((flags & MapFixedNoReplace) != 0 && !map.IsFree(start, start + length))
                return Error(Errno.EEXIST);
            if (!map.TryRemove(start, start + length))
                return Error(Errno.ENOMEM);
            process.Tables.Unmap(start, start + length);
        }
        else if ((start == 0 || !map.IsValid(start, length) || !map.IsFree(start, start + length)) && !map.TryFindGap(length, out start))
        {
            return Error(Errno.ENOMEM);
        }
        MemoryArea area = new() { Start = start, End = start + length, Protection = protection };
        return map.TryAdd(in area) ? (long)start : Error(Errno.ENOMEM);
    }

    private static long Unmap(Process process, ulong address, ulong length)
    {
        if (!TryReadRange(process, address, length, out ulong end))
            return Error(Errno.EINVAL);
        process.Lock.Enter();
        bool removed = process.Map.TryRemove(address, end);
        if (removed)
            process.Tables.Unmap(address, end);
        process.Lock.Exit();
        return removed ? 0 : Error(Errno.ENOMEM);
    }

    private static long Protect(Process process, ulong address, ulong length, ulong protection)
    {
        if (!Alignment.IsAligned(address, Size.Page))
            return Error(Errno.EINVAL);
        if (length == 0)
            return 0;
        if (!TryReadRange(process, address, length, out ulong end))
            return Error(Errno.ENOMEM);
        if (!TryReadProtection(protection, out MemoryProtection wanted, out Errno refusal))
            return Error(refusal);
        process.Lock.Enter();
        bool done = process.Map.IsMapped(address, end) && process.Map.TryProtect(address, end, wanted);
        if (done)
            process.Tables.Protect(address, end, Process.AccessOf(wanted));
        process.Lock.Exit();
        return done ? 0 : Error(Errno.ENOMEM);
    }

    // Pages are given back, and begin anew. Other advice asks for nothing that the kernel does.
    private static long Advise(Process process, ulong address, ulong length, ulong advice)
    {
        if (!Alignment.IsAligned(address, Size.Page) || advice is not (AdviceDontNeed or AdviceFree))
            return Error(Errno.EINVAL);
        if (length == 0)
            return 0;
        if (!TryReadRange(process, address, length, out ulong end))
            return Error(Errno.ENOMEM);
        process.Lock.Enter();
        bool isMapped = process.Map.IsMapped(address, end);
        process.Tables.Unmap(address, end);
        process.Lock.Exit();
        return isMapped ? 0 : Error(Errno.ENOMEM);
    }

    // An interrupt of every processor is a barrier on each.
    private static long Barrier(Process process, ulong command, ulong flags)
    {
        if (flags != 0)
            return Error(Errno.EINVAL);
        switch (command)
        {
            case BarrierQuery:
                return (long)(BarrierPrivateExpedited | BarrierRegisterPrivateExpedited);
            case BarrierRegisterPrivateExpedited:
                process.HasBarrier = true;
                return 0;
            case BarrierPrivateExpedited when !process.HasBarrier:
                return Error(Errno.EPERM);
            case BarrierPrivateExpedited:
                KernelAddressSpace.Invalidate(default, 0);
                return 0;
            default:
                return Error(Errno.EINVAL);
        }
    }

    private static bool TryReadProtection(ulong value, out MemoryProtection protection, out Errno refusal)
    {
        protection = (MemoryProtection)(value & (ulong)(MemoryProtection.Read | MemoryProtection.Write | MemoryProtection.Execute));
        bool isUnsafe = (protection & (MemoryProtection.Write | MemoryProtection.Execute)) == (MemoryProtection.Write | MemoryProtection.Execute);
        refusal = value != (ulong)protection ? Errno.EINVAL : isUnsafe ? Errno.EACCES : Errno.None;
        return refusal == Errno.None;
    }

    // A range of whole pages that a process may have mapped.
    private static bool TryReadRange(Process process, ulong address, ulong length, out ulong end)
    {
        end = 0;
        if (length > UserMode.AddressLimit)
            return false;
        length = Alignment.Up(length, Size.Page);
        if (!process.Map.IsValid(address, length))
            return false;
        end = address + length;
        return true;
    }
}
