using System;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Specs.X86;
using HyperOS.Userworld;

namespace HyperOS.Processes;

/// <summary>Signals into handlers and back: the frame on the thread's stack, rt_sigreturn. On the thread that gets them.</summary>
internal static class SignalDelivery
{
    // Below a stack pointer that a function without a frame may use: System V ABI, AMD64 supplement, "The Stack Frame".
    private const ulong RedZone = 128;
    private const int ExtendedAlignment = 64;

    /// <summary>Delivers what waits and is not held back.</summary>
    public static void Deliver(UserThread thread)
    {
        Process process = thread.Process;
        while ((thread.Pending & ~thread.Mask) is var ready and not 0 && !process.IsEnding)
        {
            Signal signal = SignalSet.First(ready);
            thread.Forget(signal);
            Deliver(thread, signal, SignalCode.SI_TKILL, Process.Id, isFault: false);
        }
        Restart(thread);
    }

    // The system call that was interrupted is done again, if it may be.
    private static void Restart(UserThread thread)
    {
        const int CallLength = 2;
        if (!thread.IsRestarting)
            return;
        thread.IsRestarting = false;
        thread.Frame.Rip = unchecked(thread.Frame.Rip - CallLength);
        thread.Frame.Rax = (ulong)thread.Call;
    }

    /// <summary>An exception of ring 3's other than a page fault becomes a signal.</summary>
    public static void Raise(UserThread thread, ExceptionVector vector)
    {
        ulong rip = thread.Frame.Rip;
        switch (vector)
        {
            case ExceptionVector.DE:
                Raise(thread, Signal.SIGFPE, SignalCode.FPE_INTDIV, rip);
                break;
            case ExceptionVector.MF or ExceptionVector.XF:
                Raise(thread, Signal.SIGFPE, SignalCode.FPE_FLTINV, rip);
                break;
            case ExceptionVector.UD:
                Raise(thread, Signal.SIGILL, SignalCode.ILL_ILLOPN, rip);
                break;
            case ExceptionVector.AC:
                Raise(thread, Signal.SIGBUS, SignalCode.BUS_ADRALN, 0);
                break;
            case ExceptionVector.SS:
                Raise(thread, Signal.SIGBUS, SignalCode.SI_KERNEL, 0);
                break;
            case ExceptionVector.DB:
                Raise(thread, Signal.SIGTRAP, SignalCode.TRAP_TRACE, rip);
                break;
            default:
                Raise(thread, Signal.SIGSEGV, SignalCode.SI_KERNEL, 0);
                break;
        }
    }

    /// <summary>A signal that the thread has caused itself: if it does not catch it, or holds it back, the process ends.</summary>
    public static void Raise(UserThread thread, Signal signal, SignalCode code, ulong address)
    {
        if (!thread.Process.Actions[(int)signal].IsCaught || (thread.Mask & SignalSet.Of(signal)) != 0)
            Kill(thread, signal);
        else
            Deliver(thread, signal, code, address, isFault: true);
    }

    /// <summary>rt_sigreturn: registers, extended state, mask and alternate stack as the frame has them.</summary>
    public static void Return(UserThread thread)
    {
        Process process = thread.Process;
        ref InterruptFrame registers = ref thread.Frame;
        Span<byte> bytes = stackalloc byte[SignalFrame.Size];
        bool isReadable = UserMemory.TryRead(process, unchecked(registers.Rsp - sizeof(ulong)), bytes);
        SignalFrame frame = SignalFrame.Read(bytes);
        if (!isReadable || frame.ExtendedState != 0 && !TryTakeExtendedState(thread, frame.ExtendedState))
        {
            Raise(thread, Signal.SIGSEGV, SignalCode.SI_KERNEL, 0);
            return;
        }
        ToFrame(in frame.Registers, ref registers);
        thread.Mask = frame.Mask & ~SignalSet.Unblockable;
        if (IsStack(in frame.Stack))
            thread.AlternateStack = frame.Stack with { Flags = 0 };
    }

    /// <summary>Whether what a process says of an alternate stack is one.</summary>
    public static bool IsStack(in AlternateStack stack) => (stack.Flags & AlternateStack.Disabled) == 0 && stack.Length >= AlternateStack.MinimumLength;

    // Bytes of the extended state in a frame, with what stands behind it.
    private static int ExtendedLength => ExtendedStates.HasXsave ? (int)ExtendedStates.Length + ExtendedFrame.TrailerLength : ExtendedFrame.LegacyLength;

    private static ulong Components => ExtendedStates.HasXsave ? (ulong)ExtendedStates.Supported : 0;

    /// <summary>Bytes of a signal's frame, extended state included: AT_MINSIGSTKSZ.</summary>
    public static ulong FrameLength => (ulong)(SignalFrame.Size + ExtendedLength + ExtendedAlignment + 16);

    private static void Deliver(UserThread thread, Signal signal, SignalCode code, ulong subject, bool isFault)
    {
        FaultPoint.Hit(FaultPlace.Signal);
        Process process = thread.Process;
        SignalAction action = process.Actions[(int)signal];
        if (!action.IsCaught)
        {
            if (action.Handler != SignalAction.Ignore && !SignalSet.IsIgnoredByDefault(signal))
                Kill(thread, signal);
            return;
        }
        if ((action.Flags & SignalActionFlags.SA_RESTORER) == 0 || !TryPush(thread, signal, code, subject, in action, isFault))
        {
            Kill(thread, Signal.SIGSEGV);
            return;
        }
        thread.Mask |= action.Mask & ~SignalSet.Unblockable;
        if ((action.Flags & SignalActionFlags.SA_NODEFER) == 0)
            thread.Mask |= SignalSet.Of(signal);
        if ((action.Flags & SignalActionFlags.SA_RESETHAND) != 0)
            process.Actions[(int)signal].Handler = SignalAction.Default;
    }

