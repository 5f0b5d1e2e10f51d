using System;
using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>
/// The checks that VM entry makes, made again in software so that a failed one names the field that is wrong. What depends on state outside the VMCS
/// (SMM, the virtual-APIC page, model-specific MSR bits) or on features that are never turned on is left out. Intel SDM vol. 3, "VM Entries".
/// </summary>
public ref struct VmxEntryChecks
{
    private const uint PageOffset = 0xFFF;
    private const int Segments = 6, Es = 0, Cs = 1, Ss = 2, Fs = 4, Ldtr = 6, Tr = 7;

    private readonly VmcsReader _vmcs;
    private readonly VmxCapabilities _processor;
    private readonly PinBasedControls _pinBased;
    private readonly PrimaryProcessorBasedControls _primary;
    private readonly SecondaryProcessorBasedControls _secondary;
    private readonly VmExitControls _exit;
    private readonly VmEntryControls _entry;
    private readonly uint _event;
    private VmxEntryFault _fault;

    private VmxEntryChecks(VmcsReader vmcs, scoped in VmxCapabilities processor)
    {
        _vmcs = vmcs;
        _processor = processor;
        _pinBased = (PinBasedControls)Read32(VmcsField.PinBasedVmExecutionControls);
        _primary = (PrimaryProcessorBasedControls)Read32(VmcsField.PrimaryProcessorBasedVmExecutionControls);
        _secondary = (_primary & PrimaryProcessorBasedControls.ActivateSecondaryControls) != 0
            ? (SecondaryProcessorBasedControls)Read32(VmcsField.SecondaryProcessorBasedVmExecutionControls) : 0;
        _exit = (VmExitControls)Read32(VmcsField.PrimaryVmExitControls);
        _entry = (VmEntryControls)Read32(VmcsField.VmEntryControls);
        _event = Read32(VmcsField.VmEntryInterruptionInformationField);
        _fault = default;
    }

    /// <summary>
    /// For VM-instruction error 7, <see cref="VmInstructionError.EntryInvalidControlFields"/>. SDM, "Checks on VMX Controls". The fields are those of
    /// <paramref name="vmcs"/> as they were at the entry, the capabilities those of the processor that made it.
    /// </summary>
    /// <returns>False when none of the checks fails.</returns>
    public static bool TryFindControl(VmcsReader vmcs, scoped in VmxCapabilities processor, out VmxEntryFault fault)
    {
        VmxEntryChecks checks = new(vmcs, processor);
        bool found = !(checks.ControlWords() && checks.ExecutionControls() && checks.AddressControls() && checks.MsrAreas() && checks.InjectedEvent());
        fault = checks._fault;
        return found;
    }

    /// <summary>
    /// For VM-instruction error 8, <see cref="VmInstructionError.EntryInvalidHostStateFields"/>. SDM, "Checks on Host Control Registers, MSRs, and SSP"
    /// and the two sections after it.
    /// </summary>
    /// <returns>False when none of the checks fails.</returns>
    public static bool TryFindHost(VmcsReader vmcs, scoped in VmxCapabilities processor, out VmxEntryFault fault)
    {
        VmxEntryChecks checks = new(vmcs, processor);
        bool found = !(checks.HostRegisters() && checks.HostSegments());
        fault = checks._fault;
        return found;
    }

    /// <summary>For exit reason 33, <see cref="VmExitReason.EntryFailureInvalidGuestState"/>. SDM, "Checks on the Guest State Area".</summary>
    /// <returns>False when none of the checks fails.</returns>
    public static bool TryFindGuest(VmcsReader vmcs, scoped in VmxCapabilities processor, out VmxEntryFault fault)
    {
        VmxEntryChecks checks = new(vmcs, processor);
        bool found = !(checks.GuestControlRegisters() && checks.GuestMsrs() && checks.GuestSegments() && checks.GuestTables() && checks.GuestRflags()
            && checks.GuestActivity() && checks.GuestInterruptibility() && checks.GuestPendingDebug() && checks.GuestPdptes());
        fault = checks._fault;
        return found;
    }

    private bool ControlWords() =>
        Must(VmxCapabilities.Takes(_processor.PinBased, (uint)_pinBased), VmcsField.PinBasedVmExecutionControls,
            "has a bit that IA32_VMX_(TRUE_)PINBASED_CTLS forbids"u8)
        && Must(VmxCapabilities.Takes(_processor.Primary, (uint)_primary), VmcsField.PrimaryProcessorBasedVmExecutionControls,
            "has a bit that IA32_VMX_(TRUE_)PROCBASED_CTLS forbids"u8)
        && (!Has(PrimaryProcessorBasedControls.ActivateSecondaryControls)
            || Must(VmxCapabilities.Takes(_processor.Secondary, (uint)_secondary), VmcsField.SecondaryProcessorBasedVmExecutionControls,
                "has a bit that IA32_VMX_PROCBASED_CTLS2 forbids"u8))
        && Must(VmxCapabilities.Takes(_processor.Exit, (uint)_exit), VmcsField.PrimaryVmExitControls, "has a bit that IA32_VMX_(TRUE_)EXIT_CTLS forbids"u8)
        && Must(VmxCapabilities.Takes(_processor.Entry, (uint)_entry), VmcsField.VmEntryControls, "has a bit that IA32_VMX_(TRUE_)ENTRY_CTLS forbids"u8);

    private bool ExecutionControls() =>
        Must(Has(PinBasedControls.NmiExiting) || !Has(PinBasedControls.VirtualNmis), VmcsField.PinBasedVmExecutionControls,
            "virtual NMIs need NMI exiting"u8)
        && Must(Has(PinBasedControls.VirtualNmis) || !Has(PrimaryProcessorBasedControls.NmiWindowExiting),
            VmcsField.PrimaryProcessorBasedVmExecutionControls, "NMI-window exiting needs virtual NMIs"u8)
        && Must(Has(PrimaryProcessorBasedControls.UseTprShadow)
                || (_secondary & (SecondaryProcessorBasedControls.VirtualizeX2ApicMode | SecondaryProcessorBasedControls.ApicRegisterVirtualization
                    | SecondaryProcessorBasedControls.VirtualInterruptDelivery)) == 0,
            VmcsField.SecondaryProcessorBasedVmExecutionControls, "x2APIC mode, APIC registers and virtual interrupts need the TPR shadow"u8)
        && Must(!Has(SecondaryProcessorBasedControls.VirtualizeX2ApicMode) || !Has(SecondaryProcessorBasedControls.VirtualizeApicAccesses),
            VmcsField.SecondaryProcessorBasedVmExecutionControls, "virtualize x2APIC mode excludes virtualize APIC accesses"u8)
        && Must(!Has(SecondaryProcessorBasedControls.VirtualInterruptDelivery) || Has(PinBasedControls.ExternalInterruptExiting),
            VmcsField.PinBasedVmExecutionControls, "virtual-interrupt delivery needs external-interrupt exiting"u8)
        && Must(!Has(PinBasedControls.ProcessPostedInterrupts)
                || Has(SecondaryProcessorBasedControls.VirtualInterruptDelivery) && (_exit & VmExitControls.AcknowledgeInterruptOnExit) != 0,
            VmcsField.PinBasedVmExecutionControls, "posted interrupts need virtual-interrupt delivery and acknowledge interrupt on exit"u8)
        && Must(Has(SecondaryProcessorBasedControls.EnableEpt)
                || (_secondary & (SecondaryProcessorBasedControls.UnrestrictedGuest | SecondaryProcessorBasedControls.EnablePml
                    | SecondaryProcessorBasedControls.ModeBasedExecuteControlForEpt | SecondaryProcessorBasedControls.SubPageWritePermissionsForEpt)) == 0,
            VmcsField.SecondaryProcessorBasedVmExecutionControls, "unrestricted guest, PML and execute control need EPT"u8)
        && Must(Has(PinBasedControls.ActivateVmxPreemptionTimer) || (_exit & VmExitControls.SaveVmxPreemptionTimerValue) == 0,
            VmcsField.PrimaryVmExitControls, "saving the preemption timer needs it to be active"u8)
        && Must((_entry & (VmEntryControls.EntryToSmm | VmEntryControls.DeactivateDualMonitorTreatment)) == 0,
            VmcsField.VmEntryControls, "entry to SMM is for SMM alone"u8)
        && Must(Read(VmcsField.Cr3TargetCount) <= (ulong)(_processor.Misc & VmxMisc.Cr3TargetCountMask) >> VmxMiscShift.Cr3TargetCount,
            VmcsField.Cr3TargetCount, "more than IA32_VMX_MISC allows"u8)
        && (!Has(SecondaryProcessorBasedControls.EnableVpid)
            || Must((Read(VmcsField.VirtualProcessorIdentifier) & 0xFFFF) != 0, VmcsField.VirtualProcessorIdentifier, "VPID 0 is the host's"u8))
        && (!Has(SecondaryProcessorBasedControls.UseTscScaling)
            || Must(Read(VmcsField.TscMultiplier) != 0, VmcsField.TscMultiplier, "must not be 0"u8));

    private bool AddressControls() =>
        (!Has(PrimaryProcessorBasedControls.UseIoBitmaps) || IsPage(VmcsField.AddressOfIoBitmapA) && IsPage(VmcsField.AddressOfIoBitmapB))
        && (!Has(PrimaryProcessorBasedControls.UseMsrBitmaps) || IsPage(VmcsField.AddressOfMsrBitmaps))
        && (!Has(PrimaryProcessorBasedControls.UseTprShadow) || IsPage(VmcsField.VirtualApicAddress)
            && (Has(SecondaryProcessorBasedControls.VirtualInterruptDelivery)
                || Must(Read(VmcsField.TprThreshold) <= 0xF, VmcsField.TprThreshold, "bits 31:4 must be 0"u8)))
        && (!Has(SecondaryProcessorBasedControls.VirtualizeApicAccesses) || IsPage(VmcsField.ApicAccessAddress))
        && (!Has(SecondaryProcessorBasedControls.EnablePml) || IsPage(VmcsField.PmlAddress))
        && (!Has(PinBasedControls.ProcessPostedInterrupts)
            || Must((Read(VmcsField.PostedInterruptNotificationVector) & 0xFF00) == 0, VmcsField.PostedInterruptNotificationVector,
                "bits 15:8 must be 0"u8)
            && IsAddress(VmcsField.PostedInterruptDescriptorAddress, 0x3F))
        && (!Has(SecondaryProcessorBasedControls.EnableEpt) || IsEptp());

    private bool IsEptp()
    {
        ulong eptp = Read(VmcsField.EptPointer);
        MemoryType type = (MemoryType)(eptp & Eptp.MemoryTypeMask);
        ulong reserved = PageOffset & ~(Eptp.MemoryTypeMask | Eptp.PageWalkLengthMask | Eptp.EnableAccessedDirty | Eptp.EnforceSupervisorShadowStack);
        return Must(type == MemoryType.WB && _processor.Has(EptVpidCap.EptpWB) || type == MemoryType.UC && _processor.Has(EptVpidCap.EptpUC),
                VmcsField.EptPointer, "the memory type is none that IA32_VMX_EPT_VPID_CAP offers"u8)
            && Must((eptp & Eptp.PageWalkLengthMask) >> Eptp.PageWalkLengthShift == Eptp.PageWalkLength4 && _processor.Has(EptVpidCap.PageWalkLength4)
                    || (eptp & Eptp.PageWalkLengthMask) >> Eptp.PageWalkLengthShift == Eptp.PageWalkLength4 + 1 && _processor.Has(EptVpidCap.PageWalkLength5),
                VmcsField.EptPointer, "the page-walk length is none that IA32_VMX_EPT_VPID_CAP offers"u8)
            && Must((eptp & Eptp.EnableAccessedDirty) == 0 || _processor.Has(EptVpidCap.AccessedDirty), VmcsField.EptPointer,
                "accessed and dirty flags are not offered"u8)
            && Must((eptp & Eptp.EnableAccessedDirty) != 0 || !Has(SecondaryProcessorBasedControls.EnablePml), VmcsField.EptPointer,
                "PML needs accessed and dirty flags"u8)
            && Must((eptp & (reserved | BeyondAddresses)) == 0, VmcsField.EptPointer, "a reserved bit is set"u8);
    }

    private bool MsrAreas() =>
        IsMsrArea(VmcsField.VmExitMsrStoreCount, VmcsField.VmExitMsrStoreAddress)
        && IsMsrArea(VmcsField.VmExitMsrLoadCount, VmcsField.VmExitMsrLoadAddress)
        && IsMsrArea(VmcsField.VmEntryMsrLoadCount, VmcsField.VmEntryMsrLoadAddress);

    private bool IsMsrArea(VmcsField count, VmcsField address)
    {
        ulong entries = Read32(count), first = Read(address);
        return entries == 0
            || IsAddress(address, 0xF)
            && Must((unchecked(first + entries * 16 - 1) & BeyondAddresses) == 0, address, "the area ends beyond the physical addresses"u8);
    }

    private bool InjectedEvent()
    {
        const VmcsField Information = VmcsField.VmEntryInterruptionInformationField;
        const uint Cp = 21; // the last one that pushes an error code here
        if ((_event & InterruptionInformation.Valid) == 0)
            return true;
        uint vector = _event & InterruptionInformation.VectorMask;
        bool hasErrorCode = (_event & InterruptionInformation.DeliverErrorCode) != 0;
        bool isProtected = !Has(SecondaryProcessorBasedControls.UnrestrictedGuest) || (Read(VmcsField.GuestCr0) & (ulong)Cr0.PE) != 0;
        bool pushes = isProtected && vector <= Cp && (ExceptionProperties.PushesErrorCode >> (int)vector & 1) != 0;
        if (!(Must(EventType is not (InterruptionType)1, Information, "the type is reserved"u8)
            && Must(EventType is not InterruptionType.OtherEvent
                    || vector == 0 && VmxCapabilities.Allows(_processor.Primary, (uint)PrimaryProcessorBasedControls.MonitorTrapFlag),
                Information, "an other event is vector 0, and needs the monitor trap flag"u8)
            && Must(EventType is not InterruptionType.Nmi || vector == 2, Information, "an NMI is vector 2"u8)
            && Must(EventType is not InterruptionType.HardwareException || vector < 32, Information, "a hardware exception is a vector below 32"u8)
            && Must(!hasErrorCode || EventType is InterruptionType.HardwareException && isProtected, Information,
                "only hardware exceptions in protected mode have an error code"u8)
            && Must(EventType is not InterruptionType.HardwareException || hasErrorCode == pushes || (_processor.Basic & VmxBasic.AnyErrorCode) != 0,
                Information, "this exception must have, or must not have, an error code"u8)
            && Must((_event & InterruptionInformation.ReservedAtEntry & ~InterruptionInformation.NestedException) == 0, Information,
                "bits 30:12 must be 0"u8)
            && (!hasErrorCode
                || Must(Read(VmcsField.VmEntryExceptionErrorCode) <= 0xFFFF, VmcsField.VmEntryExceptionErrorCode, "bits 31:16 must be 0"u8))))
            return false;
        if (EventType is not (InterruptionType.SoftwareInterrupt or InterruptionType.PrivilegedSoftwareException or InterruptionType.SoftwareException))
            return true;
        ulong length = Read(VmcsField.VmEntryInstructionLength);
        return Must(length is >= 1 and <= 15 || length == 0 && (_processor.Misc & VmxMisc.ZeroLengthInjection) != 0,
            VmcsField.VmEntryInstructionLength, "an instruction has 1 to 15 bytes"u8);
    }

    private bool HostRegisters()
    {
        ulong cr0 = Read(VmcsField.HostCr0), cr4 = Read(VmcsField.HostCr4);
        ulong efer = (_exit & VmExitControls.LoadIa32Efer) != 0 ? Read(VmcsField.HostIa32Efer) : 0;
        return Must(IsFixed(cr0, (ulong)_processor.Cr0Fixed0, (ulong)_processor.Cr0Fixed1), VmcsField.HostCr0, "has a bit that IA32_VMX_CR0_FIXED forbids"u8)
            && Must(IsFixed(cr4, (ulong)_processor.Cr4Fixed0, (ulong)_processor.Cr4Fixed1), VmcsField.HostCr4, "has a bit that IA32_VMX_CR4_FIXED forbids"u8)
            && Must((Read(VmcsField.HostCr3) & BeyondAddresses) == 0, VmcsField.HostCr3, "lies beyond the physical addresses"u8)
            && Must((cr4 & (ulong)Cr4.CET) == 0 || (cr0 & (ulong)Cr0.WP) != 0, VmcsField.HostCr4, "CET needs CR0.WP"u8)
            && Must((_exit & VmExitControls.HostAddressSpaceSize) != 0, VmcsField.PrimaryVmExitControls, "the host is in 64-bit mode"u8)
            && Must((cr4 & (ulong)Cr4.PAE) != 0, VmcsField.HostCr4, "a 64-bit host needs PAE"u8)
            && IsCanonical(VmcsField.HostIa32SysenterEsp) && IsCanonical(VmcsField.HostIa32SysenterEip) && IsCanonical(VmcsField.HostRip)
            && ((_exit & VmExitControls.LoadIa32Pat) == 0 || IsPat(VmcsField.HostIa32Pat))
            && ((_exit & VmExitControls.LoadIa32Efer) == 0
                || Must((efer & ~(ulong)IntelEfer) == 0, VmcsField.HostIa32Efer, "a reserved bit is set"u8)
                && Must((efer & (ulong)(Efer.LMA | Efer.LME)) == (ulong)(Efer.LMA | Efer.LME), VmcsField.HostIa32Efer, "a 64-bit host needs LMA and LME"u8));
    }

    private bool HostSegments()
    {
        for (VmcsField selector = VmcsField.HostEsSelector; selector <= VmcsField.HostTrSelector; selector += 2)
        {
            if (!Must((Read(selector) & 7) == 0, selector, "RPL and TI must be 0"u8))
                return false;
        }
        return Must(Read(VmcsField.HostCsSelector) != 0, VmcsField.HostCsSelector, "must not be null"u8)
            && Must(Read(VmcsField.HostTrSelector) != 0, VmcsField.HostTrSelector, "must not be null"u8)
            && IsCanonical(VmcsField.HostFsBase) && IsCanonical(VmcsField.HostGsBase) && IsCanonical(VmcsField.HostTrBase)
            && IsCanonical(VmcsField.HostGdtrBase) && IsCanonical(VmcsField.HostIdtrBase);
    }

    private bool GuestControlRegisters()
    {
        // VM entry leaves CD and NW as they are, and does not look at them.
        const Cr0 Kept = Cr0.CD | Cr0.NW;
        ulong cr0 = Read(VmcsField.GuestCr0), cr4 = Read(VmcsField.GuestCr4), cr3 = Read(VmcsField.GuestCr3);
        ulong free = (ulong)Kept | (Has(SecondaryProcessorBasedControls.UnrestrictedGuest) ? (ulong)(Cr0.PE | Cr0.PG) : 0);
        ulong lam = (_processor.Cr4Fixed1 & Cr4.LAM_SUP) != 0 ? 3ul << 61 : 0;
        return Must(IsFixed(cr0, (ulong)_processor.Cr0Fixed0 & ~free, (ulong)_processor.Cr0Fixed1 | free), VmcsField.GuestCr0,
                "has a bit that IA32_VMX_CR0_FIXED forbids"u8)
            && Must((cr0 & (ulong)Cr0.PG) == 0 || (cr0 & (ulong)Cr0.PE) != 0, VmcsField.GuestCr0, "PG needs PE"u8)
            && Must(IsFixed(cr4, (ulong)_processor.Cr4Fixed0, (ulong)_processor.Cr4Fixed1), VmcsField.GuestCr4, "has a bit that IA32_VMX_CR4_FIXED forbids"u8)
            && Must((cr4 & (ulong)Cr4.CET) == 0 || (cr0 & (ulong)Cr0.WP) != 0, VmcsField.GuestCr4, "CET needs CR0.WP"u8)
            && Must(!IsLongMode || (cr0 & (ulong)Cr0.PG) != 0, VmcsField.GuestCr0, "IA-32e mode needs PG"u8)
            && Must(!IsLongMode || (cr4 & (ulong)Cr4.PAE) != 0, VmcsField.GuestCr4, "IA-32e mode needs PAE"u8)
            && Must(IsLongMode || (cr4 & (ulong)Cr4.PCIDE) == 0, VmcsField.GuestCr4, "PCIDE needs IA-32e mode"u8)
            && Must((cr3 & BeyondAddresses & ~lam) == 0, VmcsField.GuestCr3, "lies beyond the physical addresses"u8);
    }

    private bool GuestMsrs()
    {
        const ulong DebugctlReserved = ~0xFFC7ul;
        bool loadsDebug = (_entry & VmEntryControls.LoadDebugControls) != 0, loadsEfer = (_entry & VmEntryControls.LoadIa32Efer) != 0;
        ulong efer = loadsEfer ? Read(VmcsField.GuestIa32Efer) : 0;
        return (!loadsDebug
                || Must((Read(VmcsField.GuestIa32Debugctl) & DebugctlReserved) == 0, VmcsField.GuestIa32Debugctl, "a reserved bit is set"u8)
                && Must(Read(VmcsField.GuestDr7) <= uint.MaxValue, VmcsField.GuestDr7, "bits 63:32 must be 0"u8))
            && IsCanonical(VmcsField.GuestIa32SysenterEsp) && IsCanonical(VmcsField.GuestIa32SysenterEip)
            && ((_entry & VmEntryControls.LoadIa32Pat) == 0 || IsPat(VmcsField.GuestIa32Pat))
            && (!loadsEfer
                || Must((efer & ~(ulong)IntelEfer) == 0, VmcsField.GuestIa32Efer, "a reserved bit is set"u8)
                && Must((efer & (ulong)Efer.LMA) != 0 == IsLongMode, VmcsField.GuestIa32Efer, "LMA must be the VM-entry control IA-32e mode guest"u8)
                && Must((Read(VmcsField.GuestCr0) & (ulong)Cr0.PG) == 0 || (efer & (ulong)Efer.LMA) != 0 == ((efer & (ulong)Efer.LME) != 0),
                    VmcsField.GuestIa32Efer, "with paging LMA must be LME"u8))
            && ((_entry & VmEntryControls.LoadIa32Bndcfgs) == 0
                || Must((Read(VmcsField.GuestIa32Bndcfgs) & 0xFFC) == 0, VmcsField.GuestIa32Bndcfgs, "bits 11:2 must be 0"u8)
                && IsCanonical(VmcsField.GuestIa32Bndcfgs))
            && ((_entry & VmEntryControls.LoadCetState) == 0
                || IsCanonical(VmcsField.GuestIa32SCet) && IsCanonical(VmcsField.GuestIa32InterruptSspTableAddr)
                && Must((Read(VmcsField.GuestSsp) & 3) == 0, VmcsField.GuestSsp, "bits 1:0 must be 0"u8))
            && ((_entry & VmEntryControls.LoadPkrs) == 0
                || Must(Read(VmcsField.GuestIa32Pkrs) <= uint.MaxValue, VmcsField.GuestIa32Pkrs, "bits 63:32 must be 0"u8));
    }

    private bool GuestSegments()
    {
        for (int i = Es; i < Segments; i++)
        {
            if (!(IsVirtual8086 ? IsVirtual8086Segment(i) : IsSegment(i)))
                return false;
        }
        return IsStackOfCode() && IsSystemSegment(Tr) && IsSystemSegment(Ldtr);
    }

    private bool IsVirtual8086Segment(int segment) =>
        Must(Read(Base(segment)) == (Read(Selector(segment)) & 0xFFFF) << 4, Base(segment), "in virtual-8086 mode it is 16 times the selector"u8)
        && Must(Read(Limit(segment)) == 0xFFFF, Limit(segment), "in virtual-8086 mode it is FFFFh"u8)
        && Must(Read(AccessRights(segment)) == 0xF3, AccessRights(segment), "in virtual-8086 mode they are F3h"u8);

    /// <summary>CS and, but for what only usable ones must have, SS, DS, ES, FS, GS.</summary>
    private bool IsSegment(int segment)
    {
        if (segment >= Fs && !IsCanonical(Base(segment)))
            return false;
        if (segment != Cs && IsUnusable(segment))
            return true;
        SegmentAccessRights rights = Rights(segment);
        uint type = (uint)(rights & SegmentAccessRights.Type);
        return (segment >= Fs || Must(Read(Base(segment)) <= uint.MaxValue, Base(segment), "bits 63:32 must be 0"u8))
            && Must((rights & SegmentAccessRights.S) != 0, AccessRights(segment), "S must be 1"u8)
            && Must((rights & SegmentAccessRights.P) != 0, AccessRights(segment), "a usable segment must be present"u8)
            && Must((rights & SegmentAccessRights.Reserved) == 0, AccessRights(segment), "bits 31:17 and 11:8 must be 0"u8)
            && segment switch
            {
                Cs => Must(type is 9 or 11 or 13 or 15 || type == 3 && Has(SecondaryProcessorBasedControls.UnrestrictedGuest), AccessRights(segment),
                        "the type of CS must be 9, 11, 13 or 15, or 3 with unrestricted guest"u8)
                    && Must(!IsLongMode || (rights & (SegmentAccessRights.L | SegmentAccessRights.DB)) != (SegmentAccessRights.L | SegmentAccessRights.DB),
                        AccessRights(segment), "a 64-bit CS must not have D/B"u8),
                Ss => Must(type is 3 or 7, AccessRights(segment), "the type of SS must be 3 or 7"u8),
                _ => Must((rights & SegmentAccessRights.Accessed) != 0, AccessRights(segment), "the type must be an accessed one"u8)
                    && Must((rights & SegmentAccessRights.Code) == 0 || (rights & SegmentAccessRights.ReadWrite) != 0, AccessRights(segment),
                        "code must be readable"u8)
                    && Must(Has(SecondaryProcessorBasedControls.UnrestrictedGuest) || type > 11 || Dpl(segment) >= Rpl(segment), AccessRights(segment),
                        "DPL must not be below the selector's RPL"u8),
            }
            && IsGranular(segment);
    }

    /// <summary>Privilege of CS and SS, which holds the CPL; SS counts even when it is unusable.</summary>
    private bool IsStackOfCode()
    {
        if (IsVirtual8086)
            return true;
        uint type = (uint)(Rights(Cs) & SegmentAccessRights.Type);
        bool isReal = (Read(VmcsField.GuestCr0) & (ulong)Cr0.PE) == 0;
        return Must(type != 3 && !isReal || Dpl(Ss) == 0, AccessRights(Ss), "DPL must be 0 in real mode and with CS of type 3"u8)
            && (Has(SecondaryProcessorBasedControls.UnrestrictedGuest)
                || Must(Rpl(Ss) == Rpl(Cs), Selector(Ss), "RPL must be that of CS"u8)
                && Must(Dpl(Ss) == Rpl(Ss), AccessRights(Ss), "DPL must be the selector's RPL"u8))
            && Must(type switch { 3 => Dpl(Cs) == 0, 9 or 11 => Dpl(Cs) == Dpl(Ss), _ => Dpl(Cs) <= Dpl(Ss) }, AccessRights(Cs),
                "DPL of CS must be that of SS; 0 for type 3, at most that of SS for conforming code"u8);
    }

    /// <summary>TR, and LDTR if it is usable.</summary>
    private bool IsSystemSegment(int segment)
    {
        if (segment == Ldtr && IsUnusable(segment))
            return true;
        SegmentAccessRights rights = Rights(segment);
        uint type = (uint)(rights & SegmentAccessRights.Type);
        return Must((Read(Selector(segment)) & 4) == 0, Selector(segment), "TI must be 0"u8)
            && IsCanonical(Base(segment))
            && Must(segment == Ldtr ? type == 2 : type == 11 || type == 3 && !IsLongMode, AccessRights(segment),
                "the type of LDTR must be 2, that of TR 11, or 3 outside IA-32e mode"u8)
            && Must((rights & SegmentAccessRights.S) == 0, AccessRights(segment), "S must be 0"u8)
            && Must((rights & SegmentAccessRights.P) != 0, AccessRights(segment), "a usable segment must be present"u8)
            && Must((rights & (SegmentAccessRights.Reserved | SegmentAccessRights.Unusable)) == 0, AccessRights(segment),
                "bits 31:16 and 11:8 must be 0"u8)
            && IsGranular(segment);
    }

    private bool IsGranular(int segment)
    {
        ulong limit = Read(Limit(segment));
        bool isPages = (Rights(segment) & SegmentAccessRights.G) != 0;
        return Must(!isPages || (limit & 0xFFF) == 0xFFF, AccessRights(segment), "G must be 0 when a bit of the limit's 11:0 is 0"u8)
            && Must(isPages || (limit & 0xFFF0_0000) == 0, AccessRights(segment), "G must be 1 when a bit of the limit's 31:20 is 1"u8);
    }

    private bool GuestTables() =>
        IsCanonical(VmcsField.GuestGdtrBase) && IsCanonical(VmcsField.GuestIdtrBase)
        && Must(Read(VmcsField.GuestGdtrLimit) <= 0xFFFF, VmcsField.GuestGdtrLimit, "bits 31:16 must be 0"u8)
        && Must(Read(VmcsField.GuestIdtrLimit) <= 0xFFFF, VmcsField.GuestIdtrLimit, "bits 31:16 must be 0"u8);

    private bool GuestRflags()
    {
        ulong rip = Read(VmcsField.GuestRip), rflags = Read(VmcsField.GuestRflags);
        bool is64Bit = IsLongMode && (Rights(Cs) & SegmentAccessRights.L) != 0;
        ulong upper = unchecked((ulong)((long)rip >> LinearBits));
        return Must(is64Bit || rip <= uint.MaxValue, VmcsField.GuestRip, "bits 63:32 must be 0 but in 64-bit code"u8)
            && Must(!is64Bit || upper is 0 or ulong.MaxValue, VmcsField.GuestRip, "the bits beyond the linear addresses must be equal"u8)
            && Must((rflags & ~(ulong)GuestFlags) == 0, VmcsField.GuestRflags, "a reserved bit is set"u8)
            && Must((rflags & (ulong)Rflags.AlwaysOne) != 0, VmcsField.GuestRflags, "bit 1 must be 1"u8)
            && Must((rflags & (ulong)Rflags.VM) == 0 || !IsLongMode && (Read(VmcsField.GuestCr0) & (ulong)Cr0.PE) != 0, VmcsField.GuestRflags,
                "VM needs protected mode, and not IA-32e mode"u8)
            && Must((rflags & (ulong)Rflags.IF) != 0 || !Injects(InterruptionType.ExternalInterrupt), VmcsField.GuestRflags,
                "IF must be 1 to inject an external interrupt"u8);
    }

    private bool GuestActivity()
    {
        const VmcsField Field = VmcsField.GuestActivityState;
        ActivityState activity = (ActivityState)Read32(Field);
        InterruptibilityState shadow = Interruptibility & (InterruptibilityState.BlockingBySti | InterruptibilityState.BlockingByMovSs);
        VmxMisc offered = activity switch
        {
            ActivityState.Hlt => VmxMisc.ActivityHlt,
            ActivityState.Shutdown => VmxMisc.ActivityShutdown,
            ActivityState.WaitForSipi => VmxMisc.ActivityWaitForSipi,
            _ => 0,
        };
        return Must(activity == ActivityState.Active || (_processor.Misc & offered) != 0, Field, "IA32_VMX_MISC does not offer this state"u8)
            && Must(activity != ActivityState.Hlt || Dpl(Ss) == 0, Field, "HLT needs privilege level 0"u8)
            && Must(activity == ActivityState.Active || shadow == 0, Field, "must be active in the shadow of STI or MOV SS"u8)
            && Must((_event & InterruptionInformation.Valid) == 0 || Takes(activity), Field, "this state does not take the event to inject"u8);
    }

    /// <summary>Whether an activity state takes the event to inject.</summary>
    private readonly bool Takes(ActivityState activity)
    {
        const uint Db = 1, Mc = 18;
        uint vector = _event & InterruptionInformation.VectorMask;
        bool isMachineCheck = EventType == InterruptionType.HardwareException && vector == Mc;
        return activity switch
        {
            ActivityState.Active => true,
            ActivityState.Hlt => isMachineCheck || EventType is InterruptionType.ExternalInterrupt or InterruptionType.Nmi or InterruptionType.OtherEvent
                || EventType == InterruptionType.HardwareException && vector == Db,
            ActivityState.Shutdown => isMachineCheck || EventType == InterruptionType.Nmi,
            _ => false,
        };
    }

    private bool GuestInterruptibility()
    {
        const VmcsField Field = VmcsField.GuestInterruptibilityState;
        const InterruptibilityState Shadow = InterruptibilityState.BlockingBySti | InterruptibilityState.BlockingByMovSs;
        const InterruptibilityState Known = Shadow | InterruptibilityState.BlockingBySmi | InterruptibilityState.BlockingByNmi
            | InterruptibilityState.EnclaveInterruption;
        InterruptibilityState state = Interruptibility;
        return Must((state & ~Known) == 0, Field, "bits 31:5 must be 0"u8)
            && Must((state & Shadow) != Shadow, Field, "blocking by STI excludes blocking by MOV SS"u8)
            && Must((state & InterruptibilityState.BlockingBySti) == 0 || (Read(VmcsField.GuestRflags) & (ulong)Rflags.IF) != 0, Field,
                "blocking by STI needs RFLAGS.IF"u8)
            && Must((state & Shadow) == 0 || !Injects(InterruptionType.ExternalInterrupt), Field, "an external interrupt cannot be injected in a shadow"u8)
            && Must((state & InterruptibilityState.BlockingByMovSs) == 0 || !Injects(InterruptionType.Nmi), Field, "an NMI cannot be injected after MOV SS"u8)
            && Must((state & InterruptibilityState.BlockingBySmi) == 0, Field, "blocking by SMI is for SMM alone"u8)
            && Must((state & InterruptibilityState.BlockingByNmi) == 0 || !Has(PinBasedControls.VirtualNmis) || !Injects(InterruptionType.Nmi), Field,
                "a virtual NMI cannot be injected while they are blocked"u8)
            && Must((state & InterruptibilityState.EnclaveInterruption) == 0 || (state & InterruptibilityState.BlockingByMovSs) == 0, Field,
                "enclave interruption excludes blocking by MOV SS"u8);
    }

    private bool GuestPendingDebug()
    {
        const VmcsField Field = VmcsField.GuestPendingDebugExceptions;
        const PendingDebugExceptions Known = PendingDebugExceptions.B0 | PendingDebugExceptions.B1 | PendingDebugExceptions.B2 | PendingDebugExceptions.B3
            | PendingDebugExceptions.BLD | PendingDebugExceptions.EnabledBreakpoint | PendingDebugExceptions.BS | PendingDebugExceptions.RTM;
        const ulong Btf = 1ul << 1;
        ulong link = Read(VmcsField.VmcsLinkPointer);
        PendingDebugExceptions pending = (PendingDebugExceptions)Read(Field);
        bool waits = (Interruptibility & (InterruptibilityState.BlockingBySti | InterruptibilityState.BlockingByMovSs)) != 0
            || Read32(VmcsField.GuestActivityState) == (uint)ActivityState.Hlt;
        bool steps = (Read(VmcsField.GuestRflags) & (ulong)Rflags.TF) != 0 && (Read(VmcsField.GuestIa32Debugctl) & Btf) == 0;
        return Must((pending & ~Known) == 0, Field, "a reserved bit is set"u8)
            && Must(!waits || (pending & PendingDebugExceptions.BS) != 0 == steps, Field, "in a shadow or HLT, BS must be RFLAGS.TF without BTF"u8)
            && (link == VmcsRegion.NoLinkPointer || IsPage(VmcsField.VmcsLinkPointer));
    }

    /// <summary>With EPT, the page-directory pointers of PAE paging come from the VMCS.</summary>
    private bool GuestPdptes()
    {
        const ulong Present = 1, Reserved = 0x1E6;
        bool isPae = (Read(VmcsField.GuestCr0) & (ulong)Cr0.PG) != 0 && (Read(VmcsField.GuestCr4) & (ulong)Cr4.PAE) != 0 && !IsLongMode;
        if (!isPae || !Has(SecondaryProcessorBasedControls.EnableEpt))
            return true;
        for (VmcsField field = VmcsField.GuestPdpte0; field <= VmcsField.GuestPdpte3; field += 2)
        {
            ulong entry = Read(field);
            if (!Must((entry & Present) == 0 || (entry & (Reserved | BeyondAddresses)) == 0, field, "a reserved bit is set"u8))
                return false;
        }
        return true;
    }

    private const Efer IntelEfer = Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE;

    private const Rflags GuestFlags = Rflags.CF | Rflags.AlwaysOne | Rflags.PF | Rflags.AF | Rflags.ZF | Rflags.SF | Rflags.TF | Rflags.IF | Rflags.DF
        | Rflags.OF | Rflags.IOPL | Rflags.NT | Rflags.RF | Rflags.VM | Rflags.AC | Rflags.VIF | Rflags.VIP | Rflags.ID;

    private readonly bool IsLongMode => (_entry & VmEntryControls.Ia32eModeGuest) != 0;

    private readonly bool IsVirtual8086 => (Read(VmcsField.GuestRflags) & (ulong)Rflags.VM) != 0;

    private readonly InterruptibilityState Interruptibility => (InterruptibilityState)Read32(VmcsField.GuestInterruptibilityState);

    private readonly InterruptionType EventType => (InterruptionType)((_event & InterruptionInformation.TypeMask) >> InterruptionInformation.TypeShift);

    private readonly int LinearBits => (_processor.Cr4Fixed1 & Cr4.LA57) != 0 ? 57 : 48;

    private readonly ulong BeyondAddresses
    {
        get
        {
            const int Least = 36, Most = 52;
            int bits = _processor.PhysicalAddressBits;
            return ulong.MaxValue << (bits < Least ? Least : bits > Most ? Most : bits);
        }
    }

    private readonly bool Has(PinBasedControls bit) => (_pinBased & bit) != 0;

    private readonly bool Has(PrimaryProcessorBasedControls bit) => (_primary & bit) != 0;

    private readonly bool Has(SecondaryProcessorBasedControls bit) => (_secondary & bit) != 0;

    private readonly bool Injects(InterruptionType type) => (_event & InterruptionInformation.Valid) != 0 && EventType == type;

    private readonly SegmentAccessRights Rights(int segment) => (SegmentAccessRights)Read32(AccessRights(segment));

    private readonly bool IsUnusable(int segment) => (Rights(segment) & SegmentAccessRights.Unusable) != 0;

    private readonly uint Dpl(int segment) => (uint)(Rights(segment) & SegmentAccessRights.DPL) >> 5;

    private readonly uint Rpl(int segment) => (uint)(Read(Selector(segment)) & 3);

    private static VmcsField Selector(int segment) => VmcsField.GuestEsSelector + (uint)(2 * segment);

    private static VmcsField Base(int segment) => VmcsField.GuestEsBase + (uint)(2 * segment);

    private static VmcsField Limit(int segment) => VmcsField.GuestEsLimit + (uint)(2 * segment);

    private static VmcsField AccessRights(int segment) => VmcsField.GuestEsAccessRights + (uint)(2 * segment);

    private static bool IsFixed(ulong value, ulong fixed0, ulong fixed1) => (value & fixed0) == fixed0 && (value & ~fixed1) == 0;

    private readonly ulong Read(VmcsField field) => _vmcs.Read(field);

    private readonly uint Read32(VmcsField field) => unchecked((uint)_vmcs.Read(field));

    private bool IsPage(VmcsField field) => IsAddress(field, PageOffset);

    private bool IsAddress(VmcsField field, ulong offset) =>
        Must((Read(field) & offset) == 0, field, "is not aligned"u8)
        && Must((Read(field) & BeyondAddresses) == 0, field, "lies beyond the physical addresses"u8);

    private bool IsCanonical(VmcsField field)
    {
        long value = unchecked((long)Read(field));
        int unused = 64 - LinearBits;
        return Must(unchecked(value << unused) >> unused == value, field, "must be canonical"u8);
    }

    private bool IsPat(VmcsField field)
    {
        ulong pat = Read(field);
        for (int i = 0; i < 64; i += 8)
        {
            if (!Must((pat >> i & 0xFF) is 0 or 1 or 4 or 5 or 6 or 7, field, "each byte must be a memory type"u8))
                return false;
        }
        return true;
    }

    /// <summary>Keeps the first rule that is broken.</summary>
    private bool Must(bool holds, VmcsField field, ReadOnlySpan<byte> rule)
    {
        if (!holds)
            _fault = new VmxEntryFault(field, Read(field), rule);
        return holds;
    }
}
