using System;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Diagnostics;
using HyperOS.Emulation;
using HyperOS.Interrupts;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;
using LocalApic = HyperOS.Devices.LocalApic;

namespace HyperOS.Virtualization.Vmx;

/// <summary>
/// VMX on one processor: which VMCS is current, whose MSRs are loaded, and its VPIDs. Intel SDM vol. 3, "Introduction to VMX Operation" and
/// "Caching Translation Information".
/// </summary>
internal sealed unsafe class VmxProcessor
{
    // What this room makes use of, where the processor has it.
    private const VmxFeatures Driven = VmxFeatures.EptPages2MiB | VmxFeatures.EptPages1GiB | VmxFeatures.EptAccessedDirty | VmxFeatures.InveptSingleContext | VmxFeatures.Vpid
        | VmxFeatures.InvvpidSingleContext | VmxFeatures.PreemptionTimer | VmxFeatures.TprShadow | VmxFeatures.ApicVirtualization | VmxFeatures.Rdtscp
        | VmxFeatures.Invpcid | VmxFeatures.PauseLoopExiting | VmxFeatures.TscScaling;

    // Of Bochs' VMCSs. Its processor delivers a virtual interrupt even where RFLAGS.IF is clear if one of the host's comes then.
    private const uint BochsRevision = 0x2B;

    private static readonly VmxProcessor?[] s_processors = new VmxProcessor?[Processors.Maximum];
    private static readonly Source s_source = new();
    private static VmxPlan s_plan;
    private static HostPhysicalAddress s_msrBitmap, s_x2ApicMsrBitmap;

    private readonly HostPhysicalAddress _vmxonRegion;

    // The vCPU whose VMCS is current here, and whose MSRs the processor holds.
    private VmxContext? _current, _msrOwner;

    private readonly TranslationTags _vpids = new(ushort.MaxValue + 1);

    private VmxProcessor(HostPhysicalAddress vmxonRegion) => _vmxonRegion = vmxonRegion;

    public static VmxProcessor Current => s_processors[Processor.Current.Index]!;

    /// <summary>How guests run on this machine.</summary>
    public static ref readonly VmxPlan Plan => ref s_plan;

    /// <summary>Every MSR exits, but <see cref="MsrRules.PassThrough"/>.</summary>
    public static HostPhysicalAddress MsrBitmap => s_msrBitmap;

    /// <summary>The same for a vCPU in x2APIC mode whose registers the processor serves, where it can do so alone.</summary>
    public static HostPhysicalAddress X2ApicMsrBitmap => s_x2ApicMsrBitmap;

    /// <summary>
    /// Guests' RAM is write-back whatever their PAT says, so that host and guest see the same bytes. Intel SDM vol. 3, "EPT and Memory Typing".
    /// </summary>
    public static NestedPageFormat NestedPages
    {
        get
        {
            const EptEntry Table = EptEntry.Read | EptEntry.Write | EptEntry.Execute;
            const EptEntry Page = Table | EptEntry.IgnorePat | (EptEntry)((ulong)MemoryType.WB << EptEntryShift.MemoryType);
            EptEntry block = Page | EptEntry.Leaf;
            if (s_plan.SmallExecutablePages)
                block &= ~EptEntry.Execute;
            return new NestedPageFormat(
                table: (ulong)Table,
                block: (ulong)block,
                huge: s_plan.Has(VmxFeatures.EptPages1GiB) ? (ulong)block : 0,
                codePage: s_plan.SmallExecutablePages ? (ulong)Page : 0);
        }
    }

    /// <summary>How it scales guests' time-stamp counters, if it does.</summary>
    public static TscRatioFormat TscRatioFormat => s_plan.Has(VmxFeatures.TscScaling) ? new TscRatioFormat(VmxTsc.MultiplierFractionBits, 64) : default;

