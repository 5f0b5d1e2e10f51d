using System;
using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>
/// Every VMX control from what a processor offers: the needed ones, the wanted ones where they are offered, or the one reason why guests cannot run.
/// Intel SDM vol. 3, "VM-Execution Control Fields" and appendix "VMX Capability Reporting Facility".
/// </summary>
public static class VmxControlPolicy
{
    private const PinBasedControls PinBased = PinBasedControls.ExternalInterruptExiting | PinBasedControls.NmiExiting | PinBasedControls.VirtualNmis;

    private const PrimaryProcessorBasedControls Primary = PrimaryProcessorBasedControls.UseTscOffsetting | PrimaryProcessorBasedControls.HltExiting
        | PrimaryProcessorBasedControls.MwaitExiting | PrimaryProcessorBasedControls.RdpmcExiting | PrimaryProcessorBasedControls.MovDrExiting
        | PrimaryProcessorBasedControls.UnconditionalIoExiting | PrimaryProcessorBasedControls.UseMsrBitmaps | PrimaryProcessorBasedControls.MonitorExiting
        | PrimaryProcessorBasedControls.ActivateSecondaryControls;

    private const PrimaryProcessorBasedControls Windows = PrimaryProcessorBasedControls.InterruptWindowExiting | PrimaryProcessorBasedControls.NmiWindowExiting;

    private const PrimaryProcessorBasedControls Cr8Exiting = PrimaryProcessorBasedControls.Cr8LoadExiting | PrimaryProcessorBasedControls.Cr8StoreExiting;

    private const SecondaryProcessorBasedControls Secondary = SecondaryProcessorBasedControls.EnableEpt | SecondaryProcessorBasedControls.UnrestrictedGuest
        | SecondaryProcessorBasedControls.WbinvdExiting;

    // Of those that are on: the vCPU turns them off where its local APIC is not to be served.
    private const SecondaryProcessorBasedControls Apic = SecondaryProcessorBasedControls.VirtualizeApicAccesses
        | SecondaryProcessorBasedControls.ApicRegisterVirtualization | SecondaryProcessorBasedControls.VirtualInterruptDelivery;

    // An interrupt that exits is not acknowledged: it stays pending and comes as soon as the host takes interrupts.
    private const VmExitControls Exit = VmExitControls.SaveDebugControls | VmExitControls.HostAddressSpaceSize | VmExitControls.SaveIa32Pat
        | VmExitControls.LoadIa32Pat | VmExitControls.SaveIa32Efer | VmExitControls.LoadIa32Efer;

    private const VmEntryControls Entry = VmEntryControls.LoadDebugControls | VmEntryControls.LoadIa32Pat | VmEntryControls.LoadIa32Efer;

    // Bits without a name that have always had to be 1 (appendix "VMX Capability Reporting Facility", the default1 class but for its named controls).
    private const uint PinBasedDefault1 = 0x16, PrimaryDefault1 = 0x0400_6172, ExitDefault1 = 0x0003_6DFB, EntryDefault1 = 0x0000_11FB;

    private const Cr0 UnrestrictedCr0 = Cr0.PE | Cr0.PG;

