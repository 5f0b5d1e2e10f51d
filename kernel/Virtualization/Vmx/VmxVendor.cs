using System;
using System.Runtime.CompilerServices;
using HyperOS.Abi;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Diagnostics;
using HyperOS.Emulation;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;
using static HyperOS.Virtualization.Vmx.VmxInstructions;

namespace HyperOS.Virtualization.Vmx;

/// <summary>Intel VMX behind the seam: VMCS, EPT, unrestricted guest. Intel SDM vol. 3, "Virtual-Machine Extensions".</summary>
public readonly unsafe struct VmxVendor : IVirtualizationVendor
{
    private const uint ExceptionBitmap = 1u << (int)ExceptionVector.DB | 1u << (int)ExceptionVector.AC | 1u << (int)ExceptionVector.MC;

    private const InterruptibilityState Shadow = InterruptibilityState.BlockingBySti | InterruptibilityState.BlockingByMovSs;

    // An exit leaves CD and NW as the guest has them: they are the host's, and the guest's only in the shadow.
    private const Cr0 HostCr0 = Cr0.CD | Cr0.NW;

    // CR4 bits that nothing here has to know of; the others exit when they change.
    private const Cr4 GuestCr4 = Cr4.PGE | Cr4.TSD | Cr4.DE | Cr4.PCE | Cr4.OSFXSR | Cr4.OSXMMEXCPT;

    // In ticks of the time-stamp counter: PAUSEs farther apart are of different loops, and a loop that lasts longer exits.
    private const uint PauseGap = 128, PauseWindow = 4096;

    // In nanoseconds. The host's interrupts end a run whenever they come, but in Bochs not while the guest, as the host before it, has IF clear.
    private const ulong LongestRun = 10_000_000;

    private const ulong DefaultPat = 0x0007_0406_0007_0406;

    public static NestedPageFormat NestedPages => VmxProcessor.NestedPages;

    public static TscRatioFormat TscRatio => VmxProcessor.TscRatioFormat;

    public static bool Initialize(ApicVirtualization apicVirtualization)
    {
        if (!VmxProcessor.IsUsable(apicVirtualization, out ReadOnlySpan<byte> reason))
        {
            Log.Write("vmx"u8, $"no guests can run: {reason}");
            return false;
        }
        if (!VmxProcessor.TryInitialize())
            Panic.Stop($"too little memory");
        ref readonly VmxPlan plan = ref VmxProcessor.Plan;
        Log.Write("vmx"u8, $"revision 0x{plan.Revision:x}, features 0x{(uint)plan.Features:x}{(plan.SmallExecutablePages ? ", executable pages of 4 KiB (iTLB multihit)"u8 : default)}");
        return true;
    }

    public static bool TryPrepare(int processor) => VmxProcessor.TryPrepare(processor);

    public static bool TryEnable()
    {
        bool enabled = VmxProcessor.TryEnable();
        if (!enabled)
            Log.Write("vmx"u8, $"no guests can run: processor {Processor.Current.Index} cannot do what the first one can");
        return enabled;
    }

    public static bool TryCreate(Vcpu vcpu)
    {
        if (!VmxProcessor.TryAllocateRegion(vcpu.Machine.Owner, out HostPhysicalAddress frame)
            || !FrameAllocator.TryAllocateZeroed(vcpu.Machine.Owner, FrameZone.Any, out HostPhysicalAddress virtualApicPage))
        {
            return false;
        }
        HostPhysicalAddress accessPage = default;
        if (vcpu.Index != 0)
            accessPage = ContextOf(vcpu.Machine.BootVcpu).ApicAccessPage;
        else if (ServesLocalApic && !TryMakeAccessPage(vcpu.Machine, out accessPage))
            return false;
        VmxContext context = new(frame, virtualApicPage, accessPage, VmxProcessor.Plan.EptPointer(vcpu.Machine.NestedTables.Root.Value));
        vcpu.VendorState = context;
        bool interrupts = Cpu.SaveAndDisableInterrupts();
        Clear(frame);
        VmxProcessor.Current.Load(context);
        WriteControls(vcpu, context);
        WriteResetState(context);
        VmxProcessor.Current.Unload(context);
        Cpu.RestoreInterrupts(interrupts);
        return true;
    }

    public static void Load(Vcpu vcpu) => VmxProcessor.Current.Load(ContextOf(vcpu));

    public static void StoreRegisters() => VmxProcessor.Current.ReleaseMsrs();

    public static void Unload(Vcpu vcpu)
    {
        VmxContext context = ContextOf(vcpu);
        context.Processor?.Unload(context);
    }

    // The preemption timer is set by one VMWRITE and ends in an exit alone, where the APIC's takes two WRMSRs and an interrupt.
    public static void SetDeadline(Vcpu vcpu, ulong deadline)
    {
        if (!VmxProcessor.Plan.Has(VmxFeatures.PreemptionTimer))
        {
            Scheduler.SetRunDeadline(vcpu.Thread!, deadline);
            return;
        }
        ulong now = Clock.Now;
        ContextOf(vcpu).Deadline = Cpu.ReadTimestamp() + Clock.ToTicks(deadline <= now ? 0 : Math.Min(deadline - now, LongestRun));
    }

    public static void Enter(Vcpu vcpu)
    {
        VmxContext context = ContextOf(vcpu);
        if (VmxProcessor.Plan.Has(VmxFeatures.PreemptionTimer))
            SetPreemptionTimer(context.Deadline);
        if (ServesLocalApic && !context.HoldsApic)
            FollowApic(vcpu, context);
        if (DeliversInterrupts(vcpu))
            GiveApic(vcpu.Apic, context);
        else if (VmxProcessor.Plan.Has(VmxFeatures.TprShadow))
            SetTaskPriority(vcpu, context);
        if (context.FlushWanted)
            VmxProcessor.Flush(context);
        fixed (GuestRegisters* registers = &vcpu.Registers)
        fixed (VmxRunState* state = &context.Run)
            context.EntryFailed = Run(registers, state) != 0;
        context.ExitReason = context.EntryFailed ? (uint)VmExitReasonFlags.EntryFailure : Read32(VmcsField.ExitReason);
        if ((context.ExitReason & (uint)VmExitReasonFlags.EntryFailure) == 0)
            context.Run.Launched = true;
        if (context.ExitReason == (uint)VmExitReason.ExceptionOrNmi && InterruptionTypeOf(Read32(VmcsField.VmExitInterruptionInformation)) == InterruptionType.Nmi)
            TakeNmi(); // NMIs are blocked since: the IRET of an interrupt would let the next one in before it
        Cpu.EnableInterrupts();
    }

    public static void Decode(Vcpu vcpu)
    {
        VmxContext context = ContextOf(vcpu);
        ref VmExit exit = ref vcpu.Exit;
        if ((context.ExitReason & (uint)VmExitReasonFlags.EntryFailure) != 0)
        {
            exit.Kind = VmExitKind.EntryFailure;
            VmxEntryFailure.Describe(vcpu.Machine.Log, context.EntryFailed);
            return;
        }
        context.EventInLine = 0;
        if (!context.HoldsApic && VmxProcessor.Plan.Has(VmxFeatures.TprShadow) && context.Vtpr != vcpu.Apic.TaskPriority)
            vcpu.Apic.TaskPriority = context.Vtpr;
        uint vectoring = Read32(VmcsField.IdtVectoringInformationField);
        if ((vectoring & InterruptionInformation.Valid) != 0)
            Reinject(context, vectoring);
        switch ((VmExitReason)(context.ExitReason & (uint)VmExitReasonFlags.BasicReason))
        {
            case VmExitReason.ExternalInterrupt or VmExitReason.IoSmi or VmExitReason.OtherSmi or VmExitReason.InitSignal:
                exit.Kind = VmExitKind.HostInterrupt;
                break;
            case VmExitReason.VmxPreemptionTimerExpired:
                vcpu.TimersChanged = true;
                exit.Kind = VmExitKind.HostInterrupt;
                break;
            case VmExitReason.ExceptionOrNmi:
                DecodeException(vcpu, context, vectoring);
                break;
            case VmExitReason.Cpuid:
                exit.Kind = VmExitKind.Cpuid;
                break;
            case VmExitReason.IoInstruction:
                DecodePort(ref exit);
                break;
            case VmExitReason.Rdmsr:
                TakeApicForMsr(vcpu, context);
                exit.Kind = VmExitKind.ReadMsr;
                break;
            case VmExitReason.Wrmsr:
                TakeApicForMsr(vcpu, context);
                exit.Kind = VmExitKind.WriteMsr;
                break;
            case VmExitReason.Hlt:
                TakeApic(vcpu, context); // whoever waits looks at what may come
                exit.Kind = VmExitKind.Hlt;
                break;
            case VmExitReason.InterruptWindow or VmExitReason.TprBelowThreshold:
                exit.Kind = VmExitKind.InterruptWindow;
                break;
            case VmExitReason.NmiWindow:
                SetPrimary(context, context.Primary & ~PrimaryProcessorBasedControls.NmiWindowExiting);
                exit.Kind = VmExitKind.NmiWindow;
                break;
            case VmExitReason.EptViolation:
                DecodeEptViolation(vcpu, vectoring);
                if ((exit.Address.Value & ~(Size.Page - 1)) == LocalApic.BaseAddress)
                    TakeApic(vcpu, context);
                break;
            case VmExitReason.ApicAccess:
                TakeApic(vcpu, context);
                DecodeApicAccess(ref exit);
                break;
            case VmExitReason.ApicWrite:
                TakeApic(vcpu, context);
                exit.Kind = VmExitKind.ApicWrite;
                exit.Address = new GuestPhysicalAddress(LocalApic.BaseAddress | Read(VmcsField.ExitQualification) & ApicAccessQualification.OffsetMask);
                exit.Value = context.ApicPage[(int)(exit.Address.Value - LocalApic.BaseAddress) >> 2];
                break;
            case VmExitReason.VirtualizedEoi:
                exit.Kind = VmExitKind.EndOfInterrupt;
                exit.Vector = unchecked((byte)Read(VmcsField.ExitQualification));
                break;
            case VmExitReason.Vmcall:
                exit.Kind = VmExitKind.Hypercall;
                break;
            case VmExitReason.ControlRegisterAccess:
                exit.Kind = VmExitKind.ControlRegister;
                break;
            case VmExitReason.MovDr:
                exit.Kind = VmExitKind.DebugRegister;
                break;
            case VmExitReason.Xsetbv:
                exit.Kind = VmExitKind.Xsetbv;
                break;
            case VmExitReason.WbinvdOrWbnoinvd or VmExitReason.Invd:
                exit.Kind = VmExitKind.NoOperation;
                break;
            case VmExitReason.Pause:
                exit.Kind = VmExitKind.PauseLoop;
                break;
            case VmExitReason.Rdpmc:
                exit.Kind = VmExitKind.NotPermitted;
                break;
            case VmExitReason.Vmclear or VmExitReason.Vmlaunch or VmExitReason.Vmptrld or VmExitReason.Vmptrst or VmExitReason.Vmread or VmExitReason.Vmresume
                or VmExitReason.Vmwrite or VmExitReason.Vmxoff or VmExitReason.Vmxon or VmExitReason.Invept or VmExitReason.Invvpid or VmExitReason.Vmfunc
                or VmExitReason.Getsec or VmExitReason.Monitor or VmExitReason.Mwait:
                exit.Kind = VmExitKind.Undefined;
                break;
            case VmExitReason.TaskSwitch:
                DecodeTaskSwitch(context, ref exit, vectoring);
                break;
            case VmExitReason.TripleFault:
                exit.Kind = VmExitKind.Shutdown;
                break;
            default:
                exit.Kind = VmExitKind.Unknown;
                break;
        }
    }

    public static VmVendor Vendor => VmVendor.Vmx;

    // A failed VMLAUNCH or VMRESUME has no exit reason: its VM-instruction error stands in for the qualification.
    public static void ReadRawExit(Vcpu vcpu, out RawExit raw)
    {
        bool failed = ContextOf(vcpu).EntryFailed;
        raw = new RawExit
        {
            Code = failed ? 0 : ContextOf(vcpu).ExitReason,
            Info1 = Read(failed ? VmcsField.VmInstructionError : VmcsField.ExitQualification),
            Info2 = Read(VmcsField.GuestPhysicalAddress),
            InstructionPointer = Read(VmcsField.GuestRip),
        };
    }

    public static bool AdvanceRip(Vcpu vcpu)
    {
        SkipInstruction();
        EndInterruptShadow(vcpu);
        if (((Rflags)Read(VmcsField.GuestRflags) & Rflags.TF) != 0)
        {
            ContextOf(vcpu).DR6 |= Dr6.BS;
            vcpu.QueueException(ExceptionVector.DB);
        }
        return true;
    }

    public static bool TryGetInstruction(Vcpu vcpu, out InterceptedInstruction instruction)
    {
        ulong qualification = Read(VmcsField.ExitQualification);
        instruction = new InterceptedInstruction { Length = (byte)Read32(VmcsField.VmExitInstructionLength) };
        switch (vcpu.Exit.Kind)
        {
            case VmExitKind.ControlRegister:
                instruction.Operation = (CrAccessType)((qualification & CrAccessQualification.AccessTypeMask) >> CrAccessQualification.AccessTypeShift) switch
                {
                    CrAccessType.MovToCr => InterceptedOperation.MovToCr,
                    CrAccessType.MovFromCr => InterceptedOperation.MovFromCr,
                    CrAccessType.Clts => InterceptedOperation.CLTS,
                    _ => InterceptedOperation.LMSW,
                };
                instruction.SystemRegister = (byte)(qualification & CrAccessQualification.RegisterMask);
                instruction.Register = (GeneralRegister)((qualification & CrAccessQualification.GprMask) >> CrAccessQualification.GprShift);
                return true;
            case VmExitKind.DebugRegister:
                instruction.Operation = (qualification & MovDrQualification.FromDr) != 0 ? InterceptedOperation.MovFromDr : InterceptedOperation.MovToDr;
                instruction.SystemRegister = (byte)(qualification & MovDrQualification.RegisterMask);
                instruction.Register = (GeneralRegister)((qualification & MovDrQualification.GprMask) >> MovDrQualification.GprShift);
                return true;
            case VmExitKind.Xsetbv:
                instruction.Operation = InterceptedOperation.XSETBV;
                return true;
            case VmExitKind.TaskSwitch:
                return true; // the length is all that counts
            default:
                return false;
        }
    }

    public static void ReadMode(Vcpu vcpu, out int privilege, out bool is64Bit)
    {
        privilege = PrivilegeLevel;
        is64Bit = ((Efer)Read(VmcsField.GuestIa32Efer) & Efer.LMA) != 0 && (Read32(VmcsField.GuestCsAccessRights) & (uint)SegmentAccessRights.L) != 0;
    }

    public static void ReadState(Vcpu vcpu, ref GuestCpuState state)
    {
        VmxContext context = ContextOf(vcpu);
        state.Registers = vcpu.Registers.General;
        state.Registers[(int)GeneralRegister.RSP] = Read(VmcsField.GuestRsp);
        state.RIP = Read(VmcsField.GuestRip);
        state.RFLAGS = (Rflags)Read(VmcsField.GuestRflags);
        state.CR0 = ReadCr0(context);
        state.CR2 = context.Run.CR2;
        state.CR3 = Read(VmcsField.GuestCr3);
        state.CR4 = ReadCr4(context);
        state.EFER = (Efer)Read(VmcsField.GuestIa32Efer);
        state.ES = ReadSegment(VmxSegment.ES);
        state.CS = ReadSegment(VmxSegment.CS);
        state.SS = ReadSegment(VmxSegment.SS);
        state.DS = ReadSegment(VmxSegment.DS);
        state.FS = ReadSegment(VmxSegment.FS);
        state.GS = ReadSegment(VmxSegment.GS);
        state.CPL = (byte)PrivilegeLevel;
    }

    public static void WriteState(Vcpu vcpu, in GuestCpuState state)
    {
        VmxContext context = ContextOf(vcpu);
        vcpu.Registers.General = state.Registers;
        context.Run.CR2 = state.CR2;
        Write(VmcsField.GuestRsp, state.Registers[(int)GeneralRegister.RSP]);
        Write(VmcsField.GuestRip, state.RIP);
        Write(VmcsField.GuestRflags, (ulong)state.RFLAGS);
        if (state.CR0 == ReadCr0(context) && state.CR3 == Read(VmcsField.GuestCr3) && state.CR4 == ReadCr4(context)
            && state.EFER == (Efer)Read(VmcsField.GuestIa32Efer))
        {
            return;
        }
        WriteCr0(context, state.CR0);
        Write(VmcsField.GuestCr3, state.CR3);
        WriteCr4(context, state.CR4);
        Write(VmcsField.GuestIa32Efer, (ulong)state.EFER);
        // A guest that turns paging on or off moves the control itself: exits store it.
        Write(VmcsField.VmEntryControls, (uint)(VmxProcessor.Plan.Entry | (state.IsLongMode ? VmEntryControls.Ia32eModeGuest : 0)));
        if ((state.CR0 & Cr0.PG) != 0 && (state.CR4 & Cr4.PAE) != 0 && !state.IsLongMode)
            WritePageDirectoryPointers(vcpu, state.CR3);
    }

    public static void ReadTables(Vcpu vcpu, ref DescriptorTableState tables) => tables = new DescriptorTableState
    {
        GdtBase = Read(VmcsField.GuestGdtrBase),
        GdtLimit = unchecked((ushort)Read32(VmcsField.GuestGdtrLimit)),
        IdtBase = Read(VmcsField.GuestIdtrBase),
        IdtLimit = unchecked((ushort)Read32(VmcsField.GuestIdtrLimit)),
        TR = ReadSegment(VmxSegment.TR),
        LDTR = ReadSegment(VmxSegment.LDTR),
    };

    public static void WriteSegments(Vcpu vcpu, in GuestCpuState state, in DescriptorTableState tables)
    {
        WriteSegment(VmxSegment.ES, in state.ES);
        WriteSegment(VmxSegment.CS, in state.CS);
        WriteSegment(VmxSegment.SS, in state.SS);
        WriteSegment(VmxSegment.DS, in state.DS);
        WriteSegment(VmxSegment.FS, in state.FS);
        WriteSegment(VmxSegment.GS, in state.GS);
        WriteSegment(VmxSegment.LDTR, in tables.LDTR);
        WriteSegment(VmxSegment.TR, in tables.TR);
        Write(VmcsField.GuestGdtrBase, tables.GdtBase);
        Write(VmcsField.GuestGdtrLimit, tables.GdtLimit);
        Write(VmcsField.GuestIdtrBase, tables.IdtBase);
        Write(VmcsField.GuestIdtrLimit, tables.IdtLimit);
    }

    public static bool ServesLocalApic => VmxProcessor.Plan.Has(VmxFeatures.ApicVirtualization);

    // One that software has disabled accepts nothing, which the processor does not know.
    public static bool DeliversInterrupts(Vcpu vcpu) => ServesLocalApic && vcpu.Apic.Mode != ApicMode.Disabled && vcpu.Apic.IsSoftwareEnabled;

    public static bool CanInterrupt(Vcpu vcpu) => ContextOf(vcpu).EventInLine == 0 && ((Rflags)Read(VmcsField.GuestRflags) & Rflags.IF) != 0
        && (Interruptibility & Shadow) == 0;

    public static bool CanInjectNmi(Vcpu vcpu) =>
        ContextOf(vcpu).EventInLine == 0 && (Interruptibility & (Shadow | InterruptibilityState.BlockingByNmi)) == 0;

    public static bool HasEventInLine(Vcpu vcpu) => ContextOf(vcpu).EventInLine != 0;

    public static void InjectInterrupt(Vcpu vcpu, int vector) => PutInLine(ContextOf(vcpu), InterruptionType.ExternalInterrupt, (uint)vector);

    public static void InjectNmi(Vcpu vcpu)
    {
        VmxContext context = ContextOf(vcpu);
        SetPrimary(context, context.Primary & ~PrimaryProcessorBasedControls.NmiWindowExiting);
        PutInLine(context, InterruptionType.Nmi, (uint)ExceptionVector.NMI);
    }

    // An event in line whose delivery ended in this exception goes under, as on a processor: an instruction's comes again by itself.
    public static void InjectException(Vcpu vcpu, in GuestException exception)
    {
        uint information = (uint)exception.Vector;
        // In real mode no exception has an error code, and entry checks it.
        if (exception.HasErrorCode && ((Cr0)Read(VmcsField.GuestCr0) & Cr0.PE) != 0)
        {
            Write(VmcsField.VmEntryExceptionErrorCode, exception.ErrorCode);
            information |= InterruptionInformation.DeliverErrorCode;
        }
        PutInLine(ContextOf(vcpu), InterruptionType.HardwareException, information);
        // Entry demands that a single step which a shadow holds back is pending, even if this is it.
        if (exception.Vector == ExceptionVector.DB && (Interruptibility & Shadow) != 0 && ((Rflags)Read(VmcsField.GuestRflags) & Rflags.TF) != 0)
            Write(VmcsField.GuestPendingDebugExceptions, Read(VmcsField.GuestPendingDebugExceptions) | (ulong)PendingDebugExceptions.BS);
    }

    public static void RequestInterruptWindow(Vcpu vcpu, bool wanted)
    {
        VmxContext context = ContextOf(vcpu);
        const PrimaryProcessorBasedControls Window = PrimaryProcessorBasedControls.InterruptWindowExiting;
        SetPrimary(context, wanted ? context.Primary | Window : context.Primary & ~Window);
    }

    public static void RequestNmiWindow(Vcpu vcpu)
    {
        VmxContext context = ContextOf(vcpu);
        SetPrimary(context, context.Primary | PrimaryProcessorBasedControls.NmiWindowExiting);
    }

    // The processor itself ends the blocking of virtual NMIs with the guest's IRET.
    public static void EndNmi(Vcpu vcpu)
    {
    }

    public static void ClearEvents(Vcpu vcpu)
    {
        ContextOf(vcpu).EventInLine = 0;
        ContextOf(vcpu).HoldsApic = false; // INIT has reset the registers; what the page has is of before
        Write(VmcsField.VmEntryInterruptionInformationField, 0);
        Write(VmcsField.GuestInterruptibilityState, 0);
        Write(VmcsField.GuestPendingDebugExceptions, 0);
        RequestInterruptWindow(vcpu, false);
    }

    public static void FlushTranslations(Vcpu vcpu) => ContextOf(vcpu).FlushWanted = true;

    public static int ReadInstructionBytes(Vcpu vcpu, Span<byte> destination) => 0;

    public static void SetTscOffset(Vcpu vcpu, ulong offset) => Write(VmcsField.TscOffset, offset);

    public static void EndInterruptShadow(Vcpu vcpu)
    {
        InterruptibilityState state = Interruptibility;
        if ((state & Shadow) != 0)
            Write(VmcsField.GuestInterruptibilityState, (uint)(state & ~Shadow));
    }

    public static ulong ReadMsr(Vcpu vcpu, uint msr) => msr switch
    {
        Msr.EFER => Read(VmcsField.GuestIa32Efer),
        Msr.IA32_PAT => Read(VmcsField.GuestIa32Pat),
        _ => 0,
    };

    public static void WriteMsr(Vcpu vcpu, uint msr, ulong value)
    {
        if (msr == Msr.IA32_PAT)
            Write(VmcsField.GuestIa32Pat, value);
    }

    public static ulong ReadDebug(Vcpu vcpu, int register) => register == 6 ? (ulong)ContextOf(vcpu).DR6 : Read(VmcsField.GuestDr7);

    public static void WriteDebug(Vcpu vcpu, int register, ulong value)
    {
        if (register == 6)
            ContextOf(vcpu).DR6 = (Dr6)value;
        else
            Write(VmcsField.GuestDr7, value);
    }


    private static int PrivilegeLevel => (int)((Read32(VmcsField.GuestSsAccessRights) & (uint)SegmentAccessRights.DPL) >> 5);

    private static VmxContext ContextOf(Vcpu vcpu) => Unsafe.As<VmxContext>(vcpu.VendorState)!;

    private static InterruptibilityState Interruptibility => (InterruptibilityState)Read32(VmcsField.GuestInterruptibilityState);

    private static InterruptionType InterruptionTypeOf(uint information) =>
        (InterruptionType)((information & InterruptionInformation.TypeMask) >> InterruptionInformation.TypeShift);

    private static void SetPreemptionTimer(ulong deadline)
    {
        ulong now = Cpu.ReadTimestamp();
        ulong left = deadline > now ? deadline - now : 0;
        Write(VmcsField.VmxPreemptionTimerValue, Math.Min(left >> VmxProcessor.Plan.PreemptionTimerShift, uint.MaxValue));
    }

    // While something waits, whatever lowers the priority exits: it may let it come. Entry demands a threshold not above VTPR.
    private static void SetTaskPriority(Vcpu vcpu, VmxContext context)
    {
        uint priority = vcpu.Apic.TaskPriority;
        if (context.Vtpr != priority)
            context.Vtpr = priority;
        uint threshold = vcpu.Apic.IsQuiet ? 0 : priority >> 4;
        if (threshold == context.TprThreshold)
            return;
        context.TprThreshold = threshold;
        Write(VmcsField.TprThreshold, threshold);
    }

    // The page has the registers from here to the next exit that somebody has to look at them for; meanwhile only what waits is added to it.
    private static void GiveApic(LocalApic apic, VmxContext context)
    {
        if (context.HoldsApic && !apic.HasRequests)
            return;
        Span<uint> page = context.ApicPage;
        if (context.HoldsApic)
        {
            apic.MoveRequests(page);
        }
        else
        {
            apic.CopyTo(page);
            context.HoldsApic = true;
        }
        for (int i = 0; i < 4; i++)
        {
            int trigger = (int)ApicRegister.TMR + 2 * i << 2;
            ulong levels = page[trigger] | (ulong)page[trigger + 4] << 32;
            if (levels == context.EoiExits[i])
                continue;
            context.EoiExits[i] = levels;
            Write((VmcsField)((uint)VmcsField.EoiExitBitmap0 + 2 * (uint)i), levels);
        }
        Write(VmcsField.GuestInterruptStatus,
            (ulong)(LocalApic.Highest(page, ApicRegister.ISR) << VmxInterruptStatus.SviShift | LocalApic.Highest(page, ApicRegister.IRR)));
    }

    private static void TakeApic(Vcpu vcpu, VmxContext context)
    {
        if (!context.HoldsApic)
            return;
        context.HoldsApic = false;
        vcpu.Apic.CopyFrom(context.ApicPage);
    }

    // The interrupt command, which is the one that guests write often, needs nothing of what the page holds.
    private static void TakeApicForMsr(Vcpu vcpu, VmxContext context)
    {
        uint msr = unchecked((uint)vcpu[GeneralRegister.RCX]);
        if (msr == Msr.IA32_APIC_BASE || unchecked(msr - LocalApic.FirstMsr) < LocalApicRegisters.Count && msr != LocalApic.FirstMsr + (uint)ApicRegister.ICR)
            TakeApic(vcpu, context);
    }

    // Only in xAPIC mode are the registers in memory. One vCPU that leaves it takes the page from all, whose accesses are emulated then; so are those
    // that find an APIC which the processor does not serve, but for TPR.
    private static void FollowApic(Vcpu vcpu, VmxContext context)
    {
        const SecondaryProcessorBasedControls Serving = SecondaryProcessorBasedControls.ApicRegisterVirtualization
            | SecondaryProcessorBasedControls.VirtualInterruptDelivery;
        const SecondaryProcessorBasedControls Memory = SecondaryProcessorBasedControls.VirtualizeApicAccesses;
        const SecondaryProcessorBasedControls Msrs = SecondaryProcessorBasedControls.VirtualizeX2ApicMode;
        SecondaryProcessorBasedControls before = context.Secondary, controls = VmxProcessor.Plan.Secondary;
        if (vcpu.Apic.Mode != ApicMode.XApic)
            controls &= ~Memory;
        if (!DeliversInterrupts(vcpu))
            controls &= ~Serving;
        else if (vcpu.Apic.Mode == ApicMode.X2Apic)
            controls |= Msrs;
        if (controls == before)
            return;
        context.Secondary = controls;
        Write(VmcsField.SecondaryProcessorBasedVmExecutionControls, (uint)controls);
        Write(VmcsField.AddressOfMsrBitmaps, ((controls & Msrs) != 0 ? VmxProcessor.X2ApicMsrBitmap : VmxProcessor.MsrBitmap).Value);
        if (((controls ^ before) & Memory) == 0)
            return;
        vcpu.Machine.NestedTables.TryPut(
            new GuestPhysicalAddress(LocalApic.BaseAddress), (controls & Memory) != 0 ? context.ApicAccessPage.Value | VmxProcessor.DevicePage : 0);
        context.FlushWanted = true;
    }

    private static bool TryMakeAccessPage(VirtualMachine machine, out HostPhysicalAddress page) =>
        FrameAllocator.TryAllocateZeroed(machine.Owner, FrameZone.Any, out page)
        && machine.NestedTables.TryPut(new GuestPhysicalAddress(LocalApic.BaseAddress), page.Value | VmxProcessor.DevicePage);

    private static void SetPrimary(VmxContext context, PrimaryProcessorBasedControls controls)
    {
        if (controls == context.Primary)
            return;
        context.Primary = controls;
        Write(VmcsField.PrimaryProcessorBasedVmExecutionControls, (uint)controls);
    }

    private static void PutInLine(VmxContext context, InterruptionType type, uint information)
    {
        context.EventInLine = InterruptionInformation.Valid | (uint)type << InterruptionInformation.TypeShift | information;
        Write(VmcsField.VmEntryInterruptionInformationField, context.EventInLine);
    }

    // What was being delivered goes in again; a software interrupt or exception comes by itself when its instruction runs again.
    private static void Reinject(VmxContext context, uint vectoring)
    {
        switch (InterruptionTypeOf(vectoring))
        {
            case InterruptionType.SoftwareInterrupt or InterruptionType.SoftwareException or InterruptionType.PrivilegedSoftwareException:
                return;
            case InterruptionType.Nmi:
                // The processor holds it for delivered.
                Write(VmcsField.GuestInterruptibilityState, (uint)(Interruptibility & ~InterruptibilityState.BlockingByNmi));
                break;
        }
        if ((vectoring & InterruptionInformation.DeliverErrorCode) != 0)
            Write(VmcsField.VmEntryExceptionErrorCode, Read32(VmcsField.IdtVectoringErrorCode));
        context.EventInLine = vectoring & ~InterruptionInformation.ReservedAtEntry;
        Write(VmcsField.VmEntryInterruptionInformationField, context.EventInLine);
    }

    private static void DecodeException(Vcpu vcpu, VmxContext context, uint vectoring)
    {
        ref VmExit exit = ref vcpu.Exit;
        uint information = Read32(VmcsField.VmExitInterruptionInformation);
        InterruptionType type = InterruptionTypeOf(information);
        if (type == InterruptionType.Nmi)
        {
            exit.Kind = VmExitKind.HostInterrupt;
            return;
        }
        if ((information & InterruptionInformation.NmiUnblocking) != 0)
            BlockNmis(vectoring);
        exit.Kind = VmExitKind.Exception;
        exit.Vector = unchecked((byte)information);
        exit.Flag = (information & InterruptionInformation.DeliverErrorCode) != 0;
        exit.ErrorCode = exit.Flag ? Read32(VmcsField.VmExitInterruptionErrorCode) : 0;
        if (exit.Vector != (byte)ExceptionVector.DB)
            return;
        // What delivery would have left in DR6 and DR7. Intel SDM vol. 3, "Exit Qualification": the bits are DR6's.
        const Dr6 Conditions = Dr6.B0 | Dr6.B1 | Dr6.B2 | Dr6.B3 | Dr6.BD | Dr6.BS;
        context.DR6 = context.DR6 & ~(Dr6.B0 | Dr6.B1 | Dr6.B2 | Dr6.B3) | (Dr6)Read(VmcsField.ExitQualification) & Conditions;
        Write(VmcsField.GuestDr7, Read(VmcsField.GuestDr7) & ~(ulong)Dr7.GD);
        if (type == InterruptionType.PrivilegedSoftwareException)
            SkipInstruction(); // INT1 is a trap
    }

    // An event that comes by a task gate is none to go in again: the switch is its delivery.
    private static void DecodeTaskSwitch(VmxContext context, ref VmExit exit, uint vectoring)
    {
        ulong qualification = Read(VmcsField.ExitQualification);
        exit.Kind = VmExitKind.TaskSwitch;
        exit.Selector = unchecked((ushort)(qualification & TaskSwitchQualification.SelectorMask));
        exit.Cause = (TaskSwitchSource)((qualification & TaskSwitchQualification.SourceMask) >> TaskSwitchQualification.SourceShift) switch
        {
            TaskSwitchSource.Call => TaskSwitchCause.Call,
            TaskSwitchSource.Jmp => TaskSwitchCause.Jump,
            TaskSwitchSource.Iret => TaskSwitchCause.Return,
            _ => TaskSwitchCause.Gate,
        };
        exit.Vector = unchecked((byte)vectoring);
        exit.Flag = false;
        exit.IsEvent = false;
        if ((vectoring & InterruptionInformation.Valid) == 0)
            return;
        InterruptionType type = InterruptionTypeOf(vectoring);
        exit.IsEvent = type is not (InterruptionType.SoftwareInterrupt or InterruptionType.SoftwareException or InterruptionType.PrivilegedSoftwareException);
        exit.Flag = (vectoring & InterruptionInformation.DeliverErrorCode) != 0;
        exit.ErrorCode = exit.Flag ? Read32(VmcsField.IdtVectoringErrorCode) : 0;
        context.EventInLine = 0;
        Write(VmcsField.VmEntryInterruptionInformationField, 0);
        if (type == InterruptionType.Nmi)
            Write(VmcsField.GuestInterruptibilityState, (uint)(Interruptibility | InterruptibilityState.BlockingByNmi));
    }

    private static void DecodeEptViolation(Vcpu vcpu, uint vectoring)
    {
        ref VmExit exit = ref vcpu.Exit;
        EptViolationQualification qualification = (EptViolationQualification)Read(VmcsField.ExitQualification);
        if ((qualification & EptViolationQualification.NmiUnblocking) != 0)
            BlockNmis(vectoring);
        exit.Kind = VmExitKind.NestedFault;
        exit.Address = new GuestPhysicalAddress(Read(VmcsField.GuestPhysicalAddress));
        exit.Flag = (qualification & EptViolationQualification.Write) != 0;
        exit.IsFetch = (qualification & EptViolationQualification.Fetch) != 0;
        const EptViolationQualification Final = EptViolationQualification.LinearAddressValid | EptViolationQualification.Translation;
        exit.IsFinalAccess = (qualification & (Final | EptViolationQualification.Fetch)) == Final;
    }

    // Of an access that the processor does not serve: to a register that it does not know, too wide, or in the guest's own tables.
    private static void DecodeApicAccess(ref VmExit exit)
    {
        ulong qualification = Read(VmcsField.ExitQualification);
        ApicAccessType type = (ApicAccessType)((qualification & ApicAccessQualification.TypeMask) >> ApicAccessQualification.TypeShift);
        exit.Kind = VmExitKind.NestedFault;
        exit.Address = new GuestPhysicalAddress(LocalApic.BaseAddress | qualification & ApicAccessQualification.OffsetMask);
        exit.Flag = type == ApicAccessType.LinearWrite;
        exit.IsFetch = type == ApicAccessType.LinearFetch;
        exit.IsFinalAccess = type is ApicAccessType.LinearRead or ApicAccessType.LinearWrite;
    }

    // The exit was in an IRET that had unblocked NMIs already, and runs again. Intel SDM vol. 3, "Information for VM Exits Due to Vectored Events".
    private static void BlockNmis(uint vectoring)
    {
        if ((vectoring & InterruptionInformation.Valid) == 0)
            Write(VmcsField.GuestInterruptibilityState, (uint)(Interruptibility | InterruptibilityState.BlockingByNmi));
    }

    private static void DecodePort(ref VmExit exit)
    {
        IoQualification qualification = (IoQualification)Read(VmcsField.ExitQualification);
        exit.Kind = (qualification & IoQualification.String) != 0 ? VmExitKind.StringPort : VmExitKind.Port;
        exit.Port = (ushort)((ulong)(qualification & IoQualification.PortMask) >> IoQualificationShift.Port);
        exit.Size = (byte)((ulong)(qualification & IoQualification.SizeMask) + 1);
        exit.Flag = (qualification & IoQualification.In) != 0;
    }

    private static void SkipInstruction()
    {
        ulong rip = Read(VmcsField.GuestRip);
        ulong next = unchecked(rip + Read32(VmcsField.VmExitInstructionLength));
        // Outside of 64-bit mode the pointer is of 32 bits.
        if (rip >> 32 != next >> 32 && (Read32(VmcsField.GuestCsAccessRights) & (uint)SegmentAccessRights.L) == 0)
            next = unchecked((uint)next);
        Write(VmcsField.GuestRip, next);
    }

    private static Cr0 ReadCr0(VmxContext context)
    {
        Cr0 hidden = HostCr0 | VmxProcessor.Plan.GuestCr0;
        return (Cr0)Read(VmcsField.GuestCr0) & ~hidden | context.Cr0Shadow & hidden;
    }

    private static void WriteCr0(VmxContext context, Cr0 value)
    {
        Write(VmcsField.GuestCr0, (ulong)(value & ~HostCr0 | VmxProcessor.Plan.GuestCr0));
        Write(VmcsField.Cr0ReadShadow, (ulong)value);
        context.Cr0Shadow = value;
    }

    private static Cr4 ReadCr4(VmxContext context) => (Cr4)Read(VmcsField.GuestCr4) & GuestCr4 | context.Cr4Shadow & ~GuestCr4;

    private static void WriteCr4(VmxContext context, Cr4 value)
    {
        Write(VmcsField.GuestCr4, (ulong)(value | VmxProcessor.Plan.RequiredCr4));
        Write(VmcsField.Cr4ReadShadow, (ulong)value);
        context.Cr4Shadow = value;
    }

    // As MOV to CR3 loads them. One with a reserved bit, for which that would be #GP, counts as not present. Intel SDM vol. 3, "PDPTE Registers".
    private static void WritePageDirectoryPointers(Vcpu vcpu, ulong cr3)
    {
        ulong reserved = 0x1E6 | ~((1ul << (int)vcpu.Machine.Cpuid.PhysicalAddressBits) - 1);
        for (uint i = 0; i < 4; i++)
        {
            GuestPhysicalAddress address = new((cr3 & 0xFFFF_FFE0) + i * sizeof(ulong));
            if (!vcpu.Machine.Memory.TryRead(address, sizeof(ulong), out ulong entry) || (entry & reserved) != 0)
                entry = 0;
            Write((VmcsField)((uint)VmcsField.GuestPdpte0 + 2 * i), entry);
        }
    }

    // The access rights are the attributes with the upper four bits four places higher.
    private static SegmentState ReadSegment(VmxSegment segment)
    {
        uint offset = 2 * (uint)segment;
        uint rights = Read32((VmcsField)((uint)VmcsField.GuestEsAccessRights + offset));
        uint attributes = rights & 0xFF | rights >> 4 & 0xF00;
        if ((rights & (uint)SegmentAccessRights.Unusable) != 0)
            attributes &= ~(uint)SegmentAttributes.P;
        return new SegmentState
        {
            Selector = (ushort)Read32((VmcsField)((uint)VmcsField.GuestEsSelector + offset)),
            Attributes = (SegmentAttributes)attributes,
            Limit = Read32((VmcsField)((uint)VmcsField.GuestEsLimit + offset)),
            Base = Read((VmcsField)((uint)VmcsField.GuestEsBase + offset)),
        };
    }

    private static void WriteSegment(VmxSegment segment, in SegmentState state)
    {
        uint offset = 2 * (uint)segment;
        uint attributes = (uint)state.Attributes;
        uint rights = attributes & 0xFF | (attributes & 0xF00) << 4;
        if ((state.Attributes & SegmentAttributes.P) == 0)
            rights |= (uint)SegmentAccessRights.Unusable;
        else if ((state.Attributes & SegmentAttributes.S) != 0)
            rights |= (uint)SegmentAccessRights.Accessed; // as loading it would have set, and entry demands
        Write((VmcsField)((uint)VmcsField.GuestEsSelector + offset), state.Selector);
        Write((VmcsField)((uint)VmcsField.GuestEsLimit + offset), state.Limit);
        Write((VmcsField)((uint)VmcsField.GuestEsAccessRights + offset), rights);
        Write((VmcsField)((uint)VmcsField.GuestEsBase + offset), state.Base);
    }

    private static void WriteControls(Vcpu vcpu, VmxContext context)
    {
        ref readonly VmxPlan plan = ref VmxProcessor.Plan;
        context.Primary = plan.Primary;
        context.Secondary = plan.Secondary;
        Write(VmcsField.PinBasedVmExecutionControls, (uint)plan.PinBased);
        Write(VmcsField.PrimaryProcessorBasedVmExecutionControls, (uint)plan.Primary);
        Write(VmcsField.SecondaryProcessorBasedVmExecutionControls, (uint)plan.Secondary);
        Write(VmcsField.PrimaryVmExitControls, (uint)plan.Exit);
        Write(VmcsField.VmEntryControls, (uint)plan.Entry);
        Write(VmcsField.ExceptionBitmap, ExceptionBitmap);
        Write(VmcsField.PageFaultErrorCodeMask, 0);
        Write(VmcsField.PageFaultErrorCodeMatch, 0);
        Write(VmcsField.Cr3TargetCount, 0);
        Write(VmcsField.VmExitMsrStoreCount, 0);
        Write(VmcsField.VmExitMsrLoadCount, 0);
        Write(VmcsField.VmEntryMsrLoadCount, 0);
        Write(VmcsField.VmEntryInterruptionInformationField, 0);
        Write(VmcsField.AddressOfMsrBitmaps, VmxProcessor.MsrBitmap.Value);
        Write(VmcsField.EptPointer, context.EptPointer);
        if (plan.Has(VmxFeatures.PauseLoopExiting))
        {
            Write(VmcsField.PleGap, PauseGap);
            Write(VmcsField.PleWindow, PauseWindow);
        }
        if (plan.Has(VmxFeatures.TprShadow))
        {
            Write(VmcsField.VirtualApicAddress, context.VirtualApicPage.Value);
            Write(VmcsField.TprThreshold, 0);
        }
        if (ServesLocalApic)
        {
            Write(VmcsField.ApicAccessAddress, context.ApicAccessPage.Value);
            Write(VmcsField.GuestInterruptStatus, 0);
            for (uint i = 0; i < 4; i++)
                Write((VmcsField)((uint)VmcsField.EoiExitBitmap0 + 2 * i), 0);
        }
        ref readonly TscScale scale = ref vcpu.Machine.Clock.Scale;
        if (plan.Has(VmxFeatures.TscScaling))
            Write(VmcsField.TscMultiplier, scale.IsOne ? VmxTsc.MultiplierOne : scale.Multiplier);
        Write(VmcsField.TscOffset, vcpu.Machine.Clock.TscOffset);
        Write(VmcsField.Cr0GuestHostMask, (ulong)(HostCr0 | plan.GuestCr0));
        Write(VmcsField.Cr4GuestHostMask, (ulong)~GuestCr4);
    }

    // But for what the entry state sets.
    private static void WriteResetState(VmxContext context)
    {
        Write(VmcsField.VmcsLinkPointer, VmcsRegion.NoLinkPointer);
        Write(VmcsField.GuestIa32Debugctl, 0);
        Write(VmcsField.GuestIa32Pat, DefaultPat);
        Write(VmcsField.GuestIa32Efer, 0);
        Write(VmcsField.GuestDr7, (ulong)Dr7.Reset);
        WriteCr0(context, Cr0.ET);
        Write(VmcsField.GuestCr3, 0);
        WriteCr4(context, 0);
        Write(VmcsField.GuestRsp, 0);
        Write(VmcsField.GuestRip, 0);
        Write(VmcsField.GuestRflags, (ulong)Rflags.AlwaysOne);
        Write(VmcsField.GuestIa32SysenterCs, 0);
        Write(VmcsField.GuestIa32SysenterEsp, 0);
        Write(VmcsField.GuestIa32SysenterEip, 0);
        Write(VmcsField.GuestInterruptibilityState, 0);
        Write(VmcsField.GuestActivityState, (ulong)ActivityState.Active);
        Write(VmcsField.GuestPendingDebugExceptions, 0);
    }

    /// <summary>In the order of the VMCS's fields.</summary>
    private enum VmxSegment : uint
    {
        ES,
        CS,
        SS,
        DS,
        FS,
        GS,
        LDTR,
        TR,
    }
}