    /// <summary>Flags of a 4 KiB leaf that is not RAM: the APIC-access page's.</summary>
    public const ulong DevicePage = (ulong)(EptEntry.Read | EptEntry.Write | EptEntry.IgnorePat) | (ulong)MemoryType.WB << EptEntryShift.MemoryType;

    /// <summary>Whether guests can run, and if not what to change. On the boot processor.</summary>
    public static bool IsUsable(ApicVirtualization apicVirtualization, out ReadOnlySpan<byte> reason)
    {
        VmxCapabilities capabilities = ReadCapabilities();
        bool isBochs = (uint)(capabilities.Basic & VmxBasic.RevisionMask) == BochsRevision;
        bool servesApic = apicVirtualization == ApicVirtualization.On || apicVirtualization == ApicVirtualization.Auto && !isBochs;
        VmxRefusal refusal = VmxControlPolicy.Decide(in capabilities, servesApic ? Driven : Driven & ~VmxFeatures.ApicVirtualization, out s_plan);
        reason = VmxControlPolicy.Text(refusal);
        if (refusal == VmxRefusal.None && !s_plan.Has(VmxFeatures.EptPages2MiB))
            reason = "the processor's EPT lacks 2 MiB pages, which HyperOS needs: a newer one is required"u8;
        return reason.IsEmpty;
    }

    /// <summary>What all processors share. On the boot processor, once.</summary>
    /// <returns>False when frames ran out.</returns>
    public static bool TryInitialize()
    {
        if (!FrameAllocator.TryAllocate(FrameOwner.Kernel, FrameZone.Any, out s_msrBitmap)
            || !FrameAllocator.TryAllocate(FrameOwner.Kernel, FrameZone.Any, out s_x2ApicMsrBitmap))
        {
            return false;
        }
        Span<byte> bitmap = PhysicalMemory.Bytes(s_msrBitmap, Specs.Intel.MsrBitmap.Size);
        bitmap.Fill(0xFF);
        foreach (uint msr in MsrRules.PassThrough)
            Pass(bitmap, msr, read: true, write: true);
        Span<byte> x2Apic = PhysicalMemory.Bytes(s_x2ApicMsrBitmap, Specs.Intel.MsrBitmap.Size);
        bitmap.CopyTo(x2Apic);
        for (uint number = 0; number < LocalApicRegisters.Count; number++)
        {
            uint msr = LocalApic.FirstMsr + number;
            Pass(x2Apic, msr, LocalApic.IsPlain(msr), (ApicRegister)number is ApicRegister.TPR or ApicRegister.EOI or ApicRegister.SelfIPI);
        }
        return true;
    }

    private static void Pass(Span<byte> bitmap, uint msr, bool read, bool write)
    {
        bool high = msr >= Specs.Intel.MsrBitmap.HighFirst;
        int bit = (int)(high ? msr - Specs.Intel.MsrBitmap.HighFirst : msr);
        byte mask = unchecked((byte)~(1 << (bit & 7)));
        if (read)
            bitmap[(high ? Specs.Intel.MsrBitmap.ReadHigh : Specs.Intel.MsrBitmap.ReadLow) + bit / 8] &= mask;
        if (write)
            bitmap[(high ? Specs.Intel.MsrBitmap.WriteHigh : Specs.Intel.MsrBitmap.WriteLow) + bit / 8] &= mask;
    }

    /// <summary>Allocates for a processor; before <see cref="TryEnable"/> there.</summary>
    public static bool TryPrepare(int processor)
    {
        if (!TryAllocateRegion(FrameOwner.Kernel, out HostPhysicalAddress region))
            return false;
        s_processors[processor] = new VmxProcessor(region);
        return true;
    }

    /// <summary>A frame for a VMCS or VMXON region.</summary>
    public static bool TryAllocateRegion(FrameOwner owner, out HostPhysicalAddress region)
    {
        bool allocated = FrameAllocator.TryAllocateZeroed(owner, FrameZone.Any, out region);
        if (allocated)
            PhysicalMemory.Structure<uint>(new HostPhysicalAddress(region.Value + VmcsRegion.RevisionOffset)) = s_plan.Revision;
        return allocated;
    }

