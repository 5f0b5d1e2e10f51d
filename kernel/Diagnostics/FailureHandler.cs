using System;
using HyperOS.Core;
using HyperOS.Platform;

namespace HyperOS.Diagnostics;

/// <summary>
/// Where failed checks and exceptions end: in the fault domain that the work belongs to, or in a panic when they are the host's own. On the
/// interrupt stack for faults.
/// </summary>
public static class FailureHandler
{
    /// <summary>A check of compiled code has failed; the frame is KernelFail's in Runtime.asm.</summary>
    public static void FailCheck(ref InterruptFrame frame)
    {
        frame.Rip = frame.Rsi;
        Fail($"{Describe((FailureKind)frame.Rdi)}", ref frame);
    }

    /// <summary>Ends the current domain's work with a report: it is the return from the interrupt that leaves the domain. Without one, ends the host's.</summary>
    public static void Fail(scoped LogLine what, ref InterruptFrame frame)
    {
        Processor processor = Processor.Current;
        processor.SwapFaultStacks();
        if (!FaultDomain.TryFind(out FaultDomain? domain))
            Panic.Stop(what, frame.Rip, frame.Rsp, frame.Rbp);
        // A fault in the report would be the host's: interrupt handlers have no domain.
        processor.InterruptDepth++;
        FaultPoint.Hit(FaultPlace.FaultReport);
        Log.Write(domain!.Room, $"fault: {what}, rip 0x{frame.Rip:x16}");
        Panic.Trace(frame.Rip, frame.Rsp, frame.Rbp);
        processor.InterruptDepth--;
        processor.SwapFaultStacks();
        FaultDomain.AbandonFrom(ref frame);
    }

    private static ReadOnlySpan<byte> Describe(FailureKind kind) => kind switch
    {
        FailureKind.IndexOutOfRange => "index out of range"u8,
        FailureKind.ArgumentOutOfRange => "slice out of range"u8,
        FailureKind.Overflow => "arithmetic overflow"u8,
        FailureKind.DivideByZero => "division by zero"u8,
        FailureKind.NullReference => "null reference"u8,
        FailureKind.InvalidCast => "invalid cast"u8,
        FailureKind.ArrayTypeMismatch => "array type mismatch"u8,
        FailureKind.OutOfMemory => "too little memory for a kernel object"u8,
        FailureKind.UnhandledThrow => "throw"u8,
        FailureKind.UnmatchedSwitch => "unmatched switch"u8,
        FailureKind.InvalidProgram => "code that the compiler removed was reached"u8,
        _ => "fail fast"u8,
    };
}
