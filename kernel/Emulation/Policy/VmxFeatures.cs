using System;

namespace HyperOS.Emulation;

/// <summary>What a processor's VMX may have or lack: each is used where it is offered and the kernel drives it.</summary>
[Flags]
public enum VmxFeatures : uint
{
    None = 0,

    /// <summary>EPT leaves of 2 MiB.</summary>
    EptPages2MiB = 1u << 0,

    /// <summary>EPT leaves of 1 GiB.</summary>
    EptPages1GiB = 1u << 1,

    /// <summary>Accessed and dirty flags in EPT entries; on in <see cref="VmxPlan.EptPointer"/>.</summary>
    EptAccessedDirty = 1u << 2,

    /// <summary>EPT violations tell more of the linear address.</summary>
    EptViolationInformation = 1u << 3,

    /// <summary>INVEPT of one EPT pointer; without it all contexts go.</summary>
    InveptSingleContext = 1u << 4,

    /// <summary>VPIDs, with INVVPID at least of all of them.</summary>
    Vpid = 1u << 5,

    /// <summary>INVVPID of one address; needs <see cref="Vpid"/>, as the next two.</summary>
    InvvpidIndividualAddress = 1u << 6,

    /// <summary>INVVPID of one VPID; without it all contexts go.</summary>
    InvvpidSingleContext = 1u << 7,

    /// <summary>INVVPID of one VPID but for global translations.</summary>
    InvvpidSingleContextRetainingGlobals = 1u << 8,

    /// <summary>The VMX preemption timer, on parts where it counts as it should; <see cref="VmxPlan.PreemptionTimerShift"/>.</summary>
    PreemptionTimer = 1u << 9,

    /// <summary>CR8 is in the virtual-APIC page; without it MOV CR8 exits.</summary>
    TprShadow = 1u << 10,

    /// <summary>The APIC-access page. The vCPU turns it off while its APIC is in x2APIC mode or disabled.</summary>
    VirtualizeApicAccesses = 1u << 11,

    /// <summary>x2APIC MSRs are virtualized; needs <see cref="TprShadow"/>. Allowed, not set: the vCPU turns it on in that mode.</summary>
    VirtualizeX2ApicMode = 1u << 12,

    /// <summary>Reads of APIC registers do not exit; needs <see cref="TprShadow"/>.</summary>
    ApicRegisterVirtualization = 1u << 13,

    /// <summary>The processor delivers virtual interrupts; needs <see cref="TprShadow"/>.</summary>
    VirtualInterruptDelivery = 1u << 14,

    /// <summary>TSC multiplier.</summary>
    TscScaling = 1u << 15,

    /// <summary>Loops of PAUSE exit; gap and window are the kernel's to set.</summary>
    PauseLoopExiting = 1u << 16,

    /// <summary>RDTSCP and RDPID do not #UD.</summary>
    Rdtscp = 1u << 17,

    /// <summary>INVPCID does not #UD.</summary>
    Invpcid = 1u << 18,

    /// <summary>XSAVES and XRSTORS do not #UD; the XSS-exiting bitmap is the kernel's to set.</summary>
    XsavesXrstors = 1u << 19,

    /// <summary>Page-modification log; needs <see cref="EptAccessedDirty"/>. Allowed, not set: turned on while dirty pages are tracked.</summary>
    PageModificationLog = 1u << 20,

    /// <summary>Monitor trap flag: an exit after one instruction. Allowed, not set.</summary>
    MonitorTrapFlag = 1u << 21,

    /// <summary>A guest may be entered halted.</summary>
    ActivityHlt = 1u << 22,

    /// <summary>Software events may be injected with instruction length 0.</summary>
    ZeroLengthInjection = 1u << 23,

    /// <summary>The processor serves the local APIC, in both modes: nothing, or all of it.</summary>
    ApicVirtualization = VirtualizeApicAccesses | VirtualizeX2ApicMode | ApicRegisterVirtualization | VirtualInterruptDelivery,

    /// <summary>All of them.</summary>
    All = (1u << 24) - 1,
}
