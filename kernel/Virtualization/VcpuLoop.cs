using System;
using System.Runtime.CompilerServices;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Diagnostics;
using HyperOS.Emulation;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Specs.Kvm;
using HyperOS.Specs.X86;
using CpuidResult = HyperOS.Emulation.CpuidResult;

namespace HyperOS.Virtualization;

/// <summary>
/// The exit walk: enter, decode, decide, resume. All that a guest may do is decided here, for both vendors alike; docs/exit-walk.md tells
/// the story.
/// </summary>
internal static class VcpuLoop<TVendor> where TVendor : struct, IVirtualizationVendor
{
    // Iterations of a repeated string instruction before interrupts get their turn.
    private const int StringBudget = 256;

    /// <summary>Runs the vCPU until its machine stops. In the machine's fault domain, on the vCPU's own thread.</summary>
    public static void Run(Vcpu vcpu)
    {
        VirtualMachine machine = vcpu.Machine;
        KernelThread thread = vcpu.Thread!;
        ulong exitedAt = Cpu.ReadTimestamp();
        ref ExitCost cost = ref vcpu.Costs[(int)VmExitKind.HostInterrupt];
        while (true)
        {
            if (machine.HasCalls)
            {
                if (!machine.MayRun)
                {
                    Charge(ref cost, exitedAt);
                    if (!StayOutside(vcpu))
                        return;
                    exitedAt = Cpu.ReadTimestamp();
                }
                while (machine.HasQueueWork && !thread.WantsAttention)
                    machine.ServeQueues();
            }
            if (vcpu.LoadedAt != thread.Switches)
                Load(vcpu);
            if (vcpu.TimersChanged || vcpu.HasPendingException || !vcpu.Apic.IsQuiet)
            {
                if (!TryPrepareEntry(vcpu))
                {
                    Charge(ref cost, exitedAt);
                    WaitForStartUp(vcpu);
                    exitedAt = Cpu.ReadTimestamp();
                    continue;
                }
                if (machine.HasCalls && !thread.WantsAttention)
                    continue; // a queue's time has come
            }
            Cpu.DisableInterrupts();
            if (thread.WantsAttention)
            {
                Cpu.EnableInterrupts();
                vcpu.TimersChanged = true; // the wake may have been the timer's
                Charge(ref cost, exitedAt);
                if (vcpu.Records.HasStealTime && Scheduler.NeedsReschedule)
                    MarkPreempted(vcpu);
                Scheduler.Attend();
                exitedAt = Cpu.ReadTimestamp();
                continue;
            }
            ulong enteredAt = Charge(ref cost, exitedAt);
            TVendor.Enter(vcpu);
            exitedAt = Cpu.ReadTimestamp();
            TVendor.Decode(vcpu);
            FaultPoint.Hit(FaultPlace.ExitDecoder);
            cost = ref vcpu.Costs[(int)vcpu.Exit.Kind];
            unchecked { cost.Count++; }
            if (ExitTrace.IsOn)
                Trace(vcpu, enteredAt, exitedAt);
            ExitAction action = Handle(vcpu);
            if (action <= ExitAction.Stop)
                continue;
            if (!TVendor.AdvanceRip(vcpu)) // the only place that moves RIP past an instruction
                StopUndecodable(vcpu);
            if (action == ExitAction.AdvanceRip)
                continue;
            if (action == ExitAction.AdvanceRipAndMatch)
            {
                TVendor.ReadState(vcpu, ref vcpu.Emulator.State);
                Trap(vcpu, vcpu.Breakpoints.MatchPort(vcpu.Exit.Port, vcpu.Exit.Size, vcpu.Emulator.State.CR4));
                continue;
            }
            Charge(ref cost, exitedAt);
            if (action == ExitAction.Halt)
                Halt(vcpu);
            else
                Yield(vcpu);
            exitedAt = Cpu.ReadTimestamp();
        }
    }

    // Until a paused machine goes on: what its guest notified before is served, its timers are not. False if the machine stops.
    private static bool StayOutside(Vcpu vcpu)
    {
        VirtualMachine machine = vcpu.Machine;
        while (machine.HasQueueWork && !machine.IsStopping)
            machine.ServeQueues();
        if (machine.IsPausing && !machine.IsStopping)
        {
            machine.NoteOutside();
            while (machine.IsPausing && !machine.IsStopping)
                Scheduler.Block();
            machine.NoteInside();
        }
        if (machine.IsStopping)
            return false;
        if (vcpu.LoadedAt != vcpu.Thread!.Switches)
            Load(vcpu);
        TVendor.SetTscOffset(vcpu, unchecked(machine.Clock.TscOffset + vcpu.TscAdjust));
        TryWriteSystemTime(vcpu, PvclockFlags.PVCLOCK_GUEST_STOPPED);
        vcpu.TimersChanged = true;
        return true;
    }

    // Other threads have run: the vCPU's state goes into the processor again, before anything asks the vendor for it.
    private static void Load(Vcpu vcpu)
    {
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        vcpu.LoadedAt = vcpu.Thread!.Switches;
        ExtendedStates.Acquire(vcpu);
        TVendor.Load(vcpu);
        Cpu.RestoreInterrupts(interrupts);
        if (vcpu.Records.HasStealTime)
            UpdateStealTime(vcpu);
    }

