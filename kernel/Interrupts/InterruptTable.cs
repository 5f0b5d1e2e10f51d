using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Specs.X86;

namespace HyperOS.Interrupts;

/// <summary>Serves one interrupt vector; on the interrupted processor, with interrupts off. No waiting, no allocation.</summary>
public abstract class InterruptHandler
{
    public abstract void Handle();
}

/// <summary>Sends each vector to its handler, and exceptions to a fault domain or the panic report.</summary>
public sealed class InterruptTable : InterruptDispatcher
{
    private static readonly InterruptHandler?[] s_handlers = new InterruptHandler?[256];

    private InterruptTable() { }

    public static void Initialize() => Install(new InterruptTable());

    public static void SetHandler(int vector, InterruptHandler handler) => s_handlers[vector] = handler;

    /// <summary>A further handler for a vector that several devices share: each is asked each time.</summary>
    public static void AddHandler(int vector, InterruptHandler handler) =>
        s_handlers[vector] = s_handlers[vector] is { } first ? new SharedHandler(first, handler) : handler;

    /// <summary>Takes a vector of its own for a device's message; during start-up.</summary>
    /// <returns>False when there is none left.</returns>
    public static bool TryTakeVector(InterruptHandler handler, out int vector)
    {
        for (vector = Vectors.FirstDevice; vector <= Vectors.LastDevice; vector++)
        {
            if (s_handlers[vector] is null)
            {
                s_handlers[vector] = handler;
                return true;
            }
        }
        return false;
    }

    protected override void Dispatch(ref InterruptFrame frame)
    {
        int vector = (int)frame.Vector;
        if (vector <= Vectors.FailedCheck)
        {
            Synchronous(vector, ref frame);
            return;
        }
        if (s_handlers[vector] is { } handler)
        {
            Processor processor = Processor.Current;
            processor.InterruptDepth++;
            handler.Handle();
            processor.InterruptDepth--;
            LocalApic.EndOfInterrupt();
        }
        else if (vector != Vectors.Spurious)
        {
            LocalApic.EndOfInterrupt();
        }
        if (frame.IsUser)
            UserMode.Leave(ref frame);
    }

    // What the code itself has caused: exceptions, failed checks, system calls.
    private static void Synchronous(int vector, ref InterruptFrame frame)
    {
        if (frame.IsUser && (ExceptionVector)vector is not (ExceptionVector.NMI or ExceptionVector.DF or ExceptionVector.MC))
            UserMode.Leave(ref frame);
        else if (vector == Vectors.FailedCheck)
            FailureHandler.FailCheck(ref frame);
        else
            Exception((ExceptionVector)vector, ref frame);
    }

    private sealed class SharedHandler : InterruptHandler
    {
        private readonly InterruptHandler _first, _second;

        public SharedHandler(InterruptHandler first, InterruptHandler second)
        {
            _first = first;
            _second = second;
        }

        public override void Handle()
        {
            _first.Handle();
            _second.Handle();
        }
    }

    private static void Exception(ExceptionVector vector, ref InterruptFrame frame)
    {
        if (vector == ExceptionVector.NMI && Panic.IsActive)
            Cpu.Stop(); // another processor's panic sent it
        // Nothing can be said of the state that these leave behind: no domain contains them.
        if (vector is ExceptionVector.NMI or ExceptionVector.DF or ExceptionVector.MC)
            Panic.Stop($"{Name(vector)}", frame.Rip, frame.Rsp, frame.Rbp);
        if (vector == ExceptionVector.PF)
        {
            ulong address = ControlRegister.ReadCr2();
            ReadOnlySpan<byte> what = KernelStack.IsGuard(address) ? "stack overflow"u8 : address < Size.Page ? "null reference"u8 : "page fault"u8;
            FailureHandler.Fail($"{what}, 0x{address:x}", ref frame);
        }
        else
        {
            FailureHandler.Fail($"{Name(vector)}, 0x{frame.ErrorCode:x}", ref frame);
        }
    }

    private static ReadOnlySpan<byte> Name(ExceptionVector vector) => vector switch
    {
        ExceptionVector.DE => "division error"u8,
        ExceptionVector.UD => "invalid opcode"u8,
        ExceptionVector.DF => "double fault"u8,
        ExceptionVector.GP => "general protection fault"u8,
        ExceptionVector.MC => "machine check"u8,
        ExceptionVector.NMI => "non-maskable interrupt"u8,
        ExceptionVector.MF => "x87 fault"u8,
        ExceptionVector.XF => "SIMD fault"u8,
        _ => "exception"u8,
    };
}

/// <summary>Forgets translations on every processor by interrupting all the others and waiting until each has answered.</summary>
public sealed class ShootdownHandler : InterruptHandler
{
    private readonly Sender _sender = new();

    private ShootdownHandler() { }

    /// <summary>Call once the other processors run; before, there is nobody to tell.</summary>
    public static void Initialize()
    {
        ShootdownHandler handler = new();
        InterruptTable.SetHandler(Vectors.Shootdown, handler);
        KernelAddressSpace.Install(handler._sender);
    }

    public override void Handle() => _sender.Answer();

    private sealed class Sender : TlbShootdown
    {
        private SpinLock _lock;
        private HostVirtualAddress _start;
        private ulong _pages;
        private int _waiting;

        // Interrupts stay on while waiting, so that two senders can answer each other.
        public override void Invalidate(HostVirtualAddress start, ulong pages)
        {
            KernelAddressSpace.InvalidateHere(start, pages);
            if (Processors.Count == 1)
                return;
            _lock.Enter();
            _start = start;
            _pages = pages;
            Volatile.Write(ref _waiting, Processors.Count - 1);
            LocalApic.SendToOthers(Vectors.Shootdown);
            while (Volatile.Read(ref _waiting) != 0)
                Thread.SpinWait(1);
            _lock.Exit();
        }

        public void Answer()
        {
            KernelAddressSpace.InvalidateHere(_start, _pages);
            Interlocked.Decrement(ref _waiting);
        }
    }
}
