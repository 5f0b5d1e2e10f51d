using System;
using HyperOS.Core;
using HyperOS.Userworld;

namespace HyperOS.Processes;

internal static partial class SystemCalls
{
    private const ulong SetBytes = sizeof(ulong);
    private const ulong HowBlock = 0, HowUnblock = 1, HowSet = 2;

    private static long SetAction(Process process, ulong number, ulong action, ulong old, ulong length)
    {
        if (length != SetBytes || number is 0 or > (ulong)Signal.Last)
            return Error(Errno.EINVAL);
        bool isFixed = (SignalSet.Of((Signal)number) & SignalSet.Unblockable) != 0;
        if (isFixed && action != 0)
            return Error(Errno.EINVAL);
        Span<byte> bytes = stackalloc byte[SignalAction.Size];
        SignalAction wanted = default;
        if (action != 0)
        {
            if (!UserMemory.TryRead(process, action, bytes))
                return Error(Errno.EFAULT);
            LittleEndianReader reader = new(bytes);
            wanted.Handler = reader.ReadUInt64();
            wanted.Flags = (SignalActionFlags)reader.ReadUInt64() & SignalActionFlags.Supported; // as Linux does: what is not known is not set
            wanted.Restorer = reader.ReadUInt64();
            wanted.Mask = reader.ReadUInt64() & ~SignalSet.Unblockable;
        }
        process.Lock.Enter();
        SignalAction before = process.Actions[(int)number];
        if (action != 0)
            process.Actions[(int)number] = wanted;
        process.Lock.Exit();
        if (old == 0)
            return 0;
        LittleEndianWriter writer = new(bytes);
        writer.WriteUInt64(before.Handler);
        writer.WriteUInt64((ulong)before.Flags);
        writer.WriteUInt64(before.Restorer);
        writer.WriteUInt64(before.Mask);
        return UserMemory.TryWrite(process, old, bytes) ? 0 : Error(Errno.EFAULT);
    }

    private static long SetMask(UserThread thread, ulong how, ulong set, ulong old, ulong length)
    {
        if (length != SetBytes)
            return Error(Errno.EINVAL);
        ulong before = thread.Mask;
        if (set != 0)
        {
            if (!UserMemory.TryRead(thread.Process, set, out ulong given))
                return Error(Errno.EFAULT);
            given &= ~SignalSet.Unblockable;
            if (how > HowSet)
                return Error(Errno.EINVAL);
            thread.Mask = how switch
            {
                HowBlock => before | given,
                HowUnblock => before & ~given,
                _ => given,
            };
        }
        return old == 0 || UserMemory.TryWrite(thread.Process, old, before) ? 0 : Error(Errno.EFAULT);
    }

    private static long SetAlternateStack(UserThread thread, ulong stack, ulong old)
    {
        Span<byte> bytes = stackalloc byte[AlternateStack.Size];
        AlternateStack before = thread.AlternateStack;
        bool isOnIt = before.Holds(thread.Frame.Rsp);
        if (stack != 0)
        {
            if (!UserMemory.TryRead(thread.Process, stack, bytes))
                return Error(Errno.EFAULT);
            LittleEndianReader reader = new(bytes);
            AlternateStack wanted = AlternateStack.Read(ref reader);
            if (isOnIt)
                return Error(Errno.EPERM);
            if ((wanted.Flags & ~AlternateStack.Disabled) is not (0 or AlternateStack.OnStack))
                return Error(Errno.EINVAL);
            if ((wanted.Flags & AlternateStack.Disabled) == 0 && wanted.Length < AlternateStack.MinimumLength)
                return Error(Errno.ENOMEM);
            thread.AlternateStack = (wanted.Flags & AlternateStack.Disabled) != 0 ? default : wanted with { Flags = 0 };
        }
        if (old == 0)
            return 0;
        before.Flags = before.Length == 0 ? AlternateStack.Disabled : isOnIt ? AlternateStack.OnStack : 0;
        LittleEndianWriter writer = new(bytes);
        before.Write(ref writer);
        return UserMemory.TryWrite(thread.Process, old, bytes) ? 0 : Error(Errno.EFAULT);
    }

    private static long Send(Process process, ulong group, ulong id, ulong number)
    {
        int to = unchecked((int)id);
        if (unchecked((int)group) <= 0 || to <= 0)
            return Error(Errno.EINVAL);
        if (unchecked((int)group) != Process.Id || !process.TryFindThread(to, out UserThread? thread))
            return Error(Errno.ESRCH);
        Signal signal = (Signal)Math.Min(number & uint.MaxValue, int.MaxValue);
        if (signal > Signal.Last || SignalSet.Stops(signal))
            return Error(Errno.EINVAL);
        if (signal == Signal.SIGKILL)
            process.End(ProcessEnd.Signal, (int)signal);
        else if (signal != Signal.None)
            thread!.Send(signal);
        return 0;
    }
}