    /// <summary>
    /// Finds the plan for a processor. Features that are not in <paramref name="driven"/>, because the kernel or its guests do not use them, stay off.
    /// </summary>
    /// <returns>Why guests cannot run; then of the plan only <see cref="VmxPlan.Refused"/> means something.</returns>
    public static VmxRefusal Decide(in VmxCapabilities host, VmxFeatures driven, out VmxPlan plan)
    {
        plan = default;
        VmxRefusal refusal = Judge(host);
        if (refusal != VmxRefusal.None)
            return refusal;
        VmxFeatures features = Offered(host) & driven;
        if ((features & VmxFeatures.TprShadow) == 0 || (features & VmxFeatures.ApicVirtualization) != VmxFeatures.ApicVirtualization)
            features &= ~VmxFeatures.ApicVirtualization;
        if ((features & VmxFeatures.Vpid) == 0)
        {
            features &= ~(VmxFeatures.InvvpidIndividualAddress | VmxFeatures.InvvpidSingleContext | VmxFeatures.InvvpidSingleContextRetainingGlobals);
        }
        if ((features & VmxFeatures.EptAccessedDirty) == 0)
            features &= ~VmxFeatures.PageModificationLog;

        PinBasedControls pinBased = PinBased;
        PrimaryProcessorBasedControls primary = Primary;
        SecondaryProcessorBasedControls secondary = Secondary;
        if ((features & VmxFeatures.PreemptionTimer) != 0)
            pinBased |= PinBasedControls.ActivateVmxPreemptionTimer;
        primary |= (features & VmxFeatures.TprShadow) != 0 ? PrimaryProcessorBasedControls.UseTprShadow : Cr8Exiting;
        secondary |= When(features, VmxFeatures.VirtualizeApicAccesses, SecondaryProcessorBasedControls.VirtualizeApicAccesses);
        secondary |= When(features, VmxFeatures.Vpid, SecondaryProcessorBasedControls.EnableVpid);
        secondary |= When(features, VmxFeatures.ApicRegisterVirtualization, SecondaryProcessorBasedControls.ApicRegisterVirtualization);
        secondary |= When(features, VmxFeatures.VirtualInterruptDelivery, SecondaryProcessorBasedControls.VirtualInterruptDelivery);
        secondary |= When(features, VmxFeatures.TscScaling, SecondaryProcessorBasedControls.UseTscScaling);
        secondary |= When(features, VmxFeatures.PauseLoopExiting, SecondaryProcessorBasedControls.PauseLoopExiting);
        secondary |= When(features, VmxFeatures.Rdtscp, SecondaryProcessorBasedControls.EnableRdtscp);
        secondary |= When(features, VmxFeatures.Invpcid, SecondaryProcessorBasedControls.EnableInvpcid);
        secondary |= When(features, VmxFeatures.XsavesXrstors, SecondaryProcessorBasedControls.EnableXsavesXrstors);

        plan.PinBased = (PinBasedControls)Resolve(host.PinBased, (uint)pinBased, 0, PinBasedDefault1, out plan.Refused);
        if (plan.Refused != 0)
            return VmxRefusal.PinBasedControls;
        plan.Primary = (PrimaryProcessorBasedControls)Resolve(host.Primary, (uint)primary, (uint)Windows, PrimaryDefault1, out plan.Refused);
        if (plan.Refused != 0)
            return VmxRefusal.PrimaryControls;
        plan.Secondary = (SecondaryProcessorBasedControls)Resolve(host.Secondary, (uint)secondary, (uint)(secondary & Apic), 0, out plan.Refused);
        if (plan.Refused != 0)
            return VmxRefusal.SecondaryControls;
        plan.Exit = (VmExitControls)Resolve(host.Exit, (uint)Exit, 0, ExitDefault1, out plan.Refused);
        if (plan.Refused != 0)
            return VmxRefusal.ExitControls;
        plan.Entry = (VmEntryControls)Resolve(host.Entry, (uint)Entry, (uint)VmEntryControls.Ia32eModeGuest, EntryDefault1, out plan.Refused);
        if (plan.Refused != 0)
            return VmxRefusal.EntryControls;

        plan.Features = features;
        plan.Revision = (uint)(host.Basic & VmxBasic.RevisionMask);
        plan.PreemptionTimerShift = (int)(host.Misc & VmxMisc.PreemptionTimerShiftMask);
        plan.HostCr0 = host.Cr0Fixed0;
        plan.GuestCr0 = host.Cr0Fixed0 & ~UnrestrictedCr0;
        plan.AllowedCr0 = host.Cr0Fixed1;
        plan.RequiredCr4 = host.Cr4Fixed0;
        plan.AllowedCr4 = host.Cr4Fixed1;
        plan.SmallExecutablePages = HasITlbMultihit(host);
        return VmxRefusal.None;
    }

