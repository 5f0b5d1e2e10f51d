using System;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Platform;
using HyperOS.Userworld;

namespace HyperOS.Processes;

/// <summary>
/// What a process may ask of the kernel, by Linux's rules: arguments in RDI, RSI, RDX, R10, R8, R9, the number and the answer in RAX. One that is not here is
/// named in the log once and answered ENOSYS. docs/userworld.md has the table with the reason for each.
/// </summary>
internal static partial class SystemCalls
{
    private const ulong AtFdCwd = unchecked((ulong)-100L);

    /// <summary>Serves the call that the thread's registers hold.</summary>
    public static void Serve(UserThread thread)
    {
        ref InterruptFrame frame = ref thread.Frame;
        thread.Call = (SystemCall)frame.Rax;
        thread.IsRestarting = false;
        FaultPoint.Hit(FaultPlace.SystemCall);
        if (thread.Call == SystemCall.rt_sigreturn)
        {
            SignalDelivery.Return(thread);
            return;
        }
        long result = Do(thread, thread.Call, frame.Rdi, frame.Rsi, frame.Rdx, frame.R10, frame.R8, frame.R9);
        thread.Frame.Rax = unchecked((ulong)result);
    }

    private static long Do(UserThread thread, SystemCall call, ulong a, ulong b, ulong c, ulong d, ulong e, ulong f) => call switch
    {
        SystemCall.read => Read(thread, a, b, c),
        SystemCall.write => Write(thread, a, b, c),
        SystemCall.pread64 => ReadAt(thread, a, b, c, d),
        SystemCall.pwrite64 => WriteAt(thread, a, b, c, d),
        SystemCall.close => Close(thread, a),
        SystemCall.fsync => Flush(thread, a),
        SystemCall.openat => Open(thread, a, b, c),
        SystemCall.stat => Status(thread, AtFdCwd, a, b, flags: 0),
        SystemCall.fstat => StatusOf(thread, a, b),
        SystemCall.newfstatat => Status(thread, a, b, c, d),
        SystemCall.mmap => Map(thread.Process, a, b, c, d, e),
        SystemCall.mprotect => Protect(thread.Process, a, b, c),
        SystemCall.munmap => Unmap(thread.Process, a, b),
        SystemCall.madvise => Advise(thread.Process, a, b, c),
        SystemCall.membarrier => Barrier(thread.Process, a, b),
        SystemCall.rt_sigaction => SetAction(thread.Process, a, b, c, d),
        SystemCall.rt_sigprocmask => SetMask(thread, a, b, c, d),
        SystemCall.sigaltstack => SetAlternateStack(thread, a, b),
        SystemCall.tgkill => Send(thread.Process, a, b, c),
        SystemCall.clone => Clone(thread, a, b, c, d, e),
        SystemCall.exit => Exit(thread, a),
        SystemCall.exit_group => ExitAll(thread, a),
        SystemCall.futex => Futex(thread, a, b, c, d, f),
        SystemCall.set_tid_address => SetClearAtExit(thread, a),
        SystemCall.arch_prctl => SetBase(thread, a, b),
        SystemCall.getpid => Process.Id,
        SystemCall.gettid => thread.Id,
        SystemCall.sched_yield => Yield(),
        SystemCall.sched_getaffinity => GetAffinity(thread, a, b, c),
        SystemCall.getcpu => GetProcessor(thread.Process, a, b),
        SystemCall.clock_gettime => GetTime(thread, a, b),
        SystemCall.clock_getres => GetResolution(thread.Process, a, b),
        SystemCall.clock_nanosleep => Sleep(thread, a, b, c, d),
        SystemCall.time => GetSeconds(thread.Process, a),
        SystemCall.uname => GetName(thread.Process, a),
        SystemCall.getrandom => GetRandom(thread.Process, a, b, c),
        _ => Unknown(thread.Process, (ulong)call),
    };

    private static long Error(Errno error) => -(long)error;

    // What is numbered higher than any that Linux has is one kind.
    private static long Unknown(Process process, ulong number)
    {
        ref bool isLogged = ref process.IsCallLogged[(int)Math.Min(number, (ulong)process.IsCallLogged.Length - 1)];
        if (!isLogged)
            Log.Write(process.Slot.Room, $"system call {number}: not implemented");
        isLogged = true;
        return Error(Errno.ENOSYS);
    }
}
