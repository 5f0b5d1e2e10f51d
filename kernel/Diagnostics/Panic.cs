using System;
using System.Diagnostics.CodeAnalysis;
using System.Threading;
using HyperOS.Core;
using HyperOS.Platform;

namespace HyperOS.Diagnostics;

/// <summary>What a panic needs of the machine: silence from the other processors, and a restart.</summary>
public abstract class PanicActions
{
    /// <summary>Stops every other processor, whatever it does.</summary>
    public abstract void StopOthers();

    /// <summary>What else there is to tell, after the backtrace.</summary>
    public abstract void Report();

    /// <summary>Restarts the machine; does not return.</summary>
    public abstract void Reboot();
}

/// <summary>
/// The end of the host: one report, then a restart. A guest must never come here. The `  at 0x…` lines are what tools/Symboliser turns into
/// methods and lines.
/// </summary>
public static class Panic
{
    private const int MaximumFrames = 40;

    private static int s_panicking;
    private static PanicActions? s_actions;
    private static StackBounds? s_stacks;

    /// <summary>Whether the machine restarts after the report; false with the host's `panic=halt`.</summary>
    public static bool Restarts { get; set; } = true;

    /// <summary>Seconds between the report and the restart; the host's `panic=` option.</summary>
    public static uint RebootDelaySeconds { get; set; } = 5;

    /// <summary>Set from the moment on that a processor reports.</summary>
    public static bool IsActive => Volatile.Read(ref s_panicking) != 0;

    public static void Install(PanicActions actions) => s_actions = actions;

    public static void Install(StackBounds stacks) => s_stacks = stacks;

    /// <summary>Reports from where it is called.</summary>
    [DoesNotReturn]
    public static void Stop(scoped LogLine reason) =>
        Stop(reason, Cpu.InstructionPointer(), Cpu.StackPointer(), Cpu.FramePointer());

    /// <summary>Reports a state that an exception or a failed check left behind.</summary>
    [DoesNotReturn]
    public static void Stop(scoped LogLine reason, ulong rip, ulong rsp, ulong rbp)
    {
        Cpu.DisableInterrupts();
        int self = Processor.Current.Index + 1;
        int first = Interlocked.CompareExchange(ref s_panicking, self, 0);
        if (first == self)
            End(); // the report itself failed
        if (first != 0)
            Cpu.Stop();
        s_actions?.StopOthers();
        uint held = Processor.Current.HeldLocks;
        Log.GoDirect();
        Log.WriteRaw($"panic: {reason}");
        Log.WriteRaw($"  processor {Processor.Current.Index}, rip 0x{rip:x16}, rsp 0x{rsp:x16}, interrupt depth {Processor.Current.InterruptDepth}");
        for (LockRank rank = LockRank.VirtualMachines; rank <= LockRank.Log; rank++)
        {
            if ((held >> (int)rank & 1) != 0)
                Log.WriteRaw($"  holds a lock of rank {KernelLock.Name(rank)}");
        }
        Trace(rip, rsp, rbp);
        s_actions?.Report();
        if (!Restarts)
            Log.WriteRaw($"  halted");
        else if (RebootDelaySeconds != 0)
            Log.WriteRaw($"  restart in {RebootDelaySeconds} s");
        Log.Complete();
        End();
    }

    [DoesNotReturn]
    private static void End()
    {
        if (Restarts)
        {
            Clock.Delay(RebootDelaySeconds * 1_000_000_000ul);
            s_actions?.Reboot();
        }
        Cpu.Stop();
        while (true) { }
    }

    /// <summary>Writes the return addresses on the stack, innermost first.</summary>
    public static void Trace(ulong rip, ulong rsp, ulong rbp)
    {
        HostVirtualAddress bottom = KernelImage.BootStackBottom, top = KernelImage.BootStackTop;
        s_stacks?.Find(rsp, out bottom, out top);
        StackUnwinder unwinder = new(rip, rsp, rbp, bottom, top);
        for (int i = 0; i < MaximumFrames; i++)
        {
            Log.WriteRaw($"  at 0x{unwinder.InstructionPointer:x16}");
            if (!unwinder.TryStep())
                break;
        }
    }
}

/// <summary>Knows which stack an address lies on, so that the unwinder never reads outside it.</summary>
public abstract class StackBounds
{
    public abstract void Find(ulong address, out HostVirtualAddress bottom, out HostVirtualAddress top);
}
