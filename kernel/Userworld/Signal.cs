using System;

namespace HyperOS.Userworld;

/// <summary>Signals by Linux's numbers; those from 32 to 64 are real-time signals without names.</summary>
public enum Signal
{
    None = 0,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGSEGV = 11,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
    SIGTTOU = 22,
    SIGURG = 23,
    SIGWINCH = 28,

    /// <summary>The highest.</summary>
    Last = 64,
}

/// <summary>Why a signal came: siginfo's si_code.</summary>
public enum SignalCode
{
    SI_TKILL = -6,
    SI_KERNEL = 0x80,
    SEGV_MAPERR = 1,
    SEGV_ACCERR = 2,
    FPE_INTDIV = 1,
    FPE_FLTINV = 7,
    ILL_ILLOPN = 2,
    BUS_ADRALN = 1,
    TRAP_TRACE = 2,
}

/// <summary>sigaction's SA_ flags.</summary>
[Flags]
public enum SignalActionFlags : ulong
{
    None = 0,
    SA_SIGINFO = 4,
    SA_RESTORER = 0x0400_0000,
    SA_ONSTACK = 0x0800_0000,
    SA_RESTART = 0x1000_0000,
    SA_NODEFER = 0x4000_0000,
    SA_RESETHAND = 0x8000_0000,

    /// <summary>What the kernel does. Others are not kept, as who asks for the action can see.</summary>
    Supported = SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND,
}

/// <summary>What a process wants done with a signal: the kernel's struct sigaction, 32 bytes.</summary>
public struct SignalAction
{
    public const int Size = 32;

    /// <summary>Handlers that are none: SIG_DFL and SIG_IGN.</summary>
    public const ulong Default = 0, Ignore = 1;

    public ulong Handler;
    public SignalActionFlags Flags;
    public ulong Restorer;

    /// <summary>Signals held back while the handler runs.</summary>
    public ulong Mask;

    /// <summary>Whether there is a handler to call.</summary>
    public readonly bool IsCaught => Handler > Ignore;
}

/// <summary>Sets of signals as Linux has them: bit n - 1 for signal n.</summary>
public static class SignalSet
{
    /// <summary>What cannot be caught, ignored or held back.</summary>
    public const ulong Unblockable = 1ul << (int)Signal.SIGKILL - 1 | 1ul << (int)Signal.SIGSTOP - 1;

    public static ulong Of(Signal signal) => 1ul << (int)signal - 1;

    /// <summary>Whether a signal that nobody catches does nothing.</summary>
    public static bool IsIgnoredByDefault(Signal signal) => signal is Signal.SIGCHLD or Signal.SIGCONT or Signal.SIGURG or Signal.SIGWINCH;

    /// <summary>Whether a signal would stop the process, which this kernel does not do: there is no job control.</summary>
    public static bool Stops(Signal signal) => signal is >= Signal.SIGSTOP and <= Signal.SIGTTOU;

    /// <summary>The one of a set that is delivered first: of faults' before others', then by number.</summary>
    public static Signal First(ulong set)
    {
        const ulong Synchronous = 1ul << (int)Signal.SIGSEGV - 1 | 1ul << (int)Signal.SIGBUS - 1 | 1ul << (int)Signal.SIGILL - 1
            | 1ul << (int)Signal.SIGTRAP - 1 | 1ul << (int)Signal.SIGFPE - 1;
        ulong candidates = (set & Synchronous) != 0 ? set & Synchronous : set;
        for (int signal = 1; signal <= (int)Signal.Last; signal++)
        {
            if ((candidates & Of((Signal)signal)) != 0)
                return (Signal)signal;
        }
        return Signal.None;
    }
}