    // Before other threads may run, between two instructions of the guest's: Load is to follow, whether they do or not.
    private static void MarkPreempted(Vcpu vcpu)
    {
        vcpu.Records.MarkPreempted();
        vcpu.LoadedAt = ulong.MaxValue;
    }

    private static void UpdateStealTime(Vcpu vcpu)
    {
        if (vcpu.Records.UpdateStealTime(vcpu.Waited))
            TVendor.FlushTranslations(vcpu);
    }

    // Books the time since an exit on its kind. Returns what time it is.
    private static ulong Charge(ref ExitCost cost, ulong exitedAt)
    {
        ulong now = Cpu.ReadTimestamp();
        cost.Cycles = unchecked(cost.Cycles + now - exitedAt);
        return now;
    }

    private static void Trace(Vcpu vcpu, ulong enteredAt, ulong exitedAt)
    {
        TVendor.ReadRawExit(vcpu, out RawExit raw);
        ExitTrace.Append(vcpu, TVendor.Vendor, in raw, enteredAt, exitedAt);
    }

    // What the guest must see first when it runs again: an exception, an NMI, an interrupt, in this order. False if it is not to run.
    private static bool TryPrepareEntry(Vcpu vcpu)
    {
        if (vcpu.WaitsForStartUp)
            return false;
        if (vcpu.TimersChanged)
            ServeTimers(vcpu);
        if (vcpu.HasPendingException)
        {
            vcpu.HasPendingException = false;
            TVendor.InjectException(vcpu, vcpu.PendingException);
        }
        if (!vcpu.Apic.IsQuiet)
            DeliverInterrupts(vcpu);
        return !vcpu.WaitsForStartUp;
    }

    private static void ServeTimers(Vcpu vcpu)
    {
        if (vcpu.TablesSeen != vcpu.Machine.NestedTables.Generation)
            Forget(vcpu);
        vcpu.Machine.ServeTimers(vcpu);
        TVendor.SetDeadline(vcpu, vcpu.NextEvent);
    }

    // Whoever raised the generation has woken the vCPU, and so it comes here before it enters the guest again.
    private static void Forget(Vcpu vcpu)
    {
        vcpu.TablesSeen = vcpu.Machine.NestedTables.Generation;
        vcpu.CodePages.Forget();
        TVendor.FlushTranslations(vcpu);
    }

