using System.Runtime.InteropServices;

namespace HyperOS.Platform;

/// <summary>What the stubs in Interrupts.asm push, then what the processor pushed. Changes are restored by the return from the interrupt.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct InterruptFrame
{
    public ulong R15, R14, R13, R12, R11, R10, R9, R8, Rbp, Rdi, Rsi, Rdx, Rcx, Rbx, Rax;
    public ulong Vector, ErrorCode;
    public ulong Rip, Cs, Rflags, Rsp, Ss;

    /// <summary>Ring 3 was interrupted, or called.</summary>
    public readonly bool IsUser => (Cs & 3) != 0;
}

/// <summary>Where interrupts and exceptions go once they are in C#. Interrupts has the one implementation.</summary>
public abstract class InterruptDispatcher
{
    /// <summary>What KernelFail in Runtime.asm raises: a failed check of compiled code. RDI is its FailureKind, RSI the code that it is in.</summary>
    public const int FailedCheckVector = 0x20;

    private static InterruptDispatcher? s_installed;

    /// <summary>Runs with interrupts disabled, on an <see cref="InterruptStack"/>.</summary>
    protected abstract void Dispatch(ref InterruptFrame frame);

    public static void Install(InterruptDispatcher dispatcher) => s_installed = dispatcher;

    [UnmanagedCallersOnly(EntryPoint = "KernelInterrupt")]
    private static unsafe void Enter(InterruptFrame* frame)
    {
        if (s_installed is null)
            Cpu.Stop();
        s_installed!.Dispatch(ref *frame);
    }
}
