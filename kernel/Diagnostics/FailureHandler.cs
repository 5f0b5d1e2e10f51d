using System;
using System.Runtime.InteropServices;
using HyperOS.Platform;

namespace HyperOS.Diagnostics;

/// <summary>Where failed checks end: in the fault domain that the work belongs to, or in a panic when it is the host's own.</summary>
public static class FailureHandler
{
    [UnmanagedCallersOnly(EntryPoint = "KernelFailed")]
    private static void OnFailure(int kind, ulong rip, ulong rsp, ulong rbp) => Fail(Describe((FailureKind)kind), rip, rsp, rbp);

    /// <summary>Ends the current domain's work with a report; or the host's, outside a domain, in an interrupt, or holding a lock that is shared.</summary>
    public static void Fail(ReadOnlySpan<byte> what, ulong rip, ulong rsp, ulong rbp)
    {
        if (!IsContained)
            Panic.Stop($"{what}", rip, rsp, rbp);
        Report(what, rip, rsp, rbp);
        FaultDomain.Abandon();
    }

    /// <summary>The same for an exception. Contained, it is the return from the interrupt that leaves the domain.</summary>
    /// <param name="detail">The faulting address, or the error code.</param>
    public static void Fail(ReadOnlySpan<byte> what, ref InterruptFrame frame, ulong detail)
    {
        if (!IsContained)
            Panic.Stop($"{what}, 0x{detail:x}", frame.Rip, frame.Rsp, frame.Rbp);
        Report(what, frame.Rip, frame.Rsp, frame.Rbp);
        FaultDomain.AbandonFrom(ref frame);
    }

    private static bool IsContained
    {
        get
        {
            Processor processor = Processor.Current;
            return FaultDomain.IsActive && processor.InterruptDepth == 0 && processor.HeldLocks == 0;
        }
    }

    private static void Report(ReadOnlySpan<byte> what, ulong rip, ulong rsp, ulong rbp)
    {
        Log.Write("fault"u8, $"{what}, rip 0x{rip:x16}");
        Panic.Trace(rip, rsp, rbp);
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
        FailureKind.OutOfMemory => "out of kernel memory"u8,
        FailureKind.UnhandledThrow => "throw"u8,
        FailureKind.UnmatchedSwitch => "unmatched switch"u8,
        FailureKind.InvalidProgram => "code that the compiler removed was reached"u8,
        _ => "fail fast"u8,
    };
}
