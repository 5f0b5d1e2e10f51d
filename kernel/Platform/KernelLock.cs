using System;
using HyperOS.Core;

namespace HyperOS.Platform;

/// <summary>The order in which locks may be taken: a processor that holds one may only take one of a higher rank.</summary>
public enum LockRank
{
    VirtualMachines = 1,
    Switch,
    Devices,
    Scheduler,
    Handover,
    Timer,
    Pool,
    AddressSpace,
    Frames,
    Log,
}

/// <summary>A spinlock of the host: held with interrupts off, so that a handler may take it too. A fault while it is held is the host's.</summary>
public struct KernelLock
{
    private readonly LockRank _rank;
    private SpinLock _lock;

    public KernelLock(LockRank rank) => _rank = rank;

    /// <returns>What <see cref="Exit"/> wants back: whether interrupts were on.</returns>
    public bool Enter()
    {
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        Processor processor = Processor.Current;
        CheckRank(processor);
        _lock.Enter();
        processor.HeldLocks |= 1u << (int)_rank;
        return interrupts;
    }

    public void Exit(bool interrupts)
    {
        Processor.Current.HeldLocks &= ~(1u << (int)_rank);
        _lock.Exit();
        Cpu.RestoreInterrupts(interrupts);
    }

    /// <summary>What the locks of a rank guard, for reports.</summary>
    public static ReadOnlySpan<byte> Name(LockRank rank) => rank switch
    {
        LockRank.VirtualMachines => "VirtualMachines"u8,
        LockRank.Switch => "Switch"u8,
        LockRank.Devices => "Devices"u8,
        LockRank.Scheduler => "Scheduler"u8,
        LockRank.Handover => "Handover"u8,
        LockRank.Timer => "Timer"u8,
        LockRank.Pool => "Pool"u8,
        LockRank.AddressSpace => "AddressSpace"u8,
        LockRank.Frames => "Frames"u8,
        LockRank.Log => "Log"u8,
        _ => "unknown"u8,
    };

    private readonly void CheckRank(Processor processor)
    {
        if (processor.HeldLocks >> (int)_rank != 0)
            Failure.Fail(FailureKind.FailFast);
    }
}