    /// <summary>Enters VMX operation, on the processor itself, after it has its own tables.</summary>
    /// <returns>False where the processor cannot do what the boot processor's plan says.</returns>
    public static bool TryEnable()
    {
        if (!VmxControlPolicy.Fits(in s_plan, ReadCapabilities()))
            return false;
        // VMXON wants it locked, and each processor has its own.
        FeatureControl control = (FeatureControl)ModelSpecificRegister.Read(Msr.IA32_FEATURE_CONTROL);
        if ((control & FeatureControl.Lock) == 0)
            ModelSpecificRegister.Write(Msr.IA32_FEATURE_CONTROL, (ulong)(control | FeatureControl.Lock | FeatureControl.VmxOutsideSmx));
        ControlRegister.WriteCr0(ControlRegister.ReadCr0() | (ulong)s_plan.HostCr0);
        ControlRegister.WriteCr4(ControlRegister.ReadCr4() | (ulong)s_plan.RequiredCr4);
        VmxInstructions.On(Current._vmxonRegion);
        // What firmware or another hypervisor left behind.
        VmxInstructions.InvalidateEpt(InveptType.AllContext, 0);
        if (s_plan.Has(VmxFeatures.Vpid))
            VmxInstructions.InvalidateVpid(InvvpidType.AllContext, 0);
        return true;
    }

    /// <summary>A vCPU comes to this processor, perhaps back: its VMCS becomes the current one, its MSRs the processor's.</summary>
    public void Load(VmxContext context)
    {
        bool comes = context.Processor != this;
        if (comes && context.Processor is not null)
            Panic.Stop($"a vCPU's VMCS is still on another processor");
        context.Processor = this;
        if (_current != context)
        {
            VmxInstructions.Load(context.Frame);
            _current = context;
        }
        if (comes)
        {
            context.Run.Launched = false;
            context.Run.HostRsp = 0;
            context.Vpid.Forget();
            WriteHostState();
        }
        if (_msrOwner != context)
        {
            if (_msrOwner is not null)
                StoreMsrs(_msrOwner);
            LoadMsrs(context);
            _msrOwner = context;
        }
        if (!_vpids.IsCurrent(in context.Vpid) && s_plan.Has(VmxFeatures.Vpid))
            AssignVpid(context);
    }

    /// <summary>
    /// The vCPU leaves for good or for another processor: nothing of it stays, neither the VMCS in the processor's cache nor a translation
    /// through its machine's tables, whose frames may go elsewhere next.
    /// </summary>
    public void Unload(VmxContext context)
    {
        if (_msrOwner == context)
            ReleaseMsrs();
        VmxInstructions.Clear(context.Frame);
        if (_current == context)
            _current = null;
        VmxInstructions.InvalidateEpt(s_plan.InveptType, context.EptPointer);
        context.Processor = null;
    }

    /// <summary>Before an entry that must not use what the processor remembers of the guest's translations.</summary>
    public static void Flush(VmxContext context)
    {
        context.FlushWanted = false;
        VmxInstructions.InvalidateEpt(s_plan.InveptType, context.EptPointer);
        if (s_plan.Has(VmxFeatures.Vpid))
            VmxInstructions.InvalidateVpid(s_plan.InvvpidType, (ushort)context.Vpid.Value);
    }

    private void AssignVpid(VmxContext context)
    {
        if (_vpids.Assign(ref context.Vpid))
            VmxInstructions.InvalidateVpid(InvvpidType.AllContext, 0);
        VmxInstructions.Write(VmcsField.VirtualProcessorIdentifier, context.Vpid.Value);
    }

