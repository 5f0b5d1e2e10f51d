using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Emulation;
using HyperOS.Interrupts;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Specs.Amd;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization.Svm;

/// <summary>AMD SVM behind the seam. What the processor lacks (NRIPS above all) is done without. AMD APM vol. 2, "Secure Virtual Machine".</summary>
public readonly unsafe struct SvmVendor : IVirtualizationVendor
{
    private const InterceptVector3 Intercepts3 = InterceptVector3.INTERCEPT_INTR | InterceptVector3.INTERCEPT_NMI | InterceptVector3.INTERCEPT_SMI
        | InterceptVector3.INTERCEPT_INIT | InterceptVector3.INTERCEPT_RDPMC | InterceptVector3.INTERCEPT_CPUID | InterceptVector3.INTERCEPT_INVD
        | InterceptVector3.INTERCEPT_HLT | InterceptVector3.INTERCEPT_INVLPGA | InterceptVector3.INTERCEPT_IOIO_PROT
        | InterceptVector3.INTERCEPT_MSR_PROT | InterceptVector3.INTERCEPT_TASK_SWITCH | InterceptVector3.INTERCEPT_FERR_FREEZE
        | InterceptVector3.INTERCEPT_SHUTDOWN;

    private const InterceptVector4 Intercepts4 = InterceptVector4.INTERCEPT_VMRUN | InterceptVector4.INTERCEPT_VMMCALL | InterceptVector4.INTERCEPT_VMLOAD
        | InterceptVector4.INTERCEPT_VMSAVE | InterceptVector4.INTERCEPT_STGI | InterceptVector4.INTERCEPT_CLGI | InterceptVector4.INTERCEPT_SKINIT
        | InterceptVector4.INTERCEPT_WBINVD | InterceptVector4.INTERCEPT_MONITOR | InterceptVector4.INTERCEPT_MWAIT | InterceptVector4.INTERCEPT_XSETBV
        | InterceptVector4.INTERCEPT_RDPRU;

    private const InterceptExceptions InterceptsOfExceptions = InterceptExceptions.DB | InterceptExceptions.AC | InterceptExceptions.MC;

    // What an instruction that is stepped over may raise: it goes in anew, without the step's TF.
    private const InterceptExceptions InterceptsOfStep = InterceptsOfExceptions | InterceptExceptions.DE | InterceptExceptions.BR | InterceptExceptions.UD
        | InterceptExceptions.NM | InterceptExceptions.TS | InterceptExceptions.NP | InterceptExceptions.SS | InterceptExceptions.GP
        | InterceptExceptions.PF | InterceptExceptions.MF | InterceptExceptions.XF;

    // PAUSEs of a loop before one exits, and the cycles after which one is of another loop.
    private const ushort PausesBeforeExit = 3000, PauseGap = 128;

    private const ulong DefaultPat = 0x0007_0406_0007_0406;

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "SvmRun")]
    private static extern void Run(GuestRegisters* registers, ulong guestVmcb, ulong hostVmcb);

    public static NestedPageFormat NestedPages => SvmProcessor.NestedPages;

    public static TscRatioFormat TscRatio => SvmProcessor.TscRatioFormat;

    public static bool Initialize(ApicVirtualization apicVirtualization)
    {
        if (!SvmProcessor.IsUsable(out ReadOnlySpan<byte> reason))
        {
            Log.Write("svm"u8, $"no guests can run: {reason}");
            return false;
        }
        SvmProcessor.Initialize();
        Log.Write("svm"u8, $"revision {Cpu.Identify(CpuidLeaf.Svm).Eax & 0xFF}, {Cpu.Identify(CpuidLeaf.Svm).Ebx} ASIDs, features 0x{(uint)SvmProcessor.Features:x}");
        return true;
    }

    public static bool TryPrepare(int processor) => SvmProcessor.TryPrepare(processor);

    public static bool TryEnable()
    {
        SvmProcessor.Enable();
        return true;
    }

    public static bool TryCreate(Vcpu vcpu)
    {
        if (!FrameAllocator.TryAllocateZeroed(vcpu.Machine.Owner, FrameZone.Any, out HostPhysicalAddress frame))
            return false;
        SvmContext context = new(vcpu, frame);
        ref readonly TscScale scale = ref vcpu.Machine.Clock.Scale;
        if (!scale.IsOne)
            context.TscRatio = scale.Multiplier;
        vcpu.VendorState = context;
        ref Vmcb vmcb = ref VmcbOf(vcpu);
        ref VmcbControlArea control = ref vmcb.Control;
        control.InterceptCr = InterceptCr.CR4_WRITE | InterceptCr.CR8_WRITE;
        control.InterceptDr = (InterceptDr)uint.MaxValue;
        control.InterceptExceptions = InterceptsOfExceptions;
        control.InterceptVector3 = Intercepts3;
        control.InterceptVector4 = Intercepts4;
        // Without the filter every PAUSE would exit.
        if ((SvmProcessor.Features & Cpuid8000000AEdx.PauseFilter) != 0)
        {
            control.InterceptVector3 |= InterceptVector3.INTERCEPT_PAUSE;
            control.PauseFilterCount = PausesBeforeExit;
            control.PauseFilterThreshold = (SvmProcessor.Features & Cpuid8000000AEdx.PauseFilterThreshold) != 0 ? PauseGap : (ushort)0;
        }
        control.IOPM_BASE_PA = SvmProcessor.IoMap;
        control.MSRPM_BASE_PA = SvmProcessor.MsrMap;
        control.TSC_OFFSET = vcpu.Machine.Clock.TscOffset;
        control.VirtualInterruptControl = VirtualInterruptControl.V_INTR_MASKING | VirtualInterruptControl.V_INTR_PRIO | VirtualInterruptControl.V_IGN_TPR;
        control.NestedControl = NestedControl.NP_ENABLE;
        control.N_CR3 = vcpu.Machine.NestedTables.Root;
        ref VmcbStateSaveArea save = ref vmcb.Save;
        save.EFER = Efer.SVME;
        save.CR0 = Cr0.ET;
        save.RFLAGS = (Rflags)2;
        save.DR6 = (Dr6)0xFFFF0FF0;
        save.DR7 = (Dr7)0x400;
        save.G_PAT = DefaultPat;
        return true;
    }

    public static void Load(Vcpu vcpu) => SvmProcessor.Current.Load(ContextOf(vcpu));

    // The world switch itself exchanges them.
    public static void StoreRegisters()
    {
    }

    // What a processor caches of a VMCB is found stale by its generations.
    public static void Unload(Vcpu vcpu)
    {
    }

    public static void SetDeadline(Vcpu vcpu, ulong deadline) => Scheduler.SetRunDeadline(vcpu.Thread!, deadline);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Enter(Vcpu vcpu)
    {
        SvmContext context = ContextOf(vcpu);
        ref Vmcb vmcb = ref context.Vmcb;
        SvmProcessor processor = context.Processor!;
        if (context.EntryChanges)
        {
            if (context.NmiEnds)
                StepOverReturn(context, ref vmcb);
            processor.PrepareEntry(context);
        }
        // The guest reads CR8 from here: AMD APM vol. 2, "Virtualizing APIC.TPR". Its writes exit, for they may let an interrupt come.
        ulong priority = vcpu.Apic.Cr8;
        if (((ulong)vmcb.Control.VirtualInterruptControl & (ulong)VirtualInterruptControl.V_TPR) != priority)
        {
            vmcb.Control.VirtualInterruptControl = vmcb.Control.VirtualInterruptControl & ~VirtualInterruptControl.V_TPR | (VirtualInterruptControl)priority;
            context.Clean &= ~VmcbCleanBits.TPR;
        }
        vmcb.Control.VmcbCleanBits = context.Clean;
        vmcb.Save.RAX = vcpu.Registers.General[0];
        Run(context.Registers, context.Frame.Value, processor.HostVmcb.Value);
        vcpu.Registers.General[0] = vmcb.Save.RAX;
        context.Clean = context.Cached;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Decode(Vcpu vcpu)
    {
        SvmContext context = ContextOf(vcpu);
        ref Vmcb vmcb = ref context.Vmcb;
        ref VmcbControlArea control = ref vmcb.Control;
        ref VmExit exit = ref vcpu.Exit;
        control.EVENTINJ = 0;
        if ((control.EXITINTINFO & EventInjection.V) != 0)
            Reinject(context, ref control);
        if (context.IsStepping)
            EndStep(context, ref vmcb);
        switch (control.EXITCODE)
        {
            case SvmExitCode.VMEXIT_INTR or SvmExitCode.VMEXIT_NMI or SvmExitCode.VMEXIT_SMI or SvmExitCode.VMEXIT_INIT:
                exit.Kind = VmExitKind.HostInterrupt;
                break;
            case SvmExitCode.VMEXIT_VINTR:
                exit.Kind = VmExitKind.InterruptWindow;
                break;
            case SvmExitCode.VMEXIT_CPUID:
                exit.Kind = VmExitKind.Cpuid;
                exit.Instruction = InterceptedOperation.CPUID;
                break;
            case SvmExitCode.VMEXIT_IRET:
                exit.Kind = VmExitKind.NmiWindow;
                break;
            case SvmExitCode.VMEXIT_PAUSE:
                exit.Kind = VmExitKind.PauseLoop;
                exit.Instruction = InterceptedOperation.PAUSE;
                break;
            case SvmExitCode.VMEXIT_INVD:
                exit.Kind = VmExitKind.NoOperation;
                exit.Instruction = InterceptedOperation.INVD;
                break;
            case SvmExitCode.VMEXIT_HLT:
                exit.Kind = VmExitKind.Hlt;
                exit.Instruction = InterceptedOperation.HLT;
                break;
            case SvmExitCode.VMEXIT_IOIO:
                DecodePort(ref exit, control.EXITINFO1);
                break;
            case SvmExitCode.VMEXIT_MSR:
                exit.Kind = control.EXITINFO1 == 0 ? VmExitKind.ReadMsr : VmExitKind.WriteMsr;
                exit.Instruction = control.EXITINFO1 == 0 ? InterceptedOperation.RDMSR : InterceptedOperation.WRMSR;
                break;
            case SvmExitCode.VMEXIT_SHUTDOWN:
                exit.Kind = VmExitKind.Shutdown;
                break;
            case SvmExitCode.VMEXIT_VMMCALL:
                exit.Kind = VmExitKind.Hypercall;
                exit.Instruction = InterceptedOperation.VMMCALL;
                break;
            case SvmExitCode.VMEXIT_WBINVD:
                exit.Kind = VmExitKind.NoOperation;
                exit.Instruction = InterceptedOperation.WBINVD;
                break;
            case SvmExitCode.VMEXIT_XSETBV:
                exit.Kind = VmExitKind.Xsetbv;
                break;
            case SvmExitCode.VMEXIT_RDPMC or SvmExitCode.VMEXIT_RDPRU:
                exit.Kind = VmExitKind.NotPermitted;
                break;
            case SvmExitCode.VMEXIT_VMRUN or SvmExitCode.VMEXIT_VMLOAD or SvmExitCode.VMEXIT_VMSAVE or SvmExitCode.VMEXIT_STGI or SvmExitCode.VMEXIT_CLGI
                or SvmExitCode.VMEXIT_SKINIT or SvmExitCode.VMEXIT_INVLPGA or SvmExitCode.VMEXIT_MONITOR or SvmExitCode.VMEXIT_MWAIT
                or SvmExitCode.VMEXIT_MWAIT_CONDITIONAL:
                exit.Kind = VmExitKind.Undefined;
                break;
            default:
                DecodeOther(context, ref vmcb, ref exit);
                break;
        }
    }

    // What is no instruction's intercept, whose codes lie close together.
    private static void DecodeOther(SvmContext context, ref Vmcb vmcb, ref VmExit exit)
    {
        ref VmcbControlArea control = ref vmcb.Control;
        switch (control.EXITCODE)
        {
            case SvmExitCode.VMEXIT_NPF:
                exit.Kind = VmExitKind.NestedFault;
                exit.Address = new GuestPhysicalAddress(control.EXITINFO2);
                exit.Flag = (control.EXITINFO1 & (ulong)NestedPageFaultErrorCode.RW) != 0;
                exit.IsFinalAccess = (control.EXITINFO1 & (ulong)(NestedPageFaultErrorCode.GuestTableWalk | NestedPageFaultErrorCode.ID)) == 0;
                break;
            case SvmExitCode.VMEXIT_EXCP1 when context.HasStepped:
                context.HasStepped = false;
                exit.Kind = VmExitKind.HostInterrupt;
                break;
            case >= SvmExitCode.VMEXIT_EXCP0 and <= SvmExitCode.VMEXIT_EXCP31:
                exit.Kind = VmExitKind.Exception;
                exit.Vector = (byte)((int)control.EXITCODE - (int)SvmExitCode.VMEXIT_EXCP0);
                exit.Flag = (ExceptionProperties.PushesErrorCode >> exit.Vector & 1) != 0;
                exit.ErrorCode = exit.Flag ? unchecked((uint)control.EXITINFO1) : 0;
                if (exit.Vector == (byte)ExceptionVector.PF)
                    vmcb.Save.CR2 = control.EXITINFO2; // which the exit left as it was
                break;
            case SvmExitCode.VMEXIT_CR4_WRITE or SvmExitCode.VMEXIT_CR8_WRITE or SvmExitCode.VMEXIT_CR0_SEL_WRITE:
                exit.Kind = VmExitKind.ControlRegister;
                break;
            case >= SvmExitCode.VMEXIT_DR0_READ and <= SvmExitCode.VMEXIT_DR15_WRITE:
                exit.Kind = VmExitKind.DebugRegister;
                break;
            case SvmExitCode.VMEXIT_TASK_SWITCH:
                DecodeTaskSwitch(context, ref control, ref exit);
                break;
            case SvmExitCode.VMEXIT_INVALID or SvmExitCode.VMEXIT_INVALID_QEMU:
                exit.Kind = VmExitKind.EntryFailure;
                break;
            default:
                exit.Kind = VmExitKind.Unknown;
                break;
        }
    }

    public static VmVendor Vendor => VmVendor.Svm;

    public static void ReadRawExit(Vcpu vcpu, out RawExit raw)
    {
        ref Vmcb vmcb = ref VmcbOf(vcpu);
        raw = new RawExit
        {
            Code = unchecked((ulong)vmcb.Control.EXITCODE),
            Info1 = vmcb.Control.EXITINFO1,
            Info2 = vmcb.Control.EXITINFO2,
            InstructionPointer = vmcb.Save.RIP,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AdvanceRip(Vcpu vcpu)
    {
        ref Vmcb vmcb = ref VmcbOf(vcpu);
        ref VmcbStateSaveArea save = ref vmcb.Save;
        ulong next;
        if (vmcb.Control.EXITCODE == SvmExitCode.VMEXIT_IOIO)
        {
            next = vmcb.Control.EXITINFO2;
        }
        else if (vmcb.Control.nRIP != 0)
        {
            next = vmcb.Control.nRIP;
        }
        else
        {
            bool is64Bit = (save.EFER & Efer.LMA) != 0 && (save.CS.Attributes & SegmentAttributes.L) != 0;
            if (!SvmInstructionLength.TryGet(vcpu, ref save, is64Bit, out int length))
                return false;
            next = unchecked(save.RIP + (uint)length);
            if (!is64Bit)
                next = unchecked((uint)next);
        }
        save.RIP = next;
        vmcb.Control.INTERRUPT_SHADOW &= ~InterruptShadow.INTERRUPT_SHADOW;
        if ((save.RFLAGS & Rflags.TF) != 0)
            TrapSingleStep(vcpu, ref save);
        return true;
    }

    private static void TrapSingleStep(Vcpu vcpu, ref VmcbStateSaveArea save)
    {
        save.DR6 |= Dr6.BS;
        ContextOf(vcpu).Clean &= ~VmcbCleanBits.DRx;
        vcpu.QueueException(ExceptionVector.DB);
    }

    // DecodeAssists would tell; decoding what stands at RIP serves processors with and without alike.
    public static bool TryGetInstruction(Vcpu vcpu, out InterceptedInstruction instruction)
    {
        instruction = default;
        return false;
    }

    public static void ReadMode(Vcpu vcpu, out int privilege, out bool is64Bit)
    {
        ref VmcbStateSaveArea save = ref VmcbOf(vcpu).Save;
        privilege = save.CPL;
        is64Bit = (save.EFER & Efer.LMA) != 0 && (save.CS.Attributes & SegmentAttributes.L) != 0;
    }

    public static void ReadState(Vcpu vcpu, ref GuestCpuState state)
    {
        SvmContext context = ContextOf(vcpu);
        ref VmcbStateSaveArea save = ref context.Vmcb.Save;
        state.Registers = vcpu.Registers.General;
        state.Registers[(int)GeneralRegister.RSP] = save.RSP;
        state.RIP = save.RIP;
        state.RFLAGS = save.RFLAGS;
        state.CR0 = save.CR0;
        state.CR2 = save.CR2;
        state.CR3 = save.CR3;
        state.CR4 = save.CR4;
        state.EFER = save.EFER & ~Efer.SVME | context.HeldBack;
        state.ES = save.ES;
        state.CS = save.CS;
        state.SS = save.SS;
        state.DS = save.DS;
        state.FS = save.FS;
        state.GS = save.GS;
        state.CPL = save.CPL;
    }

    public static void WriteState(Vcpu vcpu, in GuestCpuState state)
    {
        SvmContext context = ContextOf(vcpu);
        ref VmcbStateSaveArea save = ref context.Vmcb.Save;
        vcpu.Registers.General = state.Registers;
        save.RSP = state.Registers[(int)GeneralRegister.RSP];
        save.RIP = state.RIP;
        save.RFLAGS = state.RFLAGS;
        save.CR0 = state.CR0;
        save.CR2 = state.CR2;
        save.CR3 = state.CR3;
        save.CR4 = state.CR4;
        HoldBackLongMode(context, in state);
        save.EFER = (state.EFER & ~context.HeldBack) | Efer.SVME;
        context.Clean &= ~(VmcbCleanBits.CRx | VmcbCleanBits.CR2);
    }

    // With LME set and PAE clear, long mode cannot begin: setting CR0.PG is a #GP, and that is all LME does. An exit from there leaves QEMU's host
    // without paging (it loads CR0 before CR4 and EFER), so the guest runs without LME, and its writes of CR0 come here. Its writes of CR4 and EFER always do.
    private static void HoldBackLongMode(SvmContext context, in GuestCpuState state)
    {
        Efer heldBack = (state.CR0 & Cr0.PG) == 0 && (state.CR4 & Cr4.PAE) == 0 ? state.EFER & Efer.LME : 0;
        if (heldBack == context.HeldBack)
            return;
        context.HeldBack = heldBack;
        context.Vmcb.Control.InterceptVector3 ^= InterceptVector3.INTERCEPT_CR0_SEL_WRITE;
        context.Clean &= ~VmcbCleanBits.I;
    }

    public static void ReadTables(Vcpu vcpu, ref DescriptorTableState tables)
    {
        ref VmcbStateSaveArea save = ref VmcbOf(vcpu).Save;
        tables = new DescriptorTableState
        {
            GdtBase = save.GDTR.Base,
            GdtLimit = unchecked((ushort)save.GDTR.Limit),
            IdtBase = save.IDTR.Base,
            IdtLimit = unchecked((ushort)save.IDTR.Limit),
            TR = save.TR,
            LDTR = save.LDTR,
        };
    }

    public static void WriteSegments(Vcpu vcpu, in GuestCpuState state, in DescriptorTableState tables)
    {
        ref VmcbStateSaveArea save = ref VmcbOf(vcpu).Save;
        save.ES = state.ES;
        save.CS = state.CS;
        save.SS = state.SS;
        save.DS = state.DS;
        save.FS = state.FS;
        save.GS = state.GS;
        save.CPL = state.CPL;
        save.GDTR = new SegmentState { Base = tables.GdtBase, Limit = tables.GdtLimit };
        save.IDTR = new SegmentState { Base = tables.IdtBase, Limit = tables.IdtLimit };
        save.TR = tables.TR;
        save.LDTR = tables.LDTR;
        ContextOf(vcpu).Clean &= ~(VmcbCleanBits.DT | VmcbCleanBits.SEG);
    }

    public static bool ServesLocalApic => false;

    public static bool DeliversInterrupts(Vcpu vcpu) => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CanInterrupt(Vcpu vcpu)
    {
        ref Vmcb vmcb = ref VmcbOf(vcpu);
        return (vmcb.Save.RFLAGS & Rflags.IF) != 0 && (vmcb.Control.INTERRUPT_SHADOW & InterruptShadow.INTERRUPT_SHADOW) == 0
            && !IsEventInLine(ref vmcb.Control);
    }

    public static bool CanInjectNmi(Vcpu vcpu)
    {
        ref Vmcb vmcb = ref VmcbOf(vcpu);
        return !ContextOf(vcpu).NmiBlocked && (vmcb.Control.INTERRUPT_SHADOW & InterruptShadow.INTERRUPT_SHADOW) == 0
            && !IsEventInLine(ref vmcb.Control);
    }

    public static bool HasEventInLine(Vcpu vcpu) => IsEventInLine(ref VmcbOf(vcpu).Control);

    public static void InjectInterrupt(Vcpu vcpu, int vector)
    {
        SvmContext context = ContextOf(vcpu);
        PutInLine(context, ref context.Vmcb.Control, unchecked((uint)vector));
    }

    public static void InjectNmi(Vcpu vcpu)
    {
        ref VmcbControlArea control = ref VmcbOf(vcpu).Control;
        control.EVENTINJ = EventInjection.V | EventInjection.TypeNMI | (ulong)ExceptionVector.NMI;
        control.InterceptVector3 |= InterceptVector3.INTERCEPT_IRET;
        ContextOf(vcpu).NmiBlocked = true;
        ContextOf(vcpu).Clean &= ~VmcbCleanBits.I;
    }

    // An event in line whose delivery ended in this exception goes under, as on a processor: an instruction's comes again by itself.
    public static void InjectException(Vcpu vcpu, in GuestException exception)
    {
        ulong injection = EventInjection.V | EventInjection.TypeException | (ulong)exception.Vector;
        if (exception.HasErrorCode)
            injection |= EventInjection.EV | (ulong)exception.ErrorCode << EventInjection.ErrorCodeShift;
        SvmContext context = ContextOf(vcpu);
        ref VmcbControlArea control = ref context.Vmcb.Control;
        if (IsInterruptInLine(ref control))
            ClearVirtualInterrupt(context, ref control);
        control.EVENTINJ = injection;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void RequestInterruptWindow(Vcpu vcpu, bool wanted)
    {
        SvmContext context = ContextOf(vcpu);
        ref VmcbControlArea control = ref context.Vmcb.Control;
        bool requested = (control.InterceptVector3 & InterceptVector3.INTERCEPT_VINTR) != 0;
        if (wanted && !requested)
            RequestWindow(context, ref control);
        else if (!wanted && requested)
            ClearVirtualInterrupt(context, ref control);
    }

    private static void RequestWindow(SvmContext context, ref VmcbControlArea control)
    {
        if (IsInterruptInLine(ref control))
            LeaveAfterInterrupt(context, ref control);
        control.VirtualInterruptControl |= VirtualInterruptControl.V_IRQ;
        control.InterceptVector3 |= InterceptVector3.INTERCEPT_VINTR;
        context.Clean &= ~(VmcbCleanBits.I | VmcbCleanBits.TPR);
    }

    // While NMIs are blocked the IRET's intercept is the window. Else an event is in line, after which the entry ends at once, or there is an
    // interrupt shadow to be stepped out of; only PUSHF, SYSCALL or INT right in the shadow could see TF.
    public static void RequestNmiWindow(Vcpu vcpu)
    {
        SvmContext context = ContextOf(vcpu);
        ref Vmcb vmcb = ref context.Vmcb;
        if (context.NmiBlocked)
            return;
        if (IsInterruptInLine(ref vmcb.Control))
            LeaveAfterInterrupt(context, ref vmcb.Control);
        else if (vmcb.Control.EVENTINJ != 0)
            context.LeavesAtOnce = context.EntryChanges = true;
        else
            BeginStep(context, ref vmcb);
    }

    // NMIs are blocked until the IRET is done, not reached: the entry steps over it. AMD APM vol. 2, "NMI Support".
    public static void EndNmi(Vcpu vcpu)
    {
        SvmContext context = ContextOf(vcpu);
        context.NmiEnds = context.EntryChanges = true;
    }

    public static void ClearEvents(Vcpu vcpu)
    {
        SvmContext context = ContextOf(vcpu);
        ref VmcbControlArea control = ref context.Vmcb.Control;
        control.EVENTINJ = 0;
        control.INTERRUPT_SHADOW &= ~InterruptShadow.INTERRUPT_SHADOW;
        control.InterceptExceptions = InterceptsOfExceptions;
        control.InterceptVector3 &= ~InterceptVector3.INTERCEPT_IRET;
        context.NmiBlocked = context.NmiEnds = context.IsStepping = context.HasStepped = context.LeavesAtOnce = false;
        context.Clean &= ~VmcbCleanBits.I;
        ClearVirtualInterrupt(context, ref control);
    }

    public static void FlushTranslations(Vcpu vcpu)
    {
        ContextOf(vcpu).FlushWanted = true;
        ContextOf(vcpu).EntryChanges = true;
    }

    public static int ReadInstructionBytes(Vcpu vcpu, Span<byte> destination)
    {
        ref VmcbControlArea control = ref VmcbOf(vcpu).Control;
        if ((SvmProcessor.Features & Cpuid8000000AEdx.DecodeAssists) == 0 || control.EXITCODE != SvmExitCode.VMEXIT_NPF)
            return 0;
        int count = Math.Min(control.NumberOfBytesFetched & 0xF, Math.Min(destination.Length, 15));
        for (int i = 0; i < count; i++)
            destination[i] = control.GuestInstructionBytes[i];
        return count;
    }

    public static void SetTscOffset(Vcpu vcpu, ulong offset)
    {
        VmcbOf(vcpu).Control.TSC_OFFSET = offset;
        ContextOf(vcpu).Clean &= ~VmcbCleanBits.I;
    }

    public static void EndInterruptShadow(Vcpu vcpu) => VmcbOf(vcpu).Control.INTERRUPT_SHADOW &= ~InterruptShadow.INTERRUPT_SHADOW;

    public static ulong ReadMsr(Vcpu vcpu, uint msr)
    {
        SvmContext context = ContextOf(vcpu);
        ref VmcbStateSaveArea save = ref context.Vmcb.Save;
        return msr switch
        {
            Msr.EFER => (ulong)(save.EFER & ~Efer.SVME | context.HeldBack),
            Msr.IA32_PAT => save.G_PAT,
            _ => 0,
        };
    }

    public static void WriteMsr(Vcpu vcpu, uint msr, ulong value)
    {
        if (msr != Msr.IA32_PAT)
            return;
        VmcbOf(vcpu).Save.G_PAT = value;
        ContextOf(vcpu).Clean &= ~VmcbCleanBits.NP;
    }

    public static ulong ReadDebug(Vcpu vcpu, int register) =>
        register == 6 ? (ulong)VmcbOf(vcpu).Save.DR6 : (ulong)VmcbOf(vcpu).Save.DR7;

    public static void WriteDebug(Vcpu vcpu, int register, ulong value)
    {
        ref VmcbStateSaveArea save = ref VmcbOf(vcpu).Save;
        if (register == 6)
            save.DR6 = (Dr6)value;
        else
            save.DR7 = (Dr7)value;
        ContextOf(vcpu).Clean &= ~VmcbCleanBits.DRx;
    }

    internal static SvmContext ContextOf(Vcpu vcpu) => Unsafe.As<SvmContext>(vcpu.VendorState)!;

    private static ref Vmcb VmcbOf(Vcpu vcpu) => ref ContextOf(vcpu).Vmcb;

    // V_IRQ is the request for a window, or, while VINTR is not intercepted, an interrupt in line.
    private static bool IsInterruptInLine(ref VmcbControlArea control) =>
        (control.VirtualInterruptControl & VirtualInterruptControl.V_IRQ) != 0 && (control.InterceptVector3 & InterceptVector3.INTERCEPT_VINTR) == 0;

    private static bool IsEventInLine(ref VmcbControlArea control) => control.EVENTINJ != 0 || IsInterruptInLine(ref control);

    private static void PutInLine(SvmContext context, ref VmcbControlArea control, ulong vector)
    {
        if (!context.RepeatsInterrupts)
        {
            control.EVENTINJ = EventInjection.V | EventInjection.TypeINTR | vector;
            return;
        }
        control.VirtualInterruptControl = control.VirtualInterruptControl & ~VirtualInterruptControl.V_INTR_VECTOR
            | VirtualInterruptControl.V_IRQ | (VirtualInterruptControl)(vector << VirtualInterruptShift.V_INTR_VECTOR);
        context.Clean &= ~VmcbCleanBits.TPR;
        if ((control.InterceptVector3 & InterceptVector3.INTERCEPT_VINTR) != 0)
            DropIntercept(context, ref control);
    }

    private static void ClearVirtualInterrupt(SvmContext context, ref VmcbControlArea control)
    {
        control.VirtualInterruptControl &= ~VirtualInterruptControl.V_IRQ;
        context.Clean &= ~VmcbCleanBits.TPR;
        DropIntercept(context, ref control);
    }

    private static void DropIntercept(SvmContext context, ref VmcbControlArea control)
    {
        control.InterceptVector3 &= ~InterceptVector3.INTERCEPT_VINTR;
        context.Clean &= ~VmcbCleanBits.I;
    }

    // Something else waits behind the interrupt in line: that goes in as an event, before the pending interrupt that ends the entry.
    private static void LeaveAfterInterrupt(SvmContext context, ref VmcbControlArea control)
    {
        ulong vector = (ulong)(control.VirtualInterruptControl & VirtualInterruptControl.V_INTR_VECTOR) >> VirtualInterruptShift.V_INTR_VECTOR;
        ClearVirtualInterrupt(context, ref control);
        control.EVENTINJ = EventInjection.V | EventInjection.TypeINTR | vector;
        context.LeavesAtOnce = context.EntryChanges = true;
    }

    // What was being delivered goes in again; a software interrupt or exception comes by itself when its instruction runs again.
    // QEMU calls a virtual interrupt an exception, and leaves V_IRQ set.
    private static void Reinject(SvmContext context, ref VmcbControlArea control)
    {
        ulong info = control.EXITINTINFO;
        ulong type = info & EventInjection.TypeMask, vector = info & EventInjection.VectorMask;
        bool exception = type == EventInjection.TypeException;
        if (type == EventInjection.TypeINTR)
            PutInLine(context, ref control, vector);
        else if (!IsSoftware(info) && !(exception && IsInterruptInLine(ref control)))
            control.EVENTINJ = info;
    }

    // Of an instruction, which raises it again when it runs again.
    private static bool IsSoftware(ulong info)
    {
        ulong type = info & EventInjection.TypeMask, vector = info & EventInjection.VectorMask;
        return type == EventInjection.TypeSoftwareInterrupt
            || type == EventInjection.TypeException && vector is (ulong)ExceptionVector.BP or (ulong)ExceptionVector.OF;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void DecodePort(ref VmExit exit, ulong info)
    {
        exit.Kind = (info & IoioExitInfo.STR) != 0 ? VmExitKind.StringPort : VmExitKind.Port;
        exit.Port = unchecked((ushort)(info >> IoioExitInfo.PortShift));
        exit.Size = unchecked((byte)(info >> IoioExitInfo.SizeShift & 7));
        exit.Flag = (info & IoioExitInfo.TYPE) != 0;
    }

    // An event that comes by a task gate is none to go in again: the switch is its delivery. AMD APM vol. 2, "Task Switch Intercept".
    private static void DecodeTaskSwitch(SvmContext context, ref VmcbControlArea control, ref VmExit exit)
    {
        ulong vectoring = control.EXITINTINFO, info = control.EXITINFO2;
        exit.Kind = VmExitKind.TaskSwitch;
        exit.Selector = unchecked((ushort)control.EXITINFO1);
        exit.Cause = (info & TaskSwitchExitInfo2.Iret) != 0 ? TaskSwitchCause.Return
            : (info & TaskSwitchExitInfo2.FarJump) != 0 ? TaskSwitchCause.Jump
            : (vectoring & EventInjection.V) != 0 ? TaskSwitchCause.Gate : TaskSwitchCause.Call;
        exit.Vector = unchecked((byte)vectoring);
        exit.IsEvent = exit.Cause == TaskSwitchCause.Gate && !IsSoftware(vectoring);
        exit.Flag = (info & TaskSwitchExitInfo2.HasErrorCode) != 0;
        exit.ErrorCode = unchecked((uint)info);
        if ((vectoring & EventInjection.V) == 0)
            return;
        control.EVENTINJ = 0;
        if (IsInterruptInLine(ref control))
            ClearVirtualInterrupt(context, ref control);
    }

    // An event in line comes before the IRET, which exits again then.
    private static void StepOverReturn(SvmContext context, ref Vmcb vmcb)
    {
        context.NmiEnds = vmcb.Control.EVENTINJ == 0;
        if (!context.NmiEnds)
            return;
        vmcb.Control.InterceptVector3 &= ~InterceptVector3.INTERCEPT_IRET;
        BeginStep(context, ref vmcb);
    }

    private static void BeginStep(SvmContext context, ref Vmcb vmcb)
    {
        context.IsStepping = true;
        context.StepSetsTrap = (vmcb.Save.RFLAGS & Rflags.TF) == 0;
        context.StepFrom = vmcb.Save.RIP;
        vmcb.Save.RFLAGS |= Rflags.TF;
        vmcb.Control.InterceptExceptions = InterceptsOfStep;
        context.Clean &= ~VmcbCleanBits.I;
    }

    // A step lasts for one entry, whatever ends it: what was cut short begins anew.
    private static void EndStep(SvmContext context, ref Vmcb vmcb)
    {
        ref VmcbControlArea control = ref vmcb.Control;
        bool trapped = control.EXITCODE == SvmExitCode.VMEXIT_EXCP1;
        bool done = vmcb.Save.RIP != context.StepFrom || control.EXITCODE is >= SvmExitCode.VMEXIT_EXCP0 and <= SvmExitCode.VMEXIT_EXCP31;
        bool returned = context.NmiEnds && (trapped || vmcb.Save.RIP != context.StepFrom);
        if (context.NmiEnds && done)
            context.NmiBlocked = false; // by an IRET that faults too
        else if (context.NmiEnds)
            control.InterceptVector3 |= InterceptVector3.INTERCEPT_IRET;
        context.NmiEnds = false;
        context.IsStepping = false;
        control.InterceptExceptions = InterceptsOfExceptions;
        context.Clean &= ~VmcbCleanBits.I;
        if (context.StepSetsTrap && !returned)
            vmcb.Save.RFLAGS &= ~Rflags.TF; // the IRET's own RFLAGS stay
        context.HasStepped = context.StepSetsTrap && trapped;
        if (!context.HasStepped)
            return;
        vmcb.Save.DR6 &= ~Dr6.BS;
        context.Clean &= ~VmcbCleanBits.DRx;
    }
}