    private static void DeliverInterrupts(Vcpu vcpu)
    {
        if (vcpu.Records.IsEndOfInterruptOffered)
            vcpu.Records.WithdrawEndOfInterrupt();
        ApicEvents events = vcpu.Apic.Poll(out int vector);
        if ((events & ApicEvents.Init) != 0)
        {
            if (vcpu.Index == 0)
                vcpu.Machine.Stop(StopReason.Reset); // INIT of the boot processor: a PC's way to reset it
            else
                vcpu.WaitsForStartUp = true;
            return;
        }
        if ((events & ApicEvents.StartUp) != 0)
            vcpu.Apic.TakeStartUp(out _); // lost on a processor that runs
        bool nmi = (events & ApicEvents.Nmi) != 0;
        if (nmi && TVendor.CanInjectNmi(vcpu) && vcpu.Apic.TakeNmi())
        {
            TVendor.InjectNmi(vcpu);
            nmi = false;
        }
        if (TVendor.DeliversInterrupts(vcpu))
            events &= ~ApicEvents.Interrupt;
        bool wanted = (events & (ApicEvents.Interrupt | ApicEvents.ExternalInterrupt)) != 0;
        if (wanted && TVendor.CanInterrupt(vcpu))
        {
            if ((events & ApicEvents.Interrupt) != 0)
            {
                vcpu.Apic.Acknowledge(vector);
                TVendor.InjectInterrupt(vcpu, vector);
                if (vcpu.Records.LeavesOutEndOfInterrupt)
                    vcpu.Records.OfferEndOfInterrupt();
            }
            else if (vcpu.Machine.TryAcknowledgeExternal(vcpu, out vector))
            {
                TVendor.InjectInterrupt(vcpu, vector);
            }
            wanted = false;
        }
        TVendor.RequestInterruptWindow(vcpu, wanted);
        if (nmi)
            TVendor.RequestNmiWindow(vcpu); // after an interrupt that has gone in before it, too
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ExitAction Handle(Vcpu vcpu) => vcpu.Exit.Kind switch
    {
        VmExitKind.HostInterrupt => ExitAction.Resume,
        VmExitKind.Cpuid => Cpuid(vcpu),
        VmExitKind.Port => Port(vcpu),
        VmExitKind.ReadMsr => ReadMsr(vcpu),
        VmExitKind.WriteMsr => WriteMsr(vcpu),
        VmExitKind.Hlt => ExitAction.Halt,
        VmExitKind.InterruptWindow => InterruptWindow(vcpu),
        VmExitKind.NestedFault => NestedFault(vcpu),
        VmExitKind.Hypercall => Hypercall(vcpu),
        VmExitKind.NoOperation => ExitAction.AdvanceRip,
        VmExitKind.NmiWindow => NmiWindow(vcpu),
        VmExitKind.StringPort => Emulate(vcpu),
        VmExitKind.ControlRegister => ControlRegister(vcpu),
        VmExitKind.DebugRegister => DebugRegister(vcpu),
        VmExitKind.PauseLoop => PauseLoop(vcpu),
        VmExitKind.Xsetbv => Xsetbv(vcpu),
        VmExitKind.Exception => Exception(vcpu),
        VmExitKind.Undefined => Undefined(vcpu),
        VmExitKind.NotPermitted => NotPermitted(vcpu),
        VmExitKind.ApicWrite => ApicWrite(vcpu),
        VmExitKind.EndOfInterrupt => EndOfInterrupt(vcpu),
        VmExitKind.TaskSwitch => TaskSwitch(vcpu),
        VmExitKind.Shutdown => Stop(vcpu, StopReason.TripleFault),
        VmExitKind.EntryFailure => Stop(vcpu, StopReason.EntryFailure),
        _ => Stop(vcpu, StopReason.UnknownExit),
    };

    private static ExitAction Cpuid(Vcpu vcpu)
    {
        ref GeneralRegisters registers = ref vcpu.Registers.General;
        CpuidResult result = vcpu.Machine.Cpuid.Answer(
            unchecked((uint)registers[(int)GeneralRegister.RAX]), unchecked((uint)registers[(int)GeneralRegister.RCX]), in vcpu.CpuidState);
        registers[(int)GeneralRegister.RAX] = result.Eax;
        registers[(int)GeneralRegister.RBX] = result.Ebx;
        registers[(int)GeneralRegister.RCX] = result.Ecx;
        registers[(int)GeneralRegister.RDX] = result.Edx;
        return ExitAction.AdvanceRip;
    }

    private static ExitAction Port(Vcpu vcpu)
    {
        ref VmExit exit = ref vcpu.Exit;
        ref ulong rax = ref vcpu.Registers.General[(int)GeneralRegister.RAX];
        if (!exit.Flag)
        {
            vcpu.Machine.WritePort(vcpu, exit.Port, exit.Size, exit.Size switch { 1 => unchecked((byte)rax), 2 => unchecked((ushort)rax), _ => unchecked((uint)rax) });
            return vcpu.PortAction;
        }
        uint value = vcpu.Machine.ReadPort(vcpu, exit.Port, exit.Size);
        // As everywhere on x86-64, a 32-bit result clears the upper half and narrower ones leave the rest alone.
        rax = exit.Size switch
        {
            1 => rax & ~(ulong)byte.MaxValue | unchecked((byte)value),
            2 => rax & ~(ulong)ushort.MaxValue | unchecked((ushort)value),
            _ => value,
        };
        return vcpu.PortAction;
    }

    private static ExitAction ReadMsr(Vcpu vcpu)
    {
        uint msr = unchecked((uint)vcpu[GeneralRegister.RCX]);
        VirtualMachine machine = vcpu.Machine;
        bool done;
        switch (machine.Msrs.Read(msr, vcpu.Msrs, out ulong value))
        {
            case MsrOutcome.Done:
                done = true;
                break;
            case MsrOutcome.VirtualProcessor:
                value = msr == Msr.TSC_AUX ? vcpu.TscAux : TVendor.ReadMsr(vcpu, msr);
                done = true;
                break;
            case MsrOutcome.LocalApic:
                done = ReadApicMsr(vcpu, msr, out value);
                break;
            case MsrOutcome.Clock:
                value = vcpu.Tsc;
                done = true;
                break;
            case MsrOutcome.Paravirtual:
                value = msr switch
                {
                    KvmMsr.MSR_KVM_SYSTEM_TIME or KvmMsr.MSR_KVM_SYSTEM_TIME_NEW => vcpu.SystemTimeMsr,
                    KvmMsr.MSR_KVM_STEAL_TIME => vcpu.Records.StealTimeMsr,
                    KvmMsr.MSR_KVM_PV_EOI_EN => vcpu.Records.EndOfInterruptMsr,
                    _ => 0,
                };
                done = true;
                break;
            default:
                done = false;
                break;
        }
        if (!done)
            return RefuseMsr(vcpu, "reads"u8, msr);
        vcpu[GeneralRegister.RAX] = unchecked((uint)value);
        vcpu[GeneralRegister.RDX] = value >> 32;
        return ExitAction.AdvanceRip;
    }

    private static ExitAction WriteMsr(Vcpu vcpu)
    {
        uint msr = unchecked((uint)vcpu[GeneralRegister.RCX]);
        ulong value = vcpu[GeneralRegister.RDX] << 32 | unchecked((uint)vcpu[GeneralRegister.RAX]);
        bool done = vcpu.Machine.Msrs.Write(msr, vcpu.Msrs, value) switch
        {
            MsrOutcome.Done => true,
            MsrOutcome.VirtualProcessor => WriteProcessorMsr(vcpu, msr, value),
            MsrOutcome.LocalApic => WriteApicMsr(vcpu, msr, value),
            MsrOutcome.Clock => WriteTsc(vcpu, value),
            MsrOutcome.Paravirtual => WriteParavirtualMsr(vcpu, msr, value),
            _ => false,
        };
        return done ? ExitAction.AdvanceRip : RefuseMsr(vcpu, "writes"u8, msr);
    }

    private static ExitAction RefuseMsr(Vcpu vcpu, ReadOnlySpan<byte> verb, uint msr)
    {
        vcpu.Machine.Log.Write($"{verb} MSR 0x{msr:x}, which it does not have: #GP");
        vcpu.QueueGeneralProtection();
        return ExitAction.Resume;
    }

    private static bool ReadApicMsr(Vcpu vcpu, uint msr, out ulong value)
    {
        vcpu.CollectEndOfInterrupt();
        switch (msr)
        {
            case Msr.IA32_APIC_BASE:
                value = vcpu.Apic.ApicBase;
                return true;
            case Msr.IA32_TSC_DEADLINE:
                value = vcpu.Apic.ReadTscDeadline(vcpu.Tsc);
                return true;
            default:
                return vcpu.Apic.ReadMsr(msr, vcpu.Machine.Clock.Now, vcpu.Tsc, out value) == MsrAccess.Done;
        }
    }

    private static bool WriteApicMsr(Vcpu vcpu, uint msr, ulong value)
    {
        vcpu.CollectEndOfInterrupt();
        switch (msr)
        {
            case LocalApic.FirstMsr + 0x0B when value == 0 && vcpu.Apic.Mode == ApicMode.X2Apic:
                vcpu.Apic.EndOfInterrupt();
                return true;
            case Msr.IA32_TSC_DEADLINE:
                vcpu.Apic.WriteTscDeadline(value, vcpu.Tsc);
                vcpu.TimersChanged = true;
                return true;
            case Msr.IA32_APIC_BASE:
                if (vcpu.Apic.WriteApicBase(value) != MsrAccess.Done)
                    return false;
                vcpu.CpuidState.ApicEnabled = vcpu.Apic.Mode != ApicMode.Disabled;
                vcpu.TimersChanged = true;
                return true;
            default:
                vcpu.TimersChanged |= IsTimerRegister(msr);
                return vcpu.Apic.WriteMsr(msr, value, vcpu.Machine.Clock.Now, vcpu.Tsc) == MsrAccess.Done;
        }
    }

    // LVT timer, initial count, divide configuration. Intel SDM vol. 3, "x2APIC Register Address Space".
    private static bool IsTimerRegister(uint msr) => msr is LocalApic.FirstMsr + 0x32 or LocalApic.FirstMsr + 0x38 or LocalApic.FirstMsr + 0x3E;

    // A guest moves its own counter; its devices and its KVM clock go on with the machine's.
    private static bool WriteTsc(Vcpu vcpu, ulong value)
    {
        vcpu.TscAdjust = unchecked(value - vcpu.Machine.Clock.Tsc);
        TVendor.SetTscOffset(vcpu, unchecked(vcpu.Machine.Clock.TscOffset + vcpu.TscAdjust));
        vcpu.TimersChanged = true;
        return TryWriteSystemTime(vcpu);
    }

    private static bool WriteProcessorMsr(Vcpu vcpu, uint msr, ulong value)
    {
        switch (msr)
        {
            case Msr.EFER:
                ref GuestCpuState state = ref vcpu.Emulator.State;
                TVendor.ReadState(vcpu, ref state);
                ControlRegisters registers = Controls(vcpu, in state);
                if (!vcpu.Machine.ControlRegisters.TryWriteEfer(ref registers, value))
                    return false;
                state.EFER = registers.EFER;
                TVendor.WriteState(vcpu, in state);
                return true;
            case Msr.TSC_AUX:
                vcpu.TscAux = value;
                ModelSpecificRegister.Write(msr, value);
                return true;
            case Msr.IA32_PRED_CMD:
                ModelSpecificRegister.Write(msr, value);
                return true;
            default:
                TVendor.WriteMsr(vcpu, msr, value);
                return true;
        }
    }

    private static bool WriteParavirtualMsr(Vcpu vcpu, uint msr, ulong value)
    {
        VirtualMachine machine = vcpu.Machine;
        switch (msr)
        {
            case KvmMsr.MSR_KVM_WALL_CLOCK or KvmMsr.MSR_KVM_WALL_CLOCK_NEW:
                return machine.Clock.TryWriteWallClock(machine.Memory, new GuestPhysicalAddress(value));
            case KvmMsr.MSR_KVM_SYSTEM_TIME or KvmMsr.MSR_KVM_SYSTEM_TIME_NEW:
                vcpu.SystemTimeMsr = value;
                return TryWriteSystemTime(vcpu);
            case KvmMsr.MSR_KVM_STEAL_TIME:
                if (!vcpu.Records.TryWriteStealTimeMsr(value, vcpu.Waited))
                    return false;
                UpdateStealTime(vcpu);
                return true;
            default:
                return vcpu.Records.TryWriteEndOfInterruptMsr(value);
        }
    }

    private static bool TryWriteSystemTime(Vcpu vcpu, PvclockFlags flags = 0) =>
        (vcpu.SystemTimeMsr & KvmMsrBits.Enabled) == 0 || vcpu.Machine.Clock.TryWriteSystemTime(
            vcpu.Machine.Memory, new GuestPhysicalAddress(vcpu.SystemTimeMsr & ~KvmMsrBits.Enabled), vcpu.TscAdjust, flags);

    private static ExitAction InterruptWindow(Vcpu vcpu)
    {
        TVendor.RequestInterruptWindow(vcpu, false);
        return ExitAction.Resume;
    }

    private static ExitAction NmiWindow(Vcpu vcpu)
    {
        TVendor.EndNmi(vcpu);
        return ExitAction.Resume;
    }

    // The instruction is done; what it means is the APIC's to say.
    private static ExitAction ApicWrite(Vcpu vcpu)
    {
        LocalApic apic = vcpu.Apic;
        uint offset = (uint)(vcpu.Exit.Address.Value - LocalApic.BaseAddress);
        if (apic.Mode == ApicMode.X2Apic)
            apic.WriteMsr(LocalApic.FirstMsr + (offset >> 4), vcpu.Exit.Value, vcpu.Machine.Clock.Now, vcpu.Tsc);
        else
            apic.WriteMmio(offset, sizeof(uint), vcpu.Exit.Value, vcpu.Machine.Clock.Now, vcpu.Tsc);
        vcpu.TimersChanged = true;
        return ExitAction.Resume;
    }

    private static ExitAction EndOfInterrupt(Vcpu vcpu)
    {
        vcpu.Apic.CompleteEndOfInterrupt(vcpu.Exit.Vector);
        return ExitAction.Resume;
    }

    private static ExitAction NestedFault(Vcpu vcpu)
    {
        VirtualMachine machine = vcpu.Machine;
        GuestPhysicalAddress address = vcpu.Exit.Address;
        if (machine.Memory.TryGetBlock(address, out HostPhysicalAddress block))
        {
            bool mapped = machine.NestedTables.TryMap(address, block, machine.Memory.IsHuge(address), vcpu.Exit.IsFetch);
            return mapped ? ExitAction.Resume : Stop(vcpu, StopReason.OutOfMemory);
        }
        if (machine.Memory.Contains(address))
            return Stop(vcpu, StopReason.OutOfMemory); // the balloon gave it up, and the host has none left
        // The fault came while an event was being delivered, to a stack or through a table where nothing is: no instruction is at fault.
        if (TVendor.HasEventInLine(vcpu))
            return Stop(vcpu, StopReason.Unemulated);
        if (vcpu.Exit.IsFinalAccess)
            vcpu.Emulator.UseNestedFault(address, vcpu.Exit.Flag);
        return Emulate(vcpu);
    }

    // Executes the instruction at RIP in software.
    private static ExitAction Emulate(Vcpu vcpu)
    {
        InstructionEmulator emulator = vcpu.Emulator;
        TVendor.ReadState(vcpu, ref emulator.State);
        Span<byte> code = stackalloc byte[16];
        EmulationOutcome outcome = emulator.Run(code.Slice(0, TVendor.ReadInstructionBytes(vcpu, code)), StringBudget);
        if (outcome is EmulationOutcome.Unsupported or EmulationOutcome.Refused)
        {
            vcpu.Machine.Log.WriteBytes("cannot emulate"u8, emulator.Code, emulator.State.RIP);
            return Stop(vcpu, StopReason.Unemulated);
        }
        TVendor.WriteState(vcpu, in emulator.State);
        if (outcome == EmulationOutcome.Exception)
            vcpu.QueueException(emulator.Exception.Vector, emulator.Exception.HasErrorCode, emulator.Exception.ErrorCode);
        if (outcome == EmulationOutcome.Completed)
            TVendor.EndInterruptShadow(vcpu);
        Trap(vcpu, emulator.Traps);
        return ExitAction.Resume;
    }

    // A #DB behind what was executed: single step, breakpoints met, or nothing.
    private static void Trap(Vcpu vcpu, Dr6 conditions)
    {
        const Dr6 Breakpoints = Dr6.B0 | Dr6.B1 | Dr6.B2 | Dr6.B3;
        if (conditions == 0)
            return;
        Dr6 before = (Dr6)TVendor.ReadDebug(vcpu, 6);
        if ((conditions & Breakpoints) != 0)
            before &= ~Breakpoints;
        TVendor.WriteDebug(vcpu, 6, (ulong)(before | conditions));
        vcpu.QueueException(ExceptionVector.DB);
    }

    private static ExitAction ControlRegister(Vcpu vcpu)
    {
        ref GuestCpuState state = ref vcpu.Emulator.State;
        TVendor.ReadState(vcpu, ref state);
        if (!TryDecode(vcpu, out InterceptedInstruction instruction))
            return ExitAction.Resume;
        bool done = true;
        Dr6 traps = 0;
        switch (instruction.Operation, instruction.SystemRegister)
        {
            case (InterceptedOperation.MovFromCr, 8):
                state.Registers[(int)instruction.Register] = vcpu.Apic.Cr8;
                break;
            case (InterceptedOperation.MovToCr, 8):
                ulong priority = state.Registers[(int)instruction.Register];
                done = priority <= 15;
                if (done)
                    vcpu.Apic.Cr8 = (uint)priority;
                break;
            case (InterceptedOperation.MovToCr, 0):
                done = WriteCr0(vcpu, ref state, state.Registers[(int)instruction.Register]);
                break;
            case (InterceptedOperation.LMSW, _):
                const ulong StatusWord = (ulong)(Cr0.PE | Cr0.MP | Cr0.EM | Cr0.TS);
                EmulationOutcome outcome = vcpu.Emulator.ReadOperand(in instruction, sizeof(ushort), out ulong word);
                if (outcome != EmulationOutcome.Completed)
                    return Refuse(vcpu, outcome);
                traps = vcpu.Emulator.Traps;
                ulong kept = (ulong)state.CR0 & ~(StatusWord & ~(ulong)Cr0.PE); // PE can be set so, not cleared
                done = WriteCr0(vcpu, ref state, kept | (word & StatusWord));
                break;
            case (InterceptedOperation.MovToCr, 4):
                ControlRegisters registers = Controls(vcpu, in state);
                done = vcpu.Machine.ControlRegisters.TryWriteCr4(ref registers, state.Registers[(int)instruction.Register]);
                state.CR4 = registers.CR4;
                vcpu.CpuidState.CR4 = registers.CR4;
                if (done)
                    TVendor.FlushTranslations(vcpu);
                break;
            default:
                return Stop(vcpu, StopReason.UnknownExit);
        }
        return Finish(vcpu, ref state, done, instruction.Length, traps);
    }

    private static bool WriteCr0(Vcpu vcpu, ref GuestCpuState state, ulong value)
    {
        ControlRegisters registers = Controls(vcpu, in state);
        if (!vcpu.Machine.ControlRegisters.TryWriteCr0(ref registers, value))
            return false;
        state.CR0 = registers.CR0;
        state.EFER = registers.EFER;
        TVendor.FlushTranslations(vcpu);
        return true;
    }

    private static ExitAction DebugRegister(Vcpu vcpu)
    {
        ref GuestCpuState state = ref vcpu.Emulator.State;
        TVendor.ReadState(vcpu, ref state);
        if (!TryDecode(vcpu, out InterceptedInstruction instruction))
            return ExitAction.Resume;
        // Intel SDM vol. 3C, "Instructions That Cause VM Exits Conditionally": this one exits before the processor looks at the privilege level.
        if (state.CPL != 0)
            return NotPermitted(vcpu);
        int register = instruction.SystemRegister;
        if (register is 4 or 5)
        {
            if ((state.CR4 & Cr4.DE) != 0)
            {
                vcpu.QueueException(ExceptionVector.UD);
                return ExitAction.Resume;
            }
            register += 2; // DR4 and DR5 are DR6 and DR7
        }
        ulong control = TVendor.ReadDebug(vcpu, 7);
        if ((control & (ulong)Dr7.GD) != 0)
        {
            TVendor.WriteDebug(vcpu, 7, control & ~(ulong)Dr7.GD);
            TVendor.WriteDebug(vcpu, 6, TVendor.ReadDebug(vcpu, 6) | (ulong)Dr6.BD);
            vcpu.QueueException(ExceptionVector.DB);
            return ExitAction.Resume;
        }
        ref ulong operand = ref state.Registers[(int)instruction.Register];
        bool done = true;
        if (instruction.Operation == InterceptedOperation.MovFromDr)
        {
            operand = register < 4 ? vcpu.Breakpoints.Addresses[register] : TVendor.ReadDebug(vcpu, register);
        }
        else if (register < 4)
        {
            vcpu.Breakpoints.Addresses[register] = operand;
            vcpu.LoadDebugAddresses();
        }
        else
        {
            // Bits that are fixed. AMD APM vol. 2, "Debug-Status Register (DR6)", "Debug-Control Register (DR7)".
            const ulong Dr6Ones = 0xFFFF0FF0, Dr6Writable = 0xE00F, Dr7Ones = 0x400, Dr7Writable = 0xFFFF2BFF;
            done = operand >> 32 == 0;
            ulong value = register == 6 ? operand & Dr6Writable | Dr6Ones : operand & Dr7Writable | Dr7Ones;
            if (done)
                TVendor.WriteDebug(vcpu, register, value);
            if (done && register == 7)
                vcpu.SetDebugControl((Dr7)value);
        }
        return Finish(vcpu, ref state, done, instruction.Length);
    }

    private static ExitAction Xsetbv(Vcpu vcpu)
    {
        ref GuestCpuState state = ref vcpu.Emulator.State;
        TVendor.ReadState(vcpu, ref state);
        if (!TryDecode(vcpu, out InterceptedInstruction instruction))
            return ExitAction.Resume;
        if ((state.CR4 & Cr4.OSXSAVE) == 0)
            return Undefined(vcpu);
        ControlRegisters registers = Controls(vcpu, in state);
        ulong value = state.Registers[(int)GeneralRegister.RDX] << 32 | unchecked((uint)state.Registers[(int)GeneralRegister.RAX]);
        bool done = state.CPL == 0 && unchecked((uint)state.Registers[(int)GeneralRegister.RCX]) == 0
            && vcpu.Machine.ControlRegisters.TryWriteXcr0(ref registers, value);
        if (done)
        {
            vcpu.XCR0 = registers.XCR0;
            vcpu.CpuidState.XCR0 = registers.XCR0;
            ExtendedStates.LoadXcr0(vcpu.XCR0);
        }
        return Finish(vcpu, ref state, done, instruction.Length);
    }

    private static bool TryDecode(Vcpu vcpu, out InterceptedInstruction instruction)
    {
        if (TVendor.TryGetInstruction(vcpu, out instruction))
            return true;
        EmulationOutcome outcome = vcpu.Emulator.DecodeIntercepted(out instruction);
        if (outcome == EmulationOutcome.Completed)
            return true;
        Refuse(vcpu, outcome);
        return false;
    }

    // The emulator could not read what the instruction needs: the guest's exception, or the end of its machine.
    private static ExitAction Refuse(Vcpu vcpu, EmulationOutcome outcome)
    {
        if (outcome != EmulationOutcome.Exception)
            return StopUndecodable(vcpu);
        TVendor.WriteState(vcpu, in vcpu.Emulator.State);
        vcpu.QueueException(vcpu.Emulator.Exception.Vector, vcpu.Emulator.Exception.HasErrorCode, vcpu.Emulator.Exception.ErrorCode);
        return ExitAction.Resume;
    }

    // Registers were changed in the emulator's copy: it goes back, with RIP past the instruction, or a #GP comes instead.
    private static ExitAction Finish(Vcpu vcpu, ref GuestCpuState state, bool done, int length, Dr6 traps = 0)
    {
        if (!done)
        {
            vcpu.QueueGeneralProtection();
            return ExitAction.Resume;
        }
        ulong next = unchecked(state.RIP + (ulong)length);
        state.RIP = state.CodeSize == CodeSize.Bits64 ? next : unchecked((uint)next);
        TVendor.WriteState(vcpu, in state);
        TVendor.EndInterruptShadow(vcpu);
        Trap(vcpu, (state.RFLAGS & Rflags.TF) != 0 ? traps | Dr6.BS : traps);
        return ExitAction.Resume;
    }

    // Where it exits at all, the processor leaves the whole of it to the host.
    private static ExitAction TaskSwitch(Vcpu vcpu)
    {
        ref VmExit exit = ref vcpu.Exit;
        InstructionEmulator emulator = vcpu.Emulator;
        TVendor.ReadState(vcpu, ref emulator.State);
        TVendor.ReadTables(vcpu, ref emulator.Tables);
        InterceptedInstruction instruction = default;
        if (!exit.IsEvent && !TryDecode(vcpu, out instruction))
            return ExitAction.Resume;
        TaskSwitch task = new()
        {
            Selector = exit.Selector,
            Cause = exit.Cause,
            Length = instruction.Length,
            HasErrorCode = exit.Flag,
            ErrorCode = exit.ErrorCode,
        };
        EmulationOutcome outcome = emulator.SwitchTask(in task, out bool hasSwitched);
        if (outcome == EmulationOutcome.Again && !exit.IsEvent)
            return ExitAction.Resume;
        if (outcome is not (EmulationOutcome.Completed or EmulationOutcome.Exception))
        {
            vcpu.Machine.Log.Write($"cannot emulate the switch to the task 0x{exit.Selector:x}");
            return Stop(vcpu, StopReason.Unemulated);
        }
        if (!hasSwitched && exit.IsEvent && exit.Vector == (byte)ExceptionVector.DF)
            return Stop(vcpu, StopReason.TripleFault); // the double fault's delivery has failed
        TVendor.WriteState(vcpu, in emulator.State);
        if (hasSwitched)
        {
            const Dr7 Local = Dr7.L0 | Dr7.L1 | Dr7.L2 | Dr7.L3 | Dr7.LE;
            ulong control = TVendor.ReadDebug(vcpu, 7) & ~(ulong)Local;
            TVendor.WriteSegments(vcpu, in emulator.State, in emulator.Tables);
            TVendor.WriteDebug(vcpu, 7, control);
            vcpu.SetDebugControl((Dr7)control);
            TVendor.FlushTranslations(vcpu);
            TVendor.EndInterruptShadow(vcpu);
        }
        if (outcome == EmulationOutcome.Exception)
            vcpu.QueueException(emulator.Exception.Vector, emulator.Exception.HasErrorCode, emulator.Exception.ErrorCode);
        Trap(vcpu, emulator.Traps);
        return ExitAction.Resume;
    }

    private static ControlRegisters Controls(Vcpu vcpu, in GuestCpuState state) => new()
    {
        CR0 = state.CR0,
        CR3 = state.CR3,
        CR4 = state.CR4,
        EFER = state.EFER,
        XCR0 = vcpu.XCR0,
        IsCode64Bit = state.CodeSize == CodeSize.Bits64,
    };

    // #DB and #AC are looked at only so that a guest that faults while delivering them cannot hold the processor: they go back in.
    private static ExitAction Exception(Vcpu vcpu)
    {
        if (vcpu.Exit.Vector == (byte)ExceptionVector.MC)
        {
            ModelSpecificRegister.Write(Msr.IA32_MCG_STATUS, 0); // so that the next is not a shutdown
            return Stop(vcpu, StopReason.MachineCheck);
        }
        vcpu.QueueException((ExceptionVector)vcpu.Exit.Vector, vcpu.Exit.Flag, vcpu.Exit.ErrorCode);
        return ExitAction.Resume;
    }

    private static ExitAction Undefined(Vcpu vcpu)
    {
        vcpu.QueueException(ExceptionVector.UD);
        return ExitAction.Resume;
    }

    private static ExitAction NotPermitted(Vcpu vcpu)
    {
        vcpu.QueueGeneralProtection();
        return ExitAction.Resume;
    }

    // A guest that does not run 64-bit code has the lower halves of its registers. Linux, Documentation/virt/kvm/x86/hypercalls.rst.
    private static ExitAction Hypercall(Vcpu vcpu)
    {
        TVendor.ReadMode(vcpu, out int privilege, out bool is64Bit);
        ulong mask = is64Bit ? ulong.MaxValue : uint.MaxValue;
        KvmHypercall number = (KvmHypercall)(vcpu[GeneralRegister.RAX] & mask);
        ulong first = vcpu[GeneralRegister.RBX] & mask, second = vcpu[GeneralRegister.RCX] & mask;
        ExitAction action = ExitAction.AdvanceRip;
        KvmHypercallError result = KvmHypercallError.Success;
        if (privilege != 0)
        {
            result = KvmHypercallError.KVM_EPERM;
        }
        else
        {
            switch (number)
            {
                case KvmHypercall.KVM_HC_VAPIC_POLL_IRQ:
                    break;
                case KvmHypercall.KVM_HC_KICK_CPU:
                    vcpu.Machine.Unhalt(unchecked((uint)second));
                    break;
                case KvmHypercall.KVM_HC_SEND_IPI:
                    uint lowest = unchecked((uint)vcpu[GeneralRegister.RDX]), command = unchecked((uint)vcpu[GeneralRegister.RSI]);
                    bool sent = vcpu.Apic.TrySendToMany(first, second, is64Bit ? 64 : 32, lowest, command, out int accepted);
                    result = sent ? (KvmHypercallError)accepted : KvmHypercallError.KVM_EINVAL;
                    break;
                case KvmHypercall.KVM_HC_SCHED_YIELD:
                    if (vcpu.Machine.TryGetVcpu(unchecked((uint)first), out vcpu.YieldsTo) && vcpu.YieldsTo!.Thread is { IsWaiting: true })
                        action = ExitAction.Yield;
                    break;
                default:
                    result = KvmHypercallError.KVM_ENOSYS;
                    break;
            }
        }
        vcpu[GeneralRegister.RAX] = unchecked((ulong)result) & mask;
        return action;
    }

    private static ExitAction PauseLoop(Vcpu vcpu)
    {
        vcpu.YieldsTo = null;
        return ExitAction.Yield;
    }

    // The guest waits for another of its processors, which goes first if it waits for its turn itself; if not, whoever waits may have a turn.
    private static void Yield(Vcpu vcpu)
    {
        if (vcpu.Records.HasStealTime)
            MarkPreempted(vcpu);
        vcpu.IsSpinning = vcpu.YieldsTo is null;
        if ((vcpu.YieldsTo ?? vcpu.Machine.FindWaiting(vcpu)) is { Thread: KernelThread other })
            Scheduler.LetFirst(other);
        Scheduler.Yield();
        vcpu.IsSpinning = false;
    }

    private static ExitAction Stop(Vcpu vcpu, StopReason reason)
    {
        vcpu.Machine.Stop(reason);
        return ExitAction.Stop;
    }

    private static ExitAction StopUndecodable(Vcpu vcpu)
    {
        vcpu.Machine.Log.WriteBytes("cannot find the intercepted instruction in"u8, vcpu.Emulator.Code, vcpu.Emulator.State.RIP);
        return Stop(vcpu, StopReason.Unemulated);
    }

    // Nothing else is looked at meanwhile, nor does a timer run: INIT has reset the APIC. Intel SDM vol. 3A, "MP Initialization Protocol Algorithm".
    private static void WaitForStartUp(Vcpu vcpu)
    {
        vcpu.ResetParavirtual();
        while (vcpu.Machine.MayRun || StayOutside(vcpu))
        {
            vcpu.Apic.TakeInit();
            if (vcpu.Apic.TakeStartUp(out int vector))
            {
                if (vcpu.LoadedAt != vcpu.Thread!.Switches)
                    Load(vcpu);
                EntryStates.StartUp<TVendor>(vcpu, vector);
                vcpu.WaitsForStartUp = false;
                vcpu.TimersChanged = true;
                return;
            }
            Scheduler.Block();
        }
    }

    private static void Halt(Vcpu vcpu)
    {
        TVendor.EndInterruptShadow(vcpu);
        while (vcpu.Machine.MayRun || StayOutside(vcpu))
        {
            if (vcpu.LoadedAt != vcpu.Thread!.Switches)
                Load(vcpu);
            ServeTimers(vcpu);
            if (vcpu.Machine.HasQueueWork)
            {
                vcpu.Machine.ServeQueues();
                if (vcpu.Thread.WantsAttention)
                    Scheduler.Attend();
                continue;
            }
            // What a masked IF keeps out does not end a HLT either, but for NMI and INIT.
            vcpu.CollectEndOfInterrupt();
            ApicEvents events = vcpu.Apic.Poll(out _);
            ApicEvents waking = ApicEvents.Init;
            if (TVendor.CanInjectNmi(vcpu))
                waking |= ApicEvents.Nmi;
            if (TVendor.CanInterrupt(vcpu))
                waking |= ApicEvents.Interrupt | ApicEvents.ExternalInterrupt;
            if (vcpu.TakeUnhalt() || (events & waking) != 0 || vcpu.HasPendingException)
                return;
            Scheduler.Block(vcpu.NextEvent);
        }
    }
}