    // What an exit loads. Intel SDM vol. 3, "Host-State Area".
    private static void WriteHostState()
    {
        VmxHostTables tables = VmxInstructions.ReadHostTables();
        VmxInstructions.Write(VmcsField.HostCr0, ControlRegister.ReadCr0());
        VmxInstructions.Write(VmcsField.HostCr3, ControlRegister.ReadCr3());
        VmxInstructions.Write(VmcsField.HostCr4, ControlRegister.ReadCr4());
        VmxInstructions.Write(VmcsField.HostCsSelector, tables.CS);
        VmxInstructions.Write(VmcsField.HostSsSelector, tables.SS);
        VmxInstructions.Write(VmcsField.HostDsSelector, tables.SS);
        VmxInstructions.Write(VmcsField.HostEsSelector, tables.SS);
        VmxInstructions.Write(VmcsField.HostFsSelector, 0);
        VmxInstructions.Write(VmcsField.HostGsSelector, 0);
        VmxInstructions.Write(VmcsField.HostTrSelector, tables.TR);
        VmxInstructions.Write(VmcsField.HostFsBase, ModelSpecificRegister.Read(Msr.FS_BASE));
        VmxInstructions.Write(VmcsField.HostGsBase, ModelSpecificRegister.Read(Msr.GS_BASE));
        VmxInstructions.Write(VmcsField.HostGdtrBase, tables.GdtBase);
        VmxInstructions.Write(VmcsField.HostIdtrBase, tables.IdtBase);
        VmxInstructions.Write(VmcsField.HostTrBase, BaseOf((SystemSegmentDescriptor*)(tables.GdtBase + tables.TR)));
        VmxInstructions.Write(VmcsField.HostIa32SysenterCs, 0);
        VmxInstructions.Write(VmcsField.HostIa32SysenterEsp, 0);
        VmxInstructions.Write(VmcsField.HostIa32SysenterEip, 0);
        VmxInstructions.Write(VmcsField.HostIa32Pat, ModelSpecificRegister.Read(Msr.IA32_PAT));
        VmxInstructions.Write(VmcsField.HostIa32Efer, ModelSpecificRegister.Read(Msr.EFER));
        VmxInstructions.Write(VmcsField.HostRip, VmxInstructions.ExitAddress());
    }

    // A descriptor of 16 bytes. Intel SDM vol. 3, "TSS Descriptor in 64-bit mode".
    private static ulong BaseOf(SystemSegmentDescriptor* descriptor) => descriptor->Low.BaseLow | (ulong)descriptor->Low.BaseMiddle << 16
        | (ulong)descriptor->Low.BaseHigh << 24 | (ulong)descriptor->BaseUpper << 32;

    private static void StoreMsrs(VmxContext context)
    {
        context.STAR = ModelSpecificRegister.Read(Msr.STAR);
        context.LSTAR = ModelSpecificRegister.Read(Msr.LSTAR);
        context.CSTAR = ModelSpecificRegister.Read(Msr.CSTAR);
        context.SFMASK = ModelSpecificRegister.Read(Msr.SFMASK);
        context.KernelGSbase = ModelSpecificRegister.Read(Msr.KernelGSbase);
    }

    /// <summary>The processor's MSRs become another's: what is a guest's goes to its context.</summary>
    public void ReleaseMsrs()
    {
        if (_msrOwner is not null)
            StoreMsrs(_msrOwner);
        _msrOwner = null;
    }

    private static void LoadMsrs(VmxContext context)
    {
        ModelSpecificRegister.Write(Msr.STAR, context.STAR);
        ModelSpecificRegister.Write(Msr.LSTAR, context.LSTAR);
        ModelSpecificRegister.Write(Msr.CSTAR, context.CSTAR);
        ModelSpecificRegister.Write(Msr.SFMASK, context.SFMASK);
        ModelSpecificRegister.Write(Msr.KernelGSbase, context.KernelGSbase);
    }

    /// <summary>Of the processor that this runs on.</summary>
    public static VmxCapabilities ReadCapabilities() => VmxCapabilities.Read(GuestProcessors.Host, s_source);

    private sealed class Source : MsrSource
    {
        public override ulong Read(uint msr) => ModelSpecificRegister.Read(msr);
    }
}
