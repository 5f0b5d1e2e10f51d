using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Specs.X86;
using HyperOS.Userworld;

namespace HyperOS.Processes;

/// <summary>What a wait of a thread ended with.</summary>
public enum WaitResult
{
    /// <summary>Somebody woke it; whether what it waits for has come is for the waiter to see.</summary>
    Woken,

    /// <summary>Its time is over.</summary>
    TimedOut,

    /// <summary>A signal is to be delivered, or the process ends: the system call is to return <see cref="Errno.EINTR"/>.</summary>
    Interrupted,
}

/// <summary>
/// A place for a thread of a process, and the thread that has it: a kernel thread that runs ring 3 and serves its system calls and faults, in a fault
/// domain charged to the process. The walk: docs/userworld.md.
/// </summary>
public sealed class UserThread : RegisterOwner
{
    private const int Free = 0, Claimed = 1, Exited = 2;

    private readonly Process _process;
    private readonly Body _body;
    private int _state;
    private ThreadHandle _handle;
    private volatile KernelThread? _thread;
    private HostPhysicalAddress _context;
    private ulong _loadedAt;
    private bool _hasExited;
    private int _exitCode;

    // Signals that have been sent to it and not been delivered, and by whom they were sent.
    private ulong _pending;

    internal UserThread(Process process, int index)
    {
        _process = process;
        Index = index;
        _body = new Body(this);
    }

    /// <summary>Its place among the process' threads.</summary>
    internal int Index { get; }

    /// <summary>Its number, as the process sees it.</summary>
    internal int Id { get; set; }

    internal Process Process => _process;

    /// <summary>Signals held back.</summary>
    internal ulong Mask { get; set; }

    internal AlternateStack AlternateStack { get; set; }

    internal ulong FsBase { get; set; }

    /// <summary>A word that is cleared when it ends, and its waiters woken; 0 for none.</summary>
    internal ulong ClearAtExit { get; set; }

    /// <summary>Whether there is a thread, or is about to be one. Any thread.</summary>
    internal bool IsAlive => Volatile.Read(ref _state) == Claimed;

    /// <summary>Whether nobody has the place. Any thread.</summary>
    internal bool IsFree => Volatile.Read(ref _state) == Free;

    /// <summary>The system call that it made last.</summary>
    internal SystemCall Call { get; set; }

    /// <summary>That call was interrupted, and is to be made again after a handler that wants so, or without one.</summary>
    internal bool IsRestarting { get; set; }

    internal ref InterruptFrame Frame => ref PhysicalMemory.Structure<UserContext>(_context).Frame;

    internal ref UserContext Context => ref PhysicalMemory.Structure<UserContext>(_context);

    public override object Realm => _process;

    public override void LoadFurther()
    {
        ExtendedStates.LoadXcr0(ExtendedStates.Supported);
        if (ExtendedStates.HasTscAux)
            ModelSpecificRegister.Write(Msr.TSC_AUX, 0);
    }

    internal bool TryClaim() => Interlocked.CompareExchange(ref _state, Claimed, Free) == Free;

    /// <summary>The place is free again: its thread was never started, or has been reclaimed.</summary>
    internal void Release() => Volatile.Write(ref _state, Free);

    /// <summary>Makes the registers those of a thread that has not run.</summary>
    /// <returns>False when there are no frames for them.</returns>
    internal bool TryPrepare()
    {
        if (_context.IsNull && !_process.Tables.TryAllocate(out _context))
            return false;
        if (ExtendedState.IsNull)
        {
            if (!_process.Tables.TryAllocate(out HostPhysicalAddress extended))
                return false;
            ExtendedState = extended;
        }
        ExtendedStates.Reset(ExtendedState);
        Context = default;
        Mask = 0;
        AlternateStack = default;
        FsBase = 0;
        ClearAtExit = 0;
        _pending = 0;
        _hasExited = false;
        _loadedAt = ulong.MaxValue;
        return true;
    }

    /// <summary>Starts the kernel thread.</summary>
    internal bool TryStart() =>
        Scheduler.TryCreate(_body, _process.Slot.Owner, null, out _handle, _process.Threads, tables: _process.Tables);

    /// <summary>Takes the kernel thread back, if it has ended. On the manager's thread.</summary>
    /// <returns>False if there is one and it has not.</returns>
    internal bool TryReclaim()
    {
        if (IsFree)
            return true;
        if (Volatile.Read(ref _state) != Exited || !_handle.TryGet(out KernelThread? thread) || !thread!.HasEnded)
            return false;
        Scheduler.Reclaim(thread);
        Release();
        return true;
    }

    /// <summary>Makes it look at what has changed. Any thread.</summary>
    internal void Wake()
    {
        if (_thread is { } thread)
            Scheduler.Wake(thread);
    }

    /// <summary>Sends it a signal, if that does anything. Any thread.</summary>
    internal void Send(Signal signal)
    {
        ref readonly SignalAction action = ref _process.Actions[(int)signal];
        bool isIgnored = action.Handler == SignalAction.Ignore || action.Handler == SignalAction.Default && SignalSet.IsIgnoredByDefault(signal);
        if (isIgnored && (Mask & SignalSet.Of(signal)) == 0)
            return;
        Interlocked.Or(ref _pending, SignalSet.Of(signal));
        Wake();
    }

    /// <summary>Signals that wait to be delivered or let through.</summary>
    internal ulong Pending => Volatile.Read(ref _pending);

    internal void Forget(Signal signal) => Interlocked.And(ref _pending, ~SignalSet.Of(signal));

