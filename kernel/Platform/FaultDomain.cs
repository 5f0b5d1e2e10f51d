using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HyperOS.Platform;

/// <summary>Where a fault goes back to: the stack pointer that EnterFaultDomain in Runtime.asm saved, and the domain around this one.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FaultDomainRecord
{
    public ulong StackPointer;
    public FaultDomainRecord* Outer;
}

/// <summary>Work done for a guest: a failed check inside <see cref="Run"/> ends the work, not the host. `finally` does not run on that way.</summary>
public abstract unsafe class FaultDomain
{
    /// <summary>The work.</summary>
    protected abstract void Run();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "EnterFaultDomain")]
    private static extern int Enter(FaultDomainRecord* record, FaultDomain target);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "LeaveFaultDomain")]
    private static extern void Leave(FaultDomainRecord* record);

    [UnmanagedCallersOnly(EntryPoint = "KernelRunInDomain")]
    private static void Start(nint target) => Unsafe.As<nint, FaultDomain>(ref target).Run();

    /// <returns>False if the work ended in a fault.</returns>
    public bool TryRun()
    {
        FaultDomainRecord record = default;
        record.Outer = Processor.Block->FaultDomain;
        Processor.Block->FaultDomain = &record;
        bool completed = Enter(&record, this) != 0;
        Processor.Block->FaultDomain = record.Outer;
        return completed;
    }

    /// <summary>Whether a fault now would end a domain's work rather than the host.</summary>
    public static bool IsActive => Processor.Block->FaultDomain != null;

    /// <summary>Returns to the innermost domain's <see cref="TryRun"/>. Call only when <see cref="IsActive"/>.</summary>
    public static void Abandon() => Leave(Processor.Block->FaultDomain);

    /// <summary>Makes the return from an exception lead to the innermost domain's <see cref="TryRun"/>.</summary>
    public static void AbandonFrom(ref InterruptFrame frame)
    {
        frame.Rip = KernelImage.LeaveFaultDomain;
        frame.Rdi = (ulong)Processor.Block->FaultDomain;
    }

    /// <summary>The domain belongs to the thread: Scheduling swaps it when it switches threads.</summary>
    public static nint Exchange(nint domain)
    {
        nint current = (nint)Processor.Block->FaultDomain;
        Processor.Block->FaultDomain = (FaultDomainRecord*)domain;
        return current;
    }
}