    /// <summary>Whether a plan made for one processor can be carried out on another.</summary>
    public static bool Fits(in VmxPlan plan, in VmxCapabilities other) =>
        Judge(other) == VmxRefusal.None
        && (plan.Features & ~Offered(other)) == 0
        && IsAllowed(other.PinBased, (uint)plan.PinBased, 0)
        && IsAllowed(other.Primary, (uint)plan.Primary, (uint)Windows)
        && IsAllowed(other.Secondary, (uint)plan.Secondary, (uint)(plan.Secondary & Apic))
        && IsAllowed(other.Exit, (uint)plan.Exit, 0)
        && IsAllowed(other.Entry, (uint)plan.Entry, (uint)VmEntryControls.Ia32eModeGuest)
        && plan.Revision == (uint)(other.Basic & VmxBasic.RevisionMask)
        && plan.PreemptionTimerShift == (int)(other.Misc & VmxMisc.PreemptionTimerShiftMask)
        && plan.HostCr0 == other.Cr0Fixed0 && plan.AllowedCr0 == other.Cr0Fixed1
        && plan.RequiredCr4 == other.Cr4Fixed0 && plan.AllowedCr4 == other.Cr4Fixed1
        && (plan.SmallExecutablePages || !HasITlbMultihit(other));

    /// <summary>The reason for people: what is missing and what to change.</summary>
    public static ReadOnlySpan<byte> Text(VmxRefusal refusal) => refusal switch
    {
        VmxRefusal.None => default,
        VmxRefusal.NoVmx => "the processor does not offer VMX: an Intel processor with VT-x is needed, and in a virtual machine nested virtualization"u8,
        VmxRefusal.Locked => "IA32_FEATURE_CONTROL is locked with VMX off: enable Intel VT-x in the firmware's setup"u8,
        VmxRefusal.LockedToSmx => "IA32_FEATURE_CONTROL is locked with VMX inside SMX alone: switch off TXT in the firmware's setup"u8,
        VmxRefusal.NoSecondaryControls => "the processor has VMX without secondary processor-based controls, which EPT needs: a newer one is required"u8,
        VmxRefusal.NoEpt => "the processor has VMX without EPT, which HyperOS needs: a newer one is required"u8,
        VmxRefusal.NoEptWriteBack => "the processor's EPT lacks page walks of length 4 in write-back memory, which HyperOS needs: a newer one is required"u8,
        VmxRefusal.NoInvept => "the processor's EPT lacks INVEPT, which HyperOS needs: a newer one is required"u8,
        VmxRefusal.NoUnrestrictedGuest => "the processor has VMX without unrestricted guest, which real mode needs: a newer one is required"u8,
        VmxRefusal.NoVirtualNmis => "the processor has VMX without virtual NMIs, which HyperOS needs: a newer one is required"u8,
        VmxRefusal.PinBasedControls => "the processor refuses pin-based controls that HyperOS needs: a newer one is required"u8,
        VmxRefusal.PrimaryControls => "the processor refuses primary processor-based controls that HyperOS needs: a newer one is required"u8,
        VmxRefusal.SecondaryControls => "the processor refuses secondary processor-based controls that HyperOS needs: a newer one is required"u8,
        VmxRefusal.ExitControls => "the processor refuses VM-exit controls that HyperOS needs: a newer one is required"u8,
        _ => "the processor refuses VM-entry controls that HyperOS needs: a newer one is required"u8,
    };

