using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>How guests run on a processor, as <see cref="VmxControlPolicy"/> finds it.</summary>
public struct VmxPlan
{
    /// <summary>The optional features that are on, or for those said to be allowed, may be turned on.</summary>
    public VmxFeatures Features;

    /// <summary>Pin-based controls.</summary>
    public PinBasedControls PinBased;

    /// <summary>Primary processor-based controls; both windows may be turned on.</summary>
    public PrimaryProcessorBasedControls Primary;

    /// <summary>Secondary processor-based controls.</summary>
    public SecondaryProcessorBasedControls Secondary;

    /// <summary>VM-exit controls.</summary>
    public VmExitControls Exit;

    /// <summary>VM-entry controls; the IA-32e mode one follows EFER.LMA.</summary>
    public VmEntryControls Entry;

    /// <summary>Bits of the control that a refusal is about; 0 else.</summary>
    public uint Refused;

    /// <summary>VMCS revision identifier, for VMXON region and VMCS.</summary>
    public uint Revision;

    /// <summary>The preemption timer counts down once in 2 to this power TSC ticks.</summary>
    public int PreemptionTimerShift;

    /// <summary>CR0 bits that the host's CR0 must have.</summary>
    public Cr0 HostCr0;

    /// <summary>CR0 bits that a guest's real CR0 must have, whatever it reads.</summary>
    public Cr0 GuestCr0;

    /// <summary>CR0 bits that host and guest may have.</summary>
    public Cr0 AllowedCr0;

    /// <summary>CR4 bits that the host's CR4 and a guest's real one must have.</summary>
    public Cr4 RequiredCr4;

    /// <summary>CR4 bits that host and guest may have.</summary>
    public Cr4 AllowedCr4;

    /// <summary>Executable EPT leaves must be of 4 KiB: the processor has the iTLB multihit erratum.</summary>
    public bool SmallExecutablePages;

    /// <summary>Whether all these features are on.</summary>
    public readonly bool Has(VmxFeatures features) => (Features & features) == features;

    /// <summary>The smallest INVEPT that there is.</summary>
    public readonly InveptType InveptType => Has(VmxFeatures.InveptSingleContext) ? InveptType.SingleContext : InveptType.AllContext;

    /// <summary>The smallest INVVPID that drops all of a VPID.</summary>
    public readonly InvvpidType InvvpidType => Has(VmxFeatures.InvvpidSingleContext) ? InvvpidType.SingleContext : InvvpidType.AllContext;

    /// <summary>The EPT pointer to a top table: four levels, write-back, flags where they are on.</summary>
    public readonly ulong EptPointer(ulong root) => root | (ulong)MemoryType.WB | (ulong)Eptp.PageWalkLength4 << Eptp.PageWalkLengthShift
        | (Has(VmxFeatures.EptAccessedDirty) ? Eptp.EnableAccessedDirty : 0);
}
