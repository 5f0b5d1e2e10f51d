using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Emulation;
using HyperOS.Interrupts;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Specs.Amd;
using HyperOS.Specs.X86;
using CpuidResult = HyperOS.Platform.CpuidResult;

namespace HyperOS.Virtualization.Svm;

/// <summary>SVM on one processor: the host's save areas, and its ASIDs. AMD APM vol. 2, "Secure Virtual Machine".</summary>
internal sealed unsafe class SvmProcessor
{
    private const ulong LeafFlags = (ulong)(PageTableEntry.Present | PageTableEntry.Writable | PageTableEntry.User | PageTableEntry.PageSize);

    private static readonly SvmProcessor?[] s_processors = new SvmProcessor?[Processors.Maximum];
    private static uint s_asidCount;

    /// <summary>Where VMSAVE put the host's segment state, for VMLOAD after each exit.</summary>
    public readonly HostPhysicalAddress HostVmcb;

    private readonly HostPhysicalAddress _hostSaveArea;

    private readonly TranslationTags _asids = new(s_asidCount);

    // What its MSR holds; guests alone read their counter through it.
    private ulong _tscRatio = TscRatio.One;

    private SvmProcessor(HostPhysicalAddress hostVmcb, HostPhysicalAddress hostSaveArea)
    {
        HostVmcb = hostVmcb;
        _hostSaveArea = hostSaveArea;
    }

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "SvmSaveHost")]
    private static extern void SaveHost(ulong hostVmcb);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "SvmPermissionMapsAddress")]
    private static extern ulong PermissionMapsAddress();

    public static SvmProcessor Current => s_processors[Processor.Current.Index]!;

    /// <summary>Features of SVM that this machine offers.</summary>
    public static Cpuid8000000AEdx Features { get; private set; }

    /// <summary>What an unchanged VMCB may leave to the processor's cache: everything, where it has one.</summary>
    public static VmcbCleanBits CleanBits { get; private set; }

    /// <summary>
    /// An interrupt that goes in as an event may come once more, whatever RFLAGS.IF says: QEMU's processor, stopped before the next exit, delivers it
    /// again when it goes on. As a virtual interrupt it comes once; Bochs takes none of those before the guest sets IF.
    /// </summary>
    public static bool RepeatsInterrupts { get; private set; }

    /// <summary>
    /// N_CR3 names tables of the ordinary form, in which guest accesses are user accesses. AMD APM vol. 2, "Nested Paging".
    /// </summary>
    public static NestedPageFormat NestedPages => new(
        table: (ulong)(PageTableEntry.Present | PageTableEntry.Writable | PageTableEntry.User),
        block: LeafFlags,
        huge: (Cpu.Identify(CpuidLeaf.ExtendedFeatures).Edx & (uint)Cpuid80000001Edx.Page1GB) != 0 ? LeafFlags : 0,
        codePage: 0);

    /// <summary>How it scales guests' time-stamp counters, if it does.</summary>
    public static TscRatioFormat TscRatioFormat =>
        (Features & Cpuid8000000AEdx.TscRateMsr) != 0 ? new TscRatioFormat(TscRatio.FractionBits, TscRatio.Bits) : default;

    /// <summary>Every port is intercepted.</summary>
    public static HostPhysicalAddress IoMap => new(PermissionMapsAddress() - KernelImage.Base);

    /// <summary>Every MSR is intercepted, but those that the VMCB holds: <see cref="MsrRules.PassThrough"/>.</summary>
    public static HostPhysicalAddress MsrMap => new(PermissionMapsAddress() - KernelImage.Base + PermissionMaps.IoMapSize);

    /// <summary>Whether guests can run, and if not what to change. On the boot processor.</summary>
    public static bool IsUsable(out ReadOnlySpan<byte> reason)
    {
        reason = default;
        if (Cpu.Identify(CpuidLeaf.Extended).Eax < CpuidLeaf.Svm
            || (Cpu.Identify(CpuidLeaf.ExtendedFeatures).Ecx & (uint)Cpuid80000001Ecx.SVM) == 0)
        {
            reason = "the processor does not offer SVM: an AMD processor with AMD-V is needed, and in a virtual machine nested virtualization"u8;
        }
        else if ((ModelSpecificRegister.Read(Msr.VM_CR) & VmCr.SVMDIS) != 0)
        {
            reason = "SVM is switched off: enable SVM or AMD-V in the firmware's setup"u8;
        }
        else if (((Cpuid8000000AEdx)Cpu.Identify(CpuidLeaf.Svm).Edx & Cpuid8000000AEdx.NP) == 0)
        {
            reason = "the processor has SVM without nested paging, which HyperOS needs: a newer one is required"u8;
        }
        return reason.IsEmpty;
    }

    /// <summary>What all processors share. On the boot processor, once.</summary>
    public static void Initialize()
    {
        CpuidResult svm = Cpu.Identify(CpuidLeaf.Svm);
        Features = (Cpuid8000000AEdx)svm.Edx;
        RepeatsInterrupts = GuestProcessors.Host.IsTranslated;
        s_asidCount = svm.Ebx;
        if ((Features & Cpuid8000000AEdx.VmcbClean) != 0)
        {
            CleanBits = VmcbCleanBits.I | VmcbCleanBits.IOPM | VmcbCleanBits.ASID | VmcbCleanBits.TPR | VmcbCleanBits.NP | VmcbCleanBits.CRx
                | VmcbCleanBits.DRx | VmcbCleanBits.DT | VmcbCleanBits.SEG | VmcbCleanBits.CR2;
        }
        Span<byte> maps = new((void*)PermissionMapsAddress(), PermissionMaps.IoMapSize + PermissionMaps.MsrMapSize);
        maps.Fill(0xFF);
        Span<byte> msrs = maps.Slice(PermissionMaps.IoMapSize);
        foreach (uint msr in MsrRules.PassThrough)
            Permit(msrs, msr);
    }

    /// <summary>Allocates for a processor; before <see cref="Enable"/> there.</summary>
    public static bool TryPrepare(int processor)
    {
        if (!FrameAllocator.TryAllocateZeroed(FrameOwner.Kernel, FrameZone.Any, out HostPhysicalAddress vmcb)
            || !FrameAllocator.TryAllocateZeroed(FrameOwner.Kernel, FrameZone.Any, out HostPhysicalAddress saveArea))
        {
            return false;
        }
        s_processors[processor] = new SvmProcessor(vmcb, saveArea);
        return true;
    }

    /// <summary>Turns SVM on, on the processor itself, after it has its own tables.</summary>
    public static void Enable()
    {
        SvmProcessor self = Current;
        ModelSpecificRegister.Write(Msr.EFER, ModelSpecificRegister.Read(Msr.EFER) | (ulong)Efer.SVME);
        ModelSpecificRegister.Write(Msr.VM_HSAVE_PA, self._hostSaveArea.Value);
        SaveHost(self.HostVmcb.Value);
        if ((Features & Cpuid8000000AEdx.TscRateMsr) != 0)
            ModelSpecificRegister.Write(Msr.TSC_RATIO, TscRatio.One);
    }

    /// <summary>
    /// A vCPU comes to this processor, perhaps back: it needs an ASID of the present generation, and after a stay elsewhere nothing that is
    /// cached of its VMCB counts.
    /// </summary>
    public void Load(SvmContext context)
    {
        if (_tscRatio != context.TscRatio)
        {
            _tscRatio = context.TscRatio;
            ModelSpecificRegister.Write(Msr.TSC_RATIO, _tscRatio);
        }
        if (context.Processor == this && _asids.IsCurrent(in context.Asid))
            return;
        context.Processor = this;
        context.Clean = 0;
        context.Asid.Forget();
        context.EntryChanges = true;
    }

    /// <summary>Before an entry for which TLB_CONTROL or the ASID must change, or change back, or which is to end after its event.</summary>
    public void PrepareEntry(SvmContext context)
    {
        // Interrupts are off: it stays pending until VMRUN has delivered the event, and then ends the run.
        if (context.LeavesAtOnce)
            LocalApic.Send(Processor.Current.ApicId, Vectors.Reschedule);
        context.LeavesAtOnce = false;
        ref VmcbControlArea control = ref context.Vmcb.Control;
        bool flush = context.FlushWanted;
        context.FlushWanted = false;
        context.EntryChanges = false;
        control.TLB_CONTROL = TlbControl.DoNothing;
        if (flush && (Features & Cpuid8000000AEdx.FlushByAsid) == 0)
            context.Asid.Forget(); // a new ASID has no translations
        else if (flush)
            control.TLB_CONTROL = TlbControl.FlushGuest;
        if (!_asids.IsCurrent(in context.Asid))
            AssignAsid(context, ref control);
        context.EntryChanges = control.TLB_CONTROL != TlbControl.DoNothing;
    }

    private void AssignAsid(SvmContext context, ref VmcbControlArea control)
    {
        if (_asids.Assign(ref context.Asid))
            control.TLB_CONTROL = TlbControl.FlushAll;
        control.GuestAsid = context.Asid.Value;
        context.Clean &= ~VmcbCleanBits.ASID;
    }

    // Two bits for each MSR, read and write, in three ranges. AMD APM vol. 2, "MSR Intercepts".
    private static void Permit(Span<byte> map, uint msr)
    {
        uint range = msr < PermissionMaps.MsrsPerRange ? 0u : msr >= PermissionMaps.MsrRange2 ? 2u : 1u;
        uint first = range switch { 0 => PermissionMaps.MsrRange0, 1 => PermissionMaps.MsrRange1, _ => PermissionMaps.MsrRange2 };
        uint bit = (msr - first) * PermissionMaps.MsrBits;
        map[(int)(range * PermissionMaps.MsrRangeSize + bit / 8)] &= unchecked((byte)~(3 << (int)(bit % 8)));
    }
}