    private static bool TryPush(UserThread thread, Signal signal, SignalCode code, ulong subject, in SignalAction action, bool isFault)
    {
        ref InterruptFrame registers = ref thread.Frame;
        AlternateStack alternate = thread.AlternateStack;
        bool isOnAlternate = alternate.Holds(registers.Rsp);
        ulong stack = unchecked(registers.Rsp - RedZone);
        if ((action.Flags & SignalActionFlags.SA_ONSTACK) != 0 && alternate.Length != 0 && !isOnAlternate)
            stack = unchecked(alternate.Start + alternate.Length);
        ulong extended = Alignment.Down(unchecked(stack - (ulong)ExtendedLength), ExtendedAlignment);
        ulong at = SignalFrame.Place(extended);
        SignalFrame frame = new()
        {
            Restorer = action.Restorer,
            HasXsave = ExtendedStates.HasXsave,
            Stack = alternate with { Flags = alternate.Length == 0 ? AlternateStack.Disabled : isOnAlternate ? AlternateStack.OnStack : 0 },
            ErrorCode = isFault ? registers.ErrorCode : 0,
            TrapNumber = isFault ? registers.Vector : 0,
            FaultAddress = isFault ? thread.Context.FaultAddress : 0,
            ExtendedState = extended,
            Mask = thread.Mask,
            Signal = signal,
            Code = code,
            Subject = subject,
        };
        if ((action.Flags & SignalActionFlags.SA_RESTART) != 0)
            Restart(thread);
        thread.IsRestarting = false;
        FromFrame(in registers, ref frame.Registers);
        Span<byte> bytes = stackalloc byte[SignalFrame.Size];
        frame.Write(bytes);
        if (!TryGiveExtendedState(thread, extended) || !UserMemory.TryWrite(thread.Process, at, bytes))
            return false;
        registers.Rip = action.Handler;
        registers.Rsp = at;
        registers.Rdi = (ulong)signal;
        registers.Rsi = at + SignalFrame.InfoOffset;
        registers.Rdx = at + SignalFrame.ContextOffset;
        registers.Rax = 0;
        registers.Rflags &= ~(ulong)(Rflags.DF | Rflags.RF | Rflags.TF);
        return true;
    }

    private static bool TryGiveExtendedState(UserThread thread, ulong address)
    {
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        Span<byte> area = ExtendedStates.Store(thread);
        Cpu.RestoreInterrupts(interrupts);
        ExtendedFrame.Seal(area, (int)ExtendedStates.Length, Components, thread.Context.Xmm);
        return UserMemory.TryWrite(thread.Process, address, area.Slice(0, ExtendedLength));
    }

    // The area is the thread's own frame, which the processor loads from when the thread goes on. What is refused is nowhere then: it begins anew.
    private static bool TryTakeExtendedState(UserThread thread, ulong address)
    {
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        Span<byte> area = ExtendedStates.Store(thread);
        ExtendedStates.Release(thread);
        Cpu.RestoreInterrupts(interrupts);
        thread.Reload();
        bool taken = UserMemory.TryRead(thread.Process, address, area.Slice(0, ExtendedLength)) && ExtendedFrame.TryOpen(area, Components, thread.Context.Xmm);
        if (!taken)
            ExtendedStates.Reset(thread.ExtendedState);
        return taken;
    }

    private static void Kill(UserThread thread, Signal signal)
    {
        Process process = thread.Process;
        if (!process.IsEnding)
        {
            ref InterruptFrame frame = ref thread.Frame;
            Log.Write(process.Slot.Room, $"signal {(int)signal}, not caught: rip 0x{frame.Rip:x}, rsp 0x{frame.Rsp:x}, address 0x{thread.Context.FaultAddress:x}");
        }
        process.End(ProcessEnd.Signal, (int)signal);
    }

    private static void FromFrame(in InterruptFrame from, ref UserRegisters to)
    {
        to.R8 = from.R8;
        to.R9 = from.R9;
        to.R10 = from.R10;
        to.R11 = from.R11;
        to.R12 = from.R12;
        to.R13 = from.R13;
        to.R14 = from.R14;
        to.R15 = from.R15;
        to.Rdi = from.Rdi;
        to.Rsi = from.Rsi;
        to.Rbp = from.Rbp;
        to.Rbx = from.Rbx;
        to.Rdx = from.Rdx;
        to.Rax = from.Rax;
        to.Rcx = from.Rcx;
        to.Rsp = from.Rsp;
        to.Rip = from.Rip;
        to.Rflags = from.Rflags;
    }

    private static void ToFrame(in UserRegisters from, ref InterruptFrame to)
    {
        to.R8 = from.R8;
        to.R9 = from.R9;
        to.R10 = from.R10;
        to.R11 = from.R11;
        to.R12 = from.R12;
        to.R13 = from.R13;
        to.R14 = from.R14;
        to.R15 = from.R15;
        to.Rdi = from.Rdi;
        to.Rsi = from.Rsi;
        to.Rbp = from.Rbp;
        to.Rbx = from.Rbx;
        to.Rdx = from.Rdx;
        to.Rax = from.Rax;
        to.Rcx = from.Rcx;
        to.Rsp = from.Rsp;
        to.Rip = from.Rip;
        to.Rflags = from.Rflags;
    }
}
