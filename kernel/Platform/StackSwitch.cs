using System.Runtime;
using System.Runtime.CompilerServices;

namespace HyperOS.Platform;

/// <summary>The one way from a thread to the next.</summary>
public static unsafe class StackSwitch
{
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "SwitchStack")]
    private static extern void SwitchStack(ulong* saveTo, ulong resumeFrom);

    /// <summary>Keeps the calling thread's stack pointer in <paramref name="saveTo"/> and goes on where <paramref name="resumeFrom"/> was kept.</summary>
    public static void Switch(ref ulong saveTo, ulong resumeFrom)
    {
        fixed (ulong* location = &saveTo)
            SwitchStack(location, resumeFrom);
    }
}