    /// <summary>Whether a system call that waits is to return.</summary>
    private bool IsInterrupted => _process.IsEnding || (Pending & ~Mask) != 0;

    /// <summary>
    /// Waits until somebody calls <see cref="DeviceEvent.Signal"/>, wakes the futex or the like. On this very thread, inside a system call, without a lock.
    /// </summary>
    /// <param name="until">A time of <see cref="Clock"/>; ulong.MaxValue for none.</param>
    public WaitResult Wait(ulong until = ulong.MaxValue)
    {
        if (IsInterrupted)
            return WaitResult.Interrupted;
        if (Clock.Now >= until)
            return WaitResult.TimedOut;
        Scheduler.Block(until);
        return IsInterrupted ? WaitResult.Interrupted : WaitResult.Woken;
    }

    /// <summary>The thread ends once the system call returns.</summary>
    /// <param name="code">What the process ends with if this is its last thread.</param>
    internal void Exit(int code)
    {
        _exitCode = code;
        _hasExited = true;
    }

    // Ring 3 and back, until the thread or its process ends.
    private void Serve()
    {
        KernelThread thread = _thread!;
        while (!_process.IsEnding && !_hasExited)
        {
            if ((Pending & ~Mask) != 0)
                SignalDelivery.Deliver(this);
            Cpu.DisableInterrupts();
            if (thread.WantsAttention)
            {
                Cpu.EnableInterrupts();
                Scheduler.Attend();
                continue;
            }
            if (_loadedAt != thread.Switches)
                Load(thread);
            UserMode.Run(ref Context);
            Cpu.EnableInterrupts();
            Handle((int)Frame.Vector);
        }
        if (!_process.IsEnding && ClearAtExit != 0)
            ClearAndWake();
    }

    // Others had the processor: what it holds of them goes, and this thread's comes. Interrupts are off.
    private void Load(KernelThread thread)
    {
        UserMode.LoadEntry();
        ModelSpecificRegister.Write(Msr.FS_BASE, FsBase);
        ExtendedStates.Acquire(this);
        _loadedAt = thread.Switches;
    }

    /// <summary>The FS base has changed, or the frame of the extended state: the processor's are loaded anew.</summary>
    internal void Reload() => _loadedAt = ulong.MaxValue;

    private void Handle(int vector)
    {
        const int FirstInterrupt = 32;
        if (vector == UserMode.SystemCallVector)
            SystemCalls.Serve(this);
        else if ((ExceptionVector)vector == ExceptionVector.PF)
            HandlePageFault();
        else if (vector < FirstInterrupt)
            SignalDelivery.Raise(this, (ExceptionVector)vector);
    }

    private void HandlePageFault()
    {
        PageFaultErrorCode error = (PageFaultErrorCode)Frame.ErrorCode;
        ulong address = Context.FaultAddress;
        MemoryProtection access = (error & PageFaultErrorCode.RW) != 0 ? MemoryProtection.Write
            : (error & PageFaultErrorCode.ID) != 0 ? MemoryProtection.Execute : MemoryProtection.Read;
        PageStatus status = PageStatus.NotMapped;
        if (address < UserMode.AddressLimit)
        {
            _process.Lock.Enter();
            status = _process.TryResolve(address, access);
            _process.Lock.Exit();
        }
        if (status == PageStatus.OutOfMemory)
        {
            Diagnostics.Log.Write(_process.Slot.Room, $"out of memory: it may have {_process.Slot.MemoryLimit / Size.KiB} KiB");
            _process.End(ProcessEnd.Signal, (int)Signal.SIGKILL);
        }
        else if (status != PageStatus.Present)
        {
            SignalDelivery.Raise(this, Signal.SIGSEGV, status == PageStatus.Denied ? SignalCode.SEGV_ACCERR : SignalCode.SEGV_MAPERR, address);
        }
    }

    private void ClearAndWake()
    {
        if (!UserMemory.TryWrite(_process, ClearAtExit, 0u))
            return;
        _process.Lock.Enter();
        _process.WakeFutex(ClearAtExit, 1, FutexTable.AnyBit);
        _process.Lock.Exit();
    }

    private void Run()
    {
        _thread = Scheduler.Current;
        Interlocked.MemoryBarrier(); // whoever has not seen the thread has left what it is to find
        if (!_body.Service.TryRun())
            _process.Poison();
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        ExtendedStates.Release(this);
        Cpu.RestoreInterrupts(interrupts);
        _thread = null;
        bool isLast = true;
        Volatile.Write(ref _state, Exited);
        foreach (UserThread other in _process.AllThreads)
            isLast &= !other.IsAlive;
        if (isLast)
            _process.End(ProcessEnd.Exit, _exitCode);
        ProcessManager.WakeManager();
    }

    private sealed class Body : ThreadBody
    {
        private readonly UserThread _owner;
        public readonly FaultDomain Service;

        public Body(UserThread owner)
        {
            _owner = owner;
            Service = new ServiceDomain(owner);
        }

        public override void Run() => _owner.Run();

        public override bool TryLeaveProcessor()
        {
            ExtendedStates.Evict(_owner);
            return true;
        }
    }

    private sealed class ServiceDomain : FaultDomain
    {
        private readonly UserThread _owner;

        public ServiceDomain(UserThread owner) => _owner = owner;

        public override ReadOnlySpan<byte> Room => _owner._process.Slot.Room;

        protected override void Run() => _owner.Serve();
    }
}