    private static VmxRefusal Judge(in VmxCapabilities host)
    {
        if (!host.HasVmx)
            return VmxRefusal.NoVmx;
        if ((host.FeatureControl & (FeatureControl.Lock | FeatureControl.VmxOutsideSmx)) == FeatureControl.Lock)
            return (host.FeatureControl & FeatureControl.VmxInsideSmx) != 0 ? VmxRefusal.LockedToSmx : VmxRefusal.Locked;
        if (!VmxCapabilities.Allows(host.Primary, (uint)PrimaryProcessorBasedControls.ActivateSecondaryControls))
            return VmxRefusal.NoSecondaryControls;
        if (!host.Allows(SecondaryProcessorBasedControls.EnableEpt))
            return VmxRefusal.NoEpt;
        if (!host.Has(EptVpidCap.PageWalkLength4 | EptVpidCap.EptpWB))
            return VmxRefusal.NoEptWriteBack;
        if (!host.Has(EptVpidCap.Invept | EptVpidCap.InveptAllContext))
            return VmxRefusal.NoInvept;
        if (!host.Allows(SecondaryProcessorBasedControls.UnrestrictedGuest))
            return VmxRefusal.NoUnrestrictedGuest;
        if (!VmxCapabilities.Allows(host.PinBased, (uint)PinBasedControls.VirtualNmis))
            return VmxRefusal.NoVirtualNmis;
        return VmxRefusal.None;
    }

    private static VmxFeatures Offered(in VmxCapabilities host)
    {
        VmxFeatures found = VmxFeatures.None;
        found |= When(host.Has(EptVpidCap.Page2MiB), VmxFeatures.EptPages2MiB);
        found |= When(host.Has(EptVpidCap.Page1GiB), VmxFeatures.EptPages1GiB);
        found |= When(host.Has(EptVpidCap.AccessedDirty), VmxFeatures.EptAccessedDirty);
        found |= When(host.Has(EptVpidCap.AdvancedExitInformation), VmxFeatures.EptViolationInformation);
        found |= When(host.Has(EptVpidCap.InveptSingleContext), VmxFeatures.InveptSingleContext);
        found |= When(host.Allows(SecondaryProcessorBasedControls.EnableVpid) && host.Has(EptVpidCap.Invvpid | EptVpidCap.InvvpidAllContext),
            VmxFeatures.Vpid);
        found |= When(host.Has(EptVpidCap.InvvpidIndividualAddress), VmxFeatures.InvvpidIndividualAddress);
        found |= When(host.Has(EptVpidCap.InvvpidSingleContext), VmxFeatures.InvvpidSingleContext);
        found |= When(host.Has(EptVpidCap.InvvpidSingleContextRetainingGlobals), VmxFeatures.InvvpidSingleContextRetainingGlobals);
        found |= When(VmxCapabilities.Allows(host.PinBased, (uint)PinBasedControls.ActivateVmxPreemptionTimer) && !HasBadPreemptionTimer(host),
            VmxFeatures.PreemptionTimer);
        found |= When(VmxCapabilities.Allows(host.Primary, (uint)PrimaryProcessorBasedControls.UseTprShadow), VmxFeatures.TprShadow);
        found |= When(host.Allows(SecondaryProcessorBasedControls.VirtualizeApicAccesses), VmxFeatures.VirtualizeApicAccesses);
        found |= When(host.Allows(SecondaryProcessorBasedControls.VirtualizeX2ApicMode), VmxFeatures.VirtualizeX2ApicMode);
        found |= When(host.Allows(SecondaryProcessorBasedControls.ApicRegisterVirtualization), VmxFeatures.ApicRegisterVirtualization);
        found |= When(host.Allows(SecondaryProcessorBasedControls.VirtualInterruptDelivery), VmxFeatures.VirtualInterruptDelivery);
        found |= When(host.Allows(SecondaryProcessorBasedControls.UseTscScaling), VmxFeatures.TscScaling);
        found |= When(host.Allows(SecondaryProcessorBasedControls.PauseLoopExiting), VmxFeatures.PauseLoopExiting);
        found |= When(host.Allows(SecondaryProcessorBasedControls.EnableRdtscp), VmxFeatures.Rdtscp);
        found |= When(host.Allows(SecondaryProcessorBasedControls.EnableInvpcid), VmxFeatures.Invpcid);
        found |= When(host.Allows(SecondaryProcessorBasedControls.EnableXsavesXrstors), VmxFeatures.XsavesXrstors);
        found |= When(host.Allows(SecondaryProcessorBasedControls.EnablePml), VmxFeatures.PageModificationLog);
        found |= When(VmxCapabilities.Allows(host.Primary, (uint)PrimaryProcessorBasedControls.MonitorTrapFlag), VmxFeatures.MonitorTrapFlag);
        found |= When((host.Misc & VmxMisc.ActivityHlt) != 0, VmxFeatures.ActivityHlt);
        found |= When((host.Misc & VmxMisc.ZeroLengthInjection) != 0, VmxFeatures.ZeroLengthInjection);
        return found;
    }

