using System.Runtime.CompilerServices;
using System.Threading;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Emulation;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization;

/// <summary>What a vendor keeps for a vCPU: its control structure, and what the next entry must see to.</summary>
internal abstract class VendorState
{
    /// <summary>A processor may hold translations to the machine's frames that another guest could meet, or write to them: they cannot be given back.</summary>
    public abstract bool HasTranslations { get; }
}

/// <summary>A virtual processor. Lives in its machine's arena; only its own thread touches it, but for its local APIC's pending interrupts.</summary>
public sealed class Vcpu : RegisterOwner
{
    // Configuration.
    public readonly VirtualMachine Machine;
    public readonly int Index;

    // Wiring.
    public readonly LocalApic Apic;
    public readonly GuestMsrs Msrs = new();
    public readonly InstructionEmulator Emulator;
    internal readonly KvmRecords Records;
    internal readonly GuestBus Bus;
    internal readonly CodePages CodePages;

    /// <summary>Set and read by the vendor alone.</summary>
    internal VendorState? VendorState;

    /// <summary>The thread that runs it; null until that thread has begun, which sets it.</summary>
    internal volatile KernelThread? Thread;

    /// <summary>What that thread does, and the thread for who created it.</summary>
    internal ThreadBody? ThreadBody;
    internal ThreadHandle ThreadHandle;

    // Guest-visible state that is not in the vendor's control structure.
    public GuestRegisters Registers;
    public Xcr0 XCR0 = Xcr0.X87;
    public ulong TscAux;

    /// <summary>How far the guest has moved its time-stamp counter from the machine's, modulo 2^64.</summary>
    internal ulong TscAdjust;

    /// <summary>What the loop does once an IN or OUT is done: more than the usual while breakpoints may be on ports.</summary>
    internal ExitAction PortAction = ExitAction.AdvanceRip;

    /// <summary>What a guest's CPUID depends on besides the machine's table.</summary>
    internal CpuidVcpuState CpuidState;

    /// <summary>Where the guest wants its clock; null address while it has none.</summary>
    internal ulong SystemTimeMsr;

    // 1 since KVM_HC_KICK_CPU named it: its next HLT, or that which lasts, is over.
    private int _isUnhalted;

    /// <summary>It waits for its turn, but would only go on in a loop of PAUSE. Others read it as a hint.</summary>
    internal bool IsSpinning;

    /// <summary>An application processor at power-on, and any after INIT: only a start-up IPI makes it run.</summary>
    internal bool WaitsForStartUp;

    // The loop's own.
    public VmExit Exit;

    /// <summary>The thread's switch since which its state is in the processor: <see cref="KernelThread.Switches"/>.</summary>
    internal ulong LoadedAt = ulong.MaxValue;

    /// <summary>Who is to go first after <see cref="ExitAction.Yield"/>; null for whoever waits.</summary>
    internal Vcpu? YieldsTo;

    /// <summary>Whom <see cref="VirtualMachine.FindWaiting"/> found last: the index.</summary>
    internal int LastFound;

    /// <summary>The machine's <see cref="NestedPageTable.Generation"/> that its translations are of.</summary>
    internal int TablesSeen;

    /// <summary>An exception to be injected before anything else.</summary>
    internal GuestException PendingException;
    internal bool HasPendingException;

    /// <summary>When the devices or the APIC next want attention, on the host's clock.</summary>
    internal ulong NextEvent = ulong.MaxValue;

    /// <summary>Set where a device's or the APIC's next event may have moved.</summary>
    internal bool TimersChanged = true;

    /// <summary>What exits happened and what they cost, by <see cref="VmExitKind"/>.</summary>
    public ExitCosts Costs;

    internal Vcpu(VirtualMachine machine, int index, LocalApic apic, HostPhysicalAddress extendedState)
    {
        ExtendedState = extendedState;
        Machine = machine;
        Index = index;
        Apic = apic;
        Records = new KvmRecords(machine.Memory, apic);
        WaitsForStartUp = index != 0;
        CodePages = new CodePages(machine.Memory);
        Bus = new VcpuBus(this);
        Emulator = new InstructionEmulator(Bus);
        Emulator.State.PhysicalAddressBits = (byte)machine.Cpuid.PhysicalAddressBits;
        CpuidState = new CpuidVcpuState { ApicId = (uint)index, ApicEnabled = true, XCR0 = Xcr0.X87 };
        Registers.MXCSR = 0x1F80;
    }

    /// <summary>DR0 to DR3, and what of DR7 the host needs.</summary>
    internal ref DebugBreakpoints Breakpoints => ref Emulator.Breakpoints;

    /// <summary>DR7 changes.</summary>
    internal void SetDebugControl(Dr7 value)
    {
        Breakpoints.Control = value;
        PortAction = Breakpoints.Watches ? ExitAction.AdvanceRipAndMatch : ExitAction.AdvanceRip;
    }

    public override object Realm => Machine;

    public override void LoadFurther()
    {
        ExtendedStates.LoadXcr0(XCR0);
        LoadDebugAddresses();
        if (ExtendedStates.HasTscAux)
            ModelSpecificRegister.Write(Msr.TSC_AUX, TscAux);
    }

    public override void StoreFurther() => VirtualizationVendor.Current.StoreRegisters();

    internal void LoadDebugAddresses()
    {
        for (int i = 0; i < 4; i++)
            ControlRegister.WriteDebug(i, Breakpoints.Addresses[i]);
    }

    /// <summary>The guest's time-stamp counter.</summary>
    internal ulong Tsc => unchecked(Machine.Clock.Tsc + TscAdjust);

    /// <summary>Before anybody looks at what the local APIC has in service: an EOI that the guest has left out is done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CollectEndOfInterrupt()
    {
        if (Records.IsEndOfInterruptOffered)
            Records.CollectEndOfInterrupt();
    }

    /// <summary>Nanoseconds that its thread has wanted to run and has not.</summary>
    internal ulong Waited => Thread!.WaitingTime;

    /// <summary>Its HLT ends, the present or the next. Any thread, which wakes it then.</summary>
    internal void Unhalt() => Volatile.Write(ref _isUnhalted, 1);

    /// <summary>Whether <see cref="Unhalt"/> was called since the last HLT.</summary>
    internal bool TakeUnhalt() => Interlocked.Exchange(ref _isUnhalted, 0) != 0;

    /// <summary>What INIT resets of the KVM interface.</summary>
    internal void ResetParavirtual()
    {
        SystemTimeMsr = 0;
        Records.Reset();
        TakeUnhalt();
    }

    /// <summary>RAX and the other general registers, RSP excepted.</summary>
    internal ulong this[GeneralRegister register]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Registers.General[(int)register];
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set => Registers.General[(int)register] = value;
    }

    internal void QueueException(ExceptionVector vector, bool hasErrorCode = false, uint errorCode = 0)
    {
        PendingException = new GuestException(vector, hasErrorCode, errorCode);
        HasPendingException = true;
    }

    internal void QueueGeneralProtection() => QueueException(ExceptionVector.GP, hasErrorCode: true);
}
