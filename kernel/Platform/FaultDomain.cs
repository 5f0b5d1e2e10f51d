using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HyperOS.Platform;

/// <summary>Where a fault goes back to: the stack pointer that EnterFaultDomain in Runtime.asm saved, and what the processor was like then.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FaultDomainRecord
{
    public ulong StackPointer;
    public FaultDomainRecord* Outer;
    public void* Domain;
    public void* Arena;
    public uint HeldLocks;
    public bool InterruptsEnabled;
}

/// <summary>
/// Work done for somebody, a guest as a rule: a failed check inside <see cref="Run"/> ends the work, not the host. `finally` does not run on
/// that way. What several share is changed in two steps: everything is checked first, then comes a commit that cannot fail.
/// </summary>
public abstract unsafe class FaultDomain
{
    /// <summary>Who is charged, as the log names him: "vm NAME".</summary>
    public abstract ReadOnlySpan<byte> Room { get; }

    /// <summary>The work.</summary>
    protected abstract void Run();

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "EnterFaultDomain")]
    private static extern int Enter(FaultDomainRecord* record, FaultDomain target);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "LeaveFaultDomain")]
    private static extern void Leave(FaultDomainRecord* record);

    [UnmanagedCallersOnly(EntryPoint = "KernelRunInDomain")]
    private static void Start(nint target) => Unsafe.As<nint, FaultDomain>(ref target).Run();

    /// <summary>Does the work. However it ends, interrupts and the arena of `new` are as before.</summary>
    /// <returns>False if the work ended in a fault.</returns>
    public bool TryRun()
    {
        FaultDomain self = this;
        ProcessorBlock* block = Processor.Block;
        FaultDomainRecord record = new()
        {
            Outer = block->FaultDomain,
            Domain = (void*)Unsafe.As<FaultDomain, nint>(ref self),
            Arena = block->Arena,
            HeldLocks = Processor.Current.HeldLocks,
            InterruptsEnabled = Cpu.InterruptsEnabled,
        };
        block->FaultDomain = &record;
        bool completed = Enter(&record, this) != 0;
        block = Processor.Block;
        block->FaultDomain = record.Outer;
        if (!completed)
        {
            block->Arena = record.Arena;
            if (record.InterruptsEnabled)
                Cpu.EnableInterrupts();
            else
                Cpu.DisableInterrupts();
        }
        return completed;
    }

    /// <summary>The innermost domain that the calling thread is in, whatever it is doing there.</summary>
    public static FaultDomain? Current => Processor.Block->FaultDomain == null ? null : DomainOf(Processor.Block->FaultDomain);

    /// <summary>
    /// The domain whose work would end with a fault now. There is none in an interrupt handler, nor while a <see cref="KernelLock"/> is held that
    /// was taken inside: what it guards is the host's, and perhaps half changed.
    /// </summary>
    public static bool TryFind(out FaultDomain? domain)
    {
        Processor processor = Processor.Current;
        FaultDomainRecord* record = Processor.Block->FaultDomain;
        bool found = record != null && processor.InterruptDepth == 0 && processor.HeldLocks == record->HeldLocks;
        domain = found ? DomainOf(record) : null;
        return found;
    }

    /// <summary>Ends the work of the innermost domain from within. A host that is in none, or may not leave it, fails.</summary>
    public static void Abandon()
    {
        if (!TryFind(out _))
            Failure.Fail(FailureKind.FailFast);
        Leave(Processor.Block->FaultDomain);
    }

    /// <summary>Makes the return from an exception lead to the innermost domain's <see cref="TryRun"/>. Only where <see cref="TryFind"/> finds it.</summary>
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

    private static FaultDomain DomainOf(FaultDomainRecord* record) => Unsafe.As<nint, FaultDomain>(ref *(nint*)&record->Domain);
}
