using System;

namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "Processor-Based VM-Execution Controls".</summary>
[Flags]
public enum SecondaryProcessorBasedControls : uint
{
    /// <summary>Accesses to the APIC-access page are virtualized.</summary>
    VirtualizeApicAccesses = 1u << 0,

    /// <summary>Extended page tables.</summary>
    EnableEpt = 1u << 1,

    /// <summary>LGDT, LIDT, LLDT, LTR, SGDT, SIDT, SLDT, STR exit.</summary>
    DescriptorTableExiting = 1u << 2,

    /// <summary>RDTSCP does not #UD.</summary>
    EnableRdtscp = 1u << 3,

    /// <summary>RDMSR and WRMSR of the x2APIC range are virtualized.</summary>
    VirtualizeX2ApicMode = 1u << 4,

    /// <summary>Cached translations are tagged with the VPID.</summary>
    EnableVpid = 1u << 5,

    /// <summary>WBINVD and WBNOINVD exit.</summary>
    WbinvdExiting = 1u << 6,

    /// <summary>The guest may run without paging, and in real mode.</summary>
    UnrestrictedGuest = 1u << 7,

    /// <summary>Reads of most APIC registers come from the virtual-APIC page.</summary>
    ApicRegisterVirtualization = 1u << 8,

    /// <summary>Virtual interrupts are evaluated and delivered; EOI and TPR writes are virtualized.</summary>
    VirtualInterruptDelivery = 1u << 9,

    /// <summary>A loop of PAUSEs exits.</summary>
    PauseLoopExiting = 1u << 10,

    /// <summary>RDRAND exits.</summary>
    RdrandExiting = 1u << 11,

    /// <summary>INVPCID does not #UD.</summary>
    EnableInvpcid = 1u << 12,

    /// <summary>VMFUNC in the guest.</summary>
    EnableVmFunctions = 1u << 13,

    /// <summary>VMREAD and VMWRITE in the guest may access a shadow VMCS.</summary>
    VmcsShadowing = 1u << 14,

    /// <summary>The ENCLS-exiting bitmap decides.</summary>
    EnableEnclsExiting = 1u << 15,

    /// <summary>RDSEED exits.</summary>
    RdseedExiting = 1u << 16,

    /// <summary>Writes that set EPT dirty flags are logged.</summary>
    EnablePml = 1u << 17,

    /// <summary>EPT violations may be #VE.</summary>
    EptViolationVe = 1u << 18,

    /// <summary>Processor Trace does not show VMX operation.</summary>
    ConcealVmxFromPt = 1u << 19,

    /// <summary>XSAVES and XRSTORS do not #UD.</summary>
    EnableXsavesXrstors = 1u << 20,

    /// <summary>ENQCMD and ENQCMDS translate PASIDs.</summary>
    EnablePasidTranslation = 1u << 21,

    /// <summary>EPT execute permission is split into supervisor and user.</summary>
    ModeBasedExecuteControlForEpt = 1u << 22,

    /// <summary>Write permission per 128 bytes.</summary>
    SubPageWritePermissionsForEpt = 1u << 23,

    /// <summary>Processor Trace output goes through EPT.</summary>
    IntelPtUsesGuestPhysicalAddresses = 1u << 24,

    /// <summary>RDTSC, RDTSCP and RDMSR of the TSC multiply.</summary>
    UseTscScaling = 1u << 25,

    /// <summary>UMONITOR, UMWAIT and TPAUSE do not #UD.</summary>
    EnableUserWaitAndPause = 1u << 26,

    /// <summary>PCONFIG does not #UD.</summary>
    EnablePconfig = 1u << 27,

    /// <summary>The ENCLV-exiting bitmap decides.</summary>
    EnableEnclvExiting = 1u << 28,

    /// <summary>Bus locks exit.</summary>
    VmmBusLockDetection = 1u << 30,

    /// <summary>Exit when no instruction boundary comes.</summary>
    InstructionTimeout = 1u << 31,
}