    /// <summary>The control with the bits that are set, and those that must be.</summary>
    /// <param name="capability">As the MSR says it.</param>
    /// <param name="set">Bits to set.</param>
    /// <param name="switched">Bits that must be free to be 0 and 1.</param>
    /// <param name="tolerated">Bits that may be forced to 1.</param>
    /// <param name="refused">Bits that the processor will not have as they must be.</param>
    private static uint Resolve(ulong capability, uint set, uint switched, uint tolerated, out uint refused)
    {
        uint must = unchecked((uint)capability), may = (uint)(capability >> 32);
        refused = (set | switched | must) & ~may | must & (~(set | tolerated) | switched);
        return set | must;
    }

    private static bool IsAllowed(ulong capability, uint control, uint switched)
    {
        uint must = unchecked((uint)capability), may = (uint)(capability >> 32);
        return (must & ~control | (control | switched) & ~may | must & switched) == 0;
    }

    /// <summary>Whether a page-size change can end in a machine check. Intel, "Machine Check Error Avoidance on Page Size Change" (INTEL-SA-00210).</summary>
    private static bool HasITlbMultihit(in VmxCapabilities host) =>
        host.IsIntel && (host.ArchCapabilities & ArchCapabilities.IF_PSCHANGE_MC_NO) == 0 && Family(host) == 6 && Model(host) is not
            (0x1C or 0x26 or 0x27 or 0x35 or 0x36 // Bonnell, Saltwell
            or 0x37 or 0x4A or 0x4D // Silvermont
            or 0x4C or 0x5A or 0x75 // Airmont
            or 0x5C or 0x5F or 0x7A or 0x86 // Goldmont, Goldmont Plus, Tremont
            or 0x57 or 0x85); // Xeon Phi

    /// <summary>Parts whose timer does not count as it should, by Intel's specification updates (AAJ124, AAK139, AAN92, AAO95, AAT59, BA86, …).</summary>
    private static bool HasBadPreemptionTimer(in VmxCapabilities host)
    {
        const uint Reserved = 0xF000_C000;
        return host.IsIntel && (host.Signature & ~Reserved) is
            0x106A0 or 0x106A1 or 0x106A4 or 0x106A5 // Nehalem
            or 0x106E5 // Lynnfield
            or 0x20652 or 0x20655 // Arrandale, Clarkdale
            or 0x206E6 // Nehalem-EX
            or 0x306A8; // Xeon E3-1220 v2
    }

    private static uint Family(in VmxCapabilities host) => host.Signature >> 8 & 0xF;

    private static uint Model(in VmxCapabilities host) => host.Signature >> 4 & 0xF | host.Signature >> 12 & 0xF0;

    private static VmxFeatures When(bool offered, VmxFeatures feature) => offered ? feature : VmxFeatures.None;

    private static SecondaryProcessorBasedControls When(VmxFeatures features, VmxFeatures feature, SecondaryProcessorBasedControls bit) =>
        (features & feature) != 0 ? bit : 0;
}
